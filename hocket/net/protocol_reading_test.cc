// SPDX-License-Identifier: MIT
// Protocols: pausing what comes, buffers of their own, and one that takes the place of another.
#include <hocket/net/protocol_test.h>

#include <gtest/gtest.h>

#include <poll.h>
#include <stdexcept>
#include <string>

namespace hocket {
namespace {

using testing::run_net, testing::Notes, testing::Noting, testing::NotingBuffered, testing::noting, testing::linked,
    testing::until_lost, testing::until, testing::a_while, testing::LoopErrors, testing::pattern, testing::much,
    testing::RawPeer, testing::thrown_by;

// ---- Pausing

TEST(RealProtocolReading, while_it_is_paused_nothing_is_given) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        auto c = co_await linked(n);
        EXPECT_TRUE(c.transport.is_reading());
        c.transport.pause_reading();
        c.transport.pause_reading();
        EXPECT_FALSE(c.transport.is_reading());
        co_await c.writer.write("first");
        co_await a_while();
        EXPECT_EQ(n.data, "");
        c.transport.resume_reading();
        c.transport.resume_reading();
        EXPECT_TRUE(c.transport.is_reading());
        co_await until([&] { return n.data == "first"; });
        c.transport.close();
        EXPECT_FALSE(c.transport.is_reading());
        c.transport.pause_reading();
        c.transport.resume_reading();
        EXPECT_FALSE(c.transport.is_reading());
        co_await until_lost(n);
    }(notes));
}

TEST(RealProtocolReading, it_can_be_paused_from_within_connection_made_and_data_received) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        n.on_made = [&n] { n.transport.pause_reading(); };
        n.on_data = [&n](std::string_view) { n.transport.pause_reading(); };
        auto c = co_await linked(n);
        EXPECT_FALSE(c.transport.is_reading());
        co_await c.writer.write("first");
        co_await a_while();
        EXPECT_EQ(n.data, "");
        c.transport.resume_reading();
        co_await until([&] { return !n.data.empty(); });
        co_await c.writer.write("second");
        co_await a_while();
        EXPECT_EQ(n.data, "first");
        c.transport.resume_reading();
        co_await until([&] { return n.data == "firstsecond"; });
    }(notes));
}

TEST(RealProtocolReading, a_pause_slows_the_peer_down) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        auto c = co_await linked(n);
        c.transport.pause_reading();
        const std::string data = pattern(much);
        const Task<> writing = create_task(c.writer.write(std::string(data)));
        co_await a_while();
        EXPECT_FALSE(writing.done());
        EXPECT_EQ(n.data, "");
        c.transport.resume_reading();
        co_await writing;
        co_await until([&] { return n.data.size() == much; });
        EXPECT_TRUE(n.data == data);
    }(notes));
}

TEST(RealProtocolReading, the_end_of_file_waits_for_a_pause_to_end) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        auto c = co_await linked(n);
        c.transport.pause_reading();
        co_await c.writer.write("last words");
        c.writer.close();
        co_await a_while();
        EXPECT_EQ(n.calls.taken(), "made");
        c.transport.resume_reading();
        co_await until_lost(n);
        EXPECT_EQ(n.calls.taken(), "data eof lost");
        EXPECT_EQ(n.data, "last words");
    }(notes));
}

TEST(RealProtocolReading, a_paused_one_can_be_closed_and_learns_that_it_is_lost) {
    for (const int how : {0, 1, 2, 3}) {
        Notes notes;
        run_net([](Notes& n, int ended_by) -> Coro<> {
            const Server server = co_await create_server(noting(n), "127.0.0.1", 0);
            RawPeer peer(server.sockets().at(0));
            co_await until([&] { return bool(n.transport); });
            n.transport.pause_reading();
            co_await a_while();
            if (ended_by == 0) n.transport.close();
            if (ended_by == 1) n.transport.abort();
            if (ended_by == 2) server.close_clients();
            if (ended_by == 3) {
                peer.reset();
                n.transport.write("x");
            }
            co_await until_lost(n);
            EXPECT_EQ(n.error_text() == "nothing", ended_by < 3) << n.error_text();
        }(notes, how));
    }
}

// ---- Buffers of the protocol's own

TEST(RealBufferedProtocol, what_comes_is_put_into_its_buffer) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        auto c = co_await linked<NotingBuffered>(n);
        EXPECT_EQ(n.calls.taken(), "made");
        co_await c.writer.write("hello");
        co_await until([&] { return n.data == "hello"; });
        EXPECT_TRUE(c.protocol->buffer.starts_with("hello"));
        EXPECT_EQ(c.protocol->last_hint, 0U);
        const std::string data = pattern(much);
        co_await c.writer.write(data);
        c.writer.close();
        co_await until_lost(n);
        EXPECT_TRUE(n.data == "hello" + data);
        EXPECT_EQ(n.calls.taken(), "data eof lost");
        EXPECT_EQ(n.error_text(), "nothing");
    }(notes));
}

// What does not fit into the buffer is still the system's, and not in a buffer of the library's.
TEST(RealBufferedProtocol, no_more_is_taken_from_the_system_than_there_is_room) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        n.on_data = [&n](std::string_view data) {
            EXPECT_EQ(data, n.data.size() == 3 ? "abc" : "de");
            pollfd asked{.fd = n.transport.fileno(), .events = POLLIN, .revents = 0};
            EXPECT_EQ(poll(&asked, 1, 0), n.data.size() == 3 ? 1 : 0);
        };
        const auto factory = [&n] { return std::make_unique<NotingBuffered>(n, 3); };
        const Server server = co_await create_server(factory, "127.0.0.1", 0);
        const RawPeer peer(server.sockets().at(0));
        co_await until([&] { return bool(n.transport); });
        peer.send("abcde");
        co_await until([&] { return n.data == "abcde"; });
    }(notes));
}

TEST(RealBufferedProtocol, it_can_be_paused_and_kept_open) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        n.keep_open = true;
        auto c = co_await linked<NotingBuffered>(n);
        c.transport.pause_reading();
        co_await c.writer.write("hello");
        co_await a_while();
        EXPECT_EQ(n.data, "");
        c.transport.resume_reading();
        co_await until([&] { return n.data == "hello"; });
        c.writer.write_eof();
        co_await until([&] { return n.calls.taken().ends_with("eof"); });
        c.transport.write("answer");
        EXPECT_EQ(co_await c.reader.readexactly(6), "answer");
        c.transport.close();
        co_await until_lost(n);
    }(notes));
}

TEST(RealBufferedProtocol, a_reset_is_told_to_connection_lost) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        const Server server = co_await create_server(noting<NotingBuffered>(n), "127.0.0.1", 0);
        RawPeer peer(server.sockets().at(0));
        co_await until([&] { return bool(n.transport); });
        peer.reset();
        co_await until_lost(n);
        EXPECT_EQ(n.calls.taken(), "made lost");
        EXPECT_TRUE(n.error_text().ends_with(": Connection reset by peer")) << n.error_text();
    }(notes));
}

class Faulty : public NotingBuffered {
public:
    using NotingBuffered::NotingBuffered;
    std::span<char> get_buffer(std::size_t size_hint) override {
        if (throws) throw std::runtime_error("no room");
        return gives_nothing ? std::span<char>() : NotingBuffered::get_buffer(size_hint);
    }
    bool throws = false, gives_nothing = false;
};

TEST(RealBufferedProtocol, what_get_buffer_throws_is_reported_and_ends_the_connection) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        LoopErrors errors(get_running_loop());
        auto c = co_await linked<Faulty>(n);
        c.protocol->throws = true;
        co_await c.writer.write("hello");
        co_await until_lost(n);
        EXPECT_EQ(errors.taken(), "Fatal error: protocol.get_buffer() call failed. | std::runtime_error: no room");
        EXPECT_EQ(n.calls.taken(), "made lost");
        EXPECT_EQ(n.error_text(), "std::runtime_error: no room");
    }(notes));
}

TEST(RealBufferedProtocol, an_empty_buffer_is_an_error) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        LoopErrors errors(get_running_loop());
        auto c = co_await linked<Faulty>(n);
        c.protocol->gives_nothing = true;
        co_await c.writer.write("hello");
        co_await until_lost(n);
        EXPECT_EQ(errors.taken(),
                  "Fatal error: protocol.get_buffer() call failed. | "
                  "hocket::RuntimeError: get_buffer() returned an empty buffer");
        EXPECT_EQ(n.calls.taken(), "made lost");
    }(notes));
}

TEST(RealBufferedProtocol, what_buffer_updated_and_eof_received_throw_is_reported_and_ends_the_connection) {
    for (const bool at_the_end : {false, true}) {
        Notes notes;
        run_net([](Notes& n, bool at_end) -> Coro<> {
            LoopErrors errors(get_running_loop());
            const auto fail = [] { throw std::runtime_error("no"); };
            if (at_end) {
                n.on_eof = fail;
            } else {
                n.on_data = [fail](std::string_view) { fail(); };
            }
            auto c = co_await linked<NotingBuffered>(n);
            if (!at_end) co_await c.writer.write("hello");
            c.writer.write_eof();
            co_await until_lost(n);
            EXPECT_EQ(errors.taken(),
                      at_end ? "Fatal error: protocol.eof_received() call failed. | std::runtime_error: no"
                             : "Fatal error: protocol.buffer_updated() call failed. | std::runtime_error: no");
            EXPECT_EQ(n.calls.taken(), at_end ? "made eof lost" : "made data lost");
            EXPECT_EQ(n.error_text(), "std::runtime_error: no");
        }(notes, at_the_end));
    }
}

// ---- One in the place of another

TEST(RealProtocolChange, the_next_call_is_the_new_ones_whatever_its_kind) {
    Notes first, second, third;
    run_net([](Notes& a, Notes& b, Notes& d) -> Coro<> {
        auto c = co_await linked(a);
        co_await c.writer.write("one");
        co_await until([&] { return a.data == "one"; });
        const auto buffered = std::make_shared<NotingBuffered>(b);
        c.transport.set_protocol(buffered);
        EXPECT_EQ(c.transport.get_protocol().get(), buffered.get());
        co_await c.writer.write("two");
        co_await until([&] { return b.data == "two"; });
        co_await a_while();
        c.transport.set_protocol(std::make_unique<Noting>(d));
        co_await c.writer.write("three");
        co_await until([&] { return d.data == "three"; });
        c.writer.close();
        co_await until_lost(d);
        EXPECT_EQ(a.calls.taken(), "made data");
        EXPECT_EQ(b.calls.taken(), "data");
        EXPECT_EQ(d.calls.taken(), "data eof lost");
    }(first, second, third));
}

TEST(RealProtocolChange, it_may_replace_itself_while_it_is_called) {
    Notes first, second;
    run_net([](Notes& a, Notes& b) -> Coro<> {
        a.on_data = [&](std::string_view data) {
            const std::string before(data);
            a.transport.set_protocol(std::make_unique<NotingBuffered>(b));
            EXPECT_EQ(data, before);
        };
        auto c = co_await linked(a);
        c.protocol = nullptr;
        co_await c.writer.write("one");
        co_await until([&] { return a.data == "one"; });
        co_await c.writer.write("two");
        co_await until([&] { return b.data == "two"; });
        c.transport.close();
        co_await until_lost(b);
        EXPECT_FALSE(a.lost);
    }(first, second));
}

TEST(RealProtocolChange, there_must_be_one_and_none_comes_after_the_end) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        auto c = co_await linked(n);
        EXPECT_EQ(thrown_by([&] { c.transport.set_protocol(nullptr); }),
                  "hocket::ValueError: set_protocol: there is no protocol");
        c.transport.close();
        co_await until_lost(n);
        c.transport.set_protocol(std::make_unique<Noting>(n));
        EXPECT_FALSE(c.transport.get_protocol());
    }(notes));
}

}  // namespace
}  // namespace hocket
