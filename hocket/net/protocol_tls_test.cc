// SPDX-License-Identifier: MIT
// Protocols over TLS, from the beginning or from midway on.
#include <hocket/net/protocol_test.h>

#include <gtest/gtest.h>
#include <hocket/flow/gather.h>
#include <hocket/net/sendfile_test.h>
#include <hocket/net/tls_test.h>

#include <string>
#include <utility>

namespace hocket {
namespace {

using testing::run_net, testing::Notes, testing::Noting, testing::NotingBuffered, testing::noting, testing::linked,
    testing::until_lost, testing::until, testing::a_while, testing::turns, testing::LoopErrors, testing::pattern,
    testing::much, testing::thrown_by, testing::ending_of, testing::tls_client, testing::tls_server, testing::by_tls,
    testing::with_tls;

ConnectionOptions secure() {
    ConnectionOptions options = by_tls(tls_client());
    options.server_hostname = "localhost";
    return options;
}

StartTlsOptions to_localhost() {
    StartTlsOptions options;
    options.server_hostname = "localhost";
    return options;
}

TEST(RealProtocolTls, it_is_made_when_the_handshake_is_done) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        bool was_secured = false;
        n.on_made = [&] { was_secured = bool(n.transport.tls()); };
        auto c = co_await linked(n, secure(), with_tls(tls_server()));
        EXPECT_TRUE(was_secured);
        EXPECT_EQ(c.transport.tls()->version, "TLSv1.3");
        EXPECT_FALSE(c.transport.can_write_eof());
        EXPECT_EQ(thrown_by([&] { c.transport.write_eof(); }),
                  "hocket::RuntimeError: write_eof: TLS has no end of one direction only; close ends both");
        c.transport.write("question");
        EXPECT_EQ(co_await c.reader.readexactly(8), "question");
        const std::string data = pattern(much);
        co_await c.writer.write(data);
        co_await until([&] { return n.data.size() == much; });
        EXPECT_TRUE(n.data == data);
        c.transport.close();
        EXPECT_EQ(co_await c.reader.read(), "");
        co_await until_lost(n);
        EXPECT_EQ(n.calls.taken(), "made data lost");
        EXPECT_EQ(n.error_text(), "nothing");
    }(notes));
}

TEST(RealProtocolTls, what_came_before_the_peers_end_is_given_and_then_the_end) {
    for (const bool paused : {false, true}) {
        for (const bool keep_open : {false, true}) {  // makes no difference
            Notes notes;
            notes.keep_open = keep_open;
            run_net([](Notes& n, bool pauses) -> Coro<> {
                auto c = co_await linked(n, secure(), with_tls(tls_server()));
                if (pauses) c.transport.pause_reading();
                co_await c.writer.write("last words");
                c.writer.close();
                co_await a_while();
                if (pauses) {
                    EXPECT_EQ(n.data, "");
                    c.transport.resume_reading();
                }
                co_await until_lost(n);
                EXPECT_EQ(n.data, "last words");
                EXPECT_EQ(n.calls.taken(), "made data eof lost");
                EXPECT_EQ(n.error_text(), "nothing");
            }(notes, paused));
        }
    }
}

TEST(RealProtocolTls, one_that_is_cut_is_lost_by_an_error) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        auto c = co_await linked(n, secure(), with_tls(tls_server()));
        co_await c.writer.write("half a");
        co_await until([&] { return n.data == "half a"; });
        c.writer.transport().layer().abort();
        co_await until_lost(n);
        EXPECT_EQ(n.calls.taken(), "made data lost");
        EXPECT_TRUE(n.error_text().starts_with("hocket::TlsError: read from 127.0.0.1:")) << n.error_text();
    }(notes));
}

TEST(RealProtocolTls, a_buffered_one_has_the_decrypted_bytes_in_its_buffer) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        auto c = co_await linked<NotingBuffered>(n, secure(), with_tls(tls_server()));
        const std::string data = pattern(much);
        co_await c.writer.write(data);
        co_await until([&] { return n.data.size() == much; });
        EXPECT_TRUE(n.data == data);
        EXPECT_GT(c.protocol->last_hint, 0U);
        c.writer.close();
        co_await until_lost(n);
        EXPECT_EQ(n.calls.taken(), "made data eof lost");
    }(notes));
}

TEST(RealProtocolTls, a_small_buffer_is_filled_as_often_as_it_takes) {
    for (const std::size_t size : {1U, 2U, 4U, 5U, 6U}) {
        Notes notes;
        run_net([](Notes& n, std::size_t room) -> Coro<> {
            const auto factory = [&n, room] { return std::make_unique<NotingBuffered>(n, room); };
            const Server server = co_await create_server(factory, "127.0.0.1", 0, with_tls(tls_server()));
            auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), secure());
            co_await writer.write("12345");
            co_await until([&] { return n.data.size() == 5; });
            EXPECT_EQ(n.data, "12345");
        }(notes, size));
    }
}

TEST(RealProtocolTls, a_buffered_one_is_given_what_came_before_the_peers_end) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        auto c = co_await linked<NotingBuffered>(n, secure(), with_tls(tls_server()));
        c.transport.pause_reading();
        co_await c.writer.write(pattern(5000));
        c.writer.close();
        co_await a_while();
        c.transport.resume_reading();
        co_await until_lost(n);
        EXPECT_TRUE(n.data == pattern(5000));
        EXPECT_EQ(n.calls.taken(), "made data eof lost");
    }(notes));
}

TEST(RealProtocolTls, its_limits_are_told_too) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        auto c = co_await linked(n, secure(), with_tls(tls_server()));
        c.transport.write(pattern(much));
        EXPECT_EQ(n.calls.taken(), "made pause");
        EXPECT_EQ((co_await c.reader.readexactly(much)).size(), much);
        co_await until([&] { return n.calls.taken() == "resume"; });
        c.transport.write(pattern(much));
        c.transport.abort();
        co_await until_lost(n);
        EXPECT_EQ(n.calls.taken(), "pause lost");
        EXPECT_EQ(n.error_text(), "nothing");
    }(notes));
}

TEST(RealProtocolTls, what_it_throws_ends_the_connection) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        LoopErrors errors(get_running_loop());
        n.on_data = [](std::string_view) { throw RuntimeError("no such verb"); };
        auto c = co_await linked(n, secure(), with_tls(tls_server()));
        co_await c.writer.write("spam");
        co_await until_lost(n);
        EXPECT_EQ(errors.taken(),
                  "Fatal error: protocol.data_received() call failed. | hocket::RuntimeError: no such verb");
        EXPECT_EQ(n.error_text(), "hocket::RuntimeError: no such verb");
    }(notes));
}

TEST(RealProtocolTls, a_server_of_protocols_is_secured_as_one_of_streams) {
    Notes client, server_side;
    run_net([](Notes& n, Notes& s) -> Coro<> {
        s.on_data = [&s](std::string_view data) { s.transport.write(data); };
        const Server server = co_await create_server(noting<NotingBuffered>(s), "127.0.0.1", 0, with_tls(tls_server()));
        auto [transport, protocol] = co_await create_connection(noting(n), "127.0.0.1", server.port(), secure());
        transport.write("there and back");
        co_await until([&] { return n.data == "there and back"; });
        EXPECT_TRUE(s.transport.tls()->context.is_server());
        server.close();
        server.close_clients();
        co_await server.wait_closed();
        co_await until_lost(n);
        co_await until_lost(s);
        EXPECT_EQ(n.calls.taken(), "made data eof lost");
        EXPECT_EQ(s.calls.taken(), "made data lost");
    }(client, server_side));
}

TEST(RealProtocolTls, while_a_file_is_sent_it_is_given_nothing_and_writes_nothing) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        n.on_data = [&](std::string_view) { n.transport.write("answer"); };
        auto c = co_await linked(n, secure(), with_tls(tls_server()));
        const std::string data = pattern(much);
        const testing::NamelessFile named(data);
        const Task<std::int64_t> sending = create_task(c.transport.sendfile(named.fd()));
        co_await turns(2);
        EXPECT_EQ(thrown_by([&] { c.transport.write("between"); }),
                  "hocket::RuntimeError: unable to write; sendfile is in progress");
        co_await c.writer.write("question");
        co_await a_while();
        EXPECT_EQ(n.data, "");
        EXPECT_TRUE(co_await c.reader.readexactly(much) == data);
        EXPECT_EQ(co_await sending, static_cast<std::int64_t>(much));
        EXPECT_EQ(co_await c.reader.readexactly(6), "answer");
    }(notes));
}

// ---- Midway

Coro<> both_start_tls(ProtocolTransport transport, StreamWriter peer) {
    co_await gather(transport.start_tls(tls_client(), to_localhost()), peer.start_tls(tls_server()));
}

TEST(RealProtocolStartTls, it_goes_on_in_tls_and_is_not_made_again) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        auto c = co_await linked(n);
        c.transport.write("STARTTLS\n");
        EXPECT_EQ(co_await c.reader.readline(), "STARTTLS\n");
        co_await c.writer.write("go on\n");
        co_await until([&] { return n.data == "go on\n"; });
        EXPECT_FALSE(c.transport.tls());
        co_await both_start_tls(c.transport, c.writer);
        EXPECT_EQ(n.transport.tls()->version, "TLSv1.3");
        n.transport.write("secret\n");
        EXPECT_EQ(co_await c.reader.readline(), "secret\n");
        co_await c.writer.write("noted\n");
        co_await until([&] { return n.data == "go on\nnoted\n"; });
        c.writer.close();
        co_await until_lost(n);
        EXPECT_EQ(n.calls.taken(), "made data eof lost");
        EXPECT_EQ(n.error_text(), "nothing");
    }(notes));
}

TEST(RealProtocolStartTls, another_protocol_of_the_other_kind_may_follow) {
    Notes before, after;
    run_net([](Notes& b, Notes& a) -> Coro<> {
        auto c = co_await linked<NotingBuffered>(b);
        const std::string data = pattern(much);
        c.transport.write(data);
        EXPECT_TRUE(co_await c.reader.readexactly(much) == data);
        co_await both_start_tls(c.transport, c.writer);
        co_await c.writer.write("O");
        co_await until([&] { return b.data == "O"; });
        c.transport.write(data);
        c.transport.set_protocol(std::make_unique<Noting>(a));
        EXPECT_TRUE(co_await c.reader.readexactly(much) == data);
        co_await c.writer.write("2");
        co_await until([&] { return a.data == "2"; });
        c.transport.write(data);
        EXPECT_TRUE(co_await c.reader.readexactly(much) == data);
        c.writer.close();
        co_await until_lost(a);
        EXPECT_EQ(b.calls.taken(), "made pause resume data pause");
        EXPECT_EQ(a.calls.taken(), "resume data pause resume eof lost");
    }(before, after));
}

TEST(RealProtocolStartTls, meanwhile_nothing_is_written_in_the_clear_nor_begun_twice) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        auto c = co_await linked(n);
        const Task<> securing = create_task(c.transport.start_tls(tls_client(), to_localhost()));
        co_await turns(2);
        EXPECT_EQ(
            thrown_by([&] { c.transport.write("password"); }),
            "hocket::RuntimeError: start_tls is in progress, or has come before: this write would go in the clear");
        EXPECT_EQ(co_await ending_of(c.transport.start_tls(tls_client(), to_localhost())),
                  "hocket::RuntimeError: start_tls() called while TLS is being negotiated already");
        co_await c.writer.start_tls(tls_server());
        co_await securing;
        c.transport.write("password");
        EXPECT_EQ(co_await c.reader.readexactly(8), "password");
    }(notes));
}

TEST(RealProtocolStartTls, a_paused_one_stays_paused) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        auto c = co_await linked(n);
        c.transport.pause_reading();
        co_await both_start_tls(c.transport, c.writer);
        co_await c.writer.write("later");
        co_await a_while();
        EXPECT_EQ(n.data, "");
        c.transport.resume_reading();
        co_await until([&] { return n.data == "later"; });
    }(notes));
}

TEST(RealProtocolStartTls, a_handshake_that_fails_is_what_the_connection_is_lost_by) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        auto c = co_await linked(n);
        const Task<> securing = create_task(c.transport.start_tls(tls_client(), to_localhost()));
        co_await c.writer.write("this is no TLS, whatever it may be\n");
        const std::string end = co_await ending_of(securing);
        EXPECT_TRUE(end.starts_with("hocket::TlsError: TLS handshake with localhost (127.0.0.1:")) << end;
        c.writer.close();
        co_await until_lost(n);
        EXPECT_EQ(n.error_text(), end);
        EXPECT_EQ(n.calls.taken(), "made lost");
    }(notes));
}

TEST(RealProtocolStartTls, arguments_that_make_no_sense_leave_it_as_it_was) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        auto c = co_await linked(n);
        EXPECT_EQ(co_await ending_of(c.transport.start_tls(tls_client())),
                  "hocket::ValueError: check_hostname requires server_hostname");
        EXPECT_EQ(co_await ending_of(c.transport.start_tls(TlsContext())),
                  "hocket::ValueError: start_tls needs a context that is not empty");
        co_await c.writer.write("in the clear");
        co_await until([&] { return n.data == "in the clear"; });
    }(notes));
}

TEST(RealProtocolStartTls, a_cancel_closes_it) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        auto c = co_await linked(n);
        const Task<> securing = create_task(c.transport.start_tls(tls_client(), to_localhost()));
        co_await a_while();
        securing.cancel();
        EXPECT_EQ(co_await ending_of(securing), "hocket::CancelledError");
        co_await until_lost(n);
        EXPECT_EQ(n.error_text(), "nothing");
    }(notes));
}

}  // namespace
}  // namespace hocket
