// SPDX-License-Identifier: MIT
// What the commands that serve tell of themselves.
#pragma once

#include <hocket/http/access_log.h>
#include <hocket/http/http_server.h>

/// A line on standard output.
void say_where(const hocket::http::HttpServer& server);
/// Writes lines to standard error.
hocket::http::AccessLog make_log();
