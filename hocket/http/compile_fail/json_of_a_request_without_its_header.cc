// SPDX-License-Identifier: MIT
// JSON has a header of its own.
// error: hocket: json\(\) needs <hocket/http/json.h>
#include <hocket/http/request.h>
#ifdef HOCKET_FIXED
#include <hocket/http/json.h>
#endif

hocket::Coro<> handler(hocket::http::Request& request) { co_await request.json(); }
