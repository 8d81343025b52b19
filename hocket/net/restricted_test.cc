// SPDX-License-Identifier: MIT
// Servers and clients where the system allows little: no io_uring, no locked memory; and those of a process that forks.
#include <gtest/gtest.h>
#include <hocket/net/tls_test.h>

#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <tests/support/refused_calls.h>
#include <unistd.h>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace hocket {
namespace {

using testing::ask;
using testing::in_child;
using testing::LoopErrors;
using testing::refuse;
using testing::run_net;

Coro<> echo_once() {
    const Server server = co_await start_server(testing::echo, "127.0.0.1", 0);
    EXPECT_EQ(co_await ask(server.port(), "hello"), "hello");
    server.close();
    co_await server.wait_closed();
}

int failed() { return ::testing::Test::HasFailure() ? 20 : 0; }

TEST(OnceRestricted, a_server_works_where_io_uring_is_forbidden) {
    for (const int error : {EPERM, ENOSYS, ENOMEM}) {
        const int status = in_child([error] {
            unsetenv("HOCKET_BACKEND");
            if (!refuse({{__NR_io_uring_setup, error}, {__NR_io_uring_enter, error}, {__NR_io_uring_register, error}}))
                return 1;
            run_net(echo_once());
            return failed();
        });
        EXPECT_EQ(status, 0);
    }
}

// The first of the loops take what locked memory there is for rings.
TEST(OnceRestricted, many_servers_work_with_little_locked_memory) {
    const int status = in_child([] {
        unsetenv("HOCKET_BACKEND");
        const rlimit little{.rlim_cur = 64 << 10, .rlim_max = 64 << 10};
        setrlimit(RLIMIT_MEMLOCK, &little);
        if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0) return 1;
        std::vector<Unique<EventLoop>> loops;
        for (int i = 0; i < 12; ++i) loops.push_back(new_event_loop());
        for (const auto& loop : loops) {
            loop->run_until_complete(loop->create_task(echo_once(), {}));
            loop->close();
        }
        return failed();
    });
    EXPECT_EQ(status, 0);
}

// ---- A fork while the loop lives

TEST(RealNetFork, what_the_child_closes_goes_on_in_the_parent) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(testing::echo, "127.0.0.1", 0);
        auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
        co_await writer.write("before");
        EXPECT_EQ(co_await reader.readexactly(6), "before");
        const pid_t child = ::fork();
        if (child == 0) {
            ::alarm(20);
            const LoopErrors errors(get_running_loop());  // of the handler whose connection is aborted
            writer.close();
            server.close();
            server.abort_clients();
            co_await server.wait_closed();
            ::_exit(0);
        }
        int status = -1;
        ::waitpid(child, &status, 0);
        EXPECT_EQ(status, 0);
        co_await writer.write("after");
        EXPECT_EQ(co_await reader.readexactly(5), "after");
        EXPECT_EQ(co_await ask(server.port(), "another"), "another");
    }());
}

// What waits to be sent, and what nobody has read, is the parent's.
TEST(RealNetFork, connections_that_the_child_closes_go_on_in_the_parent) {
    for (const bool tls : {false, true}) {
        run_net([](bool secured) -> Coro<> {
            auto c = secured ? co_await testing::secured() : co_await testing::connected();
            const std::string much = testing::pattern(testing::much);
            co_await c.server_writer.write("unread");
            co_await c.reader.peek();
            const Task<> writing = create_task(c.writer.write(much));
            co_await testing::a_while();
            const pid_t child = ::fork();
            if (child == 0) {
                ::alarm(20);
                c.writer.close();
                EXPECT_EQ(co_await testing::ending_of(c.writer.wait_closed()), "nothing");
                co_await testing::ending_of(writing);
                c.server_writer.close();
                co_await c.server_writer.wait_closed();
                ::_exit(failed());
            }
            int status = -1;
            ::waitpid(child, &status, 0);
            EXPECT_EQ(status, 0);
            EXPECT_EQ(co_await c.server_reader.readexactly(much.size()), much);
            co_await writing;
            EXPECT_EQ(co_await c.reader.readexactly(6), "unread");
            co_await c.server_writer.write("after");
            EXPECT_EQ(co_await c.reader.readexactly(5), "after");
            co_await c.writer.write("after");
            c.writer.close();
            EXPECT_EQ(co_await c.server_reader.read(), "after");
        }(tls));
    }
}

TEST(RealNetFork, what_waits_to_be_sent_is_sent_by_the_parent_alone) {
    run_net([]() -> Coro<> {
        auto c = co_await testing::connected();
        const std::string much = testing::pattern(testing::much);
        c.writer.write_nowait(much);
        co_await testing::a_while();
        const pid_t child = ::fork();
        if (child == 0) {
            ::alarm(20);
            const std::string end = co_await testing::ending_of(c.writer.wait_closed());
            EXPECT_TRUE(end.ends_with(": Software caused connection abort")) << end;  // and nothing was sent twice
            ::_exit(failed());
        }
        int status = -1;
        ::waitpid(child, &status, 0);
        EXPECT_EQ(status, 0);
        EXPECT_EQ(co_await c.server_reader.readexactly(much.size()), much);
        co_await c.writer.write("after");
        c.writer.close();
        EXPECT_EQ(co_await c.server_reader.read(), "after");
    }());
}

TEST(RealNetFork, the_child_serves_clients_of_its_own) {
    run_net([]() -> Coro<> {
        const Server server = co_await start_server(testing::echo, "127.0.0.1", 0);
        EXPECT_EQ(co_await ask(server.port(), "before"), "before");
        const pid_t child = ::fork();
        if (child == 0) {
            ::alarm(20);
            LoopErrors errors(get_running_loop());
            const Server own = co_await start_server(testing::echo, "127.0.0.1", 0);
            const std::string answer = co_await ask(own.port(), "in the child");
            ::_exit(answer != "in the child" ? 1 : errors.taken().empty() ? 0 : 2);
        }
        int status = -1;
        ::waitpid(child, &status, 0);
        EXPECT_EQ(status, 0);
        EXPECT_EQ(co_await ask(server.port(), "after"), "after");
    }());
}

}  // namespace
}  // namespace hocket
