// SPDX-License-Identifier: MIT
// Only a context can say what TLS is made of.
#include <hocket/net/stream_writer.h>

// error: (no matching member function for call to 'start_tls'|no viable conversion from 'std::nullptr_t'|no viable conversion from 'nullptr_t'|could not convert 'nullptr'|cannot convert 'std::nullptr_t')
hocket::Coro<> secure(hocket::StreamWriter writer) {
#ifdef HOCKET_FIXED
    co_await writer.start_tls(hocket::TlsContext::server({.certificate_file = "both.pem"}));
#else
    co_await writer.start_tls(nullptr);
#endif
}
