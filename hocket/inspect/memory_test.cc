// SPDX-License-Identifier: MIT
// What is read from memory says the same as the process itself.
#include <hocket/inspect/memory.h>

#include <hocket/core/layout.h>
#include <hocket/core/operation.h>
#include <hocket/hocket.h>
#include <hocket/inspect/remote.h>

#include <tests/support/child.h>
#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <latch>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace hocket::inspect {
namespace {

using namespace std::chrono_literals;
using State = TaskSnapshot::State;
using testing::thrown_by;

Coro<> rest() { co_await hocket::sleep(1h); }
Coro<> rest_deeper() { co_await rest(); }
Coro<> take(Lock& lock) { co_await lock.acquire(); }
Coro<> get(Queue<int>& queue) { co_await queue.get(); }
template <class T>
Coro<> join(T task) {
    co_await task;
}
Coro<> poll_for_data(int fd) {
    PendingOperation operation(Opcode::poll, fd);
    operation.flags = POLLIN;
    co_await std::move(operation);
}
Coro<> wait_for_all(Task<> task) { co_await wait({task}); }
Coro<> look_for_first(Task<> task) {
    auto done = as_completed({task});
    co_await done.next();
}
Coro<> nothing() { co_return; }

Snapshot of_this_process() { return read_snapshot(*memory_of_process(getpid())); }

const TaskSnapshot& named(const std::vector<TaskSnapshot>& tasks, const std::string& name) {
    static const TaskSnapshot none;
    const auto found = std::ranges::find(tasks, name, &TaskSnapshot::name);
    EXPECT_NE(found, tasks.end()) << name;
    return found == tasks.end() ? none : *found;
}

TEST(RealMemory, says_what_the_process_itself_says) {
    const auto amain = []() -> Coro<> {
        Lock lock;
        Queue<int> queue;
        co_await lock.acquire();
        const Task<> sleeper = create_task(rest_deeper(), {.name = "sleeper"});
        const Task<> boss = create_task(join(sleeper), {.name = "boss"});
        const Task<> queued = create_task(take(lock), {.name = "queued"});
        const Task<> getter = create_task(get(queue), {.name = "getter"});
        const Task<> asked = create_task(rest(), {.name = "asked"});
        int pipe[2];
        EXPECT_EQ(::pipe2(pipe, O_CLOEXEC | O_NONBLOCK), 0);
        const Task<> reader = create_task(poll_for_data(pipe[0]), {.name = "reader"});
        const Task<> gathering = create_task(join(gather(sleeper, asked)), {.name = "gathering"});
        const Task<> shielded = create_task(join(shield(sleeper)), {.name = "shielded"});
        const Task<> waiting = create_task(wait_for_all(sleeper), {.name = "waiting"});
        const Task<> first = create_task(look_for_first(sleeper), {.name = "first"});
        co_await hocket::sleep(1ms);
        const Task<> fresh = create_task(nothing(), {.name = "new"});
        asked.cancel();
        const LoopSnapshot own = snapshot_of(get_running_loop());
        const Snapshot all = of_this_process();
        const auto read = std::ranges::find(all.loops, own.number, &LoopSnapshot::number);
        EXPECT_NE(read, all.loops.end());
        if (read == all.loops.end()) co_return;
        EXPECT_EQ(read->thread, own.thread);
        EXPECT_EQ(read->backend, own.backend);
        EXPECT_EQ(read->tasks.size(), own.tasks.size());
        for (std::size_t i = 0; i < std::min(read->tasks.size(), own.tasks.size()); ++i) {
            const TaskSnapshot &a = own.tasks[i], &b = read->tasks[i];
            EXPECT_EQ(a.id, b.id);
            EXPECT_EQ(a.name, b.name);
            EXPECT_EQ(name_of(a.state), name_of(b.state)) << a.name;
            EXPECT_EQ(a.cancels, b.cancels) << a.name;
            EXPECT_EQ(a.frames, b.frames) << a.name;
            EXPECT_EQ(a.created_at, b.created_at) << a.name;
        }
        EXPECT_EQ(named(read->tasks, "sleeper").awaits, "sleep");
        EXPECT_EQ(named(read->tasks, "boss").awaited, std::vector<RemoteAddress>{named(own.tasks, "sleeper").id});
        EXPECT_EQ(named(read->tasks, "boss").awaits, "sleeper");
        EXPECT_EQ(named(read->tasks, "gathering").awaits, "gather");
        EXPECT_EQ(named(read->tasks, "shielded").awaits, "shield");
        EXPECT_EQ(named(read->tasks, "waiting").awaits, "wait");
        EXPECT_EQ(named(read->tasks, "first").awaits, "as_completed");
        EXPECT_EQ(named(read->tasks, "queued").awaits, "Lock");
        EXPECT_EQ(named(read->tasks, "getter").awaits, "Queue.get");
        EXPECT_EQ(named(read->tasks, "reader").awaits, named(own.tasks, "reader").awaits);
        lock.release();
        boss.cancel();
        getter.cancel();
        reader.cancel();
        co_await wait({reader});
        ::close(pipe[0]);
        ::close(pipe[1]);
    };
    run(amain());
}

TEST(RealMemory, of_a_live_process_says_what_descriptors_are) {
    const auto amain = []() -> Coro<> {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
                  client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
                  datagrams = ::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0), event = ::eventfd(0, EFD_CLOEXEC);
        socklen_t size = sizeof address;
        const auto raw = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(::bind(listener, raw, sizeof address), 0);
        EXPECT_EQ(::listen(listener, 1), 0);
        EXPECT_EQ(::getsockname(listener, raw, &size), 0);
        EXPECT_EQ(::connect(client, raw, sizeof address), 0);
        sockaddr_in6 any{};
        any.sin6_family = AF_INET6;
        any.sin6_addr = in6addr_loopback;
        EXPECT_EQ(::bind(datagrams, reinterpret_cast<const sockaddr*>(&any), sizeof any), 0);
        std::vector<Task<>> polling;
        for (const int fd : {client, datagrams, event})
            polling.push_back(create_task(poll_for_data(fd), {.name = std::to_string(fd)}));
        co_await hocket::sleep(1ms);
        const LoopSnapshot own = snapshot_of(get_running_loop());
        const Snapshot all = of_this_process();
        const auto read = std::ranges::find(all.loops, own.number, &LoopSnapshot::number);
        EXPECT_NE(read, all.loops.end());
        const std::string port = std::to_string(ntohs(address.sin_port));
        EXPECT_EQ(named(read->tasks, std::to_string(client)).awaits,
                  "poll of descriptor " + std::to_string(client) + ", TCP to 127.0.0.1:" + port);
        for (const int fd : {client, datagrams, event}) {
            const std::string name = std::to_string(fd);
            EXPECT_EQ(named(read->tasks, name).awaits, named(own.tasks, name).awaits);
        }
        for (const Task<>& task : polling) task.cancel();
        co_await wait(polling);
        for (const int fd : {listener, client, datagrams, event}) ::close(fd);
    };
    run(amain());
}

// This process, in which one byte is another with each of so many readings.
class Restless final : public Memory {
public:
    Restless(RemoteAddress byte, int changes) : byte_(byte), changes_left_(changes) {}
    bool read(std::uint64_t address, std::span<std::byte> to) const override {
        if (!own_->read(address, to)) return false;
        if (address == byte_ && changes_left_ > 0) to[0] = static_cast<std::byte>(changes_left_--);
        return true;
    }
    std::vector<Range> variables() const override { return own_->variables(); }
    int pid() const noexcept override { return own_->pid(); }
    std::vector<Thread> threads() const override { return own_->threads(); }
    std::string name() const override { return own_->name(); }
    bool is_live() const noexcept override { return true; }

private:
    Unique<Memory> own_ = memory_of_process(getpid());
    RemoteAddress byte_;
    mutable int changes_left_;
};

TEST(RealMemory, that_changes_with_each_reading_is_torn) {
    const auto amain = []() -> Coro<> {
        const Task<> sleeper = create_task(rest(), {.name = "sleeper"});
        co_await hocket::sleep(1ms);
        const LoopSnapshot own = snapshot_of(get_running_loop());
        const RemoteAddress cancels = named(own.tasks, "sleeper").id + hocket_layout.node_cancels;
        const Snapshot torn = read_snapshot(Restless(cancels, 1000));
        EXPECT_TRUE(torn.is_torn);
        EXPECT_GT(named(torn.loops.at(0).tasks, "sleeper").cancels, 0U);
        const Snapshot whole = read_snapshot(Restless(cancels, 2));  // then it is at rest
        EXPECT_FALSE(whole.is_torn);
        EXPECT_EQ(named(whole.loops.at(0).tasks, "sleeper").cancels, 0U);
    };
    run(amain());
}

TEST(RealMemory, of_a_forked_child_has_only_the_loop_that_it_goes_on_with) {
    std::latch runs(1), over(1);
    std::thread other([&] {
        const auto amain = [&]() -> Coro<> {
            runs.count_down();
            over.wait();
            co_return;
        };
        run(amain());
    });
    runs.wait();
    const auto amain = []() -> Coro<> {
        const std::uint64_t own = get_running_loop().mark() >> 8;
        EXPECT_EQ(testing::in_child([own] {
                      int status = 0;
                      for (const LoopSnapshot& loop : of_this_process().loops) {
                          if (loop.thread != (loop.number == own ? getpid() : 0)) status = 1;
                      }
                      return status;
                  }),
                  0);
        for (const LoopSnapshot& loop : of_this_process().loops) EXPECT_NE(loop.thread, 0);
        co_return;
    };
    run(amain());
    over.count_down();
    other.join();
}

TEST(OnceMemory, of_a_process_that_is_not_there_is_an_error) {
    EXPECT_EQ(thrown_by([] { memory_of_process(999'999'999); }),
              "hocket::OSError: read /proc/999999999/maps: No such file or directory");
}

TEST(OnceMemory, what_is_not_mapped_cannot_be_read) {
    const Unique<Memory> memory = memory_of_process(getpid());
    const int value = 4711;
    int read = 0;
    EXPECT_TRUE(memory->get(reinterpret_cast<std::uint64_t>(&value), read));
    EXPECT_EQ(read, 4711);
    EXPECT_FALSE(memory->get(16, read));
    EXPECT_EQ(memory->pid(), getpid());
    const char text[] = "some text";
    EXPECT_EQ(memory->text(reinterpret_cast<std::uint64_t>(text), 100), "some text");
    EXPECT_EQ(memory->text(reinterpret_cast<std::uint64_t>(text), 4), "some");
    EXPECT_EQ(memory->text(16, 100), "");
    const std::string longer(1000, 'x');
    EXPECT_EQ(memory->text(reinterpret_cast<std::uint64_t>(longer.data()), 2000), longer);
    EXPECT_EQ(memory->text(reinterpret_cast<std::uint64_t>(longer.data()) + 1, 130), std::string(130, 'x'));
}

TEST(OnceMemory, a_file_that_is_no_core_is_refused) {
    EXPECT_EQ(thrown_by([] { memory_of_core("/etc/passwd"); }),
              "hocket::ValueError: read the core file /etc/passwd: it is no core file of a 64-bit program");
    EXPECT_EQ(thrown_by([] { memory_of_core("/proc/self/exe"); }),
              "hocket::ValueError: read the core file /proc/self/exe: it is no core file of a 64-bit program");
    EXPECT_EQ(thrown_by([] { memory_of_core("/nowhere"); }),
              "hocket::OSError: read the core file /nowhere: No such file or directory");
}

}  // namespace
}  // namespace hocket::inspect
