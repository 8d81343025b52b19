// SPDX-License-Identifier: MIT
// The routes of the demonstration server.
#include "httpbin.h"

#include "demo_data.h"

#include <hocket/core/sleep.h>
#include <hocket/http/errors.h>
#include <hocket/http/json.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace {

using namespace hocket::http;
using hocket::Coro;

constexpr double longest_delay = 10;            // seconds
constexpr std::uint32_t most_bytes = 10 << 20;  // of /bytes/N

constexpr std::string_view index_page = R"html(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>hocket httpbin</title>
<style>
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 3rem auto; padding: 0 1.25rem; }
code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; }
td { padding: .2rem 1rem .2rem 0; vertical-align: top; }
</style>
</head>
<body>
<h1>hocket httpbin</h1>
<p>A server to try clients on. <a href="/docs">The routes, with a form for each</a>, and <a href="/openapi.json">their description</a>.</p>
<table>
<tr><td><a href="/get"><code>/get</code></a></td><td>the request, as it arrived</td></tr>
<tr><td><a href="/headers"><code>/headers</code></a></td><td>its header fields</td></tr>
<tr><td><a href="/delay/1"><code>/delay/1</code></a></td><td>an answer after a second</td></tr>
<tr><td><a href="/status/418"><code>/status/418</code></a></td><td>an answer with this status</td></tr>
<tr><td><a href="/bytes/1024"><code>/bytes/1024</code></a></td><td>so many bytes</td></tr>
<tr><td><a href="/html"><code>/html</code></a></td><td>a page</td></tr>
<tr><td><a href="/users"><code>/users</code></a></td><td>10 users; <a href="/users/1">one</a>, <a href="/users/1/posts">their posts</a></td></tr>
<tr><td><a href="/posts"><code>/posts</code></a></td><td>100 posts; <a href="/posts/1">one</a>, <a href="/posts/1/comments">the comments on it</a></td></tr>
<tr><td><a href="/comments"><code>/comments</code></a></td><td>500 comments; <a href="/comments?postId=1">those on one post</a></td></tr>
</table>
</body>
</html>
)html";

constexpr std::string_view html_page = R"html(<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>The hocket</title></head>
<body>
<h1>The hocket</h1>
<p>Two singers stood in a cold nave and shared one melody. When the first one sang, the second was silent; when the second took
the next note, the first drew breath. Nobody who listened from the door could have said how many voices there were.</p>
<p>An old man in the last row, who had sung it as a boy, counted on his fingers and smiled. It is not hard, he said afterwards. You
need only know when it is not your turn.</p>
</body>
</html>
)html";

/// A string, or a list where a name was given several times.
Json grouped(const Params& params) {
    Json object = Json::object();
    for (const auto& [name, value] : params) {
        if (!object.contains(name)) {
            object[name] = value;
        } else if (object[name].is_array()) {
            object[name].push_back(value);
        } else {
            object[name] = Json::array({object[name], value});
        }
    }
    return object;
}

Json fields_of(const Request& request) {
    Json fields = Json::object();
    for (const Headers::Field field : request.headers()) {
        if (!fields.contains(field.name)) fields[field.name] = request.headers().combined(field.name);
    }
    return fields;
}

/// Pretty-printed; what is no UTF-8 is replaced.
Response shown(const Json& value) {
    return json_response(JsonText::written(value.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"));
}

Json seen(const Request& request) {
    return {{"args", grouped(request.query())},
            {"headers", fields_of(request)},
            {"origin", request.peername().host()},
            {"url", request.url()}};
}

/// What came with a body: `data`, `form` and `json` beside the rest, as httpbin does.
Coro<Json> seen_with_body(Request& request) {
    Json all = seen(request);
    all["data"] = "";
    all["files"] = Json::object();
    all["form"] = Json::object();
    all["json"] = nullptr;
    const bool is_form =
        request.headers().get("Content-Type").value_or("").starts_with("application/x-www-form-urlencoded");
    const std::string body = co_await request.body();
    if (is_form) {
        all["form"] = grouped(parse_form(body));
        co_return all;
    }
    constexpr std::size_t most_levels = 200;  // writing recurses
    if (json_depth(body) <= most_levels) {
        Json value = Json::parse(body, nullptr, false);
        if (!value.is_discarded()) all["json"] = std::move(value);
    }
    all["data"] = body;
    co_return all;
}

Response with_status(int status) {
    if (status < 200 || status > 599) throw HttpError(400, "a status from 200 to 599 can be asked for");
    Response answer(status);
    if (status / 100 == 3 && status != 304) answer.headers().set("Location", "/get");
    if (status == 401) answer.headers().set("WWW-Authenticate", "Basic realm=\"hocket\"");
    return answer;
}

std::string random_bytes(std::uint32_t n, std::uint64_t seed) {
    if (n > most_bytes) throw HttpError(400, "no more than " + std::to_string(most_bytes) + " bytes can be asked for");
    std::string bytes(n, '\0');
    for (char& c : bytes) {  // SplitMix64
        seed += 0x9E3779B97F4A7C15U;
        std::uint64_t z = seed;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
        c = static_cast<char>(z >> 56);
    }
    return bytes;
}

Response written(const std::string& json) { return json_response(JsonText::written(json)); }

/// The one with this id, from 1 on.
Response one_of(const std::vector<std::string>& texts, int id) {
    if (id < 1 || static_cast<std::size_t>(id) > texts.size()) {
        return json_response(JsonText::written("{}"), {.status = 404});
    }
    return written(texts[static_cast<std::size_t>(id - 1)]);
}

void add_mirrors(Application& app) {
    const auto mirror = [](const Request& request) { return shown(seen(request)); };
    const auto mirror_body = [](Request& request) -> Coro<Response> {
        const Json all = co_await seen_with_body(request);
        co_return shown(all);
    };
    app.get("/get", [mirror](Request& request) { return mirror(request); },
            {.summary = "The request, as it arrived", .tags = {"mirrors"}});
    const RouteOptions with_body{
        .summary = "The request with its body, as it arrived", .body = "anything", .tags = {"mirrors"}};
    app.post("/post", mirror_body, with_body);
    app.put("/put", mirror_body, with_body);
    app.patch("/patch", mirror_body, with_body);
    app.delete_("/delete", mirror_body, {.summary = "The request with its body, as it arrived", .tags = {"mirrors"}});
    app.get("/headers", [](Request& request) { return shown({{"headers", fields_of(request)}}); },
            {.summary = "The header fields", .tags = {"mirrors"}});
}

void add_behaviours(Application& app) {
    app.get("/delay/{seconds}",
            [](Request& request, double seconds) -> Coro<Response> {
                if (seconds < 0) throw HttpError(400, "a delay is not negative");
                co_await hocket::sleep(std::chrono::duration<double>(std::min(seconds, longest_delay)));
                co_return shown(seen(request));
            },
            {.summary = "The request, after some time",
             .parameters = {{"seconds", "0 to 10, fractions too; more is 10"}},
             .tags = {"behaviours"}});
    app.get("/status/{code}", with_status,
            {.summary = "An answer with this status",
             .description = "Those from 300 to 399 lead to /get.",
             .parameters = {{"code", "200 to 599"}},
             .tags = {"behaviours"}});
    app.get("/bytes/{n}",
            [](std::uint32_t n, Query<"seed", std::optional<std::uint64_t>> seed) {
                return bytes_response(random_bytes(n, seed.value.value_or(0)));
            },
            {.summary = "So many bytes",
             .parameters = {{"n", "at most 10,485,760"}, {"seed", "other bytes for another seed"}},
             .tags = {"behaviours"}});
    app.get("/html", [] { return html_response(std::string(html_page)); },
            {.summary = "A page", .tags = {"behaviours"}});
    app.get("/", [] { return html_response(std::string(index_page)); }, {.is_listed = false});
}

void add_data(Application& app) {
    const auto data = std::make_shared<const DemoData>(make_demo_data());
    const auto about = [](std::string summary, Params parameters = {}) {
        return RouteOptions{.summary = std::move(summary), .parameters = std::move(parameters), .tags = {"data"}};
    };
    app.get("/users", [data] { return written(data->all_users); }, about("10 users"));
    app.get("/users/{id}", [data](int id) { return one_of(data->users, id); }, about("A user", {{"id", "1 to 10"}}));
    app.get("/users/{id}/posts", [data](int id) { return written(data->posts_of(id)); }, about("The posts of a user"));
    app.get(
        "/posts",
        [data](Query<"userId", std::optional<int>> user) {
            return written(user.value ? data->posts_of(*user.value) : data->all_posts);
        },
        about("100 posts", {{"userId", "only those of this user"}}));
    app.get("/posts/{id}", [data](int id) { return one_of(data->posts, id); }, about("A post", {{"id", "1 to 100"}}));
    app.get(
        "/posts/{id}/comments", [data](int id) { return written(data->comments_on(id)); },
        about("The comments on a post"));
    app.get(
        "/comments",
        [data](Query<"postId", std::optional<int>> post) {
            return written(post.value ? data->comments_on(*post.value) : data->all_comments);
        },
        about("500 comments", {{"postId", "only those on this post"}}));
    app.get(
        "/comments/{id}", [data](int id) { return one_of(data->comments, id); },
        about("A comment", {{"id", "1 to 500"}}));
}

}  // namespace

Application make_httpbin(std::string_view version) {
    Application app(
        {.title = "hocket httpbin",
         .version = std::string(version),
         .description =
             "A server to try HTTP clients on: it shows requests to those who send them, behaves as it is asked to, "
             "and has some data to fetch."});
    add_mirrors(app);
    add_behaviours(app);
    add_data(app);
    return app;
}
