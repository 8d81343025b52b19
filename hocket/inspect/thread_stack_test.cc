// SPDX-License-Identifier: MIT
// Where tasks are that run: a child looks at its parent, whose loop stands still until it has.
#include <hocket/hocket.h>
#include <hocket/inspect/remote.h>

#include <tests/support/child.h>
#include <tests/support/stacks.h>

#include <gtest/gtest.h>

#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

namespace hocket::inspect {
namespace {

using namespace std::chrono_literals;

class RealThreadStack : public ::testing::Test {
protected:
    void SetUp() override {
        if (const char* why = testing::why_no_stacks()) GTEST_SKIP() << why;
    }
};

// The parent, as its child sees it.
struct Parent {
    Sources sources = Sources::of_process(getppid());
    LoopSnapshot loop = loop_of(*sources.memory);

    std::vector<std::string> places(const std::string& name, int moved = 0) const {
        const auto task = std::ranges::find(loop.tasks, name, &TaskSnapshot::name);
        if (task == loop.tasks.end()) return {"there is no task " + name};
        TaskSnapshot changed = *task;
        changed.id += static_cast<RemoteAddress>(moved);
        return places_of(changed, loop, sources);
    }

private:
    static LoopSnapshot loop_of(const Memory& memory) {
        const Snapshot all = read_snapshot(memory);
        const auto found = std::ranges::find(all.loops, getppid(), &LoopSnapshot::thread);
        return found == all.loops.end() ? LoopSnapshot() : *found;
    }
};

// A child's exit status, and what it says if it is not that all is right.
int verdict(bool is_right, const std::vector<std::string>& places, const std::vector<std::string>& of_outer = {}) {
    if (is_right) return 0;
    for (const std::string& place : places) std::fprintf(stderr, "at %s\n", place.c_str());
    for (const std::string& place : of_outer) std::fprintf(stderr, "outer, at %s\n", place.c_str());
    return 1;
}

bool has(const std::vector<std::string>& places, const std::string& function) {
    return std::ranges::any_of(places, [&](const std::string& place) {
        return place.find("::" + function + " (inspect/thread_stack_test.cc:") != std::string::npos;
    });
}

Coro<> stand(int (*look)(), int& said) {
    said = testing::in_child(look);
    co_return;
}
Coro<> await_it(int (*look)(), int& said) { co_await stand(look, said); }
Coro<> begin_it(int (*look)(), int& said) {
    const auto inner = create_task(await_it(look, said), {.name = "inner", .eager_start = true});
    co_await inner;
}
Coro<> await_beginning(int (*look)(), int& said) { co_await begin_it(look, said); }
Coro<> begin_both(int (*look)(), int& said) {
    const auto middle = create_task(begin_it(look, said), {.name = "middle", .eager_start = true});
    co_await middle;
}

int run_as_outer(Coro<> (*body)(int (*)(), int&), int (*look)()) {
    int said = -1;
    const auto amain = [&]() -> Coro<> {
        co_await hocket::sleep(0s);
        co_await create_task(body(look, said), {.name = "outer"});
    };
    run(amain());
    return said;
}

TEST_F(RealThreadStack, has_those_that_await_what_is_on_it) {
    EXPECT_EQ(run_as_outer(await_it,
                           [] {
                               const std::vector<std::string> places = Parent().places("outer");
                               return verdict(has(places, "stand") && has(places, "await_it"), places);
                           }),
              0);
}

TEST_F(RealThreadStack, is_not_that_of_a_task_that_its_thread_has_left) {
    EXPECT_EQ(run_as_outer(stand,
                           [] {
                               const std::vector<std::string> places = Parent().places("outer", 16);
                               return verdict(places.empty(), places);
                           }),
              0);
}

TEST_F(RealThreadStack, has_a_task_that_has_begun_another_below_it) {
    EXPECT_EQ(run_as_outer(await_beginning,
                           [] {
                               const Parent parent;
                               const std::vector<std::string> inner = parent.places("inner"),
                                                              outer = parent.places("outer");
                               const bool is_right = has(inner, "stand") && has(inner, "await_it") &&
                                                     !has(inner, "begin_it") && !has(outer, "stand") &&
                                                     !has(outer, "await_it") && has(outer, "begin_it") &&
                                                     has(outer, "await_beginning");
                               return verdict(is_right, inner, outer);
                           }),
              0);
}

int dig(int levels, int (*look)()) {
    volatile int said = levels == 0 ? testing::in_child(look) : dig(levels - 1, look);  // no call in its place, no loop
    return said;
}
Coro<> dig_deep(int (*look)(), int& said) {
    said = dig(5000, look);
    co_return;
}

TEST_F(RealThreadStack, is_read_as_far_as_anybody_looks) {
    EXPECT_EQ(run_as_outer(dig_deep,
                           [] {
                               const Parent parent;
                               const std::vector<std::string> places = parent.places("outer");
                               const auto outer = std::ranges::find(parent.loop.tasks, "outer", &TaskSnapshot::name);
                               const AwaitNode node = node_of(*outer, parent.loop, parent.sources);
                               const bool is_right = has(places, "dig") && places.size() < 5000 &&
                                                     node.frames.size() == 200 &&
                                                     node.more_frames == places.size() - 200;
                               return verdict(is_right, places);
                           }),
              0);
}

Coro<> dig_below(int levels, int (*look)(), int& said) {
    if (levels > 0) co_return co_await dig_below(levels - 1, look, said);
    said = dig(100, look);
}
Coro<> go_below(int (*look)(), int& said) { co_await dig_below(50, look, said); }

// Each of the functions that it has called may have the address of its frame.
TEST_F(RealThreadStack, has_all_that_await_a_coroutine_which_calls_many_functions) {
    EXPECT_EQ(run_as_outer(go_below,
                           [] {
                               const std::vector<std::string> places = Parent().places("outer");
                               const auto below = std::ranges::count_if(places, [](const std::string& place) {
                                   return place.find("::dig_below (") != std::string::npos;
                               });
                               return verdict(below == 51 && has(places, "go_below"), places);
                           }),
              0);
}

Coro<> report_it(int (*look)(), int& said) {
    EventLoop& loop = get_running_loop();
    loop.set_exception_handler([&](EventLoop&, const ErrorContext&) { said = testing::in_child(look); });
    loop.call_exception_handler(ErrorContext{.message = "look", .exception = {}});
    loop.set_exception_handler(nullptr);
    co_return;
}
Coro<> begin_report(int (*look)(), int& said) {
    const auto inner = create_task(report_it(look, said), {.name = "inner", .eager_start = true});
    co_await inner;
}

// A task may call functions of its loop, which call others.
TEST_F(RealThreadStack, goes_on_above_what_a_task_calls_of_its_loop) {
    EXPECT_EQ(run_as_outer(begin_report,
                           [] {
                               const Parent parent;
                               const std::vector<std::string> inner = parent.places("inner"),
                                                              outer = parent.places("outer");
                               const bool is_right = has(inner, "report_it") && !has(outer, "report_it") &&
                                                     has(outer, "begin_report") && !has(inner, "begin_report");
                               return verdict(is_right, inner, outer);
                           }),
              0);
}

// For as long as the other holds it, far less than anybody waits.
TEST_F(RealThreadStack, is_waited_for_while_another_looks) {
    EXPECT_EQ(run_as_outer(stand,
                           [] {
                               const Parent parent;
                               int begun[2];
                               if (pipe(begun) < 0) return 2;
                               const pid_t thread = getppid(), other = fork();
                               if (other == 0) {
                                   const bool holds = ptrace(PTRACE_SEIZE, thread, 0, 0) == 0;
                                   (void)!write(begun[1], &holds, 1);
                                   std::this_thread::sleep_for(100ms);
                                   _exit(0);  // which lets go of it
                               }
                               bool holds = false;
                               if (read(begun[0], &holds, 1) != 1 || !holds) return 3;
                               const std::vector<std::string> places = parent.places("outer");
                               waitpid(other, nullptr, 0);
                               return verdict(has(places, "stand"), places);
                           }),
              0);
}

// Whose part of the stack is whose is not known.
TEST_F(RealThreadStack, has_no_places_for_several_that_have_begun_others) {
    EXPECT_EQ(run_as_outer(begin_both,
                           [] {
                               const Parent parent;
                               const std::vector<std::string> middle = parent.places("middle"),
                                                              outer = parent.places("outer");
                               const bool is_right =
                                   has(parent.places("inner"), "stand") && middle.empty() && outer.empty();
                               return verdict(is_right, middle, outer);
                           }),
              0);
}

}  // namespace
}  // namespace hocket::inspect
