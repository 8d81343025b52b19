// SPDX-License-Identifier: MIT
// The description that follows from the routes, and its page.
#include <hocket/http/json.h>
#include <hocket/http/server_test.h>

#include <optional>

namespace hocket::http {

namespace {

Application items() {
    Application app({.title = "The \"items\"", .version = "1.2", .description = "All of them"});
    app.get(
        "/items/{id}", [](int id) { return Json{{"id", id}}; },
        {.summary = "One item", .description = "At length", .parameters = {{"id", "its number"}}, .tags = {"items"}});
    app.get("/items", [](Query<"q", std::string>, Query<"limit", std::optional<double>>) { return std::string(); });
    app.post("/items", [](Request&) -> Coro<Response> { co_return Response(201); },
             {.body = "the item", .name = "make_item"});
    app.get("/raw/{a}/{b}", [](Request&) { return Response(); });
    app.get("/flags/{b}/{n}", [](bool, std::size_t) { return Response(); });
    app.get("/hidden", [] { return Response(); }, {.is_listed = false});
    app.route("PURGE", "/items", [] { return Response(); });
    return app;
}

}  // namespace

TEST(OnceOpenApi, describes_the_application) {
    const Json about = Json::parse(items().openapi());
    EXPECT_EQ(about["openapi"], "3.1.0");
    EXPECT_EQ(about["info"], (Json{{"title", "The \"items\""}, {"version", "1.2"}, {"description", "All of them"}}));
    EXPECT_EQ(about["paths"].size(), 4U);
    EXPECT_FALSE(about["paths"].contains("/openapi.json"));
    EXPECT_FALSE(about["paths"].contains("/hidden"));
    EXPECT_EQ(Json::parse(Application().openapi())["paths"], Json::object());
}

TEST(OnceOpenApi, describes_a_routes_path_parameters) {
    const Json get = Json::parse(items().openapi())["paths"]["/items/{id}"]["get"];
    EXPECT_EQ(get["operationId"], "get_items_id");
    EXPECT_EQ(get["summary"], "One item");
    EXPECT_EQ(get["description"], "At length");
    EXPECT_EQ(get["tags"], Json::array({"items"}));
    EXPECT_EQ(get["parameters"],
              Json::parse(R"([{"name": "id", "in": "path", "required": true, "description": "its number",
                                                  "schema": {"type": "integer", "format": "int32"}}])"));
    EXPECT_TRUE(get["responses"]["200"]["content"].contains("application/json"));
    EXPECT_TRUE(get["responses"].contains("422"));
}

TEST(OnceOpenApi, describes_what_takes_the_rest_of_a_path) {
    Application app;
    app.get("/files/{name:path}", [](std::string name) { return name; }, {.parameters = {{"name", "which"}}});
    const Json get = Json::parse(app.openapi())["paths"]["/files/{name}"]["get"];
    EXPECT_EQ(get["operationId"], "get_files_name");
    EXPECT_EQ(get["parameters"][0]["name"], "name");
    EXPECT_EQ(get["parameters"][0]["description"], "which");
}

TEST(OnceOpenApi, describes_query_parameters) {
    const Json get = Json::parse(items().openapi())["paths"]["/items"]["get"];
    EXPECT_EQ(get["parameters"],
              Json::parse(R"([{"name": "q", "in": "query", "required": true, "schema": {"type": "string"}},
                              {"name": "limit", "in": "query", "required": false, "schema": {"type": "number"}}])"));
    EXPECT_EQ(get["responses"]["200"]["content"], Json::parse(R"({"text/plain": {"schema": {"type": "string"}}})"));
}

TEST(OnceOpenApi, describes_the_methods_of_a_path_together) {
    const Json path = Json::parse(items().openapi())["paths"]["/items"];
    EXPECT_EQ(path.size(), 2U);
    EXPECT_EQ(path["post"]["operationId"], "make_item");
    EXPECT_EQ(path["post"]["requestBody"]["description"], "the item");
    EXPECT_TRUE(path["post"]["requestBody"]["content"].contains("application/json"));
    EXPECT_FALSE(path["post"].contains("parameters"));
}

TEST(OnceOpenApi, types_have_schemas) {
    const Json flags = Json::parse(items().openapi())["paths"]["/flags/{b}/{n}"]["get"]["parameters"];
    EXPECT_EQ(flags[0]["schema"], Json::parse(R"({"type": "boolean"})"));
    EXPECT_EQ(flags[1]["schema"], Json::parse(R"({"type": "integer", "minimum": 0})"));
}

TEST(OnceOpenApi, parameters_that_the_handler_does_not_take_are_described_all_the_same) {
    const Json raw = Json::parse(items().openapi())["paths"]["/raw/{a}/{b}"]["get"]["parameters"];
    EXPECT_EQ(raw.size(), 2U);
    EXPECT_EQ(raw[1]["name"], "b");
    EXPECT_EQ(raw[1]["schema"], Json::parse(R"({"type": "string"})"));
}

TEST(OpenApi, is_served_with_a_page_that_loads_nothing_else) {
    const Response description = run(answer_to(items(), asking("GET", "/openapi.json")));
    EXPECT_EQ(description.content_type(), "application/json");
    EXPECT_EQ(description.body(), items().openapi());
    const Response page = run(answer_to(items(), asking("GET", "/docs")));
    EXPECT_EQ(page.content_type(), "text/html; charset=utf-8");
    EXPECT_NE(page.body().find("data-openapi=\"/openapi.json\""), std::string::npos);
    EXPECT_EQ(page.body().find("http://"), std::string::npos);
    EXPECT_EQ(page.body().find("https://"), std::string::npos);
    EXPECT_TRUE(page.headers().get("Content-Security-Policy").value_or("").starts_with("default-src 'none'"));
}

TEST(OpenApi, can_be_elsewhere_or_nowhere) {
    const Application elsewhere({.openapi_url = "/a\"b", .docs_url = "/help"});
    EXPECT_NE(run(answer_to(elsewhere, asking("GET", "/help"))).body().find("data-openapi=\"/a&quot;b\""),
              std::string::npos);
    EXPECT_EQ(run(answer_to(elsewhere, asking("GET", "/docs"))).status(), 404);
    const Application nowhere({.openapi_url = ""});
    EXPECT_EQ(run(answer_to(nowhere, asking("GET", "/docs"))).status(), 404);
    EXPECT_EQ(run(answer_to(nowhere, asking("GET", "/openapi.json"))).status(), 404);
}

}  // namespace hocket::http
