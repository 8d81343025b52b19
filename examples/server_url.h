// SPDX-License-Identifier: MIT
// The URL of the server that a program asks: its only argument.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

/// Ends the program with 2 and says how it is started, if the argument is missing.
inline std::string server_url(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: %s URL (that of `hocket httpbin`, http://127.0.0.1:8080)\n", argv[0]);
        std::exit(2);
    }
    return argv[1];
}
