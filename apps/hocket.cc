// SPDX-License-Identifier: MIT
// The program `hocket`: its commands, its help, its exit codes.
#include "httpbin.h"

#include <hocket/http/http_server.h>

#include <CLI/CLI.hpp>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace {

constexpr int failed = 1;
constexpr int wrong_usage = 2;

constexpr const char* about = R"(hocket: the companion of the library hocket, asyncio for C++.

Try a server on your own machine:
  hocket httpbin                     serves on http://127.0.0.1:8080 until Ctrl-C
  curl http://127.0.0.1:8080/get     shows the request that it got
)";

constexpr const char* exit_codes = R"(Exit codes:
  0  all went well; a server was ended by SIGINT or SIGTERM
  1  it could not be done; standard error says what, on what and why
  2  wrong usage

Documentation: docs/http-server.md)";

constexpr const char* routes_and_examples = R"(It serves until Ctrl-C (SIGINT) or SIGTERM:
  /get, /post, /headers      the request as it arrived, as JSON: args, headers, origin, url; data, form, json
  /delay/N                   the same after N seconds, at most 10 (0.5 is half a second)
  /status/N                  an answer with the status N
  /bytes/N                   N bytes
  /html, /                   a page; what there is
  /users, /posts, /comments  10, 100 and 500 things to fetch as JSON; /users/N, /posts/N, /comments?postId=N
  /docs, /openapi.json       all routes, with a form for each; their description

At the first signal no more connections are accepted, and requests may end; a second signal ends them.

Examples:
  hocket httpbin --port 0                   on any free port; the first line of output says which
  hocket httpbin --host "" --port 8000      for other machines, too
  hocket httpbin --workers 4 --log          on four threads, with a line for each request
  hocket httpbin --certificate a.pem --key a.key
                                            by https
  curl -d name=ada http://127.0.0.1:8080/post
  curl -s http://127.0.0.1:8080/posts/7)";

struct Serving {
    std::string host = "127.0.0.1";
    std::uint16_t port = 8080;
    int workers = 1;
    bool writes_log = false;
    std::string certificate = {}, key = {};  // files; without them: http
};

int serve_httpbin(const Serving& how) {
    using namespace hocket::http;
    RunAppOptions options{.host = how.host, .port = how.port, .workers = how.workers};
    if (how.writes_log) {
        options.serve.access_log = AccessLog(
            [](std::string_view line) { std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data()); });
    }
    if (!how.certificate.empty()) {
        options.serve.tls =
            hocket::TlsContext::server({.certificate_file = how.certificate, .private_key_file = how.key});
    }
    options.started = [](const HttpServer& server) {
        std::printf("Listening on %s (Ctrl-C ends it)\n", server.url().c_str());
        std::fflush(stdout);
    };
    run_app(make_httpbin(HOCKET_VERSION), std::move(options));
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App program(about, "hocket");
    program.footer(exit_codes);
    program.set_version_flag("--version", "hocket " HOCKET_VERSION, "Print the version");
    program.set_help_flag("-h,--help", "Print this help");
    program.require_subcommand(1);

    Serving how;
    CLI::App& httpbin = *program.add_subcommand("httpbin", "Serve requests to try HTTP clients on");
    httpbin.footer(routes_and_examples);
    httpbin.add_option("--host", how.host, "Where to listen: an address or a name; empty: all interfaces")
        ->capture_default_str();
    httpbin.add_option("--port", how.port, "0: any free port")->capture_default_str();
    httpbin.add_option("--workers", how.workers, "Loops that share the port, each on a thread of its own")
        ->check(CLI::Range(1, 256))
        ->capture_default_str();
    CLI::Option& certificate = *httpbin.add_option(
        "--certificate", how.certificate, "Serve by https: a file in PEM, with the chain behind the certificate");
    CLI::Option& key = *httpbin.add_option("--key", how.key, "The certificate's key, a file in PEM");
    certificate.needs(&key);
    key.needs(&certificate);
    httpbin.add_flag("--log", how.writes_log, "Write a line for each request to standard error");

    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return program.exit(e) == 0 ? 0 : wrong_usage;
    }
    try {
        return serve_httpbin(how);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "hocket httpbin: %s\n", e.what());
        return failed;
    }
}
