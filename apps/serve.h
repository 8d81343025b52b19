// SPDX-License-Identifier: MIT
// `hocket serve`: a folder's files over HTTP.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace CLI {
class App;
}

struct ServeFolder {
    std::string folder = ".";
    std::string host = "127.0.0.1";
    std::uint16_t port = 8000;
    int workers = 1;
    std::string certificate_file, key_file;
    bool hides_list = false;
    bool writes_log = false, hides_log = false;  ///< neither: on a terminal
};

/// The options and the help of the command.
void describe_serve(CLI::App& command, ServeFolder& how);
/// Serves until a signal comes. Throws what keeps it from that.
void serve_folder(const ServeFolder& how);
