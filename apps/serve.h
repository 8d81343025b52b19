// SPDX-License-Identifier: MIT
// `hocket serve`: a folder's files over HTTP.
#pragma once

#include "serving.h"

#include <string>

struct ServeFolder {
    std::string folder = ".";
    Serving at{.port = 8000};
    bool hides_list = false;
    bool writes_log = false, hides_log = false;  ///< neither: on a terminal
};

/// The options and the help of the command.
void describe_serve(CLI::App& command, ServeFolder& how);
/// Serves until a signal comes. Throws what keeps it from that.
void serve_folder(const ServeFolder& how);
