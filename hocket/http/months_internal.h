// SPDX-License-Identifier: MIT
// The months, as dates name them.
#pragma once

#include <array>
#include <string_view>

namespace hocket::http {

inline constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

}  // namespace hocket::http
