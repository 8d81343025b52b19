// SPDX-License-Identifier: MIT
// `hocket serve`: the command line, and the library's static_files behind it.
#include "serve.h"

#include "started.h"

#include <hocket/http/http_server.h>
#include <hocket/net/tls_context.h>

#include <CLI/CLI.hpp>

#include <unistd.h>
#include <utility>

namespace {

constexpr const char* explained =
    R"(A folder's index.html is what is shown of it, else a list of what is in it. Nothing outside of DIR is ever shown, whatever
a path says and wherever a symbolic link leads. Ranges, ETag and If-Modified-Since work, and a.css.br, a.css.zst or a.css.gz is
sent for a.css to those that take it.

Only this machine reaches it, unless --host says otherwise. It serves until Ctrl-C (SIGINT) or SIGTERM: then requests
may end, and a second signal ends them.

Examples:
  hocket serve                              what is here, on http://127.0.0.1:8000
  hocket serve public --port 0              on any free port; the first line of output says which
  hocket serve public --host ""             for other machines, too
  hocket serve public --no-list --log       without lists, with a line for each request
  hocket serve public --tls-cert cert.pem --tls-key key.pem

Exit codes: 0 it was ended by a signal; 1 it could not serve, and standard error says why; 2 wrong usage

Documentation: docs/program.md)";

}  // namespace

void describe_serve(CLI::App& command, ServeFolder& how) {
    command.add_option("DIR", how.folder, "What is served")->capture_default_str();
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
    command.add_flag("--no-list", how.hides_list, "Folders without index.html are 404");
    CLI::Option& log = *command.add_flag(
        "--log", how.writes_log, "A line for each request on standard error: the default where that is a terminal");
    command.add_flag("--no-log", how.hides_log, "None")->excludes(&log);
    command.footer(explained);
}

void serve_folder(const ServeFolder& how) {
    using namespace hocket::http;
    Application app({.title = "hocket serve", .openapi_url = {}, .docs_url = {}});
    app.static_files("/", how.folder, {.index = "index.html", .show_index = !how.hides_list});
    RunAppOptions options{.host = how.host, .port = how.port, .workers = how.workers, .started = say_where};
    if (!how.certificate_file.empty()) {
        options.serve.tls =
            hocket::TlsContext::server({.certificate_file = how.certificate_file, .private_key_file = how.key_file});
    }
    if (how.writes_log || (!how.hides_log && ::isatty(STDERR_FILENO) == 1)) options.serve.access_log = make_log();
    run_app(app, std::move(options));
}
