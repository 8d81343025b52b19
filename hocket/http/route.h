// SPDX-License-Identifier: MIT
// A route: which requests it takes, who answers them, and what its description says.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/core/coro.h>
#include <hocket/http/params.h>
#include <hocket/http/response.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hocket::http {

class Request;

/// `app.get("/items/{id}", handler, {.summary = "One item", .parameters = {{"id", "its number"}}, .tags = {"items"}})`: what
/// `/openapi.json` says of a route beside what the handler's types say.
struct RouteOptions {
    std::string summary = {};      ///< one line
    std::string description = {};  ///< at length
    Params parameters = {};  ///< what each means: name, description. ValueError for a name that the route does not have
    std::string body = {};   ///< what the request's body is; empty for a route that takes none
    std::string body_type = "application/json";
    std::string response = "The answer";  ///< what the answer is
    std::vector<std::string> tags = {};   ///< the groups that it belongs to
    std::string name = {};                ///< for `url_for`, and OpenAPI's operationId; empty: made of method and path
    bool is_listed = true;                ///< false: left out of the description
    /// Whether the handler is cancelled when its client goes or ends its side (aiohttp's `handler_cancellation`); by default as
    /// ServeOptions say. What the client still sends of a body has to be read before that is seen.
    std::optional<bool> handler_cancellation = {};
};

/// What a parameter of the path or of the query is read as.
enum class ParameterType : std::uint8_t { int32, int64, uint32, uint64, number, boolean, string };

/// A parameter of a handler that stands for one of the request.
struct Parameter {
    std::string_view name;  ///< empty for one of the path, which is told by its place
    ParameterType type = ParameterType::string;
    bool in_path = true;
    bool is_required = true;
};

/// What a handler gives, as far as its type says it.
enum class Produces : std::uint8_t { response, text, json };

/// A handler behind its type.
class HOCKET_EXPORT Handler {
public:
    virtual ~Handler();
    /// Puts the answer into `answer` and returns nothing; or returns a coroutine that will give it.
    virtual std::optional<Coro<Response>> call(Request& request, Response& answer) = 0;
    virtual std::vector<Parameter> parameters() const = 0;
    virtual Produces produces() const noexcept = 0;
};

struct Route {
    std::string method;
    std::string path;                          // `/items/{id}`, behind the prefix of its application
    std::vector<std::string> parameter_names;  // of the path, in order
    Unique<Handler> handler;
    RouteOptions options;
};

}  // namespace hocket::http
