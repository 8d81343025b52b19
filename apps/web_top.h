// SPDX-License-Identifier: MIT
// `hocket top --web`: a page that shows what the tasks of a process do.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

struct WebTop {
    int pid = 0;
    std::chrono::nanoseconds interval{};  ///< between two looks
    std::uint16_t port = 0;               ///< of 127.0.0.1; 0: a free one
};

/// Serves the page until a signal comes; says where on standard output first. Throws what keeps it from that.
void run_web_top(const WebTop& what);

/// apps/top.html, in a source file that CMake makes of it.
extern const std::string_view top_html;
