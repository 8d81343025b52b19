// SPDX-License-Identifier: MIT
// Digest: the examples of RFC 7616, and what is taken from challenges.
#include <gtest/gtest.h>
#include <hocket/http/digest_internal.h>

#include <string>
#include <string_view>

namespace hocket::http {
namespace {

DigestState state_of(std::string_view field, std::string cnonce) {
    const auto challenge = digest_challenge_of({{"WWW-Authenticate", field}});
    EXPECT_TRUE(challenge) << field;
    return {.challenge = challenge.value_or(DigestChallenge()), .cnonce = std::move(cnonce)};
}

// A parameter of an answer, without quotation marks.
std::string of(const std::string& answer, std::string_view name) {
    const auto challenges = parse_challenges(answer);
    return challenges.empty() ? "none" : std::string(challenges[0].param(name).value_or("none"));
}

constexpr DigestRequest ada{.user = "ada", .password = "secret", .method = "GET", .target = "/x?y"};

TEST(OnceDigest, the_examples_of_the_standard) {
    const DigestRequest mufasa{
        .user = "Mufasa", .password = "Circle of Life", .method = "GET", .target = "/dir/index.html"};
    const std::string rest =
        R"(realm="http-auth@example.org", qop="auth, auth-int", )"
        R"(nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS")";
    const std::string cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
    DigestState sha = state_of("Digest algorithm=SHA-256, " + rest, cnonce);
    const std::string answer = answer_digest(sha, mufasa);
    EXPECT_EQ(
        answer,
        "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", "
        "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", uri=\"/dir/index.html\", "
        "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\", algorithm=SHA-256, qop=auth, "
        "nc=00000001, cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", "
        "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"");
    DigestState md5 = state_of("Digest algorithm=MD5, " + rest, cnonce);
    EXPECT_EQ(of(answer_digest(md5, mufasa), "response"), "8ca523f5e9506fed4657c9700eebdbec");
}

TEST(OnceDigest, names_may_be_hashed_or_written_in_utf_8) {
    const std::string jason = "J\xc3\xa4s\xc3\xb8n Doe";
    const DigestRequest doe{.user = jason, .password = "Secret, or not?", .method = "GET", .target = "/doe.json"};
    const std::string rest =
        R"(realm="api@example.org", qop="auth", algorithm=SHA-512-256, )"
        R"(nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS")";
    const std::string cnonce = "NTg6RKcb9boFIAS3KrFK9BGeh+niz/sm";
    DigestState hashed = state_of("Digest charset=UTF-8, userhash=true, " + rest, cnonce);
    const std::string answer = answer_digest(hashed, doe);
    // As erratum 4897 of RFC 7616 has them.
    EXPECT_EQ(of(answer, "username"), "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b");
    EXPECT_EQ(of(answer, "userhash"), "true");
    EXPECT_EQ(of(answer, "response"), "7a4e1192babbba02e91182d2895bfdbf7adafc6e48d4e517ca301974843d840c");
    DigestState utf_8 = state_of("Digest charset=UTF-8, " + rest, cnonce);
    EXPECT_EQ(of(answer_digest(utf_8, doe), "username*"), "UTF-8''J%C3%A4s%C3%B8n%20Doe");
    DigestState old = state_of("Digest " + rest, cnonce);
    EXPECT_EQ(of(answer_digest(old, doe), "username"), jason);
}

TEST(OnceDigest, sessions_hash_the_nonces_into_the_secret_and_answers_are_counted) {
    DigestState md5 = state_of("Digest realm=r, nonce=n1, algorithm=MD5-sess, qop=auth", "c1");
    DigestState sha = state_of("Digest realm=r, nonce=n1, algorithm=sha-256-SESS, qop=auth", "c1");
    std::string answer;
    for (int i = 0; i < 10; ++i) {
        answer = answer_digest(md5, ada);
        answer_digest(sha, ada);
    }
    EXPECT_EQ(of(answer, "nc"), "0000000a");
    EXPECT_EQ(of(answer, "response"), "8e3e8fa7fd47ac6d38e446ca5a450d03");
    sha.count = 9;
    EXPECT_EQ(of(answer_digest(sha, ada), "response"),
              "bdb334ce9363211d67c705c565afce6b61bc470e190398baf3ebf794265d801c");
}

TEST(OnceDigest, without_qop_it_is_as_it_was_in_the_beginning) {
    DigestState state = state_of("Digest realm=r, nonce=n1", "c1");
    EXPECT_EQ(answer_digest(state, ada),
              "Digest username=\"ada\", realm=\"r\", nonce=\"n1\", uri=\"/x?y\", "
              "response=\"4e7cab38b1c9b584885d956d01d1b72a\"");
}

TEST(OnceDigest, what_cannot_be_answered_is_passed_over) {
    for (const char* field :
         {"", "Basic realm=r", "Digest realm=r", "Digest nonce=n", "Digest realm=r, nonce=n, algorithm=SHA-1",
          "Digest realm=r, nonce=n, qop=auth-int", "Digest realm=r, nonce=n, qop=\"\"",
          "Digest realm=r, nonce=n, algorithm=MD5-x", "Digest realm=r, nonce=n, nonce=m"}) {
        EXPECT_FALSE(digest_challenge_of({{"WWW-Authenticate", field}})) << field;
    }
    const auto chosen =
        digest_challenge_of({{"WWW-Authenticate", "Basic realm=x, Digest realm=a, nonce=1, algorithm=TOKEN"},
                             {"WWW-Authenticate", "Digest realm=b, nonce=2, algorithm=SHA-256, stale=TRUE"},
                             {"WWW-Authenticate", "Digest realm=c, nonce=3, algorithm=MD5"}});
    ASSERT_TRUE(chosen);
    EXPECT_EQ(chosen->realm, "b");
    EXPECT_TRUE(chosen->is_stale);
}

TEST(OnceDigest, what_a_server_says_cannot_break_out_of_its_quotation_marks) {
    DigestState state = state_of(R"(Digest realm="a\", username=\"root", nonce="n\\", opaque="\"")", "c");
    const std::string answer = answer_digest(state, ada);
    EXPECT_EQ(of(answer, "username"), "ada");
    EXPECT_EQ(of(answer, "realm"), R"(a", username="root)");
    EXPECT_EQ(of(answer, "nonce"), R"(n\)");
    EXPECT_EQ(of(answer, "opaque"), "\"");
}

}  // namespace
}  // namespace hocket::http
