// SPDX-License-Identifier: MIT
// Operations of every kind that are cancelled at any moment: what a read took is delivered or still there, what a write moved is said,
// and the memory of an operation that has returned is not touched again.
#include <hocket/core/operation.h>
#include <hocket/flow/gather.h>
#include <hocket/net/address.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <tests/support/torture.h>
#include <unistd.h>
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace hocket {
namespace {

using testing::all_faults;
using testing::are_bytes_from;
using testing::bytes_from;
using testing::cancels_wanted;
using testing::Faults;
using testing::Quarantine;
using testing::run_tortured;
using testing::Torturer;

/// Two ends that do not block; closed at the end.
struct Ends {
    int out = -1, in = -1;

    static Ends pipe() {
        int fds[2];
        EXPECT_EQ(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
        return {fds[0], fds[1]};
    }
    static Ends sockets() {
        int fds[2];
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
        return {fds[0], fds[1]};
    }
    Ends(int read_end, int write_end) : out(read_end), in(write_end) {}
    Ends(Ends&& other) noexcept : out(std::exchange(other.out, -1)), in(std::exchange(other.in, -1)) {}
    ~Ends() {
        if (out >= 0) ::close(out);
        if (in >= 0) ::close(in);
    }
};

/// What it did is told in `result`: a task that is cancelled while its last operation takes effect has no other way to say it.
Coro<> operate(Opcode code, int fd, void* data, std::size_t size, int& result) {
    PendingOperation op(code, fd);
    op.data = data;
    op.size = size;
    op.flags = code == Opcode::poll ? POLLIN : 0;
    result = co_await std::move(op);
}

/// Its result, or -ECANCELED; fails the test where it ends in another way than by a cancel.
Coro<int> cancelled_at_any_moment(Torturer& torturer, Opcode code, int fd, void* data = nullptr, std::size_t size = 0) {
    int result = -ECANCELED;
    testing::only_cancelled(co_await torturer.torture(operate(code, fd, data, size, result)));
    EXPECT_TRUE(result >= 0 || result == -ECANCELED) << result;
    co_return result;
}

/// Reads from `fd` until so many cancels were delivered; the bytes must be those that were written, in order.
Coro<> take(Opcode code, int fd, std::uint64_t seed, std::size_t cancels, bool& enough) {
    Torturer torturer(seed);
    Quarantine quarantine;
    std::uint64_t position = 0;
    while (torturer.cancels() < cancels) {
        auto buffer = Quarantine::fresh();
        const int n = co_await cancelled_at_any_moment(torturer, code, fd, buffer->data(), 1 + torturer.below(256));
        const std::string_view read(buffer->data(), static_cast<std::size_t>(std::max(n, 0)));
        if (!are_bytes_from(position, read)) {
            ADD_FAILURE() << "not what was written, near " << position;
            break;
        }
        position += read.size();
        quarantine.add(std::move(buffer));
    }
    enough = true;
}

/// Writes on; a write that was cancelled and moved nothing has moved nothing.
Coro<> give(Opcode code, int fd, std::uint64_t seed, const bool& enough) {
    Torturer torturer(seed);
    std::uint64_t position = 0;
    while (!enough) {
        std::string bytes = bytes_from(position, 1 + torturer.below(300));
        const int n = co_await cancelled_at_any_moment(torturer, code, fd, bytes.data(), bytes.size());
        if (n > 0) position += static_cast<std::uint64_t>(n);
    }
}

Coro<> transfer(Ends (*make)(), Opcode reading, Opcode writing, std::uint64_t seed, std::size_t cancels) {
    const Ends ends = make();
    bool enough = false;
    co_await gather(take(reading, ends.out, seed, cancels, enough), give(writing, ends.in, seed + 1, enough));
}

TEST(RealOperationTorture, reads_and_writes_of_pipes_lose_nothing) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        run_tortured(seed == 1 ? Faults{} : all_faults, seed,
                     transfer(Ends::pipe, Opcode::read, Opcode::write, seed, cancels_wanted(5'000)));
    }
}

TEST(RealOperationTorture, recv_and_send_lose_nothing) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        run_tortured(seed == 1 ? Faults{} : all_faults, seed,
                     transfer(Ends::sockets, Opcode::recv, Opcode::send, seed, cancels_wanted(5'000)));
    }
}

Coro<> poll_on(std::size_t cancels) {
    const Ends ends = Ends::pipe();
    Torturer torturer(31);
    std::size_t readable = 0, wanted = 0;
    while (torturer.cancels() < cancels) {
        const bool write = torturer.below(2) == 0;
        if (write) {
            EXPECT_EQ(::write(ends.in, "x", 1), 1);
        }
        wanted += write;
        const int events = co_await cancelled_at_any_moment(torturer, Opcode::poll, ends.out);
        if (events >= 0) {
            EXPECT_EQ(events & POLLIN, POLLIN);
            EXPECT_TRUE(write);
            ++readable;
        }
        char byte = 0;
        if (write) {
            EXPECT_EQ(::read(ends.out, &byte, 1), 1);
        }
    }
    EXPECT_GT(readable, wanted / 20);
}

TEST(RealOperationTorture, poll_says_only_what_is_so) { run_tortured(all_faults, 31, poll_on(cancels_wanted(8'000))); }

Coro<> accept_on(std::size_t cancels) {
    EventLoop& loop = get_running_loop();
    Backend& backend = loop.backend();
    const int listener = backend.socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr address{};
    address.sa_family = AF_UNIX;
    EXPECT_EQ(backend.bind(listener, &address, sizeof address.sa_family), 0);  // a name that the system chooses
    EXPECT_EQ(backend.listen(listener, 100), 0);
    RawAddress name;
    EXPECT_EQ(backend.getsockname(listener, name.get(), &name.size), 0);

    Torturer torturer(41);
    std::size_t connected = 0, accepted = 0;
    while (torturer.cancels() < cancels) {
        int client = -1;
        if (torturer.below(3) > 0 && connected - accepted < 50) {
            client = backend.socket(AF_UNIX, SOCK_STREAM, 0);
            EXPECT_EQ(::connect(client, name.get(), name.size), 0);
            ++connected;
        }
        const int fd = co_await cancelled_at_any_moment(torturer, Opcode::accept, listener);
        if (fd >= 0) {
            backend.close(fd);
            ++accepted;
        }
        if (client >= 0) backend.close(client);
    }
    while (accepted < connected) {  // none was accepted and forgotten
        int fd = -1;
        co_await operate(Opcode::accept, listener, nullptr, 0, fd);
        EXPECT_GE(fd, 0);
        backend.close(fd);
        ++accepted;
    }
    backend.close(listener);
}

TEST(RealOperationTorture, accept_forgets_no_connection) {
    run_tortured(all_faults, 41, accept_on(cancels_wanted(4'000)));
}

}  // namespace
}  // namespace hocket
