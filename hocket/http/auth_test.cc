// SPDX-License-Identifier: MIT
// Credentials: what they may be made of, and what a server reads from a request.
#include <gtest/gtest.h>
#include <hocket/base/errors.h>
#include <hocket/http/auth.h>
#include <hocket/http/base64_internal.h>
#include <tests/support/trace.h>

#include <string>
#include <string_view>

namespace hocket::http {
namespace {

using hocket::testing::thrown_by;

std::string basic_of(std::string_view field) {
    const auto auth = basic_auth_of({{"Authorization", field}});
    return auth ? auth->user + "|" + auth->password : "nothing";
}

TEST(OnceBase64, bytes_of_every_length_come_back) {
    std::string bytes;
    for (int i = 0; i < 300; ++i) {
        EXPECT_EQ(decode_base64(encode_base64(bytes)), bytes);
        bytes += static_cast<char>(i * 7);
    }
    EXPECT_EQ(encode_base64("light work."), "bGlnaHQgd29yay4=");
    EXPECT_EQ(encode_base64("\xff\xfe"), "//4=");
}

TEST(OnceBase64, a_text_that_nobody_would_write_is_refused) {
    for (const char* text : {"A", "AA", "AAA", "AA=", "A===", "====", "AA==AAAA", "A=AA", "AA A", "AA\n=", "AA-_",
                             "AB==", "AAB=", "AA=A"}) {
        EXPECT_EQ(decode_base64(text), std::nullopt) << text;
    }
    EXPECT_EQ(decode_base64(""), "");
}

TEST(OnceAuth, basic_is_a_name_a_colon_and_a_password) {
    EXPECT_EQ(basic_of("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), "Aladdin|open sesame");
    EXPECT_EQ(basic_of("basic  QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), "Aladdin|open sesame");
    EXPECT_EQ(basic_of("BASIC " + encode_base64("a:b:c")), "a|b:c");
    EXPECT_EQ(basic_of("Basic " + encode_base64(":")), "|");
    EXPECT_EQ(basic_of("Basic " + encode_base64("j\xc3\xb6:\xe2\x82\xac")), "j\xc3\xb6|\xe2\x82\xac");
}

TEST(OnceAuth, what_is_no_basic_gives_nothing) {
    for (const std::string& field :
         {std::string(), std::string("Basic"), std::string("Basic "), std::string("Basic QQ=="),
          std::string("Basic QTpi="), std::string("Basic QTpi QTpi"), std::string("BasicQTpi"),
          std::string("Basic\tQTpi"), std::string("Bearer QTpi"), std::string("Basic user=\"a\""),
          "Basic " + encode_base64(std::string_view("a:b\0", 4)), "Basic " + encode_base64("a\n:b")}) {
        EXPECT_EQ(basic_of(field), "nothing") << field;
    }
    EXPECT_EQ(basic_of("Basic QTpi"), "A|b");
    // Rule 19: of two fields neither counts.
    EXPECT_FALSE(basic_auth_of({{"Authorization", "Basic QTpi"}, {"authorization", "Basic QTpi"}}));
    EXPECT_FALSE(basic_auth_of({}));
}

TEST(OnceAuth, bearer_is_one_token) {
    EXPECT_EQ(bearer_token_of({{"Authorization", "Bearer mF_9.B5f-4.1JqM=="}}), "mF_9.B5f-4.1JqM==");
    EXPECT_EQ(bearer_token_of({{"Authorization", "bearer a~+/"}}), "a~+/");
    for (const char* field :
         {"Bearer", "Bearer ", "Bearer =", "Bearer a b", "Bearer a,b", "Bearer a=b", "Bearer \xc3\xa9", "Basic a"}) {
        EXPECT_FALSE(bearer_token_of({{"Authorization", field}})) << field;
    }
}

TEST(OnceAuth, what_no_field_can_carry_is_refused_and_the_secret_is_in_no_message) {
    EXPECT_EQ(thrown_by([] { Auth(BasicAuth{"a:b", "hunter2"}); }),
              R"(hocket::ValueError: BasicAuth: a colon in the user's name "a:b")");
    EXPECT_EQ(thrown_by([] { Auth(BasicAuth{"a", "hunter2\r\nX: y"}); }),
              "hocket::ValueError: BasicAuth: a control character in the password");
    EXPECT_EQ(thrown_by([] { Auth(DigestAuth{"a\n", "hunter2"}); }),
              R"(hocket::ValueError: DigestAuth: a control character in the user's name "a\n")");
    EXPECT_EQ(thrown_by([] { Auth(BearerAuth{"hunter2\r\n"}); }),
              "hocket::ValueError: BearerAuth: the token has a character that tokens do not have");
    EXPECT_THROW(Auth(BearerAuth{}), ValueError);
    EXPECT_EQ(Auth().scheme(), Auth::Scheme::none);
    EXPECT_EQ(Auth(BearerAuth{"t"}).secret(), "t");
    EXPECT_EQ(Auth(NetrcAuth{}).scheme(), Auth::Scheme::netrc);
}

TEST(OnceAuth, a_challenge_cannot_be_broken_out_of) {
    EXPECT_EQ(basic_challenge("files"), R"(Basic realm="files", charset="UTF-8")");
    EXPECT_EQ(basic_challenge(R"(a"b\c)"), R"(Basic realm="a\"b\\c", charset="UTF-8")");
    EXPECT_THROW(static_cast<void>(basic_challenge("a\r\nX: y")), ValueError);
}

// Rule 49.
TEST(OnceAuth, secrets_are_compared_whole) {
    EXPECT_TRUE(compare_digest("", ""));
    EXPECT_TRUE(compare_digest("secret", "secret"));
    EXPECT_FALSE(compare_digest("secret", "secreT"));
    EXPECT_FALSE(compare_digest("Secret", "secret"));
    EXPECT_FALSE(compare_digest("secret", "secret2"));
    EXPECT_FALSE(compare_digest(std::string_view("a\0b", 3), std::string_view("a\0c", 3)));
}

}  // namespace
}  // namespace hocket::http
