// SPDX-License-Identifier: MIT
// Datagrams by callbacks: what a protocol is told, and how its endpoint ends.
#include <hocket/net/datagram_protocol.h>

#include <gtest/gtest.h>
#include <hocket/base/function.h>
#include <hocket/core/task.h>
#include <hocket/io/backend_factory.h>
#include <hocket/net/datagram_test.h>

#include <tests/support/trace.h>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace hocket {
namespace {

using testing::run_net, testing::until, testing::a_while, testing::turns, testing::LoopErrors, testing::RawDatagrams,
    testing::thrown_by, testing::ending_of, testing::nobody, testing::arrives_at, testing::Trace;

/// What a protocol was told, and what it does about that. Has to outlive the protocol.
struct Notes {
    Trace calls;
    DatagramTransport transport;
    std::string last;
    Address from;
    int received = 0;
    bool lost = false;
    std::exception_ptr error;
    std::string errors;
    Function<void()> on_made, on_data, on_error, on_lost;
};

class Noting : public DatagramProtocol {
public:
    explicit Noting(Notes& notes) : n_(notes) {}
    void connection_made(DatagramTransport transport) override {
        n_.transport = std::move(transport);
        n_.calls.note("made");
        if (n_.on_made) n_.on_made();
    }
    void datagram_received(std::string_view data, const Address& from) override {
        ++n_.received;
        n_.last = data;
        n_.from = from;
        if (n_.on_data) n_.on_data();
    }
    void error_received(const OSError& error) override {
        n_.errors += error.what();
        if (n_.on_error) n_.on_error();
    }
    void pause_writing() override { n_.calls.note("pause"); }
    void resume_writing() override { n_.calls.note("resume"); }
    void connection_lost(std::exception_ptr error) override {
        n_.calls.note("lost");
        n_.lost = true;
        n_.error = std::move(error);
        if (n_.on_lost) n_.on_lost();
    }

private:
    Notes& n_;
};

auto noting(Notes& notes) {
    return [&notes] { return std::make_unique<Noting>(notes); };
}

DatagramOptions here_on_any_port() { return {.local_address = Address::loopback(AddressFamily::ipv4, 0)}; }

/// An endpoint whose peer holds little.
Coro<RawDatagrams> joined(Notes& notes) {
    int fds[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds), 0);
    const int little = 1;  // the least that the system allows
    EXPECT_EQ(setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &little, sizeof little), 0);
    RawDatagrams peer(fds[1]);
    const DatagramOptions options{.sock = fds[0]};
    co_await create_datagram_endpoint(noting(notes), options);
    co_return peer;
}

/// Sends until a copy is kept; how many that were.
int fill(const DatagramTransport& transport) {
    int n = 0;
    for (; transport.get_write_buffer_size() == 0 && n < 10'000; ++n) transport.sendto("x");
    return n;
}

TEST(RealDatagramProtocol, it_is_made_and_told_of_each_datagram_and_lost) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        auto [transport, protocol] = co_await create_datagram_endpoint(noting(n), here_on_any_port());
        EXPECT_TRUE(n.transport == transport);
        EXPECT_EQ(transport.get_protocol().get(), protocol.get());
        const RawDatagrams peer;
        peer.send("hello", transport.sockname());
        co_await until([&] { return n.received == 1; });
        EXPECT_EQ(n.last, "hello");
        EXPECT_EQ(n.from, peer.address());
        peer.send("", transport.sockname());
        co_await until([&] { return n.received == 2; });
        EXPECT_EQ(n.last, "");
        const std::string large = testing::pattern(60'000);
        peer.send(large, transport.sockname());
        co_await until([&] { return n.received == 3; });
        EXPECT_TRUE(n.last == large);
        transport.sendto("answer", n.from);
        EXPECT_EQ(co_await arrives_at(peer), "answer");
        EXPECT_FALSE(transport.peername());
        transport.close();
        EXPECT_TRUE(transport.is_closing());
        EXPECT_FALSE(n.lost);
        transport.close();
        co_await until([&] { return n.lost; });
        transport.sendto("dropped", n.from);
        co_await a_while();
        EXPECT_EQ(n.calls.taken(), "made lost");
        EXPECT_FALSE(n.error);
        EXPECT_EQ(transport.fileno(), -1);
        EXPECT_FALSE(transport.get_protocol());
    }(notes));
}

TEST(RealDatagramProtocol, two_of_them_talk) {
    Notes asking, answering;
    run_net([](Notes& a, Notes& b) -> Coro<> {
        b.on_data = [&b] { b.transport.sendto(b.last + "!", b.from); };
        a.on_made = [&a] { a.transport.sendto("hello"); };
        auto [server, server_protocol] = co_await create_datagram_endpoint(noting(b), here_on_any_port());
        const DatagramOptions there{.remote_address = server.sockname()};
        auto [client, client_protocol] = co_await create_datagram_endpoint(noting(a), there);
        EXPECT_EQ(client.peername(), server.sockname());
        co_await until([&] { return a.last == "hello!"; });
        EXPECT_EQ(thrown_by([&, sock = client] { sock.sendto("x", nobody()); }).substr(0, 50),
                  "hocket::ValueError: Invalid address: must be none ");
        EXPECT_EQ(thrown_by([&, sock = server] { sock.sendto("x"); }),
                  "hocket::ValueError: this endpoint has no remote address: each datagram needs its own");
    }(asking, answering));
}

TEST(RealDatagramProtocol, errors_are_told_and_end_nothing) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        const Address gone = nobody();
        const DatagramOptions there{.remote_address = gone};
        auto [transport, protocol] = co_await create_datagram_endpoint(noting(n), there);
        transport.sendto("anybody?");
        co_await until([&] { return !n.errors.empty(); });
        EXPECT_EQ(n.errors, "receive from " + gone.str() + ": Connection refused");
        n.errors.clear();
        transport.sendto(std::string(70'000, 'x'));
        co_await until([&] { return !n.errors.empty(); });
        EXPECT_EQ(n.errors, "send to " + gone.str() + ": Message too long");
        const RawDatagrams back(gone);
        transport.sendto("you");
        EXPECT_EQ(co_await arrives_at(back), "you");
        EXPECT_FALSE(transport.is_closing());
    }(notes));
}

TEST(RealDatagramProtocol, above_the_high_limit_it_is_paused_and_at_the_low_one_resumed) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        const RawDatagrams peer = co_await joined(n);
        const int sent = fill(n.transport);
        EXPECT_EQ(n.calls.taken(), "made");
        n.transport.set_write_buffer_limits({.high = 100});
        EXPECT_EQ(n.transport.get_write_buffer_limits(), (std::pair<std::size_t, std::size_t>(25, 100)));
        n.transport.sendto(std::string(100, 'y'));
        EXPECT_EQ(n.calls.taken(), "pause");
        n.transport.sendto("z");
        for (int i = 0; i < sent; ++i) EXPECT_EQ(co_await arrives_at(peer), "x");
        EXPECT_EQ(co_await arrives_at(peer), std::string(100, 'y'));
        EXPECT_EQ(co_await arrives_at(peer), "z");
        co_await until([&] { return n.calls.taken() == "resume"; });
        EXPECT_EQ(n.transport.get_write_buffer_size(), 0U);
    }(notes));
}

TEST(RealDatagramProtocol, close_sends_what_waits_and_abort_does_not) {
    for (const bool abort : {false, true}) {
        Notes notes;
        run_net([](Notes& n, bool aborts) -> Coro<> {
            const RawDatagrams peer = co_await joined(n);
            const int sent = fill(n.transport);
            aborts ? n.transport.abort() : n.transport.close();
            if (aborts) co_await until([&] { return n.lost; });
            for (int i = 0; i < sent - 1; ++i) EXPECT_EQ(co_await arrives_at(peer), "x");
            if (!aborts) {
                EXPECT_EQ(co_await arrives_at(peer), "x");
            }
            co_await until([&] { return n.lost; });
            EXPECT_EQ(peer.take(), std::nullopt);
            EXPECT_FALSE(n.error);
        }(notes, abort));
    }
}

TEST(RealDatagramProtocol, what_it_throws_is_reported_and_ends_nothing) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        LoopErrors errors(get_running_loop());
        n.on_data = [] { throw std::runtime_error("data"); };
        n.on_error = [] { throw std::runtime_error("error"); };
        n.on_lost = [] { throw std::runtime_error("lost"); };
        const Address gone = nobody();
        const DatagramOptions there{.remote_address = gone};
        co_await create_datagram_endpoint(noting(n), there);
        n.transport.sendto("x");
        co_await until([&] { return !n.errors.empty(); });
        const RawDatagrams back(gone);
        back.send("y", n.transport.sockname());
        co_await until([&] { return n.received == 1; });
        EXPECT_FALSE(n.transport.is_closing());
        n.transport.close();
        co_await until([&] { return n.lost; });
        co_await turns(2);
        EXPECT_EQ(errors.taken(),
                  "protocol.error_received() failed | std::runtime_error: error\n"
                  "protocol.datagram_received() failed | std::runtime_error: data\n"
                  "protocol.connection_lost() failed | std::runtime_error: lost");
    }(notes));
}

TEST(RealDatagramProtocol, what_connection_made_throws_is_reported_and_ends_it) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        LoopErrors errors(get_running_loop());
        n.on_made = [] { throw std::runtime_error("made"); };
        auto [transport, protocol] = co_await create_datagram_endpoint(noting(n), here_on_any_port());
        EXPECT_TRUE(transport.is_closing());
        co_await until([&] { return n.lost; });
        EXPECT_EQ(errors.taken(), "Fatal error: protocol.connection_made() call failed. | std::runtime_error: made");
        EXPECT_EQ(describe(n.error), "std::runtime_error: made");
    }(notes));
}

TEST(RealDatagramProtocol, another_may_take_its_place) {
    Notes first, second;
    run_net([](Notes& a, Notes& b) -> Coro<> {
        a.on_data = [&] { a.transport.set_protocol(std::make_unique<Noting>(b)); };
        auto [transport, protocol] = co_await create_datagram_endpoint(noting(a), here_on_any_port());
        EXPECT_EQ(thrown_by([t = transport] { t.set_protocol(nullptr); }),
                  "hocket::ValueError: set_protocol: there is no protocol");
        protocol = nullptr;
        const RawDatagrams peer;
        peer.send("one", transport.sockname());
        peer.send("two", transport.sockname());
        co_await until([&] { return b.received == 1; });
        EXPECT_EQ(a.last + b.last, "onetwo");
        transport.close();
        co_await until([&] { return b.lost; });
        EXPECT_FALSE(a.lost);
    }(first, second));
}

TEST(RealDatagramProtocol, the_programs_end_and_a_cancel_close_what_is_open) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> { co_await create_datagram_endpoint(noting(n), here_on_any_port()); }(notes));
    EXPECT_EQ(notes.calls.taken(), "made lost");
    EXPECT_TRUE(notes.transport.is_closing());
    for (int steps = 0; steps < 4; ++steps) {
        Notes cancelled;
        run_net([](Notes& n, int after) -> Coro<> {
            const auto opening = create_task(create_datagram_endpoint(noting(n), here_on_any_port()));
            co_await turns(after);
            opening.cancel();
            const std::string end = co_await ending_of(opening);
            if (end != "nothing") co_await until([&] { return n.lost || !n.transport; });
        }(cancelled, steps));
    }
}

TEST(RealDatagramProtocol, one_whose_task_is_cancelled_at_any_step_ends) {
    for (int steps = 0; steps < 5; ++steps) {
        Notes notes;
        run_net([](Notes& n, int after) -> Coro<> {
            const auto opening = create_task(create_datagram_endpoint(noting(n), here_on_any_port()));
            co_await turns(after);
            std::vector<AnyTask> tasks = all_tasks();
            std::erase(tasks, current_task());
            for (const AnyTask& t : tasks) {
                if (!(t == opening)) t.cancel();
            }
            EXPECT_EQ(co_await ending_of(opening), n.transport ? "nothing" : "hocket::CancelledError");
            if (n.transport) {
                n.transport.close();
                co_await until([&] { return n.lost; });
            }
        }(notes, steps));
    }
}

TEST(RealDatagramProtocol, in_debug_mode_a_wrong_thread_is_refused_also_while_it_closes) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        const RawDatagrams peer = co_await joined(n);
        fill(n.transport);
        n.transport.close();
        EXPECT_FALSE(n.lost);
        get_running_loop().set_debug(true);
        std::string sendto, set_protocol;
        std::thread([&] {
            sendto = thrown_by([&] { n.transport.sendto("x"); });
            set_protocol = thrown_by([&] { n.transport.set_protocol(std::make_unique<Noting>(n)); });
        }).join();
        get_running_loop().set_debug(false);
        EXPECT_NE(sendto.find("DatagramTransport::sendto was called from another thread"), std::string::npos) << sendto;
        EXPECT_NE(set_protocol.find("DatagramTransport::set_protocol was called from"), std::string::npos)
            << set_protocol;
        n.transport.abort();
        co_await until([&] { return n.lost; });
    }(notes));
}

TEST(RealDatagramProtocol, it_is_paused_while_the_loop_does_not_run) {
    Notes notes;
    EventLoop loop(make_backend());
    const RawDatagrams peer = loop.run_until_complete(joined(notes));
    const int sent = fill(notes.transport);
    EXPECT_EQ(notes.calls.taken(), "made");
    notes.transport.set_write_buffer_limits({.high = 0});
    EXPECT_EQ(notes.calls.taken(), "pause");
    loop.run_until_complete([](Notes& n, const RawDatagrams& to, int datagrams) -> Coro<> {
        for (int i = 0; i < datagrams; ++i) EXPECT_EQ(co_await arrives_at(to), "x");
        co_await until([&] { return n.calls.taken() == "resume"; });
        n.transport.close();
        co_await until([&] { return n.lost; });
    }(notes, peer, sent));
}

TEST(RealDatagramProtocol, there_must_be_one_and_errors_are_those_of_the_endpoint) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        const auto gives_none = [] { return std::unique_ptr<Noting>(); };
        EXPECT_EQ(co_await ending_of(create_datagram_endpoint(gives_none, here_on_any_port())),
                  "hocket::ValueError: the factory has made no protocol");
        EXPECT_EQ(co_await ending_of(create_datagram_endpoint(noting(n), DatagramOptions())),
                  "hocket::ValueError: unexpected address family");
        EXPECT_FALSE(n.transport);
    }(notes));
}

TEST(OnceDatagramProtocol, a_transport_of_nothing_can_do_nothing) {
    const DatagramTransport none;
    EXPECT_FALSE(none);
    EXPECT_EQ(thrown_by([&] { none.sendto("x"); }),
              "hocket::RuntimeError: this DatagramTransport stands for no endpoint");
}

TEST(OnceDatagramProtocol, what_is_not_overridden_does_nothing) {
    struct Minimal : DatagramProtocol {};
    Minimal protocol;
    protocol.connection_made(DatagramTransport());
    protocol.datagram_received("x", Address());
    protocol.error_received(OSError(1, "x"));
    protocol.pause_writing();
    protocol.resume_writing();
    protocol.connection_lost(nullptr);
}

}  // namespace
}  // namespace hocket
