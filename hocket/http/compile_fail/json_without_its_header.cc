// SPDX-License-Identifier: MIT
// JSON has a header of its own, so that programs without JSON need not compile it.
#include <hocket/http/client_response.h>
#ifdef HOCKET_FIXED
#include <hocket/http/json.h>
#endif

// error: hocket: json\(\) needs <hocket/http/json.h>
hocket::Coro<> read(const hocket::http::ClientResponse& response) { co_await response.json(); }
