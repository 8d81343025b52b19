// SPDX-License-Identifier: MIT
// The monitor: who may look, what is seen of busy and of blocked loops, and snapshots under full load.
#include <hocket/inspect/monitor_test.h>

#include <hocket/core/awaitable.h>
#include <hocket/core/mailbox.h>
#include <hocket/inspect/remote.h>

#include <tests/support/allocations.h>
#include <tests/support/child.h>
#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <latch>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

namespace hocket::inspect {
namespace {

using namespace std::chrono_literals;
using testing::thrown_by;

const LoopSnapshot* loop_with(const Snapshot& snapshot, const std::string& task) {
    for (const LoopSnapshot& loop : snapshot.loops) {
        if (std::ranges::any_of(loop.tasks, [&](const TaskSnapshot& t) { return t.name == task; })) return &loop;
    }
    return nullptr;
}

TEST_F(RealMonitor, a_loop_that_waits_is_seen) {
    const auto amain = []() -> Coro<> {
        const Task<> resting = create_task(rest(), {.name = "resting"});
        const Snapshot snapshot = co_await to_thread([] { return snapshot_of_process(getpid()); });
        EXPECT_EQ(snapshot.pid, getpid());
        const LoopSnapshot* const loop = loop_with(snapshot, "resting");
        EXPECT_NE(loop, nullptr);
        if (loop == nullptr) co_return;
        EXPECT_TRUE(loop->stood);
        EXPECT_EQ(loop->thread, static_cast<int>(gettid()));
        EXPECT_EQ(loop->backend, std::string(get_running_loop().backend().name()));
    };
    run(amain());
}

std::size_t mail_of(Mailbox& mailbox) {
    const std::lock_guard lock(mailbox.mutex);
    std::size_t nodes = 0;
    for (const Node* n = mailbox.first; n != nullptr; n = n->next) ++nodes;
    return nodes;
}

TEST_F(RealMonitor, a_loop_that_is_blocked_finds_one_invitation_however_many_looks_there_were) {
    const auto amain = [](bool looks_to_the_end) -> Coro<> {
        Mailbox& mailbox = *get_running_loop().mailbox();
        auto counting = std::make_unique<Observation>(getpid());
        std::thread([&] {
            for (int i = 0; i < 5; ++i) {
                snapshot_of_process(getpid());
                Observation another(getpid());
                another.count();  // and no more, when it has gone
                another.look();
            }
            if (looks_to_the_end) counting->count();
        }).join();
        EXPECT_EQ(mail_of(mailbox), 1U);
        co_await hocket::sleep(1ms);
        co_await until_watched(looks_to_the_end);
    };
    run(amain(true));
    run(amain(false));
}

// It stands in a system call, and answers nobody.
TEST_F(RealMonitor, a_loop_that_is_blocked_is_seen) {
    std::latch blocked(1), seen(1);
    std::thread other([&] {
        const auto amain = [&]() -> Coro<> {
            const Task<> resting = create_task(rest(), {.name = "beside"});
            co_await hocket::sleep(1ms);
            current_task().set_name("blocker");
            blocked.count_down();
            seen.wait();
        };
        run(amain());
    });
    blocked.wait();
    const Snapshot snapshot = snapshot_of_process(getpid());
    seen.count_down();
    other.join();
    const LoopSnapshot* const loop = loop_with(snapshot, "blocker");
    ASSERT_NE(loop, nullptr);
    EXPECT_FALSE(loop->stood);
    EXPECT_EQ(loop->tasks.size(), 2U);
    EXPECT_EQ(loop_with(snapshot, "beside"), loop);
    const auto blocker = std::ranges::find(loop->tasks, "blocker", &TaskSnapshot::name);
    EXPECT_EQ(blocker->state, TaskSnapshot::State::running);
}

TEST_F(OnceMonitor, nobody_else_can_reach_its_socket) {
    const std::string path = monitor_path(getpid(), geteuid());
    struct stat socket{}, folder{};
    ASSERT_EQ(::lstat(path.c_str(), &socket), 0) << path;
    ASSERT_EQ(::lstat(path.substr(0, path.rfind('/')).c_str(), &folder), 0);
    EXPECT_TRUE(S_ISSOCK(socket.st_mode));
    EXPECT_EQ(socket.st_mode & 0777, 0600U);
    EXPECT_EQ(folder.st_mode & 0777, 0700U);
}

TEST_F(OnceMonitor, the_child_of_a_fork_leaves_it_alone) {
    EXPECT_EQ(testing::in_child([] {
                  stop_monitor();
                  return 0;
              }),
              0);
    EXPECT_EQ(snapshot_of_process(getpid()).pid, getpid());
}

TEST_F(OnceMonitor, the_child_of_a_fork_may_have_its_own) {
    if (testing::starts_no_threads_in_children)
        GTEST_SKIP() << "ThreadSanitizer ends a forked child that starts a thread";
    EXPECT_EQ(testing::in_child([] {
                  start_monitor();
                  const bool own = snapshot_of_process(getpid()).pid == getpid();
                  stop_monitor();
                  return own ? 0 : 1;
              }),
              0);
    EXPECT_EQ(snapshot_of_process(getpid()).pid, getpid());
}

TEST_F(RealMonitor, of_a_forked_child_tells_that_its_parents_loop_does_not_run_there) {
    if (testing::starts_no_threads_in_children)
        GTEST_SKIP() << "ThreadSanitizer ends a forked child that starts a thread";
    const auto amain = []() -> Coro<> {
        const auto in_child = [] {
            start_monitor();
            const Snapshot snapshot = snapshot_of_process(getpid());
            stop_monitor();
            return snapshot.loops.at(0).thread == 0 ? 0 : 1;
        };
        EXPECT_EQ(co_await to_thread([in_child] { return testing::in_child(in_child); }), 0);
        EXPECT_EQ(testing::in_child([in_child] { return in_child(); }), 1);  // which goes on with it
    };
    run(amain());
}

TEST_F(OnceMonitor, a_process_that_is_not_there_is_an_error) {
    int gone = 0;
    testing::in_child([] { return 0; });
    const pid_t child = fork();
    if (child == 0) _exit(0);
    waitpid(child, &gone, 0);
    EXPECT_EQ(thrown_by([child] { snapshot_of_process(child); }),
              "hocket::OSError: look into process " + std::to_string(child) + ": No such process");
}

// ---- What goes wrong

// A wait that cannot be put into words.
class Unspeakable : Leaf {
public:
    using HocketAwaiter = Unspeakable;
    static constexpr bool awaited_often = true;

    bool await_ready() const noexcept { return false; }
    void await_suspend(AwaitingFrame h) noexcept {
        TaskBase& t = *this_loop->current;
        t.wait_on(*this, h);
        t.deliver_pending_cancel();
    }
    void await_resume() const { resume_point(); }

private:
    bool cancel_wait(TaskBase& t) noexcept override {
        t.interrupt();
        return true;
    }
    void describe(AwaitDescription&) const override { throw RuntimeError("no words"); }
};

Coro<> wait_unspeakably() {
    Unspeakable wait;
    co_await wait;
}

TEST_F(RealMonitor, what_cannot_be_written_down_is_an_error_and_the_next_look_is_well) {
    const auto amain = []() -> Coro<> {
        const Task<> task = create_task(wait_unspeakably());
        co_await hocket::sleep(1ms);
        EXPECT_EQ(co_await to_thread([] { return thrown_by([] { snapshot_of_process(getpid()); }); }),
                  "hocket::RuntimeError: process " + std::to_string(getpid()) +
                      ": the tasks could not be read: each of 3 forked children ended before it had told them");
        task.cancel();
        co_await wait({task});
        EXPECT_EQ((co_await to_thread([] { return snapshot_of_process(getpid()); })).loops.size(), 1U);
    };
    run(amain());
}

TEST_F(RealMonitor, loops_count_while_somebody_looks_on) {
    const auto amain = []() -> Coro<> {
        EXPECT_FALSE(is_watched());
        auto first = std::make_unique<Observation>(getpid()), second = std::make_unique<Observation>(getpid());
        co_await to_thread([&] { first->count(); });
        co_await until_watched(true);
        co_await to_thread([&] { second->count(); });
        const Task<> resting = create_task(rest(), {.name = "resting"});
        co_await hocket::sleep(1ms);
        const Snapshot seen = co_await to_thread([&] { return first->look(); });
        const LoopSnapshot* const loop = loop_with(seen, "resting");
        EXPECT_TRUE(loop != nullptr && loop->counters && loop->task_counters.size() == loop->tasks.size());
        if (loop == nullptr || !loop->counters) co_return;
        EXPECT_GT(loop->counters->steps_made, 0U);
        EXPECT_EQ(loop->task_counters.back().resumes, 1U);
        first.reset();
        co_await to_thread([&] { return second->look(); });  // the monitor has seen by now that the first has gone
        EXPECT_TRUE(is_watched());
        second.reset();
        co_await until_watched(false);
        start_counting(get_running_loop());  // what the program wants is its own
        co_await to_thread([] { Observation(getpid()).count(); });
        co_await to_thread([] { Observation(getpid()).look(); });
        EXPECT_TRUE(is_watched());
    };
    run(amain());
}

Coro<> go_on() { co_await hocket::sleep(1ms); }

// Its loop has an invitation from somebody who is not in the child.
TEST_F(RealMonitor, the_child_of_a_fork_does_not_wait_for_its_parents_visitor) {
    const auto amain = []() -> Coro<> {
        Mailbox& mailbox = *get_running_loop().mailbox();
        std::thread looking([] { snapshot_of_process(getpid()); });
        EXPECT_TRUE(testing::comes_true([&] { return mailbox.full.load() != 0; }));
        EXPECT_EQ(testing::in_child([] {
                      nested_run(go_on());
                      return 0;
                  }),
                  0);
        co_await hocket::sleep(1ms);
        co_await to_thread([&looking] { looking.join(); });
    };
    run(amain());
}

TEST_F(OnceMonitor, a_request_that_it_does_not_know_is_an_error) {
    const ByHand client;
    client.send("dance\n");
    EXPECT_EQ(client.line(), "error\tno such request: dance");
    client.send(std::string(1000, 'x'));
    EXPECT_EQ(client.line(), "");  // it has hung up
}

TEST_F(OnceMonitor, those_that_are_too_many_are_told_so) {
    std::vector<std::unique_ptr<ByHand>> clients;
    clients.reserve(17);
    for (int i = 0; i < 17; ++i) clients.push_back(std::make_unique<ByHand>());
    EXPECT_EQ(clients.back()->line(), "error\ttoo many look at it already");
    clients.front()->send("dance\n");
    EXPECT_EQ(clients.front()->line(), "error\tno such request: dance");
}

TEST_F(OnceMonitor, that_has_no_memory_lets_those_go_that_look) {
    if (!HOCKET_POOL) GTEST_SKIP() << "sanitizers have their own operator new";
    std::vector<std::unique_ptr<ByHand>> clients(2);
    for (auto& client : clients) {
        client = std::make_unique<ByHand>();
        client->send("dance\n");
        EXPECT_EQ(client->line(), "error\tno such request: dance");
    }
    testing::refused_from = 0;
    clients.pop_back();  // which it sees
    const std::string line = clients.front()->line();
    testing::refused_from = SIZE_MAX;
    EXPECT_EQ(line, "");
    EXPECT_EQ(snapshot_of_process(getpid()).pid, getpid());
}

TEST_F(RealMonitor, that_has_no_memory_ends_what_those_have_begun_that_looked) {
    if (!HOCKET_POOL) GTEST_SKIP() << "sanitizers have their own operator new";
    const auto amain = []() -> Coro<> {
        ByHand counting;
        auto other = std::make_unique<ByHand>();
        counting.send("count\n");
        counting.line();
        other->send("dance\n");
        other->line();
        co_await until_watched(true);
        testing::refused_from = 0;
        other.reset();  // which it sees
        const std::string line = counting.line();
        testing::refused_from = SIZE_MAX;
        EXPECT_EQ(line, "");
        co_await until_watched(false);
    };
    run(amain());
}

// ---- Under full load

// A tree of ten times ten times ten, whose leaves run all the time, and end and begin anew.
Coro<> leaf() {
    for (int i = 0; i < 50; ++i) co_await hocket::sleep(0);
}
Coro<> branch(std::string name, int levels) {
    for (;;) {
        if (levels == 0) {
            co_await create_task(leaf(), {.name = name + ".leaf"});
            continue;
        }
        std::vector<Task<>> below;
        below.reserve(10);
        for (int i = 0; i < 10; ++i) {
            const std::string child = name + "." + std::to_string(i);
            below.push_back(create_task(branch(child, levels - 1), {.name = child}));
        }
        co_await gather(below[0], below[1], below[2], below[3], below[4], below[5], below[6], below[7], below[8],
                        below[9]);
    }
}

// Each task that another awaits is there, and is its child.
void expect_whole(const LoopSnapshot& loop) {
    std::unordered_map<RemoteAddress, const TaskSnapshot*> tasks;
    for (const TaskSnapshot& t : loop.tasks) EXPECT_TRUE(tasks.emplace(t.id, &t).second) << t.name << " is there twice";
    std::size_t edges = 0;
    for (const TaskSnapshot& t : loop.tasks) {
        if (!t.name.starts_with("root")) continue;
        if (t.state != TaskSnapshot::State::waiting) continue;
        for (const RemoteAddress id : t.awaited) {
            const auto found = tasks.find(id);
            ASSERT_NE(found, tasks.end()) << t.name << " awaits a task that is not there";
            EXPECT_TRUE(found->second->name.starts_with(t.name + ".")) << t.name << " awaits " << found->second->name;
            ++edges;
        }
        EXPECT_FALSE(t.frames.empty()) << t.name;
    }
    EXPECT_GE(edges, 110U);
}

TEST_F(RealMonitor, a_tree_at_work_is_never_torn) {
    const char* const times = std::getenv("HOCKET_TORTURE");
    const int snapshots = 200 * (times != nullptr ? std::max(1, std::atoi(times)) : 1);
    const auto amain = [snapshots]() -> Coro<> {
        const Task<> root = create_task(branch("root", 3), {.name = "root"});
        co_await hocket::sleep(1ms);
        co_await to_thread([snapshots] {
            int whole = 0;
            for (int i = 0; i < snapshots && !::testing::Test::HasFailure(); ++i) {
                const Snapshot snapshot = snapshot_of_process(getpid());
                const LoopSnapshot* const loop = loop_with(snapshot, "root");
                ASSERT_NE(loop, nullptr);
                if (!loop->stood) continue;  // the machine is busy: what is seen may be amid a change
                ++whole;
                EXPECT_GE(loop->tasks.size(), 1000U);
                expect_whole(*loop);
            }
            EXPECT_GE(whole, 1);
        });
    };
    run(amain());
}

}  // namespace
}  // namespace hocket::inspect
