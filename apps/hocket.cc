// SPDX-License-Identifier: MIT
// The program `hocket`: its commands, its help, its exit codes.
#include "get.h"
#include "httpbin.h"
#include "inspect.h"
#include "looking.h"
#include "serve.h"
#include "serving.h"
#include "top.h"
#include "trace.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <sstream>
#include <string>
#include <utility>

namespace {

constexpr int failed = 1;
constexpr int wrong_usage = 2;

constexpr const char* about = R"(hocket: the companion of the library hocket, asyncio for C++.

Fetch, serve, and try:
  hocket get https://example.org/            the page; --json tells what took how long
  hocket get -o /tmp/ URL1 URL2              two at once, saved in a folder
  hocket serve public                        a folder's files on http://127.0.0.1:8000 until Ctrl-C
  hocket httpbin                             a server to try clients on, on http://127.0.0.1:8080
  hocket get http://127.0.0.1:8080/get       shows the request that it got; curl does, too

Look into a process that runs:
  hocket ps 4711                             its tasks, and what each waits for
  hocket pstree 4711                         the same as a tree, with functions, files and lines
  hocket where 4711 Task-7                   where one task waits
  hocket top 4711                            what its tasks do from second to second; --web in a browser
  hocket trace 4711 -o trace.json            each step that they make, for Perfetto and Chrome
)";

constexpr const char* exit_codes = R"(Exit codes:
  0  all went well; a server was ended by SIGINT or SIGTERM
  1  it could not be done; standard error says what, on what and why
  2  wrong usage
`hocket get --help` lists those of its own.

Documentation: docs/program.md)";

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
  hocket httpbin --tls-cert cert.pem --tls-key key.pem
  curl -d name=ada http://127.0.0.1:8080/post
  curl -s http://127.0.0.1:8080/posts/7)";

// Its exit code. What it printed has to arrive, too.
template <class F>
int done(const std::string& name, const F& what) {
    try {
        what();
        flush_output();
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s: %s\n", name.c_str(), printable_lines(e.what()).c_str());
        return failed;
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App program(about, "hocket");
    program.footer(exit_codes);
    program.set_version_flag("--version", "hocket " HOCKET_VERSION, "Print the version");
    program.set_help_flag("-h,--help", "Print this help");
    program.require_subcommand(1);

    GetOptions to_get;
    CLI::App& get = *program.add_subcommand("get", "Fetch URLs");
    describe_get(get, to_get);
    ServeFolder folder;
    CLI::App& serve = *program.add_subcommand("serve", "Serve a folder's files");
    describe_serve(serve, folder);

    Serving how{.port = 8080};
    CLI::App& httpbin = *program.add_subcommand("httpbin", "Serve requests to try HTTP clients on");
    httpbin.footer(routes_and_examples);
    describe_serving(httpbin, how);
    httpbin.add_flag("--log", how.writes_log, "Write a line for each request to standard error");

    Inspection inspection;
    CLI::App& ps = *program.add_subcommand("ps", "List the tasks of a process");
    describe_ps(ps, inspection);
    CLI::App& pstree = *program.add_subcommand("pstree", "Show which task of a process waits for which");
    describe_pstree(pstree, inspection);
    CLI::App& where = *program.add_subcommand("where", "Show where a task of a process waits");
    describe_where(where, inspection);

    TopOptions to_watch;
    CLI::App& top = *program.add_subcommand("top", "Watch what the tasks of a process do");
    describe_top(top, to_watch);
    TraceCommand to_trace;
    CLI::App& trace = *program.add_subcommand("trace", "Write down each step that the tasks of a process make");
    describe_trace(trace, to_trace);

    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        std::ostringstream help, error;
        const bool is_help = program.exit(e, help, error) == 0;
        std::fputs(error.str().c_str(), stderr);
        return is_help ? done("hocket", [&] { std::fputs(help.str().c_str(), stdout); }) : wrong_usage;
    }
    if (get.parsed()) return run_get(std::move(to_get));
    return done("hocket " + program.get_subcommands().front()->get_name(), [&] {
        if (serve.parsed()) serve_folder(folder);
        if (httpbin.parsed()) run_serving(make_httpbin(HOCKET_VERSION), how);
        if (ps.parsed()) run_ps(inspection);
        if (pstree.parsed()) run_pstree(inspection);
        if (where.parsed()) run_where(inspection);
        if (top.parsed()) run_top(to_watch);
        if (trace.parsed()) run_trace(to_trace);
    });
}
