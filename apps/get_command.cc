// SPDX-License-Identifier: MIT
// The command line of `hocket get`, and the help that teaches it.
#include "get.h"

#include <CLI/CLI.hpp>

#include <cstdint>

namespace {

constexpr const char* explained = R"(What comes out:
  one URL        its body, on standard output as it comes; -i puts status and header fields before it
  several URLs   a line for each, in the order given: status, bytes, seconds, URL; they are fetched --parallel at a time
  --json         an object for each, on a line of its own: url, status, reason, headers, size, timings, redirects;
                 where there is no answer: error, exit_code
  -o             saves bodies. What comes goes to a file beside it first, which gets the name when it is whole: a
                 download that fails or is interrupted leaves an older file as it was
Bytes that are no text are not written to a terminal, unless by -o -. Long downloads show on a terminal how far they are;
NO_COLOR takes the colour away. A URL without a scheme is one of http. Names and passwords may be in a URL, too.

Timings are in seconds, and those of several requests (redirects) are added up: lookup (of the name), connect (with the
proxy's consent), tls, first_byte (from the request to the answer's head), body, total. null: there was no such phase.

Proxies are what --proxy says, or the environment: http_proxy, https_proxy, all_proxy, no_proxy.

Exit codes, of the first URL that failed:
  0  all were answered, whatever the status         6   a limit of time passed
  1  it failed otherwise                            7   with --fail: a status of 400 or more
  2  wrong usage; nothing was sent                  8   what came could not be written
  3  a name could not be resolved                   9   an answer that is no HTTP, is cut off, or redirects for ever
  4  no connection, or it was lost                  10  the proxy could not be reached, or refused
  5  TLS: no trust in the certificate, or no TLS    130 SIGINT, 143 SIGTERM

Examples:
  hocket get https://example.org/                          the page
  hocket get -i example.org                                with status and header fields
  hocket get -o /tmp/ https://example.org/big.iso          saved as /tmp/big.iso
  hocket get -d name=ada -d x=1 http://127.0.0.1:8080/post a form
  hocket get -d @items.json -H 'Content-Type: application/json' -X PUT http://127.0.0.1:8080/put
  hocket get --json https://example.org/ | jq .timings     where the time goes
  hocket get --fail --timeout 5 http://127.0.0.1:8080/get >/dev/null && echo healthy
  hocket get http://127.0.0.1:8080/posts/{1,2,3}           three at once

Documentation: docs/program.md)";

// Every value as it stands, which is what `results` has: CLI11 takes `{}` for no value, and adds a mark to it, and `[a,b]` for two.
void add_repeatable(CLI::App& command, const std::string& names, std::vector<std::string>& values, const char* type,
                    const char* help) {
    const auto keep = [&command, &values, name = names.substr(0, names.find(','))](const CLI::results_t&) {
        values = command.get_option(name)->results();
        return true;
    };
    command.add_option(names, keep, help)
        ->type_name(type)
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void add_request(CLI::App& command, GetOptions& options) {
    command.option_defaults()->group("Request");
    command.add_option("-X,--method,--request", options.method, "GET, or POST where there is data, if not given")
        ->type_name("METHOD");
    add_repeatable(command, "-H,--header", options.headers, "'NAME: VALUE'", "A header field; as often as needed");
    add_repeatable(command, "-d,--data", options.data, "DATA|@FILE",
                   "What is sent: a form, unless -H says another Content-Type; several are joined by &; @- is standard "
                   "input");
    command.add_flag("-I,--head", options.only_head, "Ask for the header fields only, by HEAD");
    command.add_option("-u,--user", options.user, "Who asks")->type_name("NAME:PASSWORD");
    command.add_flag("--digest", options.is_digest, "By Digest in place of Basic: the password itself is not sent");
    command.add_flag("-n,--netrc", options.uses_netrc, "User and password are in ~/.netrc");
    command.add_flag("--compressed", options.is_compressed, "Ask for a compressed body, and decompress it");
    CLI::Option& follow =
        *command.add_flag_function("-L,--follow", [](std::int64_t) {}, "Follow redirects: the default");
    const auto stay = [&options](std::int64_t) { options.follows = false; };
    command.add_flag_function("--no-follow", stay, "Show the redirect itself")->excludes(&follow);
    command.add_option("--max-redirects", options.max_redirects, "So many")
        ->check(CLI::Range(0, 1000))
        ->capture_default_str();
}

void add_connection(CLI::App& command, GetOptions& options) {
    command.option_defaults()->group("Connection");
    const auto limit = [&command](const char* name, double& value, const char* help) {
        command.add_option(name, value, help)
            ->type_name("SECONDS")
            ->check(CLI::NonNegativeNumber)
            ->capture_default_str();
    };
    limit("-m,--timeout", options.timeout, "What a URL may take with its redirects and its body; 0: any time");
    limit("--connect-timeout", options.connect_timeout, "What name, connection and TLS may take together; 0: any time");
    limit("--read-timeout", options.read_timeout, "How long nothing may come; 0: any time");
    command.add_option("-x,--proxy", options.proxy, "http://, https:// or socks5://; empty: none at all")
        ->type_name("URL");
    command.add_flag("-k,--insecure", options.is_insecure,
                     "Believe anybody to be the server: who is on the way can read and change everything");
    command.add_option("--cacert", options.ca_file, "Certificates to trust in place of the system's")
        ->type_name("FILE");
    CLI::Option& certificate =
        *command.add_option("-E,--cert", options.certificate_file, "A certificate of one's own")->type_name("FILE");
    command.add_option("--key", options.key_file, "Its key, if it is not in the same file")
        ->type_name("FILE")
        ->needs(&certificate);
    command.add_option("-Z,--parallel", options.parallel, "So many URLs at once")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
}

void add_output(CLI::App& command, GetOptions& options) {
    command.option_defaults()->group("Output");
    command
        .add_option("-o,--output", options.output,
                    "Save the body there; in a folder, as the URL's last part; -: on standard output, all in order")
        ->type_name("FILE|DIR|-");
    command.add_flag("-i,--include", options.shows_head, "Show status and header fields");
    command.add_flag("--json", options.is_json, "Tell what was answered as JSON, an object for each URL");
    command.add_flag("-f,--fail", options.fails, "A status of 400 or more is an error, and its body is not shown");
    command.add_flag("-t,--timings", options.shows_timings, "Tell on standard error what took how long");
    command.add_flag("-v,--verbose", options.is_verbose, "Tell on standard error each step when it happens");
    command.add_flag("--no-progress", options.hides_progress, "Do not show how far a download is");
}

}  // namespace

void describe_get(CLI::App& command, GetOptions& options) {
    command.add_option("URL", options.urls, "What to fetch")->required();
    add_request(command, options);
    add_connection(command, options);
    add_output(command, options);
    command.parse_complete_callback([&command, &options] {
        options.has_proxy = command.count("--proxy") > 0;
        if (options.only_head && options.method.empty()) options.method = "HEAD";
        if (options.is_json && options.output == "-") {
            throw CLI::ValidationError("--json and -o - both write to standard output");
        }
    });
    command.footer(explained);
}
