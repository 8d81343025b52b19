// SPDX-License-Identifier: MIT
// Protocols: what is called, in which order, and how a connection ends.
#include <hocket/net/protocol_test.h>

#include <gtest/gtest.h>
#include <hocket/core/sleep.h>

#include <chrono>
#include <string>

namespace hocket {
namespace {

using testing::run_net, testing::Notes, testing::noting, testing::linked, testing::until_lost, testing::until,
    testing::a_while, testing::pattern, testing::much, testing::RawPeer, testing::thrown_by;

TEST(RealProtocol, it_is_made_before_it_is_given_data_and_lost_last) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        auto c = co_await linked(n);
        EXPECT_EQ(n.calls.taken(), "made");
        EXPECT_TRUE(n.transport == c.transport);
        EXPECT_EQ(c.transport.peername(), c.writer.sockname());
        EXPECT_EQ(c.transport.sockname(), c.writer.peername());
        co_await c.writer.write("hello");
        co_await until([&] { return n.data == "hello"; });
        c.writer.close();
        co_await until_lost(n);
        EXPECT_EQ(n.calls.taken(), "data eof lost");
        EXPECT_EQ(n.error_text(), "nothing");
        EXPECT_EQ(c.transport.fileno(), -1);
        EXPECT_TRUE(c.transport.is_closing());
    }(notes));
}

TEST(RealProtocol, much_data_comes_whole_and_in_order) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        auto c = co_await linked(n);
        const std::string data = pattern(much);
        co_await c.writer.write(data);
        c.writer.close();
        co_await until_lost(n);
        EXPECT_TRUE(n.data == data);
        EXPECT_EQ(n.calls.taken(), "made data eof lost");
    }(notes));
}

TEST(RealProtocol, what_comes_before_connection_made_waits_for_it) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        n.on_made = [&n] { EXPECT_EQ(n.data, ""); };
        const auto greet = [](StreamReader, StreamWriter writer) -> Coro<> { co_await writer.write("welcome"); };
        const Server server = co_await start_server(greet, "127.0.0.1", 0);
        co_await create_connection(noting(n), "127.0.0.1", server.port());
        co_await until_lost(n);
        EXPECT_EQ(n.calls.taken(), "made data eof lost");
        EXPECT_EQ(n.data, "welcome");
    }(notes));
}

TEST(RealProtocol, it_can_write_from_within_each_call) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        n.on_made = [&n] { n.transport.write("made "); };
        n.on_data = [&n](std::string_view data) { n.transport.writelines({"got ", data, " "}); };
        n.on_eof = [&n] { n.transport.write("end"); };
        n.on_lost = [&n] { n.transport.write("never"); };
        auto c = co_await linked(n);
        co_await c.writer.write("it");
        EXPECT_EQ(co_await c.reader.readexactly(12), "made got it ");
        c.writer.write_eof();
        EXPECT_EQ(co_await c.reader.read(), "end");  // after which eof_received's false has closed it
        co_await until_lost(n);
    }(notes));
}

TEST(RealProtocol, an_end_of_file_may_leave_it_open_for_writing) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        n.keep_open = true;
        auto c = co_await linked(n);
        c.writer.write_eof();
        co_await until([&] { return n.calls.taken().ends_with("eof"); });
        co_await a_while();
        EXPECT_FALSE(c.transport.is_closing());
        c.transport.write("still here");
        EXPECT_EQ(co_await c.reader.readexactly(10), "still here");
        c.transport.close();
        co_await until_lost(n);
        EXPECT_EQ(n.calls.taken(), "lost");
        EXPECT_EQ(n.error_text(), "nothing");
    }(notes));
}

TEST(RealProtocol, one_that_is_kept_open_after_the_end_of_file_learns_an_error_too) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        n.keep_open = true;
        auto c = co_await linked(n);
        c.writer.write_eof();
        co_await until([&] { return n.calls.taken().ends_with("eof"); });
        c.transport.write(pattern(much));
        co_await a_while();
        c.writer.abort();
        co_await until_lost(n);
        EXPECT_NE(n.error_text(), "nothing");
    }(notes));
}

TEST(RealProtocol, connection_lost_is_called_once_and_not_from_within_close_or_abort) {
    for (const bool abort : {false, true}) {
        Notes notes;
        run_net([](Notes& n, bool aborts) -> Coro<> {
            auto c = co_await linked(n);
            const auto end = [&] { aborts ? c.transport.abort() : c.transport.close(); };
            end();
            EXPECT_TRUE(c.transport.is_closing());
            EXPECT_FALSE(n.lost);
            end();
            c.transport.abort();
            c.transport.close();
            co_await until_lost(n);
            EXPECT_EQ(co_await c.reader.read(), "");
            co_await a_while();
            EXPECT_EQ(n.calls.taken(), "made lost");
            EXPECT_EQ(n.error_text(), "nothing");
            c.transport.close();
            c.transport.abort();
        }(notes, abort));
    }
}

TEST(RealProtocol, close_sends_what_waits_and_abort_does_not) {
    for (const bool abort : {false, true}) {
        Notes notes;
        run_net([](Notes& n, bool aborts) -> Coro<> {
            auto c = co_await linked(n);
            const std::string data = pattern(much);
            c.transport.write(data);
            aborts ? c.transport.abort() : c.transport.close();
            c.transport.write("too late");
            const std::string came = co_await c.reader.read();
            EXPECT_EQ(came == data, !aborts) << came.size();
            co_await until_lost(n);
            EXPECT_EQ(n.error_text(), "nothing");
        }(notes, abort));
    }
}

TEST(RealProtocol, no_data_is_given_to_it_after_a_close) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        auto c = co_await linked(n);
        co_await c.writer.write("unread");
        c.transport.close();
        c.writer.close();  // else the descriptor would wait for it a while
        co_await until_lost(n);
        EXPECT_EQ(n.data, "");
        EXPECT_EQ(n.calls.taken(), "made lost");
    }(notes));
}

// A close looks for what else may have come, and must not put that where the protocol still reads.
TEST(RealProtocol, closing_does_not_touch_the_data_that_is_being_given) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        const std::string data = pattern(3000);
        const Server server = co_await create_server(noting(n), "127.0.0.1", 0);
        RawPeer peer(server.sockets().at(0));
        bool same = false;
        n.on_data = [&](std::string_view bytes) {
            peer.send(std::string(3000, 'x'));
            n.transport.close();
            same = bytes == data;
        };
        co_await until([&] { return bool(n.transport); });
        peer.send(data);
        co_await until([&] { return !n.data.empty(); });
        EXPECT_TRUE(same);
        EXPECT_EQ(n.data.size(), data.size());
        peer.close();
        co_await until_lost(n);
    }(notes));
}

TEST(RealProtocol, a_reset_is_told_to_connection_lost) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        const Server server = co_await create_server(noting(n), "127.0.0.1", 0);
        RawPeer peer(server.sockets().at(0));
        co_await until([&] { return bool(n.transport); });
        const std::string name = n.transport.peername().str();
        peer.reset();
        co_await until_lost(n);
        EXPECT_EQ(n.calls.taken(), "made lost");
        EXPECT_TRUE(n.error_text().ends_with("read from " + name + ": Connection reset by peer")) << n.error_text();
    }(notes));
}

TEST(RealProtocol, what_could_not_be_sent_is_told_to_connection_lost_and_later_writes_are_dropped) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        n.keep_open = true;
        const Server server = co_await create_server(noting(n), "127.0.0.1", 0);
        RawPeer peer(server.sockets().at(0));
        co_await until([&] { return bool(n.transport); });
        peer.close();
        while (!n.lost) {
            n.transport.write("x");
            co_await hocket::sleep(std::chrono::microseconds(100));
        }
        EXPECT_NE(n.error_text().find("write to 127.0.0.1:"), std::string::npos) << n.error_text();
        n.transport.write("dropped");
        n.transport.writelines({"dropped", "too"});
        EXPECT_EQ(n.transport.get_write_buffer_size(), 0U);
    }(notes));
}

TEST(OnceProtocol, a_transport_of_nothing_can_do_nothing) {
    const ProtocolTransport none;
    EXPECT_FALSE(none);
    EXPECT_EQ(thrown_by([&] { none.write("x"); }),
              "hocket::RuntimeError: this ProtocolTransport stands for no connection");
    EXPECT_EQ(thrown_by([&] { none.close(); }),
              "hocket::RuntimeError: this ProtocolTransport stands for no connection");
}

TEST(OnceProtocol, what_is_not_overridden_does_nothing) {
    struct Minimal : Protocol {};
    Minimal protocol;
    protocol.connection_made(ProtocolTransport());
    protocol.data_received("x");
    EXPECT_FALSE(protocol.eof_received());
    protocol.pause_writing();
    protocol.resume_writing();
    protocol.connection_lost(nullptr);

    struct MinimalBuffered : BufferedProtocol {
        char place[8] = {};
        std::span<char> get_buffer(std::size_t) override { return place; }
        void buffer_updated(std::size_t) override {}
    };
    MinimalBuffered buffered;
    buffered.connection_made(ProtocolTransport());
    EXPECT_FALSE(buffered.eof_received());
    buffered.pause_writing();
    buffered.resume_writing();
    buffered.connection_lost(nullptr);
}

}  // namespace
}  // namespace hocket
