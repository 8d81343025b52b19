// SPDX-License-Identifier: MIT
// A datagram is bytes: a text of wide characters has to be encoded first.
#include <hocket/net/datagram_endpoint.h>

// error: (no viable conversion|could not convert|cannot convert|no known conversion)
void greet(const hocket::DatagramEndpoint& endpoint) {
#ifdef HOCKET_FIXED
    endpoint.sendto("hello");
#else
    endpoint.sendto(U"hello");
#endif
}
