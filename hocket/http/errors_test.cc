// SPDX-License-Identifier: MIT
// Which exception is caught as which.
#include <hocket/http/errors.h>

#include <gtest/gtest.h>

#include <type_traits>

namespace hocket::http {
namespace {

template <class Derived, class Base>
constexpr bool is_a = std::is_base_of_v<Base, Derived>;

TEST(OnceHttpErrors, what_can_go_wrong_with_a_request_is_a_client_error) {
    EXPECT_TRUE((is_a<ClientConnectionError, ClientError> && is_a<ServerDisconnectedError, ClientConnectionError>));
    EXPECT_TRUE((is_a<ClientPayloadError, ClientError> && is_a<ClientResponseError, ClientError>));
    EXPECT_TRUE((is_a<TooManyRedirects, ClientResponseError> && is_a<ContentTypeError, ClientResponseError>));
    EXPECT_TRUE((is_a<InvalidUrl, ValueError> && !is_a<InvalidUrl, ClientError>));
    EXPECT_FALSE((is_a<ProtocolError, ClientError>));
}

TEST(OnceHttpErrors, some_carry_a_status) {
    EXPECT_EQ(ProtocolError("x").status(), 400);
    EXPECT_EQ(ProtocolError("x", 431).status(), 431);
    EXPECT_EQ(ClientResponseError("x").status(), 0);
    EXPECT_EQ(TooManyRedirects("GET http://a/: more than 10 redirects", 302).status(), 302);
    EXPECT_STREQ(ContentTypeError("x", 200).what(), "x");
}

}  // namespace
}  // namespace hocket::http
