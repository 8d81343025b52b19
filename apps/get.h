// SPDX-License-Identifier: MIT
// `hocket get`: what its command line says, and what it ends with.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

/// What the program ends with: the first URL's that failed.
enum class Exit : int {
    ok = 0,
    failed = 1,        ///< of other reasons than those below
    usage = 2,         ///< nothing was sent
    name = 3,          ///< a name could not be resolved
    connect = 4,       ///< no connection, or it was lost before an answer came
    tls = 5,           ///< the handshake failed, or a certificate does not convince
    timed_out = 6,     ///< a limit of time passed
    status = 7,        ///< with --fail: the status is 400 or more
    write = 8,         ///< what came could not be written
    response = 9,      ///< the answer is no HTTP, or ended early, or redirects without end
    proxy = 10,        ///< the proxy could not be reached, or refused
    interrupted = 130  ///< SIGINT, as shells count it; SIGTERM is 143
};

constexpr int ended_by_sigterm = 143;

struct GetOptions {
    std::vector<std::string> urls;
    std::string method;
    std::vector<std::string> headers;  ///< `Name: value`
    std::vector<std::string> data;     ///< text, or `@FILE`; `@-` is standard input
    std::string output;                ///< a file, a folder, or `-`; empty: nothing was said
    std::string proxy;
    std::string ca_file, certificate_file, key_file;
    std::string user;    ///< `NAME:PASSWORD`
    double timeout = 0;  ///< seconds; 0: none
    double connect_timeout = 30;
    double read_timeout = 60;
    int parallel = 10;
    int max_redirects = 10;
    bool is_json = false;
    bool shows_head = false;
    bool only_head = false;
    bool follows = true;  ///< redirects
    bool is_digest = false, uses_netrc = false;
    bool has_proxy = false;  ///< `proxy` was given, maybe empty
    bool is_insecure = false;
    bool is_compressed = false;
    bool fails = false;
    bool shows_timings = false;
    bool is_verbose = false;
    bool hides_progress = false;
};

/// The options and the help of the command.
void describe_get(CLI::App& command, GetOptions& options);
/// Does what they say; gives what to end with. Prints errors itself.
int run_get(GetOptions options);
