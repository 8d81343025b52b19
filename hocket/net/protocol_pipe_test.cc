// SPDX-License-Identifier: MIT
// Protocols of pipes: one way, and an end that closes.
#include <hocket/net/protocol_test.h>

#include <gtest/gtest.h>
#include <hocket/net/pipe_test.h>

#include <string>
#include <utility>

namespace hocket {
namespace {

using testing::run_net, testing::Notes, testing::Noting, testing::NotingBuffered, testing::noting, testing::until_lost,
    testing::until, testing::a_while, testing::make_pipe, testing::pattern, testing::much, testing::ending_of;

TEST(RealProtocolPipe, what_is_written_into_it_comes_out_and_the_end_closes_both) {
    Notes out, in;
    run_net([](Notes& r, Notes& w) -> Coro<> {
        r.keep_open = true;  // makes no difference
        auto pipe = make_pipe();
        auto [reading, reading_protocol] = co_await connect_read_pipe(noting(r), pipe.reading.give());
        auto [writing, writing_protocol] = co_await connect_write_pipe(noting(w), pipe.writing.give());
        EXPECT_TRUE(reading.is_reading());
        const std::string data = pattern(much);
        writing.write(data);
        EXPECT_EQ(w.calls.taken(), "made pause");
        EXPECT_TRUE(writing.can_write_eof());
        writing.write_eof();
        co_await until_lost(r);
        co_await until_lost(w);
        EXPECT_TRUE(r.data == data);
        EXPECT_EQ(r.calls.taken(), "made data eof lost");
        EXPECT_EQ(w.calls.taken(), "resume lost");
        EXPECT_EQ(r.error_text() + w.error_text(), "nothingnothing");
    }(out, in));
}

TEST(RealProtocolPipe, one_that_writes_is_told_when_nobody_reads_any_more) {
    for (const bool writes : {false, true}) {
        Notes notes;
        run_net([](Notes& n, bool tries) -> Coro<> {
            auto pipe = make_pipe();
            auto [transport, protocol] = co_await connect_write_pipe(noting(n), pipe.writing.give());
            if (tries) transport.write(pattern(much));
            co_await a_while();
            EXPECT_FALSE(n.lost);
            pipe.reading.close();
            co_await until_lost(n);
            EXPECT_EQ(n.calls.taken(), tries ? "made pause lost" : "made lost");
            EXPECT_EQ(n.error_text().find("Broken pipe") != std::string::npos, tries) << n.error_text();
            transport.write("dropped");
        }(notes, writes));
    }
}

TEST(RealProtocolPipe, one_that_writes_is_told_so_though_it_has_paused_reading) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        auto pipe = make_pipe();
        auto [transport, protocol] = co_await connect_write_pipe(noting(n), pipe.writing.give());
        transport.pause_reading();
        co_await a_while();
        pipe.reading.close();
        co_await until_lost(n);
        EXPECT_EQ(n.calls.taken(), "made lost");
    }(notes));
}

TEST(RealProtocolPipe, reading_can_be_paused_and_a_closed_one_is_not_reading) {
    Notes notes;
    run_net([](Notes& n) -> Coro<> {
        auto pipe = make_pipe();
        auto [transport, protocol] = co_await connect_read_pipe(noting<NotingBuffered>(n), pipe.reading.give());
        transport.pause_reading();
        transport.pause_reading();
        pipe.writing.write("spam");
        co_await a_while();
        EXPECT_EQ(n.data, "");
        transport.resume_reading();
        transport.resume_reading();
        co_await until([&] { return n.data == "spam"; });
        transport.close();
        transport.pause_reading();
        EXPECT_FALSE(transport.is_reading());
        transport.resume_reading();
        EXPECT_FALSE(transport.is_reading());
        co_await until_lost(n);
        EXPECT_EQ(n.calls.taken(), "made data lost");
    }(notes));
}

TEST(RealProtocolPipe, what_the_factory_throws_closes_the_pipe) {
    run_net([]() -> Coro<> {
        auto pipe = make_pipe();
        const auto fails = []() -> std::unique_ptr<Noting> { throw RuntimeError("none left"); };
        EXPECT_EQ(co_await ending_of(connect_read_pipe(fails, pipe.reading.give())), "hocket::RuntimeError: none left");
        EXPECT_EQ(co_await ending_of(connect_write_pipe(fails, pipe.writing.give())),
                  "hocket::RuntimeError: none left");
    }());
}

}  // namespace
}  // namespace hocket
