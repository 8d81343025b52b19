// SPDX-License-Identifier: MIT
// `hocket serve`: the command line, and the library's static_files behind it.
#include "serve.h"

#include <hocket/http/application.h>

#include <CLI/CLI.hpp>

#include <unistd.h>

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
    describe_serving(command, how.at);
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
    Serving at = how.at;
    at.writes_log = how.writes_log || (!how.hides_log && ::isatty(STDERR_FILENO) == 1);
    run_serving(app, at);
}
