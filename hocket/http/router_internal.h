// SPDX-License-Identifier: MIT
// From a method and a path to a route.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/http/route.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hocket::http {

/// The routes as a tree of path segments.
class Router {
public:
    Router();
    Router(const Router&) = delete;
    Router& operator=(const Router&) = delete;
    ~Router();

    /// Throws ValueError for a malformed path, and for a route that is there already. Fills in the names of its parameters.
    void add(Route route);

    struct Match {
        const Route* route = nullptr;
        bool is_path_known = false;  // though perhaps with other methods only
    };
    /// `values`: what stands at the parameters, as in `path`. HEAD is answered by GET's route where it has none.
    Match find(std::string_view method, std::string_view path, std::vector<std::string_view>& values) const;
    /// The methods of a path, for the field Allow: `GET, HEAD, POST`.
    std::string allowed(std::string_view path) const;
    /// In the order in which they were added.
    const std::vector<Route*>& routes() const noexcept { return order_; }
    /// Null: none has it.
    const Route* named(std::string_view name) const noexcept;
    /// The paths of all routes, of those that come too, say from now on that they are under `prefix`; they are found as before.
    void add_prefix(std::string_view prefix);

private:
    struct Node;
    struct Search;

    static void look(const Node& node, std::string_view rest, Search& search);
    static void look_with(std::string_view value, const Node& node, std::string_view rest, Search& search);

    Unique<Node> root_;
    std::string prefix_;
    std::vector<Route*> order_;
};

}  // namespace hocket::http
