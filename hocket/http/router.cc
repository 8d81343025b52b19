// SPDX-License-Identifier: MIT
// The tree of routes: literal segments before parameters, those before what takes the rest, and back where one leads nowhere.
#include <hocket/http/router_internal.h>

#include <hocket/base/errors.h>
#include <hocket/http/segments_internal.h>
#include <hocket/http/text.h>

#include <algorithm>

namespace hocket::http {

struct Router::Node {
    std::vector<std::pair<std::string, Unique<Node>>> literals;  // by what a segment decodes to
    Unique<Node> parameter;
    Unique<Node> remainder;             // of the path: a parameter that takes all of it
    std::vector<Unique<Route>> routes;  // that end here: one for each method

    const Node* literal(std::string_view segment) const {
        if (segment.find('%') != std::string_view::npos) return same(percent_decode(segment));
        return same(segment);
    }
    const Route* route(std::string_view method) const noexcept {
        const auto found = std::ranges::find_if(routes, [&](const auto& route) { return route->method == method; });
        return found == routes.end() ? nullptr : found->get();
    }
    const Route* route_or_any(std::string_view method) const noexcept {
        const Route* const own = route(method);
        if (own) return own;
        return method == "HEAD" && route("GET") ? nullptr : route("*");
    }

private:
    const Node* same(std::string_view text) const noexcept {
        const auto found = std::ranges::find_if(literals, [&](const auto& literal) { return literal.first == text; });
        return found == literals.end() ? nullptr : found->second.get();
    }
};

namespace {

[[noreturn]] void refuse(const Route& route, const std::string& why) {
    throw ValueError("route " + route.method + " " + route.path + ": " + why);
}

// Empty for a literal segment.
SegmentParameter parameter_of(std::string_view segment, const Route& route) {
    if (segment.find_first_of("{}") == std::string_view::npos) return {};
    const SegmentParameter parameter = parameter_in(segment);
    const bool is_whole = segment.starts_with('{') && segment.ends_with('}') && is_token(parameter.name);
    if (!is_whole || parameter.name.find_first_of("{}") != std::string_view::npos) {
        refuse(route, "the segment " + in_quotes(segment) + " is no text and no {name}");
    }
    return parameter;
}

}  // namespace

// The best route so far, and where it was found.
struct Router::Search {
    std::string_view method;
    std::vector<std::string_view>& values;
    Match match = {};
    const Route* get_for_head = nullptr;  // on the path that was found first
    std::vector<std::string_view> get_values = {};
    std::vector<std::string_view>* methods = nullptr;  // all of the path's, if they are asked for
};

Router::Router() : root_(Unique<Node>::make()) {}
Router::~Router() = default;

void Router::add(Route route) {
    if (!is_token(route.method)) refuse(route, "the method is no token");
    if (!route.path.starts_with('/') || route.path.find_first_of("?#") != std::string::npos) {
        refuse(route, "a path begins with / and has no query");
    }
    Node* node = root_.get();
    for (std::string_view rest = route.path; !rest.empty();) {
        const std::string_view segment = take_segment(rest);
        const auto [name, takes_all] = parameter_of(segment, route);
        if (!name.empty()) {
            if (std::ranges::find(route.parameter_names, name) != route.parameter_names.end()) {
                refuse(route, "two parameters {" + std::string(name) + "}");
            }
            route.parameter_names.emplace_back(name);
            if (takes_all && !rest.empty()) refuse(route, "what takes the rest of a path stands at its end");
            Unique<Node>& next = takes_all ? node->remainder : node->parameter;
            if (!next) next = Unique<Node>::make();
            node = next.get();
            continue;
        }
        const Node* const known = node->literal(segment);
        if (!known) node->literals.emplace_back(percent_decode(segment), Unique<Node>::make());
        node = known ? const_cast<Node*>(known) : node->literals.back().second.get();
    }
    if (node->route(route.method)) refuse(route, "there is such a route already");
    route.path.insert(0, prefix_);
    node->routes.push_back(Unique<Route>::make(std::move(route)));
    order_.push_back(node->routes.back().get());
}

const Route* Router::named(std::string_view name) const noexcept {
    const auto found = std::ranges::find_if(order_, [&](const Route* route) { return route->options.name == name; });
    return found == order_.end() ? nullptr : *found;
}

void Router::add_prefix(std::string_view prefix) {
    prefix_.insert(0, prefix);
    for (Route* const route : order_) route->path.insert(0, prefix);
}

// Each node is visited once at most, so a hostile path costs no more than there are routes.
void Router::look(const Node& node, std::string_view rest, Search& search) {
    if (rest.empty()) {
        if (node.routes.empty()) return;
        search.match.is_path_known = true;
        if (search.methods) {
            for (const auto& route : node.routes) search.methods->push_back(route->method);
            return;
        }
        // What is worse than a GET does not answer its HEAD, but that HEAD has a route of its own there.
        search.match.route = search.get_for_head ? node.route(search.method) : node.route_or_any(search.method);
        if (!search.match.route && !search.get_for_head && search.method == "HEAD") {
            search.get_for_head = node.route("GET");
            search.get_values = search.values;
        }
        return;
    }
    const std::string_view all = rest.substr(1);
    const std::string_view segment = take_segment(rest);
    if (const Node* const next = node.literal(segment)) look(*next, rest, search);
    if (node.parameter && !segment.empty()) look_with(segment, *node.parameter, rest, search);
    if (node.remainder) look_with(all, *node.remainder, {}, search);
}

void Router::look_with(std::string_view value, const Node& node, std::string_view rest, Search& search) {
    if (search.match.route) return;
    search.values.push_back(value);
    look(node, rest, search);
    if (!search.match.route) search.values.pop_back();
}

Router::Match Router::find(std::string_view method, std::string_view path,
                           std::vector<std::string_view>& values) const {
    values.clear();
    if (!path.starts_with('/')) return {};
    Search search{.method = method, .values = values};
    look(*root_, path, search);
    if (!search.match.route && search.get_for_head) {
        search.match.route = search.get_for_head;
        values = std::move(search.get_values);
    }
    return search.match;
}

std::string Router::allowed(std::string_view path) const {
    std::vector<std::string_view> values;
    std::vector<std::string_view> methods;
    Search search{.method = {}, .values = values, .methods = &methods};
    look(*root_, path, search);
    if (std::ranges::find(methods, "GET") != methods.end()) methods.emplace_back("HEAD");
    std::ranges::sort(methods);
    methods.erase(std::unique(methods.begin(), methods.end()), methods.end());
    std::string list;
    for (const std::string_view method : methods) list.append(list.empty() ? "" : ", ").append(method);
    return list;
}

}  // namespace hocket::http
