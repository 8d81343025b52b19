// SPDX-License-Identifier: MIT
// How TLS connections end: by a word of both sides, after a while without one, at once.
#include <gtest/gtest.h>
#include <hocket/core/sleep.h>
#include <hocket/net/tls_test.h>

#include <string>
#include <utility>

using namespace std::chrono_literals;

namespace hocket {
namespace {

using testing::run_net, testing::secured, testing::tls_client, testing::tls_server, testing::ending_of,
    testing::pattern, testing::much, testing::turns, testing::a_while, testing::Connected, testing::echo;

TEST(RealTlsClose, the_peer_reads_a_clean_end_and_answers_it_by_itself) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        co_await c.writer.write("last");
        c.writer.close();
        EXPECT_TRUE(c.writer.is_closing());
        EXPECT_EQ(co_await c.server_reader.read(), "last");
        EXPECT_TRUE(c.server_reader.at_eof());
        EXPECT_TRUE(c.server_writer.is_closing());
        co_await c.server_writer.wait_closed();
        co_await c.writer.wait_closed();
        EXPECT_EQ(c.writer.fileno(), -1);
        EXPECT_EQ(c.server.clients(), 0U);
    }());
}

TEST(RealTlsClose, both_may_close_at_once) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        c.writer.close();
        c.server_writer.close();
        co_await c.writer.wait_closed();
        co_await c.server_writer.wait_closed();
    }());
}

TEST(RealTlsClose, closing_again_and_writing_after_it) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        for (int i = 0; i < 2; ++i) {
            c.writer.close();
            EXPECT_EQ(co_await ending_of(c.writer.write("more")),
                      "hocket::OSError: write to " + c.writer.peername().str() +
                          ": Cannot send after transport endpoint shutdown");
            EXPECT_EQ(testing::thrown_by([&] { c.writer.write_nowait("more"); }),
                      "hocket::OSError: write to " + c.writer.peername().str() +
                          ": Cannot send after transport endpoint shutdown");
        }
        EXPECT_EQ(co_await c.server_reader.read(), "");
        co_await c.writer.wait_closed();
        c.writer.close();
        c.writer.abort();
        co_await c.writer.wait_closed();
    }());
}

TEST(RealTlsClose, close_sends_what_waits) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        const std::string data = pattern(much), more = pattern(much / 2);
        const Task<> writing = create_task(c.writer.write(data));
        co_await turns(2);
        c.writer.write_nowait(more);
        c.writer.close();
        const Task<> closing = create_task(c.writer.wait_closed());
        co_await a_while();
        EXPECT_FALSE(closing.done());
        EXPECT_TRUE(co_await c.server_reader.read() == data + more);
        co_await writing;
        co_await closing;
    }());
}

TEST(RealTlsClose, dropping_the_last_handle_closes_and_sends_what_waits) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        const std::string data = pattern(much);
        c.server_writer.write_nowait(data);
        c.server_writer = c.writer;
        c.server_reader = c.reader;
        EXPECT_TRUE(co_await c.reader.read() == data);
    }());
}

TEST(RealTlsClose, what_the_peer_still_sends_is_dropped) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        const std::string data = pattern(much);
        const Task<> sending = create_task(c.server_writer.write(data));
        c.writer.close();
        EXPECT_EQ(co_await c.reader.read(), "");
        EXPECT_EQ(co_await ending_of(sending), "nothing");
        EXPECT_EQ(co_await c.server_reader.read(), "");
        co_await c.writer.wait_closed();
    }());
}

TEST(RealTlsClose, data_before_the_peers_end_is_read_though_much_is_being_written) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        const std::string data = pattern(much);
        const Task<> writing = create_task(c.writer.write(data));
        co_await turns(2);
        co_await c.server_writer.write("pong");
        c.server_writer.close();  // which drops what comes, and waits for the peer's word
        EXPECT_EQ(co_await c.reader.read(), "pong");
        co_await writing;
        co_await c.server_writer.wait_closed();
        co_await c.writer.wait_closed();
    }());
}

TEST(RealTlsClose, close_ends_a_read_that_waits) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        const Task<std::string> reading = create_task(c.reader.read(10));
        co_await turns(2);
        c.writer.close();
        EXPECT_EQ(co_await reading, "");
        EXPECT_EQ(co_await c.server_reader.read(10), "");
        co_await c.writer.wait_closed();
    }());
}

Coro<Connected> hasty(Address at = Address::parse("127.0.0.1:0")) {
    ConnectionOptions client;
    client.tls = tls_client();
    client.server_hostname = "localhost";
    client.tls_shutdown_timeout = 20ms;
    return secured(std::move(client), testing::with_tls(tls_server()), std::move(at));
}
// UNIX-domain, where the system takes nothing more for a peer that reads nothing.
Coro<Connected> hasty_with_a_full_peer() {
    return hasty(Address::local("/tmp/hocket-test-" + std::to_string(getpid()) + "-tls.sock"));
}

TEST(RealTlsClose, a_peer_that_does_not_answer_is_not_waited_for_long) {
    run_net([]() -> Coro<> {
        auto c = co_await hasty();
        c.writer.close();
        const std::string end = co_await ending_of(c.writer.wait_closed());
        EXPECT_EQ(end, "hocket::TimeoutError: TLS shutdown with " + c.writer.peername().str() + " timed out");
        EXPECT_EQ(c.writer.fileno(), -1);
    }());
}

TEST(RealTlsClose, a_peer_that_sends_for_ever_is_not_waited_for_long) {
    run_net([]() -> Coro<> {
        auto c = co_await hasty();
        const Task<> sending = create_task(
            [](StreamWriter w) -> Coro<> {
                for (const std::string data(1000, 'x');; co_await hocket::sleep(0)) co_await w.write(data);
            },
            c.server_writer);
        co_await a_while();
        c.writer.close();
        EXPECT_TRUE((co_await ending_of(c.writer.wait_closed())).ends_with(" timed out"));
        EXPECT_NE(co_await ending_of(sending), "nothing");
    }());
}

TEST(RealTlsClose, a_peer_that_takes_nothing_of_a_write_is_not_waited_for_long) {
    run_net([]() -> Coro<> {
        auto c = co_await hasty_with_a_full_peer();
        const std::string data = pattern(much),
                          end = "hocket::TimeoutError: TLS shutdown with " + c.writer.peername().str() + " timed out";
        const Task<> writing = create_task(c.writer.write(data)), queued = create_task(c.writer.write(data));
        co_await a_while();
        const Task<> draining = create_task(c.writer.drain());
        co_await turns(1);
        c.writer.close();
        EXPECT_EQ(co_await ending_of(c.writer.wait_closed()), end);
        EXPECT_EQ(co_await ending_of(writing), end);
        EXPECT_EQ(co_await ending_of(queued), end);
        EXPECT_EQ(co_await ending_of(draining), end);
        EXPECT_EQ(c.writer.fileno(), -1);
    }());
}

TEST(RealTlsClose, nor_is_one_that_takes_nothing_of_what_waits_and_has_ended_tls) {
    run_net([]() -> Coro<> {
        auto c = co_await hasty_with_a_full_peer();
        const std::string nonsense(100, 'x');
        c.writer.write_nowait(pattern(much));
        EXPECT_EQ(::send(c.server_writer.fileno(), nonsense.data(), nonsense.size(), 0), 100);
        const std::string end = co_await ending_of(c.reader.read());
        EXPECT_TRUE(end.starts_with("hocket::TlsError: ")) << end;
        EXPECT_EQ(co_await ending_of(c.writer.wait_closed()), end);  // and not what came of it
        EXPECT_EQ(c.writer.fileno(), -1);
    }());
}

TEST(RealTlsClose, a_peer_that_goes_without_a_word_after_the_close_is_no_error) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        c.writer.close();
        c.server_writer.abort();
        EXPECT_EQ(co_await ending_of(c.writer.wait_closed()), "nothing");
        EXPECT_EQ(co_await c.reader.read(), "");
    }());
}

TEST(RealTlsClose, nor_is_one_that_has_not_read_the_last_word_and_so_resets_the_connection) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        c.writer.close();
        co_await a_while();
        c.server_writer.abort();
        EXPECT_EQ(co_await ending_of(c.writer.wait_closed()), "nothing");
        EXPECT_EQ(co_await c.reader.read(), "");
    }());
}

TEST(RealTlsClose, the_time_limit_of_a_close_does_not_outlive_it) {
    run_net([]() -> Coro<> {
        {
            auto c = co_await secured();
            c.writer.close();
            EXPECT_EQ(co_await c.server_reader.read(), "");
            co_await c.writer.wait_closed();
        }
        EXPECT_FALSE(get_running_loop().next_timer() > get_running_loop().time() + 10s);
    }());
}

TEST(RealTlsClose, abort_drops_what_waits_and_ends_whoever_writes) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        const std::string data = pattern(much);
        const Task<> writing = create_task(c.writer.write(data));
        const Task<> queued = create_task(c.writer.write(data));
        const Task<std::string> reading = create_task(c.reader.read());
        co_await a_while();  // both wait: nobody reads
        c.writer.abort();
        const std::string end = co_await ending_of(writing);
        EXPECT_NE(end.find("Software caused connection abort"), std::string::npos) << end;
        EXPECT_NE(co_await ending_of(queued), "nothing");
        EXPECT_EQ(co_await reading, "");
        EXPECT_EQ(co_await ending_of(c.writer.wait_closed()), "nothing");
        EXPECT_NE(co_await ending_of(c.server_reader.read()), "nothing");  // the peer knows that it is not whole
    }());
}

TEST(RealTlsClose, abort_cuts_a_close_short) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        c.writer.close();
        co_await a_while();
        EXPECT_GE(c.writer.fileno(), 0);
        c.writer.abort();
        EXPECT_EQ(co_await ending_of(c.writer.wait_closed()), "nothing");
        EXPECT_EQ(c.writer.fileno(), -1);
    }());
}

TEST(RealTlsClose, a_server_closes_its_clients_in_order) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        c.server_writer.write_nowait("bye");
        c.server.close();
        c.server.close_clients();
        EXPECT_EQ(co_await c.reader.read(), "bye");
        co_await c.server.wait_closed();
        EXPECT_EQ(c.server.clients(), 0U);
        EXPECT_EQ(co_await ending_of(c.writer.wait_closed()), "nothing");
    }());
}

TEST(RealTlsClose, a_server_aborts_its_clients) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        c.server.close();
        c.server.abort_clients();
        co_await c.server.wait_closed();
        EXPECT_NE(co_await ending_of(c.reader.read()), "nothing");
    }());
}

TEST(RealTlsClose, the_connection_is_closed_when_the_handler_returns) {
    run_net([]() -> Coro<> {
        ServerOptions options;
        options.tls = tls_server();
        const Server server = co_await start_server(
            [](StreamReader, StreamWriter w) -> Coro<> { co_await w.write("bye"); }, "127.0.0.1", 0, options);
        ConnectionOptions client;
        client.tls = tls_client();
        auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), client);
        EXPECT_EQ(co_await reader.read(), "bye");
        co_await writer.wait_closed();
    }());
}

TEST(RealTlsClose, what_a_handler_throws_is_reported_and_its_connection_closed) {
    run_net([]() -> Coro<> {
        testing::LoopErrors errors(get_running_loop());
        ServerOptions options;
        options.tls = tls_server();
        const Server server = co_await start_server(
            [](StreamReader, StreamWriter) -> Coro<> {
                throw ValueError("bad request");
                co_return;
            },
            "127.0.0.1", 0, options);
        ConnectionOptions client;
        client.tls = tls_client();
        auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), client);
        EXPECT_EQ(co_await reader.read(), "");
        EXPECT_EQ(errors.taken(), "Unhandled exception in client_connected_cb | hocket::ValueError: bad request");
    }());
}

}  // namespace
}  // namespace hocket
