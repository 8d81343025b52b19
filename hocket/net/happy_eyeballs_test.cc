// SPDX-License-Identifier: MIT
// Several addresses of one host: their order, and which are tried at the same time.
#include <hocket/net/names_test.h>
#include <hocket/net/net_test.h>

#include <gtest/gtest.h>
#include <hocket/base/exception_group.h>

#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace hocket {
namespace {

using testing::run_net, testing::ending_of, testing::TestNames, testing::a_while;

Coro<> greet(StreamReader, StreamWriter writer) { co_await writer.write("hello"); }

/// A listening socket on 127.0.0.1 whose queue is full: the system answers no further connection.
class FullQueue {
public:
    FullQueue() {
        RawAddress raw = Address::parse("127.0.0.1:0").raw();
        fds_.push_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(bind(fds_[0], raw.get(), raw.size), 0);
        EXPECT_EQ(listen(fds_[0], 0), 0);
        EXPECT_EQ(getsockname(fds_[0], raw.get(), &raw.size), 0);
        port_ = Address::from_raw(raw).port();
        for (int i = 0; i < 3; ++i) {
            fds_.push_back(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
            EXPECT_EQ(connect(fds_.back(), raw.get(), raw.size), -1);  // it goes on
        }
    }
    FullQueue(const FullQueue&) = delete;
    FullQueue& operator=(const FullQueue&) = delete;
    ~FullQueue() {
        for (const int fd : fds_) close(fd);
    }
    std::uint16_t port() const { return port_; }

private:
    std::vector<int> fds_;
    std::uint16_t port_ = 0;
};

TEST(RealHappyEyeballs, an_address_that_does_not_answer_is_overtaken_by_the_next) {
    run_net([]() -> Coro<> {
        const FullQueue silent;
        const Server server = co_await start_server(greet, "127.0.0.2", silent.port());
        TestNames::install()->add_host("two.test", {"127.0.0.1", "127.0.0.2"});
        const ConnectionOptions soon{.happy_eyeballs_delay = 1ms};
        auto [reader, writer] = co_await open_connection("two.test", silent.port(), soon);
        EXPECT_EQ(writer.peername().host(), "127.0.0.2");
        EXPECT_EQ(co_await reader.read(), "hello");
    }());
}

TEST(RealHappyEyeballs, without_a_delay_there_are_none) {
    run_net([]() -> Coro<> {
        const FullQueue silent;
        const Server server = co_await start_server(greet, "127.0.0.2", silent.port());
        TestNames::install()->add_host("two.test", {"127.0.0.1", "127.0.0.2"});
        const Task<Streams> connecting = create_task(open_connection("two.test", silent.port()));
        co_await a_while();
        EXPECT_FALSE(connecting.done());
        connecting.cancel();
        EXPECT_EQ(co_await ending_of(connecting), "hocket::CancelledError");
    }());
}

TEST(RealHappyEyeballs, a_failure_begins_the_next_at_once) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(greet, "127.0.0.2", 0);
        TestNames::install()->add_host("two.test", {"127.0.0.1", "127.0.0.2"});
        const ConnectionOptions late{.happy_eyeballs_delay = 1h};
        auto [reader, writer] = co_await open_connection("two.test", server.port(), late);
        EXPECT_EQ(co_await reader.read(), "hello");
    }());
}

TEST(RealHappyEyeballs, a_cancel_closes_all_that_were_begun) {
    run_net([]() -> Coro<> {
        const FullQueue silent;
        TestNames::install()->add_host("silent.test", {"127.0.0.1"});
        const ConnectionOptions soon{.happy_eyeballs_delay = 1ms};
        const Task<Streams> connecting = create_task(open_connection("silent.test", silent.port(), soon));
        co_await a_while();
        connecting.cancel();
        EXPECT_EQ(co_await ending_of(connecting), "hocket::CancelledError");
    }());
}

/// The addresses in the order of their errors.
Coro<std::string> order_of_errors(ConnectionOptions options) {
    options.all_errors = true;
    std::string order;
    try {
        co_await open_connection("three.test", 1, options);
    } catch (const ExceptionGroup& group) {
        for (const std::exception_ptr& e : group.exceptions()) {
            const std::string text = describe(e);
            for (const char* host : {"127.0.0.1:", "127.0.0.2:", "[::1]:"}) {
                if (text.find(host) != std::string::npos) order += host;
            }
        }
    }
    co_return order;
}

TEST(RealHappyEyeballs, families_take_turns_where_that_is_asked_for) {
    run_net([]() -> Coro<> {
        TestNames::install()->add_host("three.test", {"127.0.0.1", "127.0.0.2", "::1"});
        const std::string as_given = "127.0.0.1:127.0.0.2:[::1]:", in_turn = "127.0.0.1:[::1]:127.0.0.2:";
        EXPECT_EQ(co_await order_of_errors({}), as_given);
        EXPECT_EQ(co_await order_of_errors({.interleave = 0}), as_given);
        EXPECT_EQ(co_await order_of_errors({.interleave = 1}), in_turn);
        EXPECT_EQ(co_await order_of_errors({.interleave = 2}), as_given);
        EXPECT_EQ(co_await order_of_errors({.interleave = 9}), as_given);
        EXPECT_EQ(co_await order_of_errors({.happy_eyeballs_delay = 1h}), in_turn);
        EXPECT_EQ(co_await order_of_errors({.happy_eyeballs_delay = 1h, .interleave = 0}), as_given);
    }());
}

TEST(RealHappyEyeballs, if_all_fail_the_errors_are_the_same_as_without) {
    run_net([]() -> Coro<> {
        TestNames::install()->add_host("two.test", {"127.0.0.1", "127.0.0.2"});
        const ConnectionOptions soon{.happy_eyeballs_delay = 1h};
        const std::string end = co_await ending_of(open_connection("two.test", 1, soon));
        EXPECT_EQ(end, co_await ending_of(open_connection("two.test", 1)));
        EXPECT_EQ(end,
                  "hocket::OSError: connect to two.test (connect to 127.0.0.1:1: Connection refused; connect to "
                  "127.0.0.2:1: Connection refused): Connection refused");
    }());
}

TEST(RealHappyEyeballs, what_is_wrong_with_the_options_is_told_at_once) {
    run_net([]() -> Coro<> {
        const ConnectionOptions wrong{.limit = 0, .happy_eyeballs_delay = 1ms};
        EXPECT_EQ(co_await ending_of(open_connection("127.0.0.1", 1, wrong)),
                  "hocket::ValueError: Limit cannot be <= 0");
    }());
}

}  // namespace
}  // namespace hocket
