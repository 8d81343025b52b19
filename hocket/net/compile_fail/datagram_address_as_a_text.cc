// SPDX-License-Identifier: MIT
// Where an endpoint is, is an address, or a host and a port: a host alone does not say it.
#include <hocket/net/datagram_endpoint.h>

// error: (no viable conversion|could not convert|cannot convert|no matching function)
void choose() {
#ifdef HOCKET_FIXED
    const hocket::DatagramOptions options{.local_address = {"localhost", 0}};
#else
    const hocket::DatagramOptions options{.local_address = "localhost"};
#endif
    static_cast<void>(options);
}
