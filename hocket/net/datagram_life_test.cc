// SPDX-License-Identifier: MIT
// How long an endpoint of datagrams lives, and where it may be used: handles, cancels, loops, threads.
#include <gtest/gtest.h>
#include <hocket/net/datagram_test.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

namespace hocket {
namespace {

using testing::run_net, testing::ending_of, testing::thrown_by, testing::RawDatagrams, testing::bound_endpoint,
    testing::connected_to, testing::joined, testing::fill, testing::arrives_at, testing::turns, testing::datagram_path,
    testing::numbers_arrive;

using Datagram = std::pair<std::string, Address>;

TEST(RealDatagramEndpoint, it_is_closed_with_its_last_handle) {
    run_net([]() -> Coro<> {
        const RawDatagrams peer;
        int fd = -1;
        {
            DatagramEndpoint endpoint = co_await connected_to(peer.address());
            const DatagramEndpoint same = endpoint;
            endpoint = co_await bound_endpoint();
            fd = same.fileno();
            EXPECT_NE(fcntl(fd, F_GETFD), -1);
        }
        EXPECT_EQ(fcntl(fd, F_GETFD), -1);
    }());
}

TEST(RealDatagramEndpoint, what_is_to_be_done_with_one_holds_it) {
    run_net([]() -> Coro<> {
        const RawDatagrams peer;
        Task<std::pair<std::string, Address>> receiving;
        Task<> sending, closing;
        Address address;
        {
            const DatagramEndpoint endpoint = co_await bound_endpoint();
            address = endpoint.sockname();
            receiving = create_task(endpoint.recvfrom());
            sending = create_task(endpoint.send("hello", peer.address()));
            closing = create_task(endpoint.wait_closed());
        }
        co_await sending;
        EXPECT_EQ(co_await arrives_at(peer), "hello");
        peer.send("welcome", address);
        EXPECT_EQ((co_await receiving).first, "welcome");
        closing.cancel();  // the last that holds it
        EXPECT_EQ(co_await ending_of(closing), "hocket::CancelledError");
    }());
}

TEST(RealDatagramEndpoint, a_cancel_while_it_is_made_closes_what_was_opened) {
    run_net([]() -> Coro<> {
        for (int n = 0; n < 4; ++n) {
            const DatagramOptions options{.remote_address = {"localhost", 9}};
            const Task<DatagramEndpoint> making = create_task(create_datagram_endpoint(options));
            co_await testing::turns(n);
            making.cancel();
            const std::string end = co_await ending_of(making);
            EXPECT_TRUE(end == "hocket::CancelledError" || end == "nothing") << end;
        }
    }());
}

TEST(RealDatagramEndpoint, the_loop_may_be_closed_while_everything_waits) {
    const auto before = testing::open_descriptors();
    {
        const auto loop = new_event_loop();
        const testing::LoopErrors errors(*loop);  // "Task was destroyed but it is pending!"
        const Task<> working = loop->create_task(
            []() -> Coro<> {
                auto [endpoint, peer] = co_await testing::joined();
                testing::fill(endpoint);
                char buffer[10];
                const Task<ReceivedDatagram> into = create_task(endpoint.recvfrom_into(buffer));
                const Task<std::pair<std::string, Address>> from = create_task(endpoint.recvfrom());
                const Task<> sending = create_task(endpoint.send("x"));
                co_await endpoint.wait_closed();
            }(),
            {});
        for (int i = 0; i < 10; ++i) loop->run_once(std::chrono::milliseconds(1));
        EXPECT_FALSE(working.done());
        loop->close();
    }
    EXPECT_EQ(testing::open_descriptors(), before);
}

TEST(RealDatagramEndpoint, it_belongs_to_one_loop) {
    run_net([]() -> Coro<> {
        const DatagramEndpoint endpoint = co_await bound_endpoint();
        std::thread([&endpoint] {
            run([](const DatagramEndpoint& theirs) -> Coro<> {
                const std::string error = "hocket::RuntimeError: the endpoint of " + theirs.sockname().str() +
                                          " belongs to a different event loop";
                char buffer[10];
                EXPECT_EQ(co_await ending_of(theirs.recvfrom()), error);
                EXPECT_EQ(co_await ending_of(theirs.recvfrom_into(buffer)), error);
                EXPECT_EQ(co_await ending_of(theirs.send("x", theirs.sockname())), error);
                EXPECT_EQ(co_await ending_of(theirs.drain()), error);
                EXPECT_EQ(thrown_by([&] { theirs.sendto("x", theirs.sockname()); }), error);
            }(endpoint));
        }).join();
    }());
}

TEST(RealDatagramEndpoint, in_debug_mode_a_wrong_thread_is_refused) {
    run_net([]() -> Coro<> {
        const DatagramEndpoint endpoint = co_await bound_endpoint();
        get_running_loop().set_debug(true);
        std::thread([&endpoint] {
            const auto refused = [](const char* call) {
                return "hocket::RuntimeError: DatagramEndpoint::" + std::string(call) +
                       " was called from another thread than the loop's: use call_soon_threadsafe";
            };
            EXPECT_EQ(thrown_by([&] { endpoint.sendto("x", endpoint.sockname()); }), refused("sendto"));
            EXPECT_EQ(thrown_by([&] { endpoint.set_write_buffer_limits(); }), refused("set_write_buffer_limits"));
            EXPECT_EQ(thrown_by([&] { endpoint.close(); }), refused("close"));
            EXPECT_EQ(thrown_by([&] { endpoint.abort(); }), refused("abort"));
        }).join();
        EXPECT_FALSE(endpoint.is_closing());
    }());
}

// ---- Closing while something waits to be sent

TEST(RealDatagramSend, after_a_close_nothing_is_sent) {
    run_net([]() -> Coro<> {
        const RawDatagrams peer;
        const DatagramEndpoint endpoint = co_await connected_to(peer.address());
        endpoint.close();
        const std::string refused =
            "hocket::OSError: send to " + peer.address().str() + ": Cannot send after transport endpoint shutdown";
        EXPECT_EQ(thrown_by([&] { endpoint.sendto("x"); }), refused);
        EXPECT_EQ(co_await ending_of(endpoint.send("x")), refused);
        co_await endpoint.drain();
        co_await endpoint.wait_closed();
        EXPECT_EQ(thrown_by([&] { endpoint.sendto("x", peer.address()); }), refused);
        EXPECT_EQ(peer.take(), std::nullopt);
    }());
}

TEST(RealDatagramSend, close_sends_what_waits) {
    run_net([]() -> Coro<> {
        auto [endpoint, peer] = co_await joined();
        int n = fill(endpoint);
        const Task<> sending = create_task(endpoint.send(std::to_string(n++)));
        co_await turns(2);
        endpoint.close();
        const Task<> closing = create_task(endpoint.wait_closed());
        co_await testing::a_while();
        EXPECT_TRUE(endpoint.is_closing());
        EXPECT_FALSE(closing.done());
        EXPECT_GE(endpoint.fileno(), 0);
        co_await numbers_arrive(peer, n);
        co_await sending;
        co_await closing;
        EXPECT_EQ(endpoint.fileno(), -1);
    }());
}

TEST(RealDatagramSend, the_last_handle_sends_what_waits_too) {
    run_net([]() -> Coro<> {
        auto pair = co_await joined();
        const int n = fill(pair.endpoint);
        pair.endpoint = co_await bound_endpoint();
        co_await numbers_arrive(pair.peer, n);
    }());
}

TEST(RealDatagramSend, when_the_last_that_waits_is_cancelled_a_close_is_complete) {
    run_net([]() -> Coro<> {
        const Address path = Address::local(datagram_path("last"));
        const RawDatagrams peer(path);
        const DatagramOptions options{.family = AddressFamily::local};
        const DatagramEndpoint endpoint = co_await create_datagram_endpoint(options);
        const RawAddress raw = path.raw();
        while (::sendto(endpoint.fileno(), "x", 1, MSG_DONTWAIT, raw.get(), raw.size) > 0) {
        }
        const Task<> sending = create_task(endpoint.send("x", path));
        co_await testing::a_while();
        endpoint.close();
        sending.cancel();
        EXPECT_EQ(co_await ending_of(sending), "hocket::CancelledError");
        co_await endpoint.wait_closed();
        EXPECT_EQ(unlink(path.host().c_str()), 0);
    }());
}

TEST(RealDatagramSend, abort_drops_what_waits) {
    run_net([]() -> Coro<> {
        auto [endpoint, peer] = co_await joined();
        endpoint.set_write_buffer_limits({.high = 0});
        const int n = fill(endpoint);
        const Task<> sending = create_task(endpoint.send("x")), draining = create_task(endpoint.drain()),
                     closing = create_task(endpoint.wait_closed());
        const Task<Datagram> receiving = create_task(endpoint.recvfrom());
        co_await turns(3);
        endpoint.abort();
        endpoint.abort();  // which is harmless
        EXPECT_EQ(co_await ending_of(sending), "hocket::OSError: send to unix:: Software caused connection abort");
        EXPECT_EQ(co_await ending_of(draining),
                  "hocket::OSError: send the datagrams that waited: Software caused connection abort");
        EXPECT_EQ(co_await ending_of(receiving),
                  "hocket::OSError: receive from unix:: Software caused connection abort");
        co_await closing;
        EXPECT_EQ(endpoint.fileno(), -1);
        EXPECT_EQ(endpoint.get_write_buffer_size(), 0U);
        co_await numbers_arrive(peer, n - 1);
        EXPECT_EQ(peer.take(), std::nullopt);
    }());
}

TEST(RealDatagramSend, abort_ends_a_close_that_waits) {
    run_net([]() -> Coro<> {
        auto [endpoint, peer] = co_await joined();
        fill(endpoint);
        endpoint.close();
        endpoint.abort();
        co_await endpoint.wait_closed();
        EXPECT_EQ(endpoint.fileno(), -1);
    }());
}

}  // namespace
}  // namespace hocket
