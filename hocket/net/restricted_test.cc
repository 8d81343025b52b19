// SPDX-License-Identifier: MIT
// Servers and clients where the system allows little: no io_uring, no locked memory.
#include <gtest/gtest.h>
#include <hocket/net/net_test.h>

#include <sys/resource.h>
#include <sys/syscall.h>
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

}  // namespace
}  // namespace hocket
