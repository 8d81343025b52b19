// SPDX-License-Identifier: MIT
// Sending datagrams: at once, from copies, from a task's memory; water marks, cancels, errors, the end.
#include <gtest/gtest.h>
#include <hocket/flow/wait_for.h>
#include <hocket/net/datagram_test.h>

#include <sys/socket.h>
#include <unistd.h>
#include <chrono>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace hocket {
namespace {

using testing::run_net, testing::ending_of, testing::thrown_by, testing::RawDatagrams, testing::bound_endpoint,
    testing::bound_to, testing::connected_to, testing::joined, testing::fill, testing::arrives_at, testing::nobody,
    testing::turns, testing::datagram_path, testing::numbers_arrive;

TEST(RealDatagramSend, sendto_sends_at_once) {
    run_net([]() -> Coro<> {
        const DatagramEndpoint endpoint = co_await bound_endpoint();
        const RawDatagrams one, other;
        endpoint.sendto("data", one.address());
        endpoint.sendto("data", other.address());
        endpoint.sendto("", one.address());
        EXPECT_EQ(endpoint.get_write_buffer_size(), 0U);
        EXPECT_EQ(one.take(), "data");  // though the loop has had no turn
        EXPECT_EQ(one.take(), "");
        EXPECT_EQ(other.take(), "data");
    }());
}

TEST(RealDatagramSend, when_the_system_has_no_room_copies_are_kept_and_sent_in_order) {
    run_net([]() -> Coro<> {
        auto [endpoint, peer] = co_await joined();
        const int n = fill(endpoint);
        const std::size_t level = std::to_string(n - 1).size() + 8;
        EXPECT_EQ(endpoint.get_write_buffer_size(), level);
        std::string data = "data1";
        endpoint.sendto(data);
        data = "XXXXX";
        endpoint.sendto("");
        endpoint.sendto("data2");
        EXPECT_EQ(endpoint.get_write_buffer_size(), level + 3 * 8 + 10);  // 8 for each datagram, as in asyncio
        co_await testing::a_while();
        EXPECT_EQ(endpoint.get_write_buffer_size(), level + 3 * 8 + 10);
        co_await numbers_arrive(peer, n);
        const std::vector<std::string> rest = {"data1", "", "data2"};
        for (const std::string& expected : rest) EXPECT_EQ(co_await arrives_at(peer), expected);
        EXPECT_EQ(endpoint.get_write_buffer_size(), 0U);
        endpoint.sendto("at once");
        EXPECT_EQ(peer.take(), "at once");
    }());
}

TEST(RealDatagramSend, to_a_unix_socket_without_room_it_is_tried_again_without_turning_in_circles) {
    run_net([]() -> Coro<> {
        const Address path = Address::local(datagram_path("full"));
        const RawDatagrams peer(path);
        const DatagramOptions options{.family = AddressFamily::local};
        const DatagramEndpoint endpoint = co_await create_datagram_endpoint(options);
        int n = 0;
        while (endpoint.get_write_buffer_size() == 0 && n < 10'000) endpoint.sendto(std::to_string(n++), path);
        const Task<> sending = create_task(endpoint.send(std::to_string(n), path));
        const clock_t before = clock();
        co_await hocket::sleep(300ms);
        if (!HOCKET_SANITIZED) {
            EXPECT_LT(clock() - before, CLOCKS_PER_SEC / 20);  // processor time
        }
        EXPECT_FALSE(sending.done());
        co_await numbers_arrive(peer, n + 1);
        co_await sending;
        EXPECT_EQ(unlink(path.host().c_str()), 0);
    }());
}

// ---- Sending that waits

TEST(RealDatagramSend, send_waits_until_the_system_has_taken_it) {
    run_net([]() -> Coro<> {
        auto [endpoint, peer] = co_await joined();
        co_await endpoint.send("hello");
        EXPECT_EQ(peer.take(), "hello");
        co_await endpoint.send("");
        EXPECT_EQ(peer.take(), "");
        const int n = fill(endpoint);
        const Task<> sending = create_task(endpoint.send("last"));
        co_await testing::a_while();
        EXPECT_FALSE(sending.done());
        co_await numbers_arrive(peer, n);
        EXPECT_EQ(co_await arrives_at(peer), "last");
        co_await sending;
    }());
}

TEST(RealDatagramSend, send_gives_the_others_a_turn) {
    run_net([]() -> Coro<> {
        auto [endpoint, peer] = co_await joined();
        const testing::TurnWatch turn;
        co_await endpoint.send("hello");
        EXPECT_TRUE(turn.passed());
        EXPECT_EQ(peer.take(), "hello");
    }());
}

TEST(RealDatagramSend, everything_is_sent_in_the_order_in_which_it_was_given) {
    run_net([]() -> Coro<> {
        auto [endpoint, peer] = co_await joined();
        int n = fill(endpoint);
        std::vector<Task<>> sending;
        for (int i = 0; i < 5; ++i) {
            sending.push_back(create_task(endpoint.send(std::to_string(n++))));
            co_await turns(1);
            endpoint.sendto(std::to_string(n++));
        }
        co_await numbers_arrive(peer, n);
        for (const Task<>& task : sending) co_await task;
    }());
}

TEST(RealDatagramSend, a_string_that_is_given_away_lives_until_it_is_sent) {
    run_net([]() -> Coro<> {
        auto [endpoint, peer] = co_await joined();
        const std::string name = "somebody with a rather long name", kept = "kept";
        std::vector<Task<>> sending;
        sending.push_back(create_task(endpoint.send("[" + name + "] hello")));
        sending.push_back(create_task(endpoint.send(kept)));
        for (const Task<>& task : sending) co_await task;
        EXPECT_EQ(peer.take(), "[" + name + "] hello");
        EXPECT_EQ(peer.take(), "kept");
    }());
}

TEST(RealDatagramSend, a_cancelled_send_sends_nothing_and_holds_up_nobody) {
    run_net([]() -> Coro<> {
        auto [endpoint, peer] = co_await joined();
        const int n = fill(endpoint);
        const Task<> first = create_task(endpoint.send("first")), second = create_task(endpoint.send("second")),
                     third = create_task(endpoint.send("third"));
        co_await turns(3);
        second.cancel();
        EXPECT_EQ(co_await ending_of(second), "hocket::CancelledError");
        co_await numbers_arrive(peer, n);
        EXPECT_EQ(co_await arrives_at(peer), "first");
        EXPECT_EQ(co_await arrives_at(peer), "third");
        co_await first;
        co_await third;
    }());
}

TEST(RealDatagramSend, one_whose_datagram_the_system_waits_to_take_can_be_cancelled) {
    run_net([]() -> Coro<> {
        auto [endpoint, peer] = co_await joined();
        const std::string large(2000, 'x');  // so that the system has less room than is needed
        int n = 0;
        while (::send(endpoint.fileno(), large.data(), large.size(), MSG_DONTWAIT) > 0) ++n;
        const Task<> sending = create_task(endpoint.send("cancelled"));
        co_await testing::a_while();
        EXPECT_FALSE(sending.done());
        sending.cancel();
        EXPECT_EQ(co_await ending_of(sending), "hocket::CancelledError");
        for (int i = 0; i < n; ++i) EXPECT_EQ((co_await arrives_at(peer)).size(), large.size());
        co_await endpoint.send("next");
        EXPECT_EQ(co_await arrives_at(peer), "next");
    }());
}

TEST(RealDatagramSend, a_send_that_took_effect_is_not_cancelled_any_more) {
    run_net([]() -> Coro<> {
        auto [endpoint, peer] = co_await joined();
        int sent = 0, cancelled = 0;
        for (int round = 0; round < 50; ++round) {
            const Task<> sending = create_task([](DatagramEndpoint e, int* count) -> Coro<> {
                co_await e.send("x");
                ++*count;
                co_await hocket::sleep(30s);  // where the cancel comes, then
            }(endpoint, &sent));
            co_await turns(round % 5);
            sending.cancel();
            EXPECT_EQ(co_await ending_of(sending), "hocket::CancelledError");
            ++cancelled;
            int came = 0;
            while (peer.take()) ++came;
            EXPECT_EQ(came, std::exchange(sent, 0));
        }
        EXPECT_EQ(cancelled, 50);
    }());
}

// ---- Water marks

TEST(RealDatagramSend, drain_does_not_wait_while_little_waits) {
    run_net([]() -> Coro<> {
        auto [endpoint, peer] = co_await joined();
        const testing::TurnWatch turn;
        co_await endpoint.drain();
        const int n = fill(endpoint);
        co_await endpoint.drain();
        EXPECT_FALSE(turn.passed());
        EXPECT_GT(n, 0);
    }());
}

TEST(RealDatagramSend, drain_waits_from_the_high_mark_to_the_low_one) {
    run_net([]() -> Coro<> {
        auto [endpoint, peer] = co_await joined();
        endpoint.set_write_buffer_limits({.high = 100, .low = 30});
        int n = fill(endpoint);
        while (endpoint.get_write_buffer_size() <= 100) endpoint.sendto(std::to_string(n++));
        const Task<> one = create_task(endpoint.drain()), other = create_task(endpoint.drain());
        co_await testing::a_while();
        EXPECT_FALSE(one.done());
        int taken = 0;
        while (!one.done()) {
            const bool must_wait = endpoint.get_write_buffer_size() > 30;
            co_await turns(1);
            EXPECT_FALSE(one.done() && must_wait);
            if (const auto data = peer.take(); data) {
                EXPECT_EQ(data, std::to_string(taken++));
            }
        }
        EXPECT_LE(endpoint.get_write_buffer_size(), 30U);
        co_await other;
        for (; taken < n; ++taken) EXPECT_EQ(co_await arrives_at(peer), std::to_string(taken));
    }());
}

TEST(RealDatagramSend, limits_follow_from_each_other) {
    run_net([]() -> Coro<> {
        const DatagramEndpoint endpoint = co_await bound_endpoint();
        const auto limits = [&endpoint] { return endpoint.get_write_buffer_limits(); };
        EXPECT_EQ(limits(), std::pair(std::size_t{16} << 10, std::size_t{64} << 10));
        endpoint.set_write_buffer_limits({.high = 1024, .low = 128});
        EXPECT_EQ(limits(), std::pair(std::size_t{128}, std::size_t{1024}));
        endpoint.set_write_buffer_limits({.low = 64});
        EXPECT_EQ(limits(), std::pair(std::size_t{64}, std::size_t{256}));
        endpoint.set_write_buffer_limits({.high = 0});
        EXPECT_EQ(limits(), std::pair(std::size_t{0}, std::size_t{0}));
        endpoint.set_write_buffer_limits();
        EXPECT_EQ(limits(), std::pair(std::size_t{16} << 10, std::size_t{64} << 10));
        EXPECT_EQ(thrown_by([&] { endpoint.set_write_buffer_limits({.high = 1, .low = 2}); }),
                  "hocket::ValueError: high (1) must be >= low (2) must be >= 0");
        EXPECT_EQ(limits(), std::pair(std::size_t{16} << 10, std::size_t{64} << 10));
    }());
}

// ---- What is refused

TEST(RealDatagramSend, where_there_is_no_remote_address_one_is_needed) {
    run_net([]() -> Coro<> {
        const DatagramEndpoint endpoint = co_await bound_endpoint();
        const std::string refused =
            "hocket::ValueError: this endpoint has no remote address: each datagram needs its own";
        EXPECT_EQ(thrown_by([&] { endpoint.sendto("x"); }), refused);
        EXPECT_EQ(co_await ending_of(endpoint.send("x")), refused);
    }());
}

TEST(RealDatagramSend, a_connected_one_sends_nowhere_else) {
    run_net([]() -> Coro<> {
        const RawDatagrams peer, other;
        const DatagramEndpoint endpoint = co_await connected_to(peer.address());
        const std::string refused = "hocket::ValueError: Invalid address: must be none or " + peer.address().str();
        EXPECT_EQ(thrown_by([&] { endpoint.sendto("x", other.address()); }), refused);
        EXPECT_EQ(co_await ending_of(endpoint.send("x", other.address())), refused);
        endpoint.sendto("to the same", peer.address());
        EXPECT_EQ(peer.take(), "to the same");
        EXPECT_EQ(other.take(), std::nullopt);
    }());
}

TEST(RealDatagramSend, what_the_system_refuses_is_thrown_by_send) {
    run_net([]() -> Coro<> {
        const DatagramEndpoint endpoint = co_await bound_endpoint();
        const RawDatagrams peer;
        EXPECT_EQ(co_await ending_of(endpoint.send(std::string(65'508, 'x'), peer.address())),
                  "hocket::OSError: send to " + peer.address().str() + ": Message too long");
        co_await endpoint.send(std::string(65'507, 'x'), peer.address());
        EXPECT_EQ(co_await ending_of(endpoint.send("x", Address::parse("[::1]:9"))),
                  "hocket::OSError: send to [::1]:9: Address family not supported by protocol");
        EXPECT_EQ(co_await ending_of(endpoint.send("x", Address::local("/tmp/somewhere-else.sock"))),
                  "hocket::OSError: send to unix:/tmp/somewhere-else.sock: Address family not supported by protocol");
    }());
}

TEST(RealDatagramSend, what_the_system_refuses_of_sendto_is_thrown_by_a_receive) {
    run_net([]() -> Coro<> {
        const DatagramEndpoint endpoint = co_await bound_endpoint();
        endpoint.sendto("x", Address::parse("[::1]:9"));
        EXPECT_EQ(co_await ending_of(endpoint.recvfrom()),
                  "hocket::OSError: send to [::1]:9: Address family not supported by protocol");
        EXPECT_EQ(endpoint.get_write_buffer_size(), 0U);
        EXPECT_FALSE(endpoint.is_closing());
    }());
}

TEST(RealDatagramSend, a_refused_datagram_is_the_error_of_the_next_one) {
    run_net([]() -> Coro<> {
        const Address address = nobody();
        const DatagramEndpoint endpoint = co_await connected_to(address);
        const std::string refused = "hocket::OSError: send to " + address.str() + ": Connection refused";
        co_await endpoint.send("is anybody there?");
        EXPECT_EQ(co_await ending_of(endpoint.send("hello?")), refused);
        endpoint.sendto("is anybody there?");
        endpoint.sendto("hello?");
        EXPECT_EQ(co_await ending_of(endpoint.recvfrom()), refused);
        const RawDatagrams peer(address);
        endpoint.sendto("hello!");
        EXPECT_EQ(peer.take(), "hello!");
    }());
}

TEST(RealDatagramSend, an_error_of_a_copy_is_thrown_by_a_receive_and_the_others_are_sent) {
    run_net([]() -> Coro<> {
        const Address path = Address::local(datagram_path("gone")), other = Address::local(datagram_path("there"));
        RawDatagrams peer(path);
        const RawDatagrams there(other);
        const DatagramOptions options{.family = AddressFamily::local};
        const DatagramEndpoint endpoint = co_await create_datagram_endpoint(options);
        for (int n = 0; endpoint.get_write_buffer_size() == 0 && n < 10'000; ++n) endpoint.sendto("x", path);
        endpoint.sendto("hello", other);
        peer.close();
        EXPECT_EQ(co_await ending_of(endpoint.recvfrom()),
                  "hocket::OSError: send to " + path.str() + ": Connection refused");
        EXPECT_EQ(co_await arrives_at(there), "hello");
        EXPECT_EQ(endpoint.get_write_buffer_size(), 0U);
        EXPECT_EQ(unlink(path.host().c_str()), 0);
        EXPECT_EQ(unlink(other.host().c_str()), 0);
    }());
}

TEST(RealDatagramSend, an_error_of_a_connected_copy_is_thrown_by_a_receive) {
    run_net([]() -> Coro<> {
        auto [endpoint, peer] = co_await joined();
        fill(endpoint);
        const Task<> sending = create_task(endpoint.send("last"));
        co_await turns(3);
        peer.close();
        const std::string end = co_await ending_of(endpoint.recvfrom());
        EXPECT_TRUE(end == "hocket::OSError: send to unix:: Connection refused" ||
                    end == "hocket::OSError: receive from unix:: Connection reset by peer")
            << end;
        EXPECT_NE((co_await ending_of(sending)).find("hocket::OSError: send to unix:: "), std::string::npos);
        EXPECT_EQ(endpoint.get_write_buffer_size(), 0U);
        EXPECT_FALSE(endpoint.is_closing());
    }());
}

}  // namespace
}  // namespace hocket
