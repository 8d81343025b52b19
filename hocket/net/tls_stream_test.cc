// SPDX-License-Identifier: MIT
// Data over TLS: large and small, several writers, cancels; and streams that were cut or changed on the way.
#include <gtest/gtest.h>
#include <hocket/core/sleep.h>
#include <hocket/flow/gather.h>
#include <hocket/net/outliving_test.h>
#include <hocket/net/tls_test.h>

#include <sys/socket.h>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace hocket {
namespace {

using testing::run_net, testing::secured, testing::tls_client, testing::tls_server, testing::ending_of,
    testing::pattern, testing::much, testing::turns, testing::a_while, testing::Connected, testing::until,
    testing::Certificates;

TEST(RealTlsStream, much_data_comes_whole_in_both_directions_at_once) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        const std::string data = pattern(3 * much);
        auto [a, b, there, back] =
            co_await gather(c.writer.write(data), c.server_writer.write(data), c.server_reader.readexactly(data.size()),
                            c.reader.readexactly(data.size()));
        EXPECT_TRUE(there == data);
        EXPECT_TRUE(back == data);
    }());
}

TEST(RealTlsStream, small_pieces_and_lines_come_in_order) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        for (int i = 0; i < 1000; ++i) c.writer.write_nowait(std::to_string(i) + "\n");
        co_await c.writer.drain();
        for (int i = 0; i < 1000; ++i) EXPECT_EQ(co_await c.server_reader.readline(), std::to_string(i) + "\n");
    }());
}

TEST(RealTlsStream, what_several_tasks_write_is_not_mixed) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        const std::string first = pattern(much), second(much, 'b'), third(100, 'c');
        auto write = [](StreamWriter writer, const std::string& data) -> Coro<> { co_await writer.write(data); };
        const Task<> a = create_task(write(c.writer, first));
        const Task<> b = create_task(write(c.writer, second));
        co_await turns(2);
        c.writer.write_nowait(third);
        EXPECT_GT(c.writer.transport()->get_write_buffer_size(), much);
        const std::string came = co_await c.server_reader.readexactly(2 * much + 100);
        EXPECT_TRUE(came == first + second + third);
        co_await a;
        co_await b;
        co_await c.writer.drain();
    }());
}

TEST(RealTlsStream, a_writer_waits_until_the_peer_takes_what_it_wrote) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        const std::string data = pattern(much);
        const Task<> writing = create_task(c.writer.write(data));
        co_await a_while();
        EXPECT_FALSE(writing.done());
        EXPECT_TRUE(co_await c.server_reader.readexactly(much) == data);
        co_await writing;
    }());
}

TEST(RealTlsStream, drain_waits_while_much_was_written_without_waiting) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        const std::string data = pattern(much);
        c.writer.write_nowait("little");
        co_await c.writer.drain();
        c.writer.write_nowait(data);
        EXPECT_GE(c.writer.transport()->get_write_buffer_size(), much);
        const Task<> draining = create_task(c.writer.drain());
        co_await a_while();
        EXPECT_FALSE(draining.done());
        EXPECT_TRUE(co_await c.server_reader.readexactly(6 + much) == "little" + data);
        co_await draining;
    }());
}

TEST(RealTlsStream, a_write_that_is_cancelled_is_sent_whole_all_the_same) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        std::optional<std::string> data = pattern(much);
        const std::string copy = *data;
        Task<> writing = create_task(c.writer.write(*data));
        co_await a_while();
        writing.cancel();
        EXPECT_EQ(co_await ending_of(writing), "hocket::CancelledError");
        data.reset();
        c.writer.write_nowait("behind");
        EXPECT_TRUE(co_await c.server_reader.readexactly(much + 6) == copy + "behind");
    }());
}

TEST(RealTlsStream, a_read_that_is_cancelled_loses_nothing) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        co_await c.writer.write("half a ");
        Task<std::string> reading = create_task(c.server_reader.readline());
        co_await a_while();
        reading.cancel();
        EXPECT_EQ(co_await ending_of(reading), "hocket::CancelledError");
        co_await c.writer.write("line\n");
        EXPECT_EQ(co_await c.server_reader.readline(), "half a line\n");
    }());
}

TEST(RealTlsStream, one_task_reads_at_a_time) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        const Task<std::string> reading = create_task(c.reader.read(1));
        co_await turns(2);
        EXPECT_EQ(co_await ending_of(c.reader.read(1)),
                  "hocket::RuntimeError: read() called while another coroutine is already waiting for incoming data");
        co_await c.server_writer.write("x");
        EXPECT_EQ(co_await reading, "x");
    }());
}

TEST(RealTlsStream, empty_writes_send_nothing_and_are_allowed_to_the_end) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        co_await c.writer.write("");
        c.writer.write_nowait("");
        co_await c.writer.write("x");
        EXPECT_EQ(co_await c.server_reader.read(10), "x");
        c.writer.close();
        co_await c.writer.write("");
    }());
}

TEST(RealTlsStream, one_direction_alone_cannot_be_ended) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        EXPECT_FALSE(c.writer.can_write_eof());
        EXPECT_EQ(testing::thrown_by([&] { c.writer.write_eof(); }),
                  "hocket::RuntimeError: write_eof: TLS has no end of one direction only; close ends both");
        co_await c.writer.write("still open");
        EXPECT_EQ(co_await c.server_reader.readexactly(10), "still open");
    }());
}

TEST(RealTlsStream, it_is_not_fed_by_hand) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        EXPECT_EQ(testing::thrown_by([&] { c.reader.feed_data("x"); }),
                  "hocket::RuntimeError: feed_data: this stream has its bytes from a socket");
    }());
}

// ---- What happens on the way

// Ends a direction without a word, behind what was written.
Coro<> cut(StreamWriter writer) {
    co_await until([&] { return writer.transport()->get_write_buffer_size() == 0; });
    shutdown(writer.fileno(), SHUT_WR);
}

TEST(RealTlsStream, an_end_without_a_word_is_an_error_and_not_an_end) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        co_await c.server_writer.write("all that there i");
        co_await cut(c.server_writer);
        const std::string end = co_await ending_of(c.reader.read());
        EXPECT_EQ(end, "hocket::TlsError: read from " + c.writer.peername().str() + ": unexpected eof while reading");
        EXPECT_TRUE(c.writer.is_closing());
        EXPECT_EQ(co_await ending_of(c.reader.read()), end);
        EXPECT_EQ(co_await ending_of(c.writer.write("x")), end);
        EXPECT_EQ(co_await ending_of(c.writer.drain()), end);
        EXPECT_EQ(co_await ending_of(c.writer.wait_closed()), end);
    }());
}

TEST(RealTlsStream, what_came_before_a_cut_can_be_read) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        co_await c.server_writer.write("extra bytes");
        co_await cut(c.server_writer);
        co_await a_while();
        EXPECT_EQ(co_await c.reader.read(5), "extra");
        EXPECT_EQ(co_await c.reader.readexactly(6), " bytes");
        EXPECT_TRUE((co_await ending_of(c.reader.read(1))).ends_with("unexpected eof while reading"));
    }());
}

TEST(RealTlsStream, what_was_written_is_sent_though_the_peer_has_ended_without_a_word) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        const std::string data = pattern(much), more = pattern(much / 2);
        const Task<> writing = create_task(c.writer.write(data));
        co_await turns(2);
        c.writer.write_nowait(more);
        co_await cut(c.server_writer);
        const Task<std::string> reading = create_task(c.reader.read());
        co_await a_while();
        EXPECT_TRUE(reading.done());
        EXPECT_TRUE(co_await c.server_reader.read() == data + more);
        EXPECT_NE(co_await ending_of(reading), "nothing");
    }());
}

TEST(RealTlsStream, what_was_changed_on_the_way_is_an_error) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        co_await c.server_writer.write("A\n");
        EXPECT_EQ(co_await c.reader.readline(), "A\n");
        const std::string garbage = "please corrupt the TLS connection";
        ::send(c.server_writer.fileno(), garbage.data(), garbage.size(), MSG_NOSIGNAL);
        const std::string end = co_await ending_of(c.reader.readline());
        EXPECT_TRUE(end.starts_with("hocket::TlsError: read from " + c.writer.peername().str() + ": ")) << end;
        EXPECT_TRUE(c.writer.is_closing());
        EXPECT_EQ(co_await ending_of(c.writer.wait_closed()), end);
        // The peer is told.
        const std::string theirs = co_await ending_of(c.server_reader.read());
        EXPECT_TRUE(theirs.starts_with("hocket::TlsError: ") && theirs.find("alert") != std::string::npos) << theirs;
    }());
}

TEST(RealTlsStream, a_reset_is_an_error_of_the_system) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        c.server_writer.transport()->reset();
        EXPECT_EQ(co_await ending_of(c.reader.read()),
                  "hocket::OSError: read from " + c.writer.peername().str() + ": Connection reset by peer");
        EXPECT_TRUE(c.writer.is_closing());
    }());
}

TEST(RealTlsStream, writing_to_a_peer_that_is_gone_is_an_error_and_no_signal) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        c.server_writer.abort();
        co_await c.server_writer.wait_closed();
        std::string end = "nothing";
        co_await until([&] { return c.writer.is_closing() || c.writer.transport()->get_write_buffer_size() == 0; });
        for (int i = 0; i < 1000 && end == "nothing"; ++i) {
            end = co_await ending_of(c.writer.write("anybody?"));
            co_await hocket::sleep(0);
        }
        EXPECT_TRUE(end.starts_with("hocket::OSError: write to " + c.writer.peername().str())) << end;
    }());
}

// ---- Lives

TEST(RealTlsStream, a_context_goes_with_its_last_owner) {
    const std::string keylog = Certificates::get().folder + "/keys.log";
    const auto before = testing::open_descriptors();  // a context holds one for its keylog
    run([](std::string log) -> Coro<> {
        TlsContext client = tls_client({.keylog_file = log});
        TlsContext server = tls_server({.keylog_file = log});
        auto c = co_await secured(std::exchange(client, {}), std::exchange(server, {}));
        co_await c.writer.write("x");
        EXPECT_EQ(co_await c.server_reader.read(1), "x");
        c.writer.close();
        c.server_writer.close();
        co_await c.writer.wait_closed();
    }(keylog));
    EXPECT_EQ(testing::open_descriptors(), before);
}

TEST(RealTlsStream, a_context_goes_when_its_handshake_is_given_up) {
    run_net([]() -> Coro<> {
        Future<> gone;
        const Server server = co_await start_server(
            [&](StreamReader reader, StreamWriter) -> Coro<> {
                co_await ending_of(reader.read());
                gone.set_result();
            },
            "127.0.0.1", 0);
        const auto before = testing::open_descriptors();
        {
            TlsClientOptions client;
            client.keylog_file = Certificates::get().folder + "/keys.log";
            ConnectionOptions options;
            options.tls = tls_client(client);
            options.tls_handshake_timeout = 5ms;
            const std::string end = co_await ending_of(open_connection("127.0.0.1", server.port(), options));
            EXPECT_NE(end, "nothing");
        }
        co_await gone;
        co_await until([&] { return server.clients() == 0; });
        EXPECT_EQ(testing::open_descriptors(), before);
        EXPECT_FALSE(get_running_loop().next_timer() > get_running_loop().time() + 10s);
    }());
}

TEST(RealTlsStream, a_context_goes_when_its_shutdown_is_given_up) {
    run_net([]() -> Coro<> {
        const auto before = testing::open_descriptors();
        {
            TlsClientOptions client;
            client.keylog_file = Certificates::get().folder + "/keys.log";
            ConnectionOptions options;
            options.tls = tls_client(client);
            options.tls_shutdown_timeout = 5ms;
            ServerOptions server_options;
            server_options.tls = tls_server();
            auto c = co_await secured(options, server_options);
            options = {};
            c.writer.close();
            EXPECT_TRUE((co_await ending_of(c.writer.wait_closed())).ends_with(" timed out"));
            c.server_writer.abort();
            c.server.close();
            co_await c.server.wait_closed();
        }
        EXPECT_EQ(testing::open_descriptors(), before);
    }());
}

TEST(RealTlsStream, the_loop_may_end_in_the_middle_of_everything) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        static std::string data;
        data = pattern(much);
        create_task([](StreamReader r) -> Coro<> { co_await r.read(10); }, c.reader);
        create_task([](StreamWriter w) -> Coro<> { co_await w.write(data); }, c.writer);
        create_task(
            [](StreamWriter w) -> Coro<> {
                w.write_nowait(data);
                co_await w.drain();
            },
            c.server_writer);
        co_await hocket::sleep(2ms);
        c.server_writer.write_nowait("more");
        auto handshaking =
            co_await start_server([](StreamReader r, StreamWriter) -> Coro<> { co_await r.read(); }, "127.0.0.1", 0);
        ConnectionOptions options;
        options.tls = tls_client();
        create_task(
            [](std::uint16_t port, ConnectionOptions o) -> Coro<> { co_await open_connection("127.0.0.1", port, o); },
            handshaking.port(), options);
        co_await hocket::sleep(2ms);
    }());
}

TEST(RealTlsStream, the_loop_may_end_while_a_close_waits_for_the_peer) {
    run_net([]() -> Coro<> {
        auto c = co_await secured();
        c.writer.close();
        co_await a_while();
        EXPECT_GE(c.writer.fileno(), 0);
    }());
}

TEST(RealTlsStream, handles_may_outlive_the_loop) {
    testing::expect_handles_to_outlive_the_loop([] { return secured(); });
}

TEST(RealTlsStream, a_pending_loop_that_is_closed_without_a_runner_leaves_nothing) {
    testing::expect_a_closed_loop_to_leave_nothing([] { return secured(); });
}

}  // namespace
}  // namespace hocket
