// SPDX-License-Identifier: MIT
// Streams that begin in the clear and go on in TLS; TLS within TLS.
#include <gtest/gtest.h>
#include <hocket/core/sleep.h>
#include <hocket/flow/gather.h>
#include <hocket/flow/wait_for.h>
#include <hocket/net/sendfile_test.h>
#include <hocket/net/tls_test.h>

#include <string>
#include <utility>

using namespace std::chrono_literals;

namespace hocket {
namespace {

using testing::run_net, testing::tls_client, testing::tls_server, testing::ending_of, testing::pattern, testing::much,
    testing::turns, testing::a_while, testing::Connected, testing::connected, testing::LoopErrors;

StartTlsOptions to_localhost() {
    StartTlsOptions options;
    options.server_hostname = "localhost";
    return options;
}

Coro<> both_start_tls(const Connected& c) {
    co_await gather(c.writer.start_tls(tls_client(), to_localhost()), c.server_writer.start_tls(tls_server()));
}

TEST(RealStartTls, a_stream_goes_on_in_tls_with_the_handles_that_it_has) {
    run_net([]() -> Coro<> {
        LoopErrors errors(get_running_loop());
        const auto serve = [](StreamReader reader, StreamWriter writer) -> Coro<> {
            const std::string first = co_await reader.readline();
            co_await writer.write(first);
            EXPECT_FALSE(writer.tls());
            co_await writer.start_tls(tls_server());
            EXPECT_TRUE(writer.tls()->context.is_server());
            const std::string second = co_await reader.readline();
            co_await writer.write(second);
            writer.close();
            co_await writer.wait_closed();
        };
        const Server server = co_await start_server(serve, "127.0.0.1", 0);
        auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
        const StreamWriter earlier_copy = writer;
        co_await writer.write("hello world 1!\n");
        EXPECT_EQ(co_await reader.readline(), "hello world 1!\n");
        EXPECT_FALSE(writer.tls());
        co_await writer.start_tls(tls_client(), to_localhost());
        EXPECT_EQ(writer.tls()->version, "TLSv1.3");
        EXPECT_EQ(earlier_copy.tls()->version, "TLSv1.3");
        co_await earlier_copy.write("hello world 2!\n");
        EXPECT_EQ(co_await reader.readline(), "hello world 2!\n");
        writer.close();
        co_await writer.wait_closed();
        EXPECT_EQ(errors.taken(), "");
    }());
}

TEST(RealStartTls, what_was_written_before_goes_before_it_in_the_clear) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        const std::string data = pattern(much);
        c.writer.write_nowait(data);
        const Task<> client = create_task(c.writer.start_tls(tls_client(), to_localhost()));
        EXPECT_TRUE(co_await c.server_reader.readexactly(much) == data);
        co_await c.server_writer.start_tls(tls_server());
        co_await client;
        co_await c.server_writer.write("O");
        EXPECT_EQ(co_await c.reader.readexactly(1), "O");
        c.writer.write_nowait(data);
        EXPECT_TRUE(co_await c.server_reader.readexactly(much) == data);
        c.server_writer.close();
        EXPECT_EQ(co_await c.reader.read(), "");
        EXPECT_EQ(co_await ending_of(c.writer.wait_closed()), "nothing");
    }());
}

// Else somebody on the way could put commands before those that come secured (CVE-2011-0411).
TEST(RealStartTls, what_came_in_the_clear_and_was_not_read_is_not_taken_for_data) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        co_await c.writer.write("STARTTLS\nRCPT TO: <eve@example.org>\n");
        EXPECT_EQ(co_await c.server_reader.readline(), "STARTTLS\n");
        const std::string end = co_await ending_of(c.server_writer.start_tls(tls_server()));
        EXPECT_TRUE(end.starts_with("hocket::TlsError: TLS handshake with ")) << end;
        EXPECT_EQ(co_await c.server_reader.readline(), "");
    }());
}

TEST(RealStartTls, the_peers_first_words_may_be_there_already) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        const Task<> client = create_task(c.writer.start_tls(tls_client(), to_localhost()));
        c.server_writer.write_nowait("");
        co_await a_while();
        co_await c.server_writer.start_tls(tls_server());
        co_await client;
        co_await c.server_writer.write("x");
        EXPECT_EQ(co_await c.reader.read(1), "x");
    }());
}

TEST(RealStartTls, a_server_can_be_started_over_a_connection_that_it_opened) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        co_await gather(c.writer.start_tls(tls_server()), c.server_writer.start_tls(tls_client(), to_localhost()));
        co_await c.writer.write("x");
        EXPECT_EQ(co_await c.server_reader.read(1), "x");
    }());
}

TEST(RealStartTls, tls_within_tls) {
    run_net([]() -> Coro<> {
        auto c = co_await testing::secured();
        co_await both_start_tls(c);
        const std::string data = pattern(much);
        auto [a, b] = co_await gather(c.writer.write(data), c.server_reader.readexactly(much));
        EXPECT_TRUE(b == data);
        co_await c.server_writer.write("SPAM");
        c.server_writer.close();
        EXPECT_EQ(co_await c.reader.read(), "SPAM");
        co_await c.server_writer.wait_closed();
        co_await c.writer.wait_closed();
        EXPECT_EQ(c.writer.fileno(), -1);
        EXPECT_EQ(c.server.clients(), 0U);
    }());
}

TEST(RealStartTls, tls_within_tls_ends_with_its_last_handle) {
    run_net([]() -> Coro<> {
        LoopErrors errors(get_running_loop());
        auto c = co_await testing::secured();
        co_await both_start_tls(c);
        {
            const Connected gone = std::move(c);
        }
        EXPECT_EQ(errors.taken(), "");
    }());
}

TEST(RealStartTls, a_certificate_that_does_not_convince_ends_the_connection) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        const Task<> server = create_task(c.server_writer.start_tls(tls_server()));
        StartTlsOptions options;
        options.server_hostname = "example.org";
        const std::string end = co_await ending_of(c.writer.start_tls(tls_client(), options));
        EXPECT_TRUE(end.ends_with("hostname mismatch, certificate is not valid for 'example.org'")) << end;
        EXPECT_TRUE(c.writer.is_closing());
        EXPECT_TRUE((co_await ending_of(server)).ends_with("alert bad certificate"));
        EXPECT_FALSE(c.writer.tls());
    }());
}

TEST(RealStartTls, a_handshake_that_takes_too_long_ends_the_connection) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        StartTlsOptions options = to_localhost();
        options.tls_handshake_timeout = 10ms;
        const std::string end = co_await ending_of(c.writer.start_tls(tls_client(), options));
        EXPECT_EQ(end, "hocket::OSError: TLS handshake with " + c.writer.peername().str() +
                           " took longer than 0.01 s: Software caused connection abort");
        co_await c.writer.wait_closed();
        EXPECT_EQ(c.writer.fileno(), -1);
    }());
}

TEST(RealStartTls, a_cancel_ends_the_connection) {
    run_net([]() -> Coro<> {
        LoopErrors errors(get_running_loop());
        auto c = co_await connected();
        const std::string end = co_await ending_of(wait_for(c.writer.start_tls(tls_client(), to_localhost()), 10ms));
        EXPECT_EQ(end, "hocket::TimeoutError: timed out");
        co_await c.writer.wait_closed();
        EXPECT_EQ(c.writer.fileno(), -1);
        EXPECT_EQ(errors.taken(), "");
    }());
}

TEST(RealStartTls, closing_in_the_midst_of_the_handshake_ends_it) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        const Task<> starting = create_task(c.writer.start_tls(tls_client(), to_localhost()));
        co_await a_while();
        c.writer.close();
        EXPECT_TRUE((co_await ending_of(starting)).ends_with(": Connection reset by peer"));
        co_await c.writer.wait_closed();
        EXPECT_EQ(c.writer.fileno(), -1);
    }());
}

TEST(RealStartTls, it_needs_a_context_and_a_client_a_name) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        EXPECT_EQ(co_await ending_of(c.writer.start_tls(TlsContext())),
                  "hocket::ValueError: start_tls needs a context that is not empty");
        EXPECT_EQ(co_await ending_of(c.writer.start_tls(tls_client())),
                  "hocket::ValueError: check_hostname requires server_hostname");
        EXPECT_EQ(co_await ending_of(c.server_writer.start_tls(tls_server(), to_localhost())),
                  "hocket::ValueError: server_hostname is only meaningful for a client");
        co_await c.writer.write("still in the clear");  // which it was not begun for
        EXPECT_EQ(co_await c.server_reader.readexactly(18), "still in the clear");
    }());
}

TEST(RealStartTls, a_name_that_tls_has_no_room_for_leaves_nothing_in_the_clear) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        StartTlsOptions options;
        options.server_hostname = std::string(300, 'a');
        const std::string end = co_await ending_of(c.writer.start_tls(tls_client(), options));
        EXPECT_TRUE(end.starts_with("hocket::TlsError: TLS handshake with ")) << end;
        EXPECT_TRUE(c.writer.is_closing());
    }());
}

TEST(RealStartTls, behind_an_end_that_was_written_it_is_refused_at_once) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        c.writer.write_eof();
        EXPECT_EQ(co_await ending_of(c.writer.start_tls(tls_client(), to_localhost())),
                  "hocket::RuntimeError: Cannot call write() after write_eof()");
        EXPECT_TRUE(c.writer.is_closing());
    }());
}

TEST(RealStartTls, a_write_that_was_made_before_does_not_go_in_the_clear) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        Coro<> write = c.writer.write("secret");
        const testing::NamelessFile file("secret");
        Coro<std::int64_t> send = c.writer.sendfile(file.fd());
        co_await gather(c.writer.start_tls(tls_client(), to_localhost()), c.server_writer.start_tls(tls_server()));
        const std::string refused =
            "hocket::RuntimeError: start_tls is in progress, or has come before: this write would go in the clear";
        EXPECT_EQ(co_await ending_of(std::move(write)), refused);
        EXPECT_EQ(co_await ending_of(std::move(send)), refused);
        co_await c.writer.write("x");
        EXPECT_EQ(co_await c.server_reader.read(6), "x");
    }());
}

TEST(RealStartTls, nobody_writes_in_the_clear_during_the_handshake) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        const std::string refused =
            "hocket::RuntimeError: start_tls is in progress, or has come before: this write would go in the clear";
        const Task<> starting = create_task(c.writer.start_tls(tls_client(), to_localhost()));
        const Task<> writing = create_task(c.writer.write("secret"));
        EXPECT_EQ(co_await ending_of(writing), refused);
        EXPECT_EQ(testing::thrown_by([&] { c.writer.write_nowait("secret"); }), refused);
        const testing::NamelessFile file("secret");
        EXPECT_EQ(co_await ending_of(c.writer.sendfile(file.fd())), refused);
        co_await c.server_writer.start_tls(tls_server());
        co_await starting;
        co_await c.writer.write("x");
        EXPECT_EQ(co_await c.server_reader.read(6), "x");
    }());
}

TEST(RealStartTls, nobody_else_reads_during_the_handshake) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        const Task<> starting = create_task(c.writer.start_tls(tls_client(), to_localhost()));
        co_await a_while();
        EXPECT_EQ(co_await ending_of(c.reader.read(1)),
                  "hocket::RuntimeError: read() called while another coroutine is already waiting for incoming data");
        EXPECT_EQ(
            co_await ending_of(c.writer.start_tls(tls_client(), to_localhost())),
            "hocket::RuntimeError: start_tls() called while another coroutine is already waiting for incoming data");
        co_await c.server_writer.start_tls(tls_server());
        co_await starting;
        co_await c.server_writer.write("x");
        EXPECT_EQ(co_await c.reader.read(1), "x");
    }());
}

TEST(RealStartTls, a_file_that_is_being_sent_is_in_the_way) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        const std::string data = testing::pattern(testing::much);
        const testing::NamelessFile file(data);
        const Task<std::int64_t> sending = create_task(c.writer.sendfile(file.fd()));
        co_await turns(2);
        EXPECT_EQ(co_await ending_of(c.writer.start_tls(tls_client(), to_localhost())),
                  "hocket::RuntimeError: unable to start TLS; sendfile is in progress");
        EXPECT_TRUE(co_await c.server_reader.readexactly(data.size()) == data);
        co_await sending;
        co_await gather(c.writer.start_tls(tls_client(), to_localhost()), c.server_writer.start_tls(tls_server()));
    }());
}

TEST(RealStartTls, a_closed_stream_cannot_start_it) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        c.writer.close();
        EXPECT_EQ(co_await ending_of(c.writer.start_tls(tls_client(), to_localhost())),
                  "hocket::OSError: TLS handshake with " + c.writer.peername().str() +
                      ": Cannot send after transport endpoint shutdown");
    }());
}

TEST(RealStartTls, a_task_that_reads_is_in_the_way) {
    run_net([]() -> Coro<> {
        auto c = co_await connected();
        const Task<std::string> reading = create_task(c.reader.read(1));
        co_await turns(2);
        EXPECT_EQ(
            co_await ending_of(c.writer.start_tls(tls_client(), to_localhost())),
            "hocket::RuntimeError: start_tls() called while another coroutine is already waiting for incoming data");
        co_await c.server_writer.write("x");
        EXPECT_EQ(co_await reading, "x");
    }());
}

}  // namespace
}  // namespace hocket
