// SPDX-License-Identifier: MIT
// Time, waking, forking and what is left behind, on both real backends.
#include <hocket/io/operations_test.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>

namespace hocket {

namespace {

class OnceSystem : public RealBackendTest {};

INSTANTIATE_TEST_SUITE_P(, OnceSystem, ::testing::ValuesIn(kinds), name_of);

int open_descriptors() {
    int n = 0;
    DIR* const folder = opendir("/proc/self/fd");
    while (readdir(folder) != nullptr) ++n;
    closedir(folder);
    return n;
}

// ---- time

TEST_P(OnceSystem, the_clocks_are_the_systems) {
    const std::int64_t before = backend->now();
    EXPECT_GE(backend->now(), before);
    EXPECT_TRUE(backend->real_time());
    const auto wall =
        std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch());
    EXPECT_NEAR(static_cast<double>(backend->wall_time()), static_cast<double>(wall.count()), 5e9);
    EXPECT_NE(backend->entropy(), backend->entropy());
}

TEST_P(OnceSystem, poll_waits_until_the_deadline_and_not_much_longer) {
    for (const std::int64_t wait : {std::int64_t{1}, 300 * millisecond / 1000, 20 * millisecond}) {
        const std::int64_t begun = backend->now();
        backend->poll(begun + wait);
        const std::int64_t took = backend->now() - begun;
        EXPECT_GE(took, wait);
        EXPECT_LT(took, wait + 5 * second);
    }
}

TEST_P(OnceSystem, poll_with_a_deadline_in_the_past_does_not_wait) {
    auto [a, b] = socket_pair();
    TestOperation op(Opcode::recv, a, buffer, 1);
    begin(op);
    const std::int64_t begun = backend->now();
    for (int i = 0; i < 100; ++i) backend->poll(i % 2 == 0 ? 0 : begun - 1);
    EXPECT_LT(backend->now() - begun, second);
    backend->cancel(op);
    EXPECT_EQ(result_of(op), -ECANCELED);
}

TEST_P(OnceSystem, a_signal_does_not_end_the_wait) {
    struct sigaction action{};
    struct sigaction old{};
    action.sa_handler = [](int) {};
    sigaction(SIGALRM, &action, &old);
    const itimerval often{.it_interval = {0, 10'000}, .it_value = {0, 10'000}};
    const itimerval never{};
    setitimer(ITIMER_REAL, &often, nullptr);
    const std::int64_t begun = backend->now();
    backend->poll(begun + 100 * millisecond);
    const std::int64_t took = backend->now() - begun;
    setitimer(ITIMER_REAL, &never, nullptr);
    sigaction(SIGALRM, &old, nullptr);
    EXPECT_GE(took, 100 * millisecond);
}

// ---- waking

TEST_P(OnceSystem, another_thread_wakes_a_poll_that_waits) {
    for (int i = 0; i < 20; ++i) {
        std::atomic<bool> posted = false;
        std::thread other([&] {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
            posted = true;
            backend->wake();
        });
        const std::int64_t limit = backend->now() + 10 * second;
        while (!posted && backend->now() < limit) backend->poll(Backend::forever);
        other.join();
        EXPECT_TRUE(posted);
    }
}

TEST_P(OnceSystem, no_wake_is_lost_among_many) {
    constexpr int count = 20'000;
    std::atomic<int> posted = 0;
    std::thread other([&] {
        for (int i = 0; i < count; ++i) {
            posted.fetch_add(1, std::memory_order_relaxed);
            backend->wake();
        }
    });
    while (posted.load(std::memory_order_relaxed) < count) backend->poll(Backend::forever);
    other.join();
}

TEST_P(OnceSystem, a_wake_before_the_poll_is_kept_for_it) {
    backend->wake();
    backend->wake();
    backend->poll(Backend::forever);
    const std::int64_t begun = backend->now();
    backend->poll(begun + 20 * millisecond);  // both are used up
    EXPECT_GE(backend->now() - begun, 20 * millisecond);
}

TEST_P(OnceSystem, a_signal_handler_wakes_a_poll_that_waits) {
    static SystemBackend* current;
    static volatile sig_atomic_t seen;
    current = backend.get();
    seen = 0;
    struct sigaction action{};
    struct sigaction old{};
    action.sa_handler = [](int) {
        seen = 1;
        current->wake();
    };
    sigaction(SIGALRM, &action, &old);
    const itimerval once{.it_interval = {}, .it_value = {0, 20'000}};
    setitimer(ITIMER_REAL, &once, nullptr);
    const std::int64_t limit = backend->now() + 10 * second;
    while (seen == 0 && backend->now() < limit) backend->poll(Backend::forever);
    sigaction(SIGALRM, &old, nullptr);
    EXPECT_EQ(seen, 1);
}

TEST_P(OnceSystem, its_descriptor_tells_when_poll_has_something_to_do) {
    pollfd self{.fd = backend->fileno(), .events = POLLIN, .revents = 0};
    auto [a, b] = socket_pair();
    TestOperation op(Opcode::recv, a, buffer, 1);
    begin(op);
    while (backend->has_news()) backend->poll(0);
    EXPECT_EQ(::poll(&self, 1, 0), 0);
    ASSERT_EQ(::write(b, "x", 1), 1);
    while (op.completions == 0) {
        ASSERT_EQ(::poll(&self, 1, 10'000), 1);
        backend->poll(0);
        while (backend->has_news()) backend->poll(0);
    }
    while (backend->has_news()) backend->poll(0);
    EXPECT_EQ(::poll(&self, 1, 0), 0);
    for (int i = 0; i < 3; ++i) {
        std::thread([&] { backend->wake(); }).join();
        EXPECT_EQ(::poll(&self, 1, 10'000), 1);
        backend->poll(0);
        while (backend->has_news()) backend->poll(0);
        EXPECT_EQ(::poll(&self, 1, 0), 0);
    }
}

TEST_P(OnceSystem, it_may_be_made_on_one_thread_and_used_on_another) {
    auto [a, b] = socket_pair();
    TestOperation op(Opcode::recv, a, buffer, 1);
    std::thread other([&] {
        begin(op);
        EXPECT_EQ(::write(b, "x", 1), 1);
        EXPECT_EQ(result_of(op), 1);
    });
    other.join();
}

TEST_P(OnceSystem, news_are_what_poll_can_do_at_once) {
    auto [a, b] = socket_pair();
    backend->poll(0);
    backend->poll(0);
    EXPECT_FALSE(backend->has_news());
    EXPECT_FALSE(backend->must_be_asked());
    TestOperation op(Opcode::recv, a, buffer, 1);
    begin(op);
    EXPECT_FALSE(backend->has_news());
    EXPECT_EQ(backend->must_be_asked(), is_epoll());
    ASSERT_EQ(::write(b, "x", 1), 1);
    if (!is_epoll()) {
        const std::int64_t limit = backend->now() + 10 * second;
        while (!backend->has_news() && backend->now() < limit) {
        }
        EXPECT_TRUE(backend->has_news());
    }
    EXPECT_EQ(result_of(op), 1);
    EXPECT_FALSE(backend->must_be_asked());
}

// ---- control calls

TEST_P(OnceSystem, control_calls_give_the_systems_results) {
    const int fd = backend->socket(AF_INET, SOCK_STREAM, 0);
    ASSERT_GE(fd, 0);
    EXPECT_NE(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    const int on = 1;
    int value = 0;
    unsigned size = sizeof value;
    EXPECT_EQ(backend->setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
    EXPECT_EQ(backend->getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, &size), 0);
    EXPECT_EQ(value, 1);
    EXPECT_EQ(backend->shutdown(fd, SHUT_RDWR), -ENOTCONN);
    EXPECT_EQ(backend->listen(-1, 1), -EBADF);
    EXPECT_EQ(backend->bind(-1, nullptr, 0), -EBADF);
    EXPECT_EQ(backend->getpeername(-1, nullptr, nullptr), -EBADF);
    EXPECT_EQ(backend->socket(AF_INET, 9999, 0), -EINVAL);
    EXPECT_EQ(backend->close(fd), 0);
    EXPECT_EQ(backend->close(fd), -EBADF);
}

TEST_P(OnceSystem, readable_tells_of_bytes_and_of_the_end_without_waiting) {
    int pair[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    EXPECT_EQ(backend->readable(pair[0]), 0);
    EXPECT_EQ(send(pair[1], "x", 1, 0), 1);
    EXPECT_EQ(backend->readable(pair[0]), 1);
    char byte = 0;
    EXPECT_EQ(recv(pair[0], &byte, 1, 0), 1);
    EXPECT_EQ(backend->readable(pair[0]), 0);
    EXPECT_EQ(backend->close(pair[1]), 0);
    EXPECT_EQ(backend->readable(pair[0]), 1);
    EXPECT_EQ(backend->close(pair[0]), 0);
}

TEST_P(OnceSystem, read_takes_what_is_there_and_does_not_wait) {
    auto [a, b] = socket_pair();
    EXPECT_EQ(backend->read(a, buffer, sizeof buffer), -EAGAIN);
    EXPECT_EQ(send(b, "xyz", 3, 0), 3);
    EXPECT_EQ(backend->read(a, buffer, 2), 2);
    EXPECT_EQ(backend->read(a, buffer + 2, sizeof buffer - 2), 1);
    EXPECT_EQ(std::string(buffer, 3), "xyz");
    b.close();
    EXPECT_EQ(backend->read(a, buffer, sizeof buffer), 0);
    EXPECT_EQ(backend->read(-1, buffer, 1), -EBADF);
}

/// A file of ten bytes without a name.
Descriptor ten_bytes() {
    Descriptor file(memfd_create("ten bytes", MFD_CLOEXEC));
    EXPECT_EQ(::write(file, "0123456789", 10), 10);
    return file;
}

TEST_P(OnceSystem, sendfile_sends_a_part_of_a_file_and_leaves_its_position) {
    const Descriptor file = ten_bytes();
    auto [a, b] = socket_pair();
    EXPECT_EQ(backend->sendfile(a, file, 2, 3), 3);
    EXPECT_EQ(recv(b, buffer, sizeof buffer, 0), 3);
    EXPECT_EQ(std::string(buffer, 3), "234");
    EXPECT_EQ(backend->sendfile(a, file, 8, 100), 2);
    EXPECT_EQ(backend->sendfile(a, file, 10, 100), 0);
    EXPECT_EQ(lseek(file, 0, SEEK_CUR), 10);
    EXPECT_EQ(backend->sendfile(a, -1, 0, 1), -EBADF);
}

TEST_P(OnceSystem, sendfile_does_not_wait_for_a_socket_that_takes_nothing) {
    const Descriptor file = ten_bytes();
    auto [a, b] = socket_pair();
    fill_up(a);
    EXPECT_EQ(backend->sendfile(a, file, 0, 10), -EAGAIN);
}

TEST_P(OnceSystem, sendfile_to_a_broken_pipe_raises_no_signal) {
    EXPECT_EQ(in_child([&] {
                  signal(SIGPIPE, SIG_DFL);
                  const Descriptor file = ten_bytes();
                  auto [a, b] = socket_pair();
                  b.close();
                  const bool told = backend->sendfile(a, file, 0, 10) == -EPIPE;
                  sigset_t waiting;
                  sigpending(&waiting);
                  return told && sigismember(&waiting, SIGPIPE) == 0 ? 0 : 1;
              }),
              0);
}

// Two ends of a TCP connection whose calls wait.
std::pair<Descriptor, Descriptor> tcp_pair() {
    const Descriptor listener(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listener, any, size) | listen(listener, 1) | getsockname(listener, any, &size), 0);
    Descriptor a(::socket(AF_INET, SOCK_STREAM, 0));
    EXPECT_EQ(connect(a, any, size), 0);
    Descriptor b(accept(listener, nullptr, nullptr));
    return {std::move(a), std::move(b)};
}

// The peer has said that it sends no more, and goes with what it has not read: then the next write is EPIPE.
TEST_P(OnceSystem, a_pipe_that_breaks_when_a_part_of_a_file_was_sent_raises_no_signal) {
    EXPECT_EQ(in_child([&] {
                  signal(SIGPIPE, SIG_DFL);
                  constexpr std::size_t much = 64 << 20;
                  const Descriptor file(memfd_create("much", MFD_CLOEXEC));
                  if (ftruncate(file, much) != 0) return 1;
                  auto [a, b] = tcp_pair();
                  shutdown(b, SHUT_WR);
                  const pid_t reader = fork();
                  if (reader == 0) {
                      pollfd room{.fd = a, .events = POLLOUT, .revents = 0};
                      while (::poll(&room, 1, 0) == 1) sched_yield();
                      _exit(0);
                  }
                  b.close();
                  const int sent = backend->sendfile(a, file, 0, much);
                  waitpid(reader, nullptr, 0);
                  sigset_t waiting;
                  sigpending(&waiting);
                  return sent > 0 && sent < static_cast<int>(much) && sigismember(&waiting, SIGPIPE) == 0 ? 0 : 2;
              }),
              0);
}

TEST_P(OnceSystem, an_adopted_descriptor_is_not_taken_for_an_older_one_of_its_number) {
    auto [a, b] = socket_pair();
    TestOperation op(Opcode::recv, a, buffer, sizeof buffer);
    begin(op);
    ASSERT_EQ(::write(b, "x", 1), 1);
    EXPECT_EQ(result_of(op), 1);  // and it is known that there is nothing more

    const int number = a.release();
    auto [c, d] = socket_pair();
    ASSERT_EQ(::write(d, "new", 3), 3);
    ASSERT_EQ(dup3(c, number, O_CLOEXEC), number);  // closes the older one behind the backend's back
    backend->adopt(number);
    EXPECT_EQ(run(op), 3);
    backend->close(number);
}

// ---- the end

TEST_P(OnceSystem, nothing_is_left_open) {
    backend.reset();
    const int before = open_descriptors();
    for (int i = 0; i < 3; ++i) {
        backend = GetParam().make();
        auto [a, b] = socket_pair();
        ASSERT_EQ(::write(b, "x", 1), 1);
        TestOperation op(Opcode::recv, a, buffer, 1);
        EXPECT_EQ(run(op), 1);
        EXPECT_EQ(backend->pending(), 0U);
        backend.reset();
    }
    EXPECT_EQ(open_descriptors(), before);
}

TEST_P(OnceSystem, a_wake_that_comes_before_a_childs_first_poll_is_not_lost) {
    EXPECT_EQ(in_child([&] {
                  backend->wake();  // as a signal's handler may
                  backend->poll(Backend::forever);
                  return 0;
              }),
              0);
}

TEST_P(OnceSystem, a_forked_child_uses_it_without_touching_the_parents) {
    auto [a, b] = socket_pair();
    TestOperation op(Opcode::recv, a, buffer, sizeof buffer);
    begin(op);
    const int status = in_child([&, &from = a] {
        Pair own = socket_pair();
        char byte = 0;
        TestOperation mine(Opcode::recv, own.a, &byte, 1);
        begin(mine);
        if (op.completions != 1 || op.result != -ECANCELED) return 1;  // the parent has it
        if (::write(own.b, "x", 1) != 1) return 2;
        if (result_of(mine) != 1) return 3;
        backend->wake();
        backend->poll(Backend::forever);
        backend->close(from);
        backend.reset();
        return HasFailure() ? 4 : 0;
    });
    EXPECT_EQ(status, 0);
    EXPECT_EQ(op.completions, 0);
    ASSERT_EQ(::write(b, "parent", 6), 6);
    EXPECT_EQ(result_of(op), 6);
}

}  // namespace

}  // namespace hocket
