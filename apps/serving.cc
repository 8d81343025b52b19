// SPDX-License-Identifier: MIT
// The options of a server, its first line, and those of its requests.
#include "serving.h"

#include <hocket/http/access_log.h>
#include <hocket/http/http_server.h>
#include <hocket/net/tls_context.h>

#include <CLI/CLI.hpp>

#include <cstdio>
#include <string_view>
#include <utility>

void describe_serving(CLI::App& command, Serving& how) {
    command.add_option("--host", how.host, "Where to listen: an address or a name; empty: all interfaces")
        ->capture_default_str();
    command.add_option("--port", how.port, "0: any free port")->capture_default_str();
    command.add_option("--workers", how.workers, "Loops that share the port, each on a thread of its own")
        ->check(CLI::Range(1, 256))
        ->capture_default_str();
    CLI::Option& certificate =
        *command.add_option("--tls-cert", how.certificate_file, "https, with this certificate")->type_name("FILE");
    command.add_option("--tls-key", how.key_file, "Its key, if it is not in the same file")
        ->type_name("FILE")
        ->needs(&certificate);
}

void run_serving(const hocket::http::Application& app, const Serving& how) {
    using namespace hocket::http;
    RunAppOptions options{.host = how.host, .port = how.port, .workers = how.workers};
    if (!how.certificate_file.empty()) {
        options.serve.tls =
            hocket::TlsContext::server({.certificate_file = how.certificate_file, .private_key_file = how.key_file});
    }
    if (how.writes_log) {
        options.serve.access_log = AccessLog(
            [](std::string_view line) { std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data()); });
    }
    options.started = [path = how.path](const HttpServer& server) {
        std::printf("Listening on %s%s (Ctrl-C ends it)\n", server.url().c_str(), path.c_str());
        std::fflush(stdout);
    };
    run_app(app, std::move(options));
}
