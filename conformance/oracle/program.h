// SPDX-License-Identifier: MIT
// The tree of a program of the oracle's language.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace oracle {

/// `(op number... child...)`.
struct Node {
    std::string op;
    std::vector<long> numbers;
    std::vector<Node> children;
    std::size_t index = 0;  // its place among all nodes, in the order in which they are written
};

/// The tree of a program's text. Throws std::invalid_argument, which says where the text is wrong.
Node parse(std::string_view text);

}  // namespace oracle
