// SPDX-License-Identifier: MIT
// Routes as OpenAPI 3.1 describes them: https://spec.openapis.org/oas/v3.1.0.
#include <hocket/http/json_text.h>
#include <hocket/http/openapi_internal.h>
#include <hocket/http/text.h>

#include <algorithm>

namespace hocket::http {

namespace {

// Writes JSON from left to right; commas are its own affair.
class Writer {
public:
    Writer& open(char bracket) {
        separate();
        text_ += bracket;
        is_first_ = true;
        return *this;
    }
    Writer& close(char bracket) {
        text_ += bracket;
        is_first_ = false;
        return *this;
    }
    Writer& key(std::string_view name) {
        separate();
        append_json_string(text_, name);
        text_ += ':';
        is_first_ = true;
        return *this;
    }
    Writer& text(std::string_view value) {
        separate();
        append_json_string(text_, value);
        return *this;
    }
    Writer& plain(std::string_view value) {
        separate();
        text_ += value;
        return *this;
    }
    Writer& text(std::string_view name, std::string_view value) { return key(name).text(value); }
    /// Nothing for an empty value.
    Writer& text_if_any(std::string_view name, std::string_view value) {
        return value.empty() ? *this : text(name, value);
    }
    std::string take() { return std::move(text_); }

private:
    void separate() {
        if (!is_first_) text_ += ',';
        is_first_ = false;
    }

    std::string text_;
    bool is_first_ = true;
};

std::string_view schema_of(ParameterType type) noexcept {
    switch (type) {
        case ParameterType::int32: return R"({"type":"integer","format":"int32"})";
        case ParameterType::int64: return R"({"type":"integer","format":"int64"})";
        case ParameterType::uint32: return R"({"type":"integer","minimum":0,"maximum":4294967295})";
        case ParameterType::uint64: return R"({"type":"integer","minimum":0})";
        case ParameterType::number: return R"({"type":"number"})";
        case ParameterType::boolean: return R"({"type":"boolean"})";
        case ParameterType::string: break;
    }
    return R"({"type":"string"})";
}

// As OpenAPI writes it: `/files/{path}` of `/files/{path:path}`.
std::string described_path(std::string path) {
    constexpr std::string_view end = ":path}";
    if (path.ends_with(end)) path.replace(path.size() - end.size(), end.size(), "}");
    return path;
}

// `get_items_id` of GET and /items/{id}.
std::string operation_id(const Route& route) {
    if (!route.options.name.empty()) return route.options.name;
    std::string id = lowered(route.method);
    for (const char c : described_path(route.path)) {
        const bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (is_word) {
            id += c;
        } else if (id.back() != '_') {
            id += '_';
        }
    }
    while (id.ends_with('_')) id.pop_back();
    return id;
}

void write_parameters(Writer& json, const Route& route, const std::vector<Parameter>& parameters) {
    json.key("parameters").open('[');
    std::size_t place = 0;
    for (const Parameter& parameter : parameters) {
        const std::string_view name = parameter.in_path ? route.parameter_names[place++] : parameter.name;
        const auto& described = route.options.parameters;
        const auto found = std::ranges::find_if(described, [name](const auto& entry) { return entry.first == name; });
        json.open('{').text("name", name).text("in", parameter.in_path ? "path" : "query");
        json.key("required").plain(parameter.is_required ? "true" : "false");
        if (found != described.end()) json.text("description", found->second);
        json.key("schema").plain(schema_of(parameter.type)).close('}');
    }
    json.close(']');
}

void write_responses(Writer& json, const Route& route, bool has_parameters) {
    json.key("responses").open('{').key("200").open('{').text("description", route.options.response);
    if (const Produces produces = route.handler->produces(); produces != Produces::response) {
        const bool is_json = produces == Produces::json;
        json.key("content").open('{').key(is_json ? "application/json" : "text/plain");
        json.plain(is_json ? R"({"schema":{}})" : R"({"schema":{"type":"string"}})").close('}');
    }
    json.close('}');
    if (has_parameters) {
        json.key("422").plain(
            R"({"description":"A parameter is missing or malformed","content":{"application/json":{"schema":)"
            R"({"$ref":"#/components/schemas/Refusal"}}}})");
    }
    json.close('}');
}

void write_operation(Writer& json, const Route& route) {
    std::vector<Parameter> parameters = route.handler->parameters();
    // A handler that takes none of the path's parameters may ask the request for them.
    if (std::ranges::none_of(parameters, &Parameter::in_path))
        parameters.resize(parameters.size() + route.parameter_names.size());
    json.key(lowered(route.method)).open('{').text("operationId", operation_id(route));
    json.text_if_any("summary", route.options.summary).text_if_any("description", route.options.description);
    if (!route.options.tags.empty()) {
        json.key("tags").open('[');
        for (const std::string& tag : route.options.tags) json.text(tag);
        json.close(']');
    }
    if (!parameters.empty()) write_parameters(json, route, parameters);
    if (!route.options.body.empty()) {
        json.key("requestBody").open('{').text("description", route.options.body).key("required").plain("true");
        json.key("content").open('{').key(route.options.body_type).plain(R"({"schema":{}})").close('}').close('}');
    }
    write_responses(json, route, !parameters.empty());
    json.close('}');
}

// What a 422 holds.
constexpr std::string_view components =
    R"({"schemas":{"Refusal":{"type":"object","required":["detail"],"properties":{"detail":{"type":"array","items":)"
    R"({"type":"object","required":["loc","msg"],"properties":{"loc":{"type":"array","items":{"type":"string"}},)"
    R"("msg":{"type":"string"},"input":{"type":"string"}}}}}}}})";

// The methods that OpenAPI knows.
bool is_describable(const Route& route) {
    constexpr std::string_view known[] = {"GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"};
    return route.options.is_listed && std::ranges::find(known, route.method) != std::end(known);
}

}  // namespace

std::string describe_routes(const ApplicationOptions& about, const std::vector<const Route*>& routes) {
    Writer json;
    json.open('{').text("openapi", "3.1.0").key("info").open('{').text("title", about.title);
    json.text("version", about.version).text_if_any("description", about.description).close('}');
    json.key("paths").open('{');
    for (auto route = routes.begin(); route != routes.end(); ++route) {
        const auto same_path = [path = (*route)->path](const Route* other) {
            return is_describable(*other) && other->path == path;
        };
        if (!is_describable(**route) || std::find_if(routes.begin(), route, same_path) != route) continue;
        json.key(described_path((*route)->path)).open('{');
        for (auto each = route; each != routes.end(); ++each) {
            if (same_path(*each)) write_operation(json, **each);
        }
        json.close('}');
    }
    json.close('}').key("components").plain(components).close('}');
    return json.take();
}

}  // namespace hocket::http
