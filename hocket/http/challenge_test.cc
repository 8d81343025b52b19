// SPDX-License-Identifier: MIT
// The challenges of WWW-Authenticate, well formed and hostile.
#include <gtest/gtest.h>
#include <hocket/http/challenge_internal.h>

#include <string>
#include <string_view>

namespace hocket::http {
namespace {

// `Basic(realm=x) Negotiate:abc=`
std::string read(std::string_view field) {
    std::string text;
    for (const Challenge& challenge : parse_challenges(field)) {
        if (!text.empty()) text += ' ';
        text += challenge.scheme;
        if (!challenge.token.empty()) text += ':' + challenge.token;
        if (challenge.params.empty()) continue;
        text += '(';
        for (const auto& [name, value] : challenge.params) {
            text.append(text.ends_with('(') ? "" : ",").append(name).append("=").append(value);
        }
        text += ')';
    }
    return text;
}

TEST(OnceChallenge, schemes_stand_alone_with_a_token_or_with_parameters) {
    EXPECT_EQ(read("Basic realm=\"x\""), "Basic(realm=x)");
    EXPECT_EQ(read("Negotiate"), "Negotiate");
    EXPECT_EQ(read("Negotiate abc/+=="), "Negotiate:abc/+==");
    EXPECT_EQ(read("Digest realm=\"a\\\"b, c\" , nonce = n1 ,qop=\"auth,auth-int\""),
              "Digest(realm=a\"b, c,nonce=n1,qop=auth,auth-int)");
    EXPECT_EQ(read("X a=\"\""), "X(a=)");
}

TEST(OnceChallenge, a_comma_separates_both_challenges_and_parameters) {
    EXPECT_EQ(read("Basic realm=\"x\", Digest realm=y, nonce=z, Negotiate, Bearer t0k=, X a=1"),
              "Basic(realm=x) Digest(realm=y,nonce=z) Negotiate Bearer:t0k= X(a=1)");
    EXPECT_EQ(read(",, ,Basic realm=x,,,Y,"), "Basic(realm=x) Y");
    EXPECT_EQ(read("Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\", Basic realm=\"simple\""),
              "Newauth(realm=apps,type=1,title=Login to \"apps\") Basic(realm=simple)");
}

TEST(OnceChallenge, what_is_malformed_ends_the_list) {
    EXPECT_EQ(read("Basic realm=x, Digest realm=\"y"), "Basic(realm=x)");
    EXPECT_EQ(read("A, Digest realm=\"y\\"), "A");
    EXPECT_EQ(read("A, Digest realm=\"y\"z, B"), "A");
    EXPECT_EQ(read("A, Digest realm=y z=1, B"), "A");
    EXPECT_EQ(read("A, Digest realm=y, realm=z, B"), "A");
    EXPECT_EQ(read("A, \"x\", B"), "A");
    EXPECT_EQ(read("A; B"), "");
    EXPECT_EQ(read("A, B x=, y=1"), "A B:x=");  // `x=` alone is a token, and `y=1` no scheme
    for (const char* field : {"", " ", ",", "=", "=x", "\"", "\xff", ":"}) EXPECT_EQ(read(field), "") << field;
}

TEST(OnceChallenge, a_long_field_is_read_in_one_pass_and_bounded) {
    std::string many = "A";
    for (int i = 0; i < 100'000; ++i) many += ",A";
    EXPECT_EQ(parse_challenges(many).size(), 16U);
    std::string params = "A";
    for (int i = 0; i < 1'000; ++i) params += (i ? "," : " ") + std::string("p") + std::to_string(i) + "=1";
    EXPECT_EQ(read(params), "");
    EXPECT_EQ(read("A " + std::string(1'000'000, 'x') + "\""), "");
    EXPECT_EQ(read("A a=\"" + std::string(1'000'000, '\\')), "");
}

}  // namespace
}  // namespace hocket::http
