// SPDX-License-Identifier: MIT
// What tests of the HTTP client share: small servers that answer as a script says, and count who came.
#pragma once

#include <gtest/gtest.h>
#include <hocket/flow/gather.h>
#include <hocket/http/client_session.h>
#include <hocket/net/net_test.h>

#include <charconv>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hocket::http::testing {

using hocket::testing::a_while, hocket::testing::ending_of, hocket::testing::run_net, hocket::testing::turns,
    hocket::testing::until;

/// What the environment says of proxies is the developer's, and no test's but of the one that sets it.
inline const bool environment_is_plain = [] {
    for (const char* name : {"http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY",
                             "ALL_PROXY", "NO_PROXY", "REQUEST_METHOD"}) {
        ::unsetenv(name);
    }
    return true;
}();

/// A connection's other end.
class Peer {
public:
    Peer(StreamReader r, StreamWriter w, std::vector<std::string>& requests)
        : reader(std::move(r)), writer(std::move(w)), requests_(requests) {}

    /// The next request, head and body; empty at the end of the connection. It is also written down in the server's `requests`.
    Coro<std::string> request() {
        std::string text;
        try {
            text = co_await reader.readuntil("\r\n\r\n");
            text += co_await reader.readexactly(content_length(text));
        } catch (const IncompleteReadError&) {
            co_return std::string();
        } catch (const OSError&) {
            co_return std::string();
        }
        requests_.push_back(text);
        co_return text;
    }
    Coro<> send(std::string bytes) { co_await writer.write(bytes); }
    /// Waits until the client has closed.
    Coro<> end() {
        try {
            while (!reader.at_eof()) co_await reader.read(65536);
        } catch (const OSError&) {
            co_return;
        }
    }

    StreamReader reader;
    StreamWriter writer;

private:
    static std::size_t content_length(std::string_view head) {
        constexpr std::string_view field = "Content-Length: ";
        const std::size_t at = head.find(field);
        std::size_t length = 0;
        if (at != std::string_view::npos) {
            std::from_chars(head.data() + at + field.size(), head.data() + head.size(), length);
        }
        return length;
    }

    std::vector<std::string>& requests_;
};

/// `HTTP/1.1 200 OK` with this body, and more fields if there are any: `Server: x\r\n`.
inline std::string ok(std::string_view body, std::string_view fields = "") {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + std::string(fields) + "\r\n" +
           std::string(body);
}

/// A server on a free port; each connection is served by the script, its number given.
class TestServer {
public:
    using Script = std::function<Coro<>(Peer&, int)>;

    static Coro<TestServer> start(Script script, ServerOptions options = {}) {
        const bool is_secure = static_cast<bool>(options.tls);
        auto log = std::make_shared<Log>();
        Server server = co_await start_server(
            [log, script = std::move(script)](StreamReader r, StreamWriter w) -> Coro<> {
                Peer peer(std::move(r), std::move(w), log->requests);
                co_await script(peer, ++log->connections);
            },
            "127.0.0.1", 0, options);
        co_return TestServer(std::move(server), std::move(log), is_secure);
    }
    /// Gives the same answer to each request.
    static Coro<TestServer> answering(std::string answer, ServerOptions options = {}) {
        co_return co_await start(
            [answer = std::move(answer)](Peer& peer, int) -> Coro<> {
                while (!(co_await peer.request()).empty()) co_await peer.send(answer);
            },
            std::move(options));
    }
    /// Answers by what `answer(request)` gives.
    static Coro<TestServer> answering(std::function<std::string(const std::string&)> answer) {
        co_return co_await start([answer = std::move(answer)](Peer& peer, int) -> Coro<> {
            for (;;) {
                const std::string request = co_await peer.request();
                if (request.empty()) break;
                co_await peer.send(answer(request));
            }
        });
    }

    std::string url(std::string_view path = "/") const { return origin() + std::string(path); }
    std::string origin() const {
        return (is_secure_ ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(server.port());
    }
    /// All that came, in order.
    const std::vector<std::string>& requests() const { return log_->requests; }
    int connections() const { return log_->connections; }
    /// Connections that are open.
    std::size_t clients() const { return server.clients(); }

    Server server;

private:
    struct Log {
        std::vector<std::string> requests;
        int connections = 0;
    };
    TestServer(Server s, std::shared_ptr<Log> log, bool is_secure)
        : server(std::move(s)), log_(std::move(log)), is_secure_(is_secure) {}

    std::shared_ptr<Log> log_;
    bool is_secure_;
};

/// Runs `main` and checks that neither a descriptor nor a task is left behind: the servers' handlers end when their clients are gone.
inline void run_http(Coro<> main) {
    run_net([](Coro<> body) -> Coro<> {
        co_await std::move(body);
        co_await until([] { return all_tasks().size() == 1; });
    }(std::move(main)));
}

/// The body of a request's response.
inline Coro<std::string> text_of(Coro<ClientResponse> request) {
    const ClientResponse response = co_await std::move(request);
    co_return co_await response.text();
}

/// A field's value in the text of a request; `none` if it is not there.
inline std::string field_of(const std::string& request, const std::string& name) {
    const std::size_t at = request.find("\r\n" + name + ": ");
    if (at == std::string::npos) return "none";
    const std::size_t begin = at + name.size() + 4;
    return request.substr(begin, request.find('\r', begin) - begin);
}

}  // namespace hocket::http::testing
