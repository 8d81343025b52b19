// SPDX-License-Identifier: MIT
// `hocket get`: URLs are fetched side by side, and told in their order.
#include "get.h"

#include "destination.h"
#include "fetch.h"
#include "progress.h"

#include <hocket/base/errors.h>
#include <hocket/flow/task_group.h>
#include <hocket/http/client_session.h>
#include <hocket/io/runner.h>
#include <hocket/io/signals.h>
#include <hocket/net/tls_context.h>
#include <hocket/net/tls_error.h>
#include <hocket/os/file_system.h>
#include <hocket/sync/semaphore.h>

#include <unistd.h>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <deque>
#include <map>
#include <string_view>
#include <utility>

namespace {

using namespace hocket;
using namespace hocket::http;

/// It cannot be begun; what is wrong with the command line, or with what that names.
struct CannotBegin {
    Exit exit;
    std::string why;
};

std::string milliseconds_text(Duration span) {
    std::array<char, 48> text{};
    std::snprintf(text.data(), text.size(), "%8.3f ms", static_cast<double>(span.count()) * 1e-6);
    return text.data();
}

Duration seconds(double n) { return std::chrono::duration<double>(n); }

// ---- What the command line means

Headers headers_of(const GetOptions& options) {
    Headers headers;
    for (const std::string& line : options.headers) {
        const std::size_t colon = line.find(':');
        if (colon == std::string::npos)
            throw CannotBegin{Exit::usage, "--header takes 'NAME: VALUE', and not: " + line};
        headers.add(line.substr(0, colon), line.substr(colon + 1));
    }
    const auto set_default = [&headers](std::string_view name, std::string_view value) {
        if (!headers.contains(name)) headers.add(name, value);
    };
    if (!options.data.empty()) set_default("Content-Type", "application/x-www-form-urlencoded");
    if (!options.is_compressed) set_default("Accept-Encoding", "identity");
    return headers;
}

std::optional<Auth> auth_of(const GetOptions& options) {
    if (options.uses_netrc && options.user.empty()) return NetrcAuth{};
    if (options.user.empty()) return std::nullopt;
    const std::size_t colon = options.user.find(':');
    if (colon == std::string::npos) throw CannotBegin{Exit::usage, "--user takes NAME:PASSWORD"};
    const std::string name = options.user.substr(0, colon), password = options.user.substr(colon + 1);
    if (options.is_digest) return DigestAuth{name, password};
    return BasicAuth{name, password};
}

TlsContext tls_of(const GetOptions& options) {
    if (options.ca_file.empty() && options.certificate_file.empty()) return {};
    try {
        return TlsContext::client({.ca_file = options.ca_file,
                                   .certificate_file = options.certificate_file,
                                   .private_key_file = options.key_file});
    } catch (const std::exception& e) {
        throw CannotBegin{Exit::tls, e.what()};
    }
}

Coro<std::string> data_of(const std::vector<std::string>& given) {
    std::string data;
    for (const std::string& part : given) {
        if (&part != &given.front()) data += '&';
        if (part == "@-") {
            fs::File input = fs::standard_input("rb");
            data += co_await input.read();
        } else if (part.starts_with('@')) {
            data += co_await fs::read_bytes(part.substr(1));
        } else {
            data += part;
        }
    }
    co_return data;
}

/// All that is the same for each URL, and what they share.
class Getting {
public:
    Getting(GetOptions options, std::string data)
        : options_(std::move(options)),
          data_(std::move(data)),
          headers_(headers_of(options_)),
          auth_(auth_of(options_)),
          method_(!options_.method.empty() ? options_.method
                  : options_.data.empty()  ? "GET"
                                           : "POST"),
          shows_head_(options_.shows_head || options_.only_head),
          is_single_(options_.urls.size() == 1),
          is_terminal_(::isatty(STDOUT_FILENO) == 1),
          places_(options_.parallel),
          session_(session_options()),
          progress_(!options_.hides_progress && !(is_terminal_ && writes_bodies())) {}
    Getting(const Getting&) = delete;
    Getting& operator=(const Getting&) = delete;

    Coro<Exit> run() {
        co_await prepare();
        progress_.transfer.all = fetches_.size();
        co_await task_group([this](TaskGroup& group) -> Coro<> {
            const Task<> drawing = group.create_task(progress_.run());
            std::deque<Task<>> tasks;
            for (Fetch& fetch : fetches_) tasks.push_back(group.create_task(fetch_one(fetch)));
            for (Fetch& fetch : fetches_) {
                fetch.turn.set();
                co_await tasks.front();
                tasks.pop_front();
                co_await tell(fetch);
                if (cannot_tell_) break;
            }
            for (const Task<>& task : tasks) task.cancel();
            drawing.cancel();
        });
        co_await session_.close();
        co_return exit_;
    }

private:
    bool writes_bodies() const {
        return options_.output == "-" || (options_.output.empty() && is_single_ && !options_.is_json);
    }

    SessionOptions session_options() {
        return {.timeout = seconds(options_.timeout),
                .limit = 0,
                .auto_decompress = options_.is_compressed,
                .timeouts = {.connect = seconds(options_.connect_timeout), .sock_read = seconds(options_.read_timeout)},
                .tls = tls_of(options_),
                .dangerously_accept_any_certificate = options_.is_insecure,
                .proxy = options_.proxy,
                .trust_env = !options_.has_proxy,
                .trace = [this](const TraceEvent& event) { note(event); }};
    }

    RequestOptions request_options() const {
        return {.headers = headers_,
                .auth = auth_,
                .data = data_,
                .allow_redirects = options_.follows,
                .max_redirects = options_.max_redirects};
    }

    // Every URL is looked at before the first is fetched.
    Coro<> prepare() {
        const bool saves = !options_.output.empty() && options_.output != "-";
        bool is_folder = saves && (!is_single_ || options_.output.ends_with('/'));
        if (saves && !is_folder) is_folder = co_await fs::isdir(options_.output);
        Names names(options_.output);
        for (const std::string& given : options_.urls) {
            const std::string target = given.find("://") == std::string::npos ? "http://" + given : given;
            const Url url = Url::parse(target);
            if (url.scheme() != "http" && url.scheme() != "https") {
                throw CannotBegin{Exit::usage, "parse URL " + target + ": the scheme is neither http nor https"};
            }
            const bool is_secret = !url.username().empty() || !url.password().empty();
            Fetch& fetch = fetches_.emplace_back(target, is_secret ? std::string() : target, method_);
            if (saves) fetch.path = is_folder ? names.next(url.path()) : options_.output;
        }
        if (is_folder) co_await fs::makedirs(options_.output, {.exist_ok = true});
    }

    void note(const TraceEvent& event) {
        if (event.event == Trace::request_start) started_[event.request] = starting_;
        Fetch& fetch = *started_.at(event.request);
        fetch.phases.note(event);
        if (fetch.url.empty()) fetch.url = event.url.str();
        if (!options_.is_verbose) return;
        std::string line = "* " + milliseconds_text(event.at) + "  ";
        if (!is_single_) line += std::to_string(event.request) + "  ";
        line += trace_name(event.event);
        if (event.event == Trace::request_start || event.event == Trace::redirect) {
            line.append("  ").append(event.method).append(" ").append(event.url.str());
        }
        if (event.status != 0) line += "  " + std::to_string(event.status);
        if (!event.detail.empty()) line.append("  ").append(event.detail);
        progress_.say(line);
    }

    // ---- One of them

    Unique<Destination> destination_of(Fetch& fetch) {
        if (!fetch.path.empty()) return make_to_file(fetch.path);
        if (!writes_bodies()) return make_nowhere();
        return make_to_output(output_, fetch.turn, is_terminal_ && options_.output.empty());
    }

    Coro<> fetch_one(Fetch& fetch) {
        const auto place = co_await places_.scoped();
        const auto failed = [&fetch](Exit exit, const std::exception& e) {
            fetch.exit = exit;
            fetch.error = e.what();
        };
        try {
            co_await attempt(fetch);
        } catch (const WriteError& e) {
            failed(Exit::write, e);
            fetch.error = fetch.method + " " + fetch.url + ": " + fetch.error;
        } catch (const ClientTlsError& e) {
            failed(Exit::tls, e);
        } catch (const ClientProxyError& e) {
            failed(Exit::proxy, e);
        } catch (const ClientHttpProxyError& e) {
            failed(Exit::proxy, e);
        } catch (const TimeoutError& e) {
            failed(Exit::timed_out, e);
        } catch (const ClientConnectionError& e) {
            failed(fetch.phases.is_resolving() ? Exit::name : Exit::connect, e);
        } catch (const ClientError& e) {
            failed(Exit::response, e);
        } catch (const ValueError& e) {
            failed(Exit::usage, e);
        } catch (const std::exception& e) {
            failed(Exit::failed, e);
        }
        ++progress_.transfer.done;
    }

    Coro<> attempt(Fetch& fetch) {
        starting_ = &fetch;  // until its request is traced, which is before anything is waited for
        const ClientResponse response = co_await session_.request(method_, fetch.target, request_options());
        fetch.status = response.status();
        fetch.version = response.version();
        fetch.reason = response.reason();
        fetch.headers = response.headers();
        fetch.final_url = response.url().str();
        if (shows_head_ && writes_bodies()) {
            co_await fetch.turn.wait();
            co_await output_.write(head_text(fetch));
        }
        if (options_.fails && !response.ok()) {
            fetch.exit = Exit::status;
            fetch.error = fetch.method + " " + fetch.url + ": " + std::to_string(fetch.status) + " " + fetch.reason;
            co_return;
        }
        expect(response);
        const Unique<Destination> destination = destination_of(fetch);
        while (auto piece = co_await response.next()) {
            fetch.size += piece->size();
            progress_.transfer.received += piece->size();
            co_await destination->write(std::move(*piece));
        }
        co_await destination->finish();
    }

    void expect(const ClientResponse& response) {
        const bool is_decoded = options_.is_compressed && response.headers().contains("Content-Encoding");
        const auto length = response.content_length();
        if (!length || is_decoded) {
            ++progress_.transfer.unknown_sizes;
        } else {
            progress_.transfer.expected += *length;
        }
    }

    // ---- What is told when it is over, in the order of the command line

    Coro<> tell(Fetch& fetch) {
        std::string text;
        if (options_.is_json) {
            text = json_text(fetch);
        } else if (fetch.status != 0 && !writes_bodies()) {
            if (!is_single_) text = summary_text(fetch) + '\n';
            if (shows_head_) text += head_text(fetch);
        }
        if (!text.empty()) {
            progress_.clear();
            try {
                co_await output_.write(std::move(text));
            } catch (const WriteError& e) {
                cannot_tell_ = true;
                fetch.exit = Exit::write;
                fetch.error = e.what();
            }
        }
        if (options_.shows_timings) progress_.say(timings_text(fetch));
        if (fetch.exit != Exit::ok) {
            progress_.say("hocket get: " + fetch.error);
            if (exit_ == Exit::ok) exit_ = fetch.exit;
        } else if (is_single_ && progress_.is_shown() && !fetch.path.empty() && !options_.is_json) {
            progress_.say("saved " + summary_text(fetch));
        }
    }

    const GetOptions options_;
    const std::string data_;
    const Headers headers_;
    const std::optional<Auth> auth_;
    const std::string method_;
    const bool shows_head_, is_single_, is_terminal_;
    Semaphore places_;
    ClientSession session_;
    Progress progress_;
    Output output_;
    std::deque<Fetch> fetches_;
    std::map<std::uint64_t, Fetch*> started_;
    Fetch* starting_ = nullptr;
    bool cannot_tell_ = false;
    Exit exit_ = Exit::ok;
};

Coro<Exit> get_all(GetOptions options) {
    add_signal_handler(get_running_loop(), SIGTERM, [task = current_task()] { task.cancel(); });
    std::string data;
    try {
        data = co_await data_of(options.data);
    } catch (const OSError& e) {
        throw CannotBegin{Exit::failed, e.what()};
    }
    Getting getting(std::move(options), std::move(data));
    co_return co_await getting.run();
}

}  // namespace

int run_get(GetOptions options) {
    const auto say = [](Exit exit, const std::string& why) {
        std::fprintf(stderr, "hocket get: %s\n", why.c_str());
        return static_cast<int>(exit);
    };
    try {
        return static_cast<int>(hocket::run(get_all(std::move(options))));
    } catch (const CannotBegin& e) {
        return say(e.exit, e.why);
    } catch (const ValueError& e) {
        return say(Exit::usage, e.what());
    } catch (const std::exception& e) {
        return say(Exit::failed, e.what());
    } catch (const KeyboardInterrupt&) {
        return say(Exit::interrupted, "interrupted");
    } catch (const CancelledError&) {
        return say(Exit{ended_by_sigterm}, "ended by SIGTERM");
    }
}
