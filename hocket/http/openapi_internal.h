// SPDX-License-Identifier: MIT
// The description of an application: OpenAPI 3.1, and the page that shows it.
#pragma once

#include <hocket/http/application.h>
#include <hocket/http/route.h>

#include <string>
#include <string_view>
#include <vector>

namespace hocket::http {

std::string describe_routes(const ApplicationOptions& about, const std::vector<const Route*>& routes);

/// A page in one file, which gets the description from `openapi_url`.
std::string docs_page(std::string_view openapi_url);

}  // namespace hocket::http
