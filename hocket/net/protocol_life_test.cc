// SPDX-License-Identifier: MIT
// Protocols: what comes of what they throw, and how long they live.
#include <hocket/net/protocol_test.h>

#include <gtest/gtest.h>
#include <hocket/core/sleep.h>
#include <hocket/core/task.h>
#include <hocket/io/backend_factory.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>

namespace hocket {
namespace {

using testing::run_net, testing::Notes, testing::Noting, testing::noting, testing::linked, testing::until_lost,
    testing::until, testing::a_while, testing::turns, testing::LoopErrors, testing::thrown_by;

// ---- What a protocol throws

TEST(RealProtocol, what_data_received_throws_is_reported_and_ends_the_connection) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        LoopErrors errors(get_running_loop());
        n.on_data = [](std::string_view) { throw std::runtime_error("no such verb"); };
        auto c = co_await linked(n);
        co_await c.writer.write("spam");
        co_await until_lost(n);
        EXPECT_EQ(errors.taken(),
                  "Fatal error: protocol.data_received() call failed. | std::runtime_error: no such verb");
        EXPECT_EQ(n.calls.taken(), "made data lost");
        EXPECT_EQ(n.error_text(), "std::runtime_error: no such verb");
        EXPECT_TRUE(c.transport.is_closing());
    }(notes));
}

TEST(RealProtocol, what_eof_received_throws_is_reported_and_ends_the_connection) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        LoopErrors errors(get_running_loop());
        n.keep_open = true;
        n.on_eof = [] { throw std::runtime_error("so soon"); };
        auto c = co_await linked(n);
        c.writer.write_eof();
        co_await until_lost(n);
        EXPECT_EQ(errors.taken(), "Fatal error: protocol.eof_received() call failed. | std::runtime_error: so soon");
        EXPECT_EQ(n.calls.taken(), "made eof lost");
        EXPECT_EQ(n.error_text(), "std::runtime_error: so soon");
    }(notes));
}

TEST(RealProtocol, what_connection_made_throws_is_reported_and_ends_the_connection) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        LoopErrors errors(get_running_loop());
        n.on_made = [] { throw std::runtime_error("not you"); };
        const Server server = co_await start_server(testing::echo, "127.0.0.1", 0);
        auto [transport, protocol] = co_await create_connection(noting(n), "127.0.0.1", server.port());
        EXPECT_TRUE(transport.is_closing());
        co_await until_lost(n);
        EXPECT_EQ(errors.taken(), "Fatal error: protocol.connection_made() call failed. | std::runtime_error: not you");
        EXPECT_EQ(n.error_text(), "std::runtime_error: not you");
    }(notes));
}

// As in asyncio: the network's errors are no mistakes of the program's.
TEST(RealProtocol, an_os_error_that_it_throws_ends_the_connection_and_is_not_reported) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        LoopErrors errors(get_running_loop());
        n.on_data = [](std::string_view) { throw OSError(ECONNREFUSED, "forward"); };
        auto c = co_await linked(n);
        co_await c.writer.write("spam");
        co_await until_lost(n);
        EXPECT_EQ(errors.taken(), "");
        EXPECT_EQ(n.error_text(), "hocket::OSError: forward: Connection refused");
    }(notes));
}

TEST(RealProtocol, what_connection_lost_throws_is_reported) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        LoopErrors errors(get_running_loop());
        n.on_lost = [] { throw std::runtime_error("stay"); };
        auto c = co_await linked(n);
        c.transport.close();
        co_await until_lost(n);
        co_await a_while();
        EXPECT_EQ(errors.taken(), "protocol.connection_lost() failed | std::runtime_error: stay");
        EXPECT_FALSE(c.transport.get_protocol());
    }(notes));
}

TEST(RealProtocol, keyboard_interrupt_leaves_the_loop) {
    Notes notes;
    const auto main = [](Notes& n) -> Coro<> {
        n.on_data = [](std::string_view) { throw KeyboardInterrupt(); };
        auto c = co_await linked(n);
        co_await c.writer.write("spam");
        co_await until_lost(n);
        co_await hocket::sleep(std::chrono::seconds(60));
    };
    EXPECT_EQ(thrown_by([&] { run(main(notes)); }), "hocket::KeyboardInterrupt");
}

// ---- Who owns whom

struct Counted : Noting {
    testing::Census::Member member;
    Counted(Notes& notes, testing::Census& census) : Noting(notes), member(census.member()) {}
};

TEST(RealProtocol, it_lives_until_it_is_lost_and_then_goes_though_handles_stay) {
    Notes notes;
    testing::Census census;
    run_net([](Notes& n, testing::Census& alive) -> Coro<> {
        const testing::Accepting accepting;
        const Server server = co_await start_server(accepting, "127.0.0.1", 0);
        {
            const auto factory = [&] { return std::make_unique<Counted>(n, alive); };
            co_await create_connection(factory, "127.0.0.1", server.port());
        }  // nobody holds the protocol any more, and only its own notes the transport
        auto [reader, writer] = co_await accepting.take();
        co_await writer.write("spam");
        co_await until([&] { return n.data == "spam"; });
        EXPECT_EQ(alive.alive(), 1);
        n.transport.close();
        co_await until_lost(n);
        co_await turns(3);
        EXPECT_EQ(alive.alive(), 0);
        EXPECT_TRUE(n.transport.is_closing());
        EXPECT_FALSE(n.transport.get_protocol());
        EXPECT_TRUE(n.transport.peername());
    }(notes, census));
}

TEST(RealProtocol, a_shared_one_outlives_its_connection) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        const auto mine = std::make_shared<Noting>(n);
        const Server server = co_await start_server(testing::echo, "127.0.0.1", 0);
        auto [transport, protocol] = co_await create_connection([&] { return mine; }, "127.0.0.1", server.port());
        EXPECT_EQ(protocol.get(), mine.get());
        EXPECT_EQ(transport.get_protocol().get(), mine.get());
        transport.close();
        co_await until_lost(n);
        protocol = nullptr;
        co_await turns(3);
        EXPECT_EQ(mine.use_count(), 1);
    }(notes));
}

TEST(RealProtocol, the_programs_end_aborts_what_is_open_and_tells_it) {
    Notes client, server_side;
    run_net([](Notes& n, Notes& s) -> Coro<> {
        const Server server = co_await create_server(noting(s), "127.0.0.1", 0);
        co_await create_connection(noting(n), "127.0.0.1", server.port());
        co_await until([&] { return bool(s.transport); });
        n.transport.write("hello");
        co_await until([&] { return s.data == "hello"; });
    }(client, server_side));
    EXPECT_TRUE(client.calls.taken().ends_with("lost"));
    EXPECT_TRUE(server_side.calls.taken().ends_with("lost"));
    EXPECT_FALSE(client.transport.get_protocol());
    EXPECT_TRUE(client.transport.is_closing());  // handles may outlive the loop
    client.transport.write("dropped");
    client.transport.close();
}

TEST(RealProtocol, a_loop_that_ends_before_its_connections_frees_their_protocols) {
    Notes notes;
    testing::Census census;
    const testing::Reports reports;
    {
        EventLoop loop(make_backend());
        loop.run_until_complete([](Notes& n, testing::Census& alive) -> Coro<> {
            const Server server = co_await start_server(testing::echo, "127.0.0.1", 0);
            const auto factory = [&] { return std::make_unique<Counted>(n, alive); };
            co_await create_connection(factory, "127.0.0.1", server.port());
        }(notes, census));
        EXPECT_EQ(census.alive(), 1);
    }
    EXPECT_EQ(census.alive(), 0);
    EXPECT_FALSE(notes.transport.get_protocol());
}

}  // namespace
}  // namespace hocket
