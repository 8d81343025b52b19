// SPDX-License-Identifier: MIT
// The demonstration server: requests shown to who sends them, and some data to fetch.
#pragma once

#include <hocket/http/application.h>

#include <string_view>

/// Routes as those of httpbin.org and jsonplaceholder.typicode.com, with answers of the same shape.
hocket::http::Application make_httpbin(std::string_view version);
