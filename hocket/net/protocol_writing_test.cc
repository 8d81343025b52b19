// SPDX-License-Identifier: MIT
// Protocols: writing, its limits, its end, and files.
#include <hocket/net/protocol_test.h>

#include <gtest/gtest.h>
#include <hocket/io/backend_factory.h>
#include <hocket/net/sendfile_test.h>
#include <hocket/net/tls_test.h>
#include <hocket/os/file.h>

#include <stdexcept>
#include <string>
#include <thread>

namespace hocket {
namespace {

using testing::run_net, testing::Notes, testing::linked, testing::until_lost, testing::until, testing::a_while,
    testing::turns, testing::LoopErrors, testing::pattern, testing::much, testing::thrown_by, testing::ending_of;

TEST(RealProtocolWriting, pieces_leave_in_order) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        auto c = co_await linked(n);
        c.transport.write("one ");
        const std::string two = "two ";
        c.transport.writelines({two, "", "three "});
        c.transport.write("");
        c.transport.write("four");
        c.transport.close();
        EXPECT_EQ(co_await c.reader.read(), "one two three four");
        co_await until_lost(n);
    }(notes));
}

TEST(RealProtocolWriting, above_the_high_limit_it_is_paused_once_and_at_the_low_one_resumed) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        std::size_t paused_at = 0, resumed_at = much;
        n.on_pause = [&] { paused_at = n.transport.get_write_buffer_size(); };
        n.on_resume = [&] { resumed_at = n.transport.get_write_buffer_size(); };
        auto c = co_await linked(n);
        EXPECT_EQ(c.transport.get_write_buffer_limits(), (std::pair<std::size_t, std::size_t>(16 << 10, 64 << 10)));
        c.transport.write(std::string(64 << 10, 'a'));
        EXPECT_EQ(n.calls.taken(), "made");  // as much as may wait
        c.transport.write("b");
        EXPECT_EQ(n.calls.taken(), "pause");  // from within `write`
        EXPECT_EQ(paused_at, (64U << 10) + 1);
        c.transport.write(std::string(much, 'c'));
        co_await a_while();
        EXPECT_EQ(n.calls.taken(), "");
        co_await c.reader.readexactly((64 << 10) + 1 + much);
        co_await until([&] { return resumed_at < much; });
        EXPECT_EQ(n.calls.taken(), "resume");
        EXPECT_LE(resumed_at, 16U << 10);
    }(notes));
}

TEST(RealProtocolWriting, it_may_go_on_from_within_resume_writing) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        int rounds = 0;
        const std::string piece(200 << 10, 'x');
        n.on_resume = [&] { ++rounds < 3 ? n.transport.write(piece) : n.transport.close(); };
        auto c = co_await linked(n);
        c.transport.write(piece);
        EXPECT_EQ((co_await c.reader.read()).size(), 3 * piece.size());
        co_await until_lost(n);
        EXPECT_EQ(n.calls.taken(), "made pause resume pause resume pause resume lost");
    }(notes));
}

TEST(RealProtocolWriting, other_limits_hold_at_once) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        auto c = co_await linked(n);
        c.transport.set_write_buffer_limits({.high = 1000});
        EXPECT_EQ(c.transport.get_write_buffer_limits(), (std::pair<std::size_t, std::size_t>(250, 1000)));
        EXPECT_EQ(thrown_by([&] { c.transport.set_write_buffer_limits({.high = 1, .low = 2}); }),
                  "hocket::ValueError: high (1) must be >= low (2) must be >= 0");
        c.transport.write(std::string(1000, 'a'));
        EXPECT_EQ(n.calls.taken(), "made");
        EXPECT_EQ(c.transport.get_write_buffer_size(), 1000U);
        c.transport.set_write_buffer_limits({.high = 999});
        EXPECT_EQ(n.calls.taken(), "pause");
        c.transport.set_write_buffer_limits({.high = 0});
        co_await until([&] { return n.calls.taken() == "resume"; });
        EXPECT_EQ(c.transport.get_write_buffer_size(), 0U);
    }(notes));
}

TEST(RealProtocolWriting, one_that_is_lost_while_it_is_paused_is_not_resumed) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        auto c = co_await linked(n);
        c.transport.write(pattern(much));
        co_await a_while();
        c.transport.abort();
        co_await until_lost(n);
        co_await a_while();
        EXPECT_EQ(n.calls.taken(), "made pause lost");
    }(notes));
}

TEST(RealProtocolWriting, one_that_closes_while_it_is_paused_is_resumed_and_then_lost) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        auto c = co_await linked(n);
        c.transport.write(pattern(much));
        c.transport.close();
        EXPECT_EQ((co_await c.reader.read()).size(), much);
        co_await until_lost(n);
        EXPECT_EQ(n.calls.taken(), "made pause resume lost");
    }(notes));
}

TEST(RealProtocolWriting, what_pause_and_resume_throw_is_reported_and_the_connection_goes_on) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        LoopErrors errors(get_running_loop());
        n.on_pause = [] { throw std::runtime_error("never"); };
        n.on_resume = [] { throw std::runtime_error("not yet"); };
        auto c = co_await linked(n);
        c.transport.write(pattern(much));
        EXPECT_EQ(errors.taken(), "protocol.pause_writing() failed | std::runtime_error: never");
        EXPECT_EQ((co_await c.reader.readexactly(much)).size(), much);
        std::string error;
        co_await until([&] { return !(error = errors.taken()).empty(); });
        EXPECT_EQ(error, "protocol.resume_writing() failed | std::runtime_error: not yet");
        EXPECT_FALSE(c.transport.is_closing());
    }(notes));
}

TEST(RealProtocolWriting, after_write_eof_the_peer_can_still_answer) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        auto c = co_await linked(n);
        EXPECT_TRUE(c.transport.can_write_eof());
        c.transport.write("question");
        c.transport.write_eof();
        c.transport.write_eof();
        EXPECT_EQ(thrown_by([&] { c.transport.write("more"); }),
                  "hocket::RuntimeError: Cannot call write() after write_eof()");
        EXPECT_EQ(thrown_by([&] { c.transport.writelines({"more"}); }),
                  "hocket::RuntimeError: Cannot call write() after write_eof()");
        EXPECT_EQ(co_await c.reader.read(), "question");
        co_await c.writer.write("answer");
        co_await until([&] { return n.data == "answer"; });
        c.transport.close();
        c.transport.write_eof();
        co_await until_lost(n);
    }(notes));
}

TEST(RealProtocolWriting, a_file_is_sent_behind_what_was_written_before) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        auto c = co_await linked(n);
        const std::string data = pattern(much);
        const testing::NamelessFile named(data);
        c.transport.write("here: ");
        const Task<std::int64_t> sending = create_task(c.transport.sendfile(named.fd(), {.offset = 0}));
        co_await turns(2);
        EXPECT_EQ(thrown_by([&] { c.transport.write("between"); }),
                  "hocket::RuntimeError: unable to write; sendfile is in progress");
        EXPECT_EQ(co_await ending_of(c.transport.start_tls(testing::tls_client(), {.server_hostname = "localhost"})),
                  "hocket::RuntimeError: unable to start TLS; sendfile is in progress");
        EXPECT_TRUE(co_await c.reader.readexactly(6 + much) == "here: " + data);
        EXPECT_EQ(co_await sending, static_cast<std::int64_t>(much));
        auto file = co_await fs::open(named.path());
        EXPECT_EQ(co_await c.transport.sendfile(file, {.offset = 3, .count = 5}), 5);
        c.transport.write("end");
        EXPECT_EQ(co_await c.reader.readexactly(8), data.substr(3, 5) + "end");
        c.transport.close();
        const std::string end = co_await ending_of(c.transport.sendfile(named.fd(), {}));
        EXPECT_TRUE(end.starts_with("hocket::OSError: write to 127.0.0.1:")) << end;
    }(notes));
}

TEST(RealProtocolWriting, while_a_file_is_sent_the_protocol_is_given_nothing) {
    for (const bool cancels : {false, true}) {
        Notes notes;
        run_net([](Notes& n, bool cancel) -> Coro<> {
            LoopErrors errors(get_running_loop());
            n.on_data = [&](std::string_view) { n.transport.write("answer"); };
            auto c = co_await linked(n);
            const std::string data = pattern(much);
            const testing::NamelessFile named(data);
            const Task<std::int64_t> sending = create_task(c.transport.sendfile(named.fd()));
            co_await turns(2);
            co_await c.writer.write("question");
            co_await a_while();
            EXPECT_EQ(n.data, "");
            if (cancel) {
                sending.cancel();
                EXPECT_EQ(co_await ending_of(sending), "hocket::CancelledError");
            } else {
                EXPECT_TRUE(co_await c.reader.readexactly(much) == data);
                EXPECT_EQ(co_await c.reader.readexactly(6), "answer");
            }
            co_await until([&] { return n.data == "question"; });
            EXPECT_EQ(errors.taken(), "");
            EXPECT_FALSE(c.transport.is_closing());
        }(notes, cancels));
    }
}

TEST(RealProtocolWriting, it_is_resumed_when_it_may_write_behind_the_file) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        LoopErrors errors(get_running_loop());
        n.on_resume = [&] { n.transport.write("behind"); };
        auto c = co_await linked(n);
        const std::string data = pattern(much);
        const testing::NamelessFile named(data);
        c.transport.write(data);
        const Task<std::int64_t> sending = create_task(c.transport.sendfile(named.fd()));
        co_await turns(2);
        EXPECT_EQ(co_await ending_of(c.transport.sendfile(named.fd())),
                  "hocket::RuntimeError: unable to write; sendfile is in progress");
        EXPECT_TRUE(co_await c.reader.readexactly(2 * much) == data + data);
        EXPECT_EQ(co_await c.reader.readexactly(6), "behind");
        EXPECT_EQ(n.calls.taken(), "made pause resume");
        EXPECT_EQ(errors.taken(), "");
    }(notes));
}

TEST(RealProtocolWriting, one_that_closes_in_pause_writing_has_sent_all_pieces) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        n.on_pause = [&] { n.transport.close(); };
        auto c = co_await linked(n);
        c.transport.set_write_buffer_limits({.high = 3});
        c.transport.writelines({"head, ", "body, ", "tail"});
        EXPECT_EQ(co_await c.reader.read(), "head, body, tail");
        co_await until_lost(n);
    }(notes));
}

TEST(RealProtocolWriting, it_is_paused_and_heard_while_the_loop_does_not_run) {
    Notes notes;
    EventLoop loop(make_backend());
    LoopErrors errors(loop);
    notes.on_pause = [] { throw std::runtime_error("never"); };
    auto c = loop.run_until_complete([](Notes& n) -> Coro<testing::Linked<>> { co_return co_await linked(n); }(notes));
    c.transport.write(pattern(much));
    EXPECT_EQ(notes.calls.taken(), "made pause");
    EXPECT_EQ(errors.taken(), "protocol.pause_writing() failed | std::runtime_error: never");
    loop.run_until_complete([](Notes& n, testing::Linked<>& to) -> Coro<> {
        EXPECT_TRUE(co_await to.reader.readexactly(much) == pattern(much));
        co_await until([&] { return n.calls.taken() == "resume"; });
        to.transport.close();
        co_await until_lost(n);
        to.writer.close();
        co_await to.writer.wait_closed();
        to.server.close();
        co_await to.server.wait_closed();
    }(notes, c));
}

TEST(RealProtocolWriting, in_debug_mode_a_wrong_thread_is_refused) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        auto c = co_await linked(n);
        get_running_loop().set_debug(true);
        std::string write, close, pause;
        std::thread([&] {
            write = thrown_by([&] { c.transport.write("x"); });
            close = thrown_by([&] { c.transport.close(); });
            pause = thrown_by([&] { c.transport.pause_reading(); });
        }).join();
        get_running_loop().set_debug(false);
        EXPECT_NE(write.find("ProtocolTransport::write was called from another thread"), std::string::npos) << write;
        EXPECT_NE(close.find("ProtocolTransport::close was called from another thread"), std::string::npos) << close;
        EXPECT_NE(pause.find("ProtocolTransport::pause_reading was called from"), std::string::npos) << pause;
    }(notes));
}

}  // namespace
}  // namespace hocket
