// SPDX-License-Identifier: MIT
// Receiving datagrams: their bounds, several tasks, cancels, errors, the end.
#include <gtest/gtest.h>
#include <hocket/core/await_graph.h>
#include <hocket/flow/gather.h>
#include <hocket/flow/wait_for.h>
#include <hocket/net/datagram_test.h>

#include <sys/socket.h>
#include <tests/support/allocations.h>
#include <array>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace hocket {
namespace {

using testing::run_net, testing::ending_of, testing::RawDatagrams, testing::bound_endpoint, testing::connected_to,
    testing::joined, testing::nobody, testing::turns;

using Datagram = std::pair<std::string, Address>;

TEST(RealDatagramReceive, each_datagram_is_whole_and_has_its_senders_address) {
    run_net([]() -> Coro<> {
        const DatagramEndpoint endpoint = co_await bound_endpoint();
        const RawDatagrams one, other;
        const std::string large = testing::pattern(60'000);
        one.send("first", endpoint.sockname());
        other.send(large, endpoint.sockname());
        one.send("", endpoint.sockname());
        one.send("last", endpoint.sockname());
        EXPECT_EQ(co_await endpoint.recvfrom(), Datagram("first", one.address()));
        const auto [data, from] = co_await endpoint.recvfrom();
        EXPECT_TRUE(data == large);
        EXPECT_EQ(from, other.address());
        EXPECT_EQ(co_await endpoint.recvfrom(), Datagram("", one.address()));
        EXPECT_EQ(co_await endpoint.recvfrom(), Datagram("last", one.address()));
    }());
}

TEST(RealDatagramReceive, one_that_waits_gets_what_comes_later) {
    run_net([]() -> Coro<> {
        const DatagramEndpoint endpoint = co_await bound_endpoint();
        const Task<Datagram> waiting = create_task(endpoint.recvfrom());
        co_await testing::a_while();
        EXPECT_FALSE(waiting.done());
        const RawDatagrams peer;
        peer.send("hello", endpoint.sockname());
        EXPECT_EQ(co_await waiting, Datagram("hello", peer.address()));
    }());
}

TEST(RealDatagramReceive, a_buffer_can_be_received_into) {
    run_net([]() -> Coro<> {
        const DatagramEndpoint endpoint = co_await bound_endpoint();
        const RawDatagrams peer;
        std::array<char, 8> buffer{};
        peer.send("hello", endpoint.sockname());
        const ReceivedDatagram hello = co_await endpoint.recvfrom_into(buffer);
        EXPECT_EQ(hello.size, 5U);
        EXPECT_EQ(hello.truncated, 0U);
        EXPECT_EQ(hello.address, peer.address());
        EXPECT_EQ(std::string_view(buffer.data(), 5), "hello");
    }());
}

TEST(RealDatagramReceive, what_has_no_room_is_counted) {
    run_net([]() -> Coro<> {
        const DatagramEndpoint endpoint = co_await bound_endpoint();
        const RawDatagrams peer;
        std::array<char, 8> buffer{};
        for (const char* data : {"12345678", "123456789", "much too long", "x"}) peer.send(data, endpoint.sockname());
        const auto exact = co_await endpoint.recvfrom_into(buffer);
        EXPECT_EQ(exact.size, 8U);
        EXPECT_EQ(exact.truncated, 0U);
        const auto longer = co_await endpoint.recvfrom_into(buffer);
        EXPECT_EQ(longer.size, 8U);
        EXPECT_EQ(longer.truncated, 1U);
        const auto none = co_await endpoint.recvfrom_into({});
        EXPECT_EQ(none.size, 0U);
        EXPECT_EQ(none.truncated, 13U);
        EXPECT_EQ((co_await endpoint.recvfrom()).first, "x");
    }());
}

TEST(RealDatagramReceive, one_that_is_longer_than_the_largest_is_an_error_and_no_piece_of_it_comes) {
    run_net([]() -> Coro<> {
        int fds[2];
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds), 0);
        const DatagramEndpoint endpoint = co_await testing::taken_over(RawDatagrams(fds[0]));
        const RawDatagrams peer(fds[1]);
        const int room = 1 << 20;
        EXPECT_EQ(setsockopt(peer.fd(), SOL_SOCKET, SO_SNDBUF, &room, sizeof room), 0);
        const std::string largest = testing::pattern(DatagramEndpoint::max_size);
        peer.send(largest);
        EXPECT_TRUE((co_await endpoint.recvfrom()).first == largest);
        peer.send(largest + "x");
        EXPECT_EQ(co_await ending_of(endpoint.recvfrom()),
                  "hocket::OSError: receive a datagram of 262145 bytes from nowhere: Message too long");
        peer.send("x");
        EXPECT_EQ((co_await endpoint.recvfrom()).first, "x");
    }());
}

TEST(RealDatagramReceive, several_tasks_get_one_each_in_their_order) {
    run_net([]() -> Coro<> {
        auto [endpoint, peer] = co_await joined();
        std::vector<Task<Datagram>> waiting;
        for (int i = 0; i < 4; ++i) waiting.push_back(create_task(endpoint.recvfrom()));
        std::array<char, 8> buffer{};
        const Task<ReceivedDatagram> last = create_task(endpoint.recvfrom_into(buffer));
        co_await turns(2);
        waiting[1].cancel();
        co_await turns(2);
        for (const char* data : {"one", "two", "three", "four"}) peer.send(data);
        EXPECT_EQ((co_await waiting[0]).first, "one");
        EXPECT_EQ(co_await ending_of(waiting[1]), "hocket::CancelledError");
        EXPECT_EQ((co_await waiting[2]).first, "two");
        EXPECT_EQ((co_await waiting[3]).first, "three");
        EXPECT_EQ((co_await last).size, 4U);
        EXPECT_EQ(std::string_view(buffer.data(), 4), "four");
    }());
}

// ---- Cancels

TEST(RealDatagramReceive, no_cancel_loses_a_datagram) {
    run_net([]() -> Coro<> {
        auto [endpoint, peer] = co_await joined();
        int cancelled = 0, received = 0;
        for (int round = 0; round < 200; ++round) {
            const Task<Datagram> waiting = create_task(endpoint.recvfrom());
            co_await turns(round % 5);
            peer.send(std::to_string(round));
            if (round % 50 > 40) {
                co_await testing::a_while();  // long enough to receive it
            } else {
                co_await turns(round / 5 % 5);
            }
            waiting.cancel();
            const std::string end = co_await ending_of(waiting);
            EXPECT_TRUE(end == "nothing" || end == "hocket::CancelledError") << end;
            if (end == "nothing") {
                EXPECT_EQ(waiting.result().first, std::to_string(round));
                ++received;
            } else {
                EXPECT_EQ((co_await endpoint.recvfrom()).first, std::to_string(round));
                ++cancelled;
            }
        }
        EXPECT_GT(cancelled, 0);
        EXPECT_GT(received, 0);
    }());
}

TEST(RealDatagramReceive, what_cancelled_tasks_leave_comes_in_its_order) {
    run_net([]() -> Coro<> {
        auto [endpoint, peer] = co_await joined();
        for (int round = 0; round < 60; ++round) {
            std::array<char, 8> buffer{};
            const Task<Datagram> one = create_task(endpoint.recvfrom());
            const Task<ReceivedDatagram> other = create_task(endpoint.recvfrom_into(buffer));
            co_await turns(round % 4);
            for (const char* data : {"one", "two", "three"}) peer.send(data);
            co_await turns(round / 4 % 5);
            one.cancel();
            other.cancel();
            std::string all;
            if ((co_await ending_of(one)) == "nothing") all += one.result().first + " ";
            if ((co_await ending_of(other)) == "nothing") {
                all += std::string_view(buffer.data(), other.result().size);
                all += ' ';
            }
            while (!all.ends_with("three ")) all += (co_await endpoint.recvfrom()).first + " ";
            EXPECT_EQ(all, "one two three ");
        }
    }());
}

TEST(RealDatagramReceive, what_a_cancelled_task_had_no_room_for_is_told_to_the_next) {
    run_net([]() -> Coro<> {
        auto [endpoint, peer] = co_await joined();
        for (int round = 0; round < 20; ++round) {
            std::array<char, 4> buffer{};
            const Task<ReceivedDatagram> waiting = create_task(endpoint.recvfrom_into(buffer));
            co_await turns(round % 4);
            peer.send("much too long");
            co_await turns(round / 4);
            waiting.cancel();
            if ((co_await ending_of(waiting)) == "nothing") {
                EXPECT_EQ(waiting.result().truncated, 9U);
                continue;
            }
            std::array<char, 20> room{};
            const ReceivedDatagram datagram = co_await endpoint.recvfrom_into(room);
            EXPECT_EQ(datagram.size + datagram.truncated, 13U);
            EXPECT_EQ(std::string_view(room.data(), datagram.size), std::string_view("much too long", datagram.size));
        }
    }());
}

TEST(RealDatagramReceive, a_cancel_does_not_leave_the_buffer_to_the_kernel) {
    run_net([]() -> Coro<> {
        auto [endpoint, peer] = co_await joined();
        for (int round = 0; round < 20; ++round) {
            std::vector<char> buffer(16);
            const Task<ReceivedDatagram> waiting = create_task(endpoint.recvfrom_into(buffer));
            co_await turns(round % 4);
            waiting.cancel();
            EXPECT_EQ(co_await ending_of(waiting), "hocket::CancelledError");
            std::vector<char>().swap(buffer);
            peer.send("late");
            EXPECT_EQ((co_await endpoint.recvfrom()).first, "late");
        }
    }());
}

TEST(RealDatagramReceive, after_a_time_out_the_next_gets_what_comes) {
    run_net([]() -> Coro<> {
        auto [endpoint, peer] = co_await joined();
        EXPECT_EQ(co_await ending_of(wait_for(endpoint.recvfrom(), 1ms)), "hocket::TimeoutError: timed out");
        peer.send("late");
        EXPECT_EQ((co_await wait_for(endpoint.recvfrom(), 30s)).first, "late");
    }());
}

TEST(RealDatagramReceive, cancelled_before_it_begins_it_takes_nothing) {
    run_net([]() -> Coro<> {
        auto [endpoint, peer] = co_await joined();
        peer.send("hello");
        const Task<std::string> cancelling = create_task([](DatagramEndpoint e) -> Coro<std::string> {
            current_task().cancel();
            co_return (co_await e.recvfrom()).first;
        }(endpoint));
        EXPECT_EQ(co_await ending_of(cancelling), "hocket::CancelledError");
        EXPECT_EQ((co_await endpoint.recvfrom()).first, "hello");
    }());
}

// ---- Errors

TEST(RealDatagramReceive, a_peer_that_is_not_there_is_an_error_that_names_it) {
    run_net([]() -> Coro<> {
        testing::LoopErrors errors(get_running_loop());
        const Address address = nobody();
        const DatagramEndpoint endpoint = co_await connected_to(address);
        const Task<Datagram> waiting = create_task(endpoint.recvfrom());
        co_await turns(3);
        endpoint.sendto("hello");
        EXPECT_EQ(co_await ending_of(waiting),
                  "hocket::OSError: receive from " + address.str() + ": Connection refused");
        const RawDatagrams peer(address);  // now it is: an error ends no endpoint
        endpoint.sendto("hello");
        peer.send("welcome", endpoint.sockname());
        EXPECT_EQ((co_await endpoint.recvfrom()).first, "welcome");
        EXPECT_EQ(errors.taken(), "");
    }());
}

TEST(RealDatagramReceive, an_unconnected_one_goes_on_when_a_peer_is_not_there) {
    run_net([]() -> Coro<> {
        const DatagramEndpoint endpoint = co_await bound_endpoint();
        const RawDatagrams peer;
        for (int i = 0; i < 3; ++i) {
            endpoint.sendto("hello", nobody());
            peer.send(std::to_string(i), endpoint.sockname());
            EXPECT_EQ((co_await endpoint.recvfrom()).first, std::to_string(i));
        }
    }());
}

TEST(RealDatagramReceive, what_sendto_fails_with_is_told_to_the_one_that_waits) {
    run_net([]() -> Coro<> {
        const DatagramEndpoint endpoint = co_await bound_endpoint();
        const RawDatagrams peer;
        const Task<Datagram> first = create_task(endpoint.recvfrom()), second = create_task(endpoint.recvfrom());
        co_await turns(3);
        endpoint.sendto(std::string(70'000, 'x'), peer.address());
        EXPECT_EQ(co_await ending_of(first), "hocket::OSError: send to " + peer.address().str() + ": Message too long");
        co_await testing::a_while();
        EXPECT_FALSE(second.done());
        peer.send("hello", endpoint.sockname());
        EXPECT_EQ((co_await second).first, "hello");
    }());
}

TEST(RealDatagramReceive, an_error_comes_before_what_came_after_it_and_once) {
    run_net([]() -> Coro<> {
        const DatagramEndpoint endpoint = co_await bound_endpoint();
        const RawDatagrams peer;
        const std::string large(70'000, 'x');
        const std::string too_long = "hocket::OSError: send to " + peer.address().str() + ": Message too long";
        endpoint.sendto(large, peer.address());
        peer.send("hello", endpoint.sockname());
        EXPECT_EQ(co_await ending_of(endpoint.recvfrom()), too_long);
        std::array<char, 8> buffer{};
        endpoint.sendto(large, peer.address());
        EXPECT_EQ(co_await ending_of(endpoint.recvfrom_into(buffer)), too_long);
        EXPECT_EQ((co_await endpoint.recvfrom()).first, "hello");
    }());
}

TEST(RealDatagramReceive, of_errors_that_nobody_asks_for_the_last_16_are_kept) {
    run_net([]() -> Coro<> {
        const DatagramEndpoint endpoint = co_await bound_endpoint();
        const std::string large(70'000, 'x');
        const Address address = Address::parse("127.0.0.1:1000");
        for (std::uint16_t port = 1; port <= 20; ++port) endpoint.sendto(large, address.with_port(port));
        for (int port = 5; port <= 20; ++port) {
            EXPECT_EQ(co_await ending_of(endpoint.recvfrom()),
                      "hocket::OSError: send to 127.0.0.1:" + std::to_string(port) + ": Message too long");
        }
        const RawDatagrams peer;
        peer.send("hello", endpoint.sockname());
        EXPECT_EQ((co_await endpoint.recvfrom()).first, "hello");
    }());
}

TEST(RealDatagramReceive, an_error_that_a_cancelled_task_had_is_told_to_the_next) {
    run_net([]() -> Coro<> {
        const DatagramEndpoint endpoint = co_await bound_endpoint();
        const Address address = Address::parse("127.0.0.1:1000");
        endpoint.sendto(std::string(70'000, 'x'), address);
        const Task<Datagram> waiting = create_task(endpoint.recvfrom());
        co_await turns(1);  // it has the error, and has not run since
        waiting.cancel();
        EXPECT_EQ(co_await ending_of(waiting), "hocket::CancelledError");
        EXPECT_EQ(co_await ending_of(endpoint.recvfrom()), "hocket::OSError: send to 127.0.0.1:1000: Message too long");
    }());
}

// ---- The end

TEST(RealDatagramReceive, close_ends_it_at_once) {
    run_net([]() -> Coro<> {
        const DatagramEndpoint endpoint = co_await bound_endpoint();
        const RawDatagrams peer;
        std::array<char, 8> buffer{};
        const Task<Datagram> first = create_task(endpoint.recvfrom());
        const Task<ReceivedDatagram> second = create_task(endpoint.recvfrom_into(buffer));
        co_await turns(3);
        const Address address = endpoint.sockname();
        endpoint.close();
        endpoint.close();  // which is harmless
        const std::string ended = "hocket::OSError: receive on a closed endpoint: Software caused connection abort";
        EXPECT_EQ(co_await ending_of(first), ended);
        EXPECT_EQ(co_await ending_of(second), ended);
        EXPECT_EQ(co_await ending_of(endpoint.recvfrom()), ended);
        co_await endpoint.wait_closed();
        EXPECT_EQ(co_await ending_of(endpoint.recvfrom()), ended);
        const RawDatagrams next(address);  // the port is free
    }());
}

TEST(RealDatagramReceive, the_graph_of_what_waits_says_for_what) {
    run([]() -> Coro<> {
        const DatagramEndpoint endpoint = co_await bound_endpoint();
        const Task<Datagram> waiting = create_task(endpoint.recvfrom(), {.name = "receiver"});
        co_await turns(3);
        const std::string graph = format_call_graph(get_running_loop());
        EXPECT_NE(graph.find(", UDP on " + endpoint.sockname().str()), std::string::npos) << graph;
        waiting.cancel();
        EXPECT_EQ(co_await ending_of(waiting), "hocket::CancelledError");
    }());
}

// ---- What it costs

TEST(RealDatagramReceive, a_steady_stream_asks_the_system_for_no_memory) {
    if (!HOCKET_POOL) GTEST_SKIP() << "built without free lists";
    run_net([]() -> Coro<> {
        const DatagramEndpoint server = co_await bound_endpoint();
        const DatagramEndpoint client = co_await connected_to(server.sockname());
        std::array<char, 2000> buffer{};
        const std::string data = testing::pattern(1200);
        const Address address = client.sockname();
        std::size_t before = 0;
        for (int i = 0; i < 60; ++i) {
            if (i == 20) before = testing::system_allocations();
            client.sendto(data);
            co_await client.send(data);
            for (int n = 0; n < 2; ++n) {
                const ReceivedDatagram datagram = co_await server.recvfrom_into(buffer);
                EXPECT_EQ(datagram.size, data.size());
                EXPECT_EQ(datagram.address, address);
            }
            server.sendto("short", address);
            EXPECT_EQ((co_await client.recvfrom()).first, "short");  // which std::string keeps in itself
        }
        EXPECT_EQ(testing::system_allocations(), before);
    }());
}

}  // namespace
}  // namespace hocket
