// SPDX-License-Identifier: MIT
// A client that proves who asks: to whom, how often, and to nobody else.
#include <hocket/http/client_auth_internal.h>

#include <hocket/http/client_session.h>
#include <hocket/http/client_test.h>
#include <hocket/os/temporary.h>

#include <sys/stat.h>
#include <fstream>
#include <string>
#include <vector>

namespace hocket::http {
namespace {

using namespace testing;

using Fields = std::vector<std::string>;

/// What each request so far said in its field Authorization.
Fields credentials_at(const TestServer& server) {
    Fields fields;
    for (const std::string& request : server.requests()) fields.push_back(field_of(request, "Authorization"));
    return fields;
}

std::string redirect_to(const std::string& url) {
    return "HTTP/1.1 307 Moved\r\nLocation: " + url + "\r\nContent-Length: 0\r\n\r\n";
}

std::string challenge(const std::string& text) {
    return "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: " + text + "\r\nContent-Length: 4\r\n\r\nwho?";
}

std::string parameter(const std::string& credentials, std::string_view name) {
    const auto parsed = parse_challenges(credentials);
    return parsed.empty() ? "none" : std::string(parsed[0].param(name).value_or("none"));
}

/// Whether a request answers this nonce as `ada` with the password `secret` should.
bool is_right(const std::string& request, const std::string& nonce) {
    const std::string given = field_of(request, "Authorization");
    const std::string line = request.substr(0, request.find(" HTTP"));
    const std::string method = line.substr(0, line.find(' '));
    const std::string target = line.substr(method.size() + 1);
    if (parameter(given, "nonce") != nonce || parameter(given, "uri") != target) return false;
    const std::string count = parameter(given, "nc");
    DigestState state{
        .challenge = {.hash = DigestChallenge::Hash::sha_256, .has_qop = true, .realm = "r", .nonce = nonce},
        .cnonce = parameter(given, "cnonce"),
        .count = static_cast<std::uint32_t>(std::stoul(count, nullptr, 16)) - 1};
    const std::string expected =
        answer_digest(state, {.user = "ada", .password = "secret", .method = method, .target = target});
    return parameter(given, "response") == parameter(expected, "response");
}

const DigestAuth ada{"ada", "secret"};

/// Asks for Digest with nonces `n1`, `n2` ..., each of which is good for so many requests.
class DigestServer {
public:
    explicit DigestServer(int uses) : uses_(uses), left_(uses) {}

    std::string answer(const std::string& request) {
        const std::string nonce = "n" + std::to_string(number_);
        if (is_right(request, nonce) && left_-- > 0) return ok("welcome");
        const bool is_stale = field_of(request, "Authorization") != "none";
        ++number_;
        left_ = uses_;
        return challenge("Digest realm=\"r\", algorithm=SHA-256, qop=\"auth\", nonce=\"n" + std::to_string(number_) +
                         "\"" + (is_stale ? ", stale=true" : ""));
    }

private:
    int uses_, left_, number_ = 0;
};

TEST(RealClientAuth, basic_and_bearer_go_with_every_request) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok(""));
        const ClientSession session({.auth = BasicAuth{"Aladdin", "open sesame"}});
        const BearerAuth token{"t0k="};
        co_await session.get(server.url());
        co_await session.get(server.url(), {.auth = token});
        co_await session.get(server.url(), {.auth = Auth()});
        co_await session.get("http://u:p@" + server.origin().substr(7));
        co_await session.get("http://u:p@" + server.origin().substr(7), {.auth = token});
        const Headers own = {{"Authorization", "Own"}};
        co_await session.get(server.url(), {.headers = own});
        EXPECT_EQ(credentials_at(server), (Fields{"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Bearer t0k=", "none",
                                                  "Basic dTpw", "Bearer t0k=", "Own"}));
        EXPECT_EQ(
            co_await ending_of(session.get(server.url(), {.headers = own, .auth = token})),
            "hocket::ValueError: GET " + server.url() + ": of auth and the field Authorization, only one can be sent");
    }());
}

TEST(RealClientAuth, a_repetition_has_a_count_of_its_own) {
    run_http([]() -> Coro<> {
        int asked = 0;
        const TestServer server = co_await TestServer::answering([&](const std::string&) -> std::string {
            if (++asked == 1) return challenge("Digest realm=\"r\", algorithm=SHA-256, qop=\"auth\", nonce=\"n\"");
            if (asked > 2) return ok("welcome");
            return "HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n";
        });
        const ClientSession session({.auth = ada, .retry = {.attempts = 2, .on_retry_after = true}});
        EXPECT_EQ(co_await text_of(session.get(server.url())), "welcome");
        EXPECT_EQ(parameter(credentials_at(server).at(1), "nc"), "00000001");
        EXPECT_EQ(parameter(credentials_at(server).at(2), "nc"), "00000002");
        EXPECT_TRUE(is_right(server.requests().at(2), "n"));
    }());
}

TEST(RealClientAuth, it_goes_before_a_header_of_the_session) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering(ok(""));
        const ClientSession session({.headers = {{"Authorization", "Own"}}, .auth = BearerAuth{"session"}});
        const BearerAuth token{"request"};
        co_await session.get(server.url());
        co_await session.get(server.url(), {.auth = token});
        EXPECT_EQ(credentials_at(server), (Fields{"Own", "Bearer request"}));
    }());
}

// Rule 30.
TEST(RealClientAuth, a_redirect_to_another_origin_leaves_it_behind) {
    run_http([]() -> Coro<> {
        std::string home;
        const TestServer other = co_await TestServer::answering([&](const std::string&) { return redirect_to(home); });
        const TestServer server = co_await TestServer::answering([&](const std::string& request) {
            if (request.starts_with("GET /here")) return redirect_to("/then");
            return request.starts_with("GET /then") ? redirect_to(other.url("/there")) : ok("");
        });
        home = server.url("/home");
        const ClientSession session({.auth = BearerAuth{"t"}});
        co_await session.get(server.url("/here"));
        EXPECT_EQ(credentials_at(server), (Fields{"Bearer t", "Bearer t", "none"}));
        EXPECT_EQ(credentials_at(other), Fields{"none"});
    }());
}

TEST(RealClientAuth, a_sessions_is_for_its_base_url) {
    run_http([]() -> Coro<> {
        const TestServer own = co_await TestServer::answering(ok(""));
        const TestServer other = co_await TestServer::answering(ok(""));
        const ClientSession session({.base_url = own.origin(), .auth = BearerAuth{"t"}});
        co_await session.get("/x");
        co_await session.get(other.url());
        EXPECT_EQ(credentials_at(own), Fields{"Bearer t"});
        EXPECT_EQ(credentials_at(other), Fields{"none"});
    }());
}

TEST(RealClientAuth, digest_answers_a_challenge_and_then_goes_before_it) {
    run_http([]() -> Coro<> {
        DigestServer digest(3);
        const TestServer server =
            co_await TestServer::answering([&](const std::string& r) { return digest.answer(r); });
        const ClientSession session({.auth = ada});
        for (int i = 0; i < 3; ++i)
            EXPECT_EQ(co_await text_of(session.get(server.url("/x?" + std::to_string(i)))), "welcome");
        EXPECT_EQ(server.requests().size(), 4U);
        if (server.requests().size() != 4) co_return;
        EXPECT_EQ(credentials_at(server).at(0), "none");
        EXPECT_EQ(parameter(credentials_at(server).at(3), "nc"), "00000003");
        EXPECT_EQ(parameter(credentials_at(server).at(3), "cnonce").size(), 32U);
        EXPECT_EQ(server.connections(), 1);
        // The nonce is used up: once more, with the next.
        EXPECT_EQ(co_await text_of(session.post(server.url("/y"), {.data = "body"})), "welcome");
        EXPECT_EQ(server.requests().size(), 6U);
        if (server.requests().size() != 6) co_return;
        EXPECT_TRUE(server.requests().at(5).ends_with("\r\n\r\nbody"));
        EXPECT_EQ(parameter(credentials_at(server).at(5), "nonce"), "n2");
        EXPECT_EQ(parameter(credentials_at(server).at(5), "nc"), "00000001");
    }());
}

AsyncGenerator<std::string> said_once() { co_yield "body"; }

TEST(RealClientAuth, digest_is_not_answered_with_a_body_that_cannot_be_sent_again) {
    run_http([]() -> Coro<> {
        DigestServer digest(3);
        const TestServer server =
            co_await TestServer::answering([&](const std::string& r) { return digest.answer(r); });
        const ClientSession session({.auth = ada});
        const Headers four_bytes = {{"Content-Length", "4"}};
        const BodyStream repeatable([] { return said_once(); });
        const ClientResponse refused =
            co_await session.post(server.url("/x"), {.headers = four_bytes, .stream = said_once()});
        EXPECT_EQ(refused.status(), 401);
        EXPECT_EQ(server.requests().size(), 1U);
        // What was asked is remembered.
        EXPECT_EQ(co_await text_of(session.post(server.url("/x"), {.headers = four_bytes, .stream = said_once()})),
                  "welcome");
        for (int i = 0; i < 3; ++i)  // in the midst of which the nonce is used up
            EXPECT_EQ(co_await text_of(session.post(server.url("/x"), {.headers = four_bytes, .stream = repeatable})),
                      "welcome");
    }());
}

TEST(RealClientAuth, a_wrong_password_is_sent_once) {
    run_http([]() -> Coro<> {
        int number = 0;
        const TestServer server = co_await TestServer::answering(
            [&](const std::string&) { return challenge("Digest realm=r, nonce=n" + std::to_string(++number)); });
        const ClientSession session({.auth = DigestAuth{"ada", "wrong"}});
        const ClientResponse response = co_await session.get(server.url());
        EXPECT_EQ(response.status(), 401);
        EXPECT_EQ(co_await response.text(), "who?");
        EXPECT_EQ(number, 2);
        co_await session.get(server.url());  // beforehand, and to the new challenge
        EXPECT_EQ(number, 4);
    }());
}

TEST(RealClientAuth, a_server_that_calls_every_nonce_stale_is_not_asked_for_ever) {
    run_http([]() -> Coro<> {
        int number = 0;
        const TestServer server = co_await TestServer::answering([&](const std::string&) {
            return challenge("Digest realm=r, stale=true, nonce=n" + std::to_string(++number));
        });
        const ClientSession session({.auth = ada});
        EXPECT_EQ((co_await session.get(server.url())).status(), 401);
        EXPECT_EQ(number, 3);
    }());
}

TEST(RealClientAuth, what_is_no_challenge_of_digest_is_an_answer) {
    run_http([]() -> Coro<> {
        const TestServer server =
            co_await TestServer::answering(challenge("Basic realm=r, Digest realm=r, algorithm=SHA-1, nonce=n"));
        const ClientSession session({.auth = ada});
        EXPECT_EQ((co_await session.get(server.url())).status(), 401);
        const ClientSession basic({.auth = BasicAuth{"ada", "secret"}});
        EXPECT_EQ((co_await basic.get(server.url())).status(), 401);
        EXPECT_EQ(credentials_at(server), (Fields{"none", "Basic YWRhOnNlY3JldA=="}));
    }());
}

// Rule 31.
TEST(RealClientAuth, digest_is_scoped_to_the_origin) {
    run_http([]() -> Coro<> {
        const TestServer other = co_await TestServer::answering(challenge("Digest realm=\"r\", nonce=\"evil\""));
        DigestServer digest(10);
        const TestServer server = co_await TestServer::answering([&](const std::string& request) {
            const std::string answer = digest.answer(request);
            return answer.ends_with("welcome") && request.starts_with("GET /away") ? redirect_to(other.url("/x"))
                                                                                   : answer;
        });
        const ClientSession session({.auth = ada});
        EXPECT_EQ(co_await text_of(session.get(server.url())), "welcome");
        EXPECT_EQ((co_await session.get(server.url("/away"))).status(), 401);
        EXPECT_EQ(credentials_at(other), Fields{"none"});  // and its challenge is not answered
        // To an origin that is asked itself, the challenge of the first means nothing.
        EXPECT_EQ((co_await session.get(other.url("/y"))).status(), 401);
        EXPECT_EQ(parameter(credentials_at(other).at(2), "nonce"), "evil");
        EXPECT_EQ(credentials_at(other).at(1), "none");
    }());
}

TEST(RealClientAuth, cookies_of_a_challenge_are_kept) {
    run_http([]() -> Coro<> {
        const TestServer server = co_await TestServer::answering([](const std::string& request) {
            if (field_of(request, "Authorization") != "none") return ok("");
            return challenge("Digest realm=r, nonce=n\r\nSet-Cookie: a=1");
        });
        const ClientSession session({.auth = ada});
        co_await session.get(server.url());
        EXPECT_EQ(field_of(server.requests().at(1), "Cookie"), "a=1");
    }());
}

TEST(RealClientAuth, netrc_says_it_for_its_hosts) {
    run_http([]() -> Coro<> {
        auto folder = co_await fs::temporary_directory();
        const NetrcAuth netrc{folder.name() + "/netrc"};
        std::ofstream(netrc.file) << "machine 127.0.0.1 login ada password secret\nmachine b login b password b";
        const TestServer server = co_await TestServer::answering(
            [](const std::string& request) { return request.starts_with("GET /from") ? redirect_to("/to") : ok(""); });
        const ClientSession session({.auth = netrc});
        co_await session.get(server.url("/from"));
        co_await session.get("http://localhost:" + std::to_string(server.server.port()) + "/");
        EXPECT_EQ(credentials_at(server), (Fields{"Basic YWRhOnNlY3JldA==", "Basic YWRhOnNlY3JldA==", "none"}));
        const NetrcAuth nowhere{folder.name() + "/nowhere"};
        EXPECT_TRUE(
            (co_await ending_of(session.get(server.url(), {.auth = nowhere}))).starts_with("hocket::OSError: stat "));
        co_await folder.cleanup();
    }());
}

TEST(OnceDigestMemory, it_is_bounded_and_knows_users_apart) {
    DigestMemory memory;
    for (int i = 0; i < 101; ++i) memory.keep("http://h" + std::to_string(i), "ada", {.cnonce = "c"});
    EXPECT_FALSE(memory.find("http://h0", "ada"));
    EXPECT_TRUE(memory.find("http://h1", "ada"));
    EXPECT_TRUE(memory.find("http://h100", "ada"));
    EXPECT_FALSE(memory.find("http://h100", "bob"));
}

TEST(OnceDigestMemory, a_nonce_that_another_request_was_sent_too_goes_on_being_counted) {
    DigestMemory memory;
    memory.keep("o", "ada", {.challenge = {.nonce = "n"}, .cnonce = "c", .count = 7});
    memory.keep("o", "ada", {.challenge = {.nonce = "n"}, .cnonce = "d"});
    EXPECT_EQ(memory.find("o", "ada")->count, 7U);
    memory.keep("o", "ada", {.challenge = {.nonce = "m"}, .cnonce = "d"});
    EXPECT_EQ(memory.find("o", "ada")->count, 0U);
}

}  // namespace
}  // namespace hocket::http
