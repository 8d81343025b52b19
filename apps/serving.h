// SPDX-License-Identifier: MIT
// What the commands that serve share: where they listen, by http or https, and what they tell of it.
#pragma once

#include <hocket/http/application.h>

#include <cstdint>
#include <string>

namespace CLI {
class App;
}

struct Serving {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
    int workers = 1;
    std::string certificate_file = {}, key_file = {};  ///< empty: http
    bool writes_log = false;                           ///< a line for each request, on standard error
    std::string path = {};                             ///< of what is to be opened, which the first line tells
};

/// --host, --port, --workers, --tls-cert and --tls-key.
void describe_serving(CLI::App& command, Serving& how);
/// Serves until a signal comes; says where on standard output first. Throws what keeps it from that.
void run_serving(const hocket::http::Application& app, const Serving& how);
