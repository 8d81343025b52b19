// SPDX-License-Identifier: MIT
// A page, and a stream of events for each browser that shows it; as long as there is one, the process is looked at. Both are below a path
// that only those know who can read the first line of output: any user of this machine may connect to 127.0.0.1.
#include "web_top.h"

#include "looking.h"
#include "looks.h"
#include "serving.h"

#include <hocket/base/errors.h>
#include <hocket/hocket.h>
#include <hocket/http/application.h>
#include <hocket/http/server_sent_events.h>

#include <sys/random.h>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <string>

using hocket::Coro;
using namespace hocket::http;

namespace {

constexpr std::size_t most_tasks = 1000;  // of each loop, in one event

// What all pages are told: there is one observation, however many they are, and none when there are none.
class Broadcast {
public:
    explicit Broadcast(const WebTop& what) : what_(what) {}
    Broadcast(const Broadcast&) = delete;
    Broadcast& operator=(const Broadcast&) = delete;

    /// For one page: what was seen last, and each look from then on. One that is slow misses some.
    hocket::AsyncGenerator<ServerSentEvent> events() {
        const Page page(*this);
        for (std::uint64_t seen = 0; !is_closed_;) {
            if (latest_ && seen != number_) {
                seen = number_;
                co_yield *latest_;
            } else {
                co_await changed_.wait();
            }
        }
    }
    /// Ends the streams.
    void close() {
        is_closed_ = true;
        wake();
    }

private:
    class Page {
    public:
        explicit Page(Broadcast& to) : to_(to) {
            if (to_.pages_++ == 0 && !to_.has_ended_)
                to_.looking_ = hocket::create_task(to_.look_on(), {.name = "looking"});
        }
        Page(const Page&) = delete;
        Page& operator=(const Page&) = delete;
        ~Page() {
            if (--to_.pages_ > 0 || to_.has_ended_) return;
            to_.looking_.cancel();
            to_.latest_.reset();
        }

    private:
        Broadcast& to_;
    };

    // Until the process has ended; whatever else goes wrong is tried again.
    Coro<> look_on() {
        while (!has_ended_) {
            std::string why;
            try {
                Looks looks(what_.pid);
                for (;;) {
                    co_await looks.next();
                    tell("look", line_of(looks.json_of_busiest(most_tasks)));
                    co_await hocket::sleep(what_.interval);
                }
            } catch (const std::exception& e) {
                why = e.what();
            }
            has_ended_ = has_ended(what_.pid);
            tell(has_ended_ ? "ended" : "failed", line_of({{"pid", what_.pid}, {"why", why}}));
            if (!has_ended_) co_await hocket::sleep(what_.interval);
        }
    }
    void tell(const char* event, std::string data) {
        latest_ = ServerSentEvent{.data = std::move(data), .event = event, .retry = std::chrono::seconds(1)};
        ++number_;
        wake();
    }
    void wake() {
        changed_.set();
        changed_.clear();  // those that wait have been woken
    }

    const WebTop what_;
    std::size_t pages_ = 0;
    bool is_closed_ = false, has_ended_ = false;
    std::optional<ServerSentEvent> latest_;
    std::uint64_t number_ = 0;  // of the latest
    hocket::Event changed_;
    hocket::Task<> looking_;
};

// A foreign page can have its own name lead to this machine (DNS rebinding), and would be read as one of ours; the name it cannot hide. The port
// may be another than that which is listened to: `ssh -L`.
bool names_this_machine(std::string_view host) {
    host = host.substr(0, host.rfind(':'));
    return host == "127.0.0.1" || host == "localhost";
}

// 128 bits that nobody guesses, in hexadecimal digits.
std::string secret_word() {
    std::array<unsigned char, 16> bits{};
    while (::getrandom(bits.data(), bits.size(), 0) < 0) {
        if (errno != EINTR) throw hocket::OSError(errno, "getrandom");
    }
    std::string word;
    for (const unsigned char byte : bits) {
        std::array<char, 3> digits{};
        std::snprintf(digits.data(), digits.size(), "%02x", byte);
        word += digits.data();
    }
    return word;
}

Response page() {
    const std::string word = secret_word();  // that the page's own script and style have, and nothing else in it
    std::string html(top_html);
    constexpr std::string_view mark = "NONCE";
    for (std::size_t at = 0; (at = html.find(mark, at)) != html.npos;) html.replace(at, mark.size(), word);
    return html_response(std::move(html),
                         {.headers = {{"Content-Security-Policy",
                                       "default-src 'none'; script-src 'nonce-" + word + "'; style-src 'nonce-" + word +
                                           "'; img-src data:; connect-src 'self'; base-uri 'none'; "
                                           "form-action 'none'; frame-ancestors 'none'"},
                                      {"Cache-Control", "no-store"}}});
}

Coro<Response> guarded(Request& request, Next next) {
    if (!names_this_machine(request.host()))
        co_return error_response(421, "this is shown on 127.0.0.1 and localhost only");
    Response response = co_await next(request);
    response.headers().set("X-Content-Type-Options", "nosniff");
    response.headers().set("Referrer-Policy", "no-referrer");
    response.headers().set("Cross-Origin-Resource-Policy", "same-origin");
    co_return response;
}

}  // namespace

void run_web_top(const WebTop& what) {
    {
        const Looks first(what.pid);  // says at once what is wrong with the process
    }
    const auto broadcast = std::make_shared<Broadcast>(what);
    Application app({.title = "hocket top", .openapi_url = {}, .docs_url = {}});
    app.middleware(guarded);
    const std::string below = "/" + secret_word() + "/";
    app.get(below, page);
    app.get(below + "looks", [broadcast] { return event_stream(broadcast->events()); });
    app.on_shutdown([broadcast](Application&) -> Coro<> {
        broadcast->close();
        co_return;
    });
    run_serving(app, {.port = what.port, .path = below});
}
