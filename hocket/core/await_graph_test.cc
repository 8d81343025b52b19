// SPDX-License-Identifier: MIT
// The await graph: who waits for what, as text and as data.
#include <hocket/core/await_graph.h>

#include <hocket/base/symbols.h>
#include <hocket/core/operation.h>
#include <hocket/io/runner.h>
#include <hocket/io/virtual_backend.h>

#include <tests/support/manual_backend.h>
#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::thrown_by;

// The text without places: `  at fetch (graph_test.cc:12)` becomes `  at fetch`, `created at` lines go.
std::string without_places(const std::string& text) {
    std::string out, line;
    const auto add = [&] {
        if (line.find("created at") != std::string::npos) return;
        const std::size_t at = line.find("  at ");
        if (at != std::string::npos) {
            std::string function = line.substr(at + 5, line.find(" (") - at - 5);
            function = function.substr(function.rfind(':') + 1);
            line = line.substr(0, at + 5) + function;
        }
        out += line + "\n";
    };
    for (const char c : text) {
        if (c == '\n') {
            add();
            line.clear();
        } else {
            line += c;
        }
    }
    add();
    return out;
}

bool has_symbols() { return code_locations(here()).size() > 1; }

Coro<> read_page() { co_await testing::forever(); }
Coro<> crawl() { co_await read_page(); }
Coro<> rest() { co_await hocket::sleep(90s); }
template <class T>
Coro<> join(T task) {
    co_await task;
}

TEST(VirtualAwaitGraph, shows_the_tree_of_tasks_with_their_frames) {
    if (!has_symbols()) GTEST_SKIP() << "built without libdw";
    run([]() -> Coro<> {
        const auto crawler = create_task(crawl(), {.name = "crawler"});
        const auto sleeper = create_task(rest(), {.name = "sleeper"});
        const auto joiner = create_task(join(crawler), {.name = "joiner"});
        const auto late = create_task(rest(), {.name = "late"});
        co_await hocket::sleep(0);
        const auto fresh = create_task(rest(), {.name = "fresh"});
        const std::string main = current_task().get_name();
        EXPECT_EQ(without_places(format_call_graph(get_running_loop())), main +
                                                                             ": running\n"
                                                                             "sleeper: waits for sleep, 90.000 s left\n"
                                                                             "  at rest\n"
                                                                             "joiner: waits for crawler\n"
                                                                             "  at join\n"
                                                                             "  crawler: waits for a future\n"
                                                                             "    at forever\n"
                                                                             "    at read_page\n"
                                                                             "    at crawl\n"
                                                                             "    future: pending\n"
                                                                             "late: waits for sleep, 90.000 s left\n"
                                                                             "  at rest\n"
                                                                             "fresh: not started\n"
                                                                             "  at rest\n");
        for (const AnyTask& t : {AnyTask(crawler), AnyTask(sleeper), AnyTask(late), AnyTask(fresh)}) t.cancel();
        static_cast<void>(co_await testing::ending_of(joiner));
    }());
}

TEST(AwaitGraph, names_files_and_lines) {
    if (!has_symbols()) GTEST_SKIP() << "built without libdw";
    const unsigned created = __LINE__ + 2;
    run([]() -> Coro<> {
        const auto task = create_task(crawl());
        co_await hocket::sleep(0);
        const AwaitNode node = capture_call_graph(task);
        EXPECT_EQ(node.name, task.get_name());
        EXPECT_EQ(node.state, "waits for a future");
        EXPECT_NE(node.created_at.find("(core/await_graph_test.cc:" + std::to_string(created) + ")"), std::string::npos)
            << node.created_at;
        EXPECT_EQ(node.frames.size(), 3U);
        EXPECT_NE(node.frames.back().find("crawl (core/await_graph_test.cc:"), std::string::npos) << node.frames.back();
        EXPECT_EQ(node.awaits.size(), 1U);
        task.cancel();
    }());
}

TEST(AwaitGraph, shows_a_task_that_was_woken_as_ready_and_done_ones_as_they_ended) {
    run([]() -> Coro<> {
        const auto state = [](const AnyTask& t) { return capture_call_graph(t).state; };
        const auto ready = create_task(testing::turns(3));
        const auto done = create_task(testing::turns(0)), failed = create_task(testing::failure_after(0, "x")),
                   cancelled = create_task(testing::forever());
        cancelled.cancel();
        co_await hocket::sleep(0);
        EXPECT_EQ(state(ready), "ready");
        EXPECT_EQ(state(done), "done");
        EXPECT_EQ(state(failed), "failed");
        EXPECT_EQ(state(cancelled), "cancelled");
        EXPECT_EQ(state(current_task()), "running");
        EXPECT_EQ(state(Future<>()), "pending");
        static_cast<void>(co_await testing::ending_of(failed));
    }());
}

TEST(AwaitGraph, ends_at_a_cycle) {
    run([]() -> Coro<> {
        Task<> a, b;
        a = create_task([&]() -> Coro<> { co_await b; });
        b = create_task([&]() -> Coro<> { co_await a; });
        co_await testing::turns(2);
        const std::string text = format_call_graph(capture_call_graph(a));
        EXPECT_NE(text.find(" (a cycle)"), std::string::npos) << text;
        EXPECT_FALSE(format_call_graph(get_running_loop()).empty());
        a.cancel();
        co_await testing::turns(4);
        EXPECT_TRUE(a.done());
        EXPECT_TRUE(b.done());
    }());
}

TEST(AwaitGraph, tells_how_a_plain_future_ended) {
    run([]() -> Coro<> {
        const Future<> done, failed, cancelled, pending;
        done.set_result();
        failed.set_exception(RuntimeError("x"));
        cancelled.cancel();
        EXPECT_EQ(capture_call_graph(done).state, "done");
        EXPECT_EQ(capture_call_graph(failed).state, "failed");
        EXPECT_EQ(capture_call_graph(cancelled).state, "cancelled");
        EXPECT_EQ(capture_call_graph(pending).state, "pending");
        static_cast<void>(failed.exception());
        co_return;
    }());
}

std::size_t count(const std::string& text, const std::string& what) {
    std::size_t n = 0;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
    return n;
}

TEST(AwaitGraph, shows_what_many_wait_for_once) {
    run([]() -> Coro<> {
        const auto awaited = create_task(testing::forever(), {.name = "awaited"});
        std::vector<Task<>> waiting;
        for (int i = 0; i < 3; ++i) waiting.push_back(create_task(join(awaited)));
        co_await testing::turns(2);
        const std::string text = format_call_graph(get_running_loop());
        EXPECT_EQ(count(text, "  awaited: waits for a future\n"), 1U) << text;
        EXPECT_EQ(count(text, "  awaited: waits for a future (shown above)"), 2U) << text;
        EXPECT_EQ(count(text, "future: pending"), 1U) << text;
        awaited.cancel();
        for (const auto& t : waiting) static_cast<void>(co_await testing::ending_of(t));
    }());
}

TEST(AwaitGraph, of_a_long_chain_of_tasks_is_cut) {
    run([]() -> Coro<> {
        constexpr std::size_t length = 1'000;
        std::vector<Task<>> chain = {create_task(testing::forever())};
        while (chain.size() < length) chain.push_back(create_task(join(chain.back())));
        co_await testing::turns(2);
        AwaitNode node = capture_call_graph(chain.back());
        std::size_t levels = 1;
        for (const AwaitNode* n = &node; !n->awaits.empty(); n = &n->awaits[0]) ++levels;
        EXPECT_EQ(levels, 32U);
        const std::string text = format_call_graph(get_running_loop());
        const std::size_t running = 1;
        EXPECT_EQ(running + count(text, ": waits for ") + count(text, "future: pending"), 100U) << text;
        EXPECT_TRUE(text.ends_with(" more")) << text;
        EXPECT_LT(text.size(), 50'000U);
        chain[0].cancel();
        static_cast<void>(co_await testing::ending_of(chain.back()));
    }());
}

Coro<> nested(int n) {
    if (n == 0) {
        co_await testing::forever();
    } else {
        co_await nested(n - 1);
    }
}

TEST(AwaitGraph, of_a_deep_task_shows_its_innermost_frames) {
    run([]() -> Coro<> {
        const auto task = create_task(nested(1'000));
        co_await testing::turns(1);
        const AwaitNode node = capture_call_graph(task);
        EXPECT_EQ(node.frames.size(), 32U);
        EXPECT_EQ(node.more_frames, 970U);
        EXPECT_NE(format_call_graph(node).find("\n  at ... and 970 more\n"), std::string::npos);
        task.cancel();
    }());
}

TEST(AwaitGraph, of_a_loop_shows_circles_beside_other_tasks) {
    run([]() -> Coro<> {
        Task<> a, b;
        a = create_task([&]() -> Coro<> { co_await b; });
        b = create_task([&]() -> Coro<> { co_await a; });
        co_await testing::turns(2);
        const std::string text = format_call_graph(get_running_loop());
        EXPECT_NE(text.find(current_task().get_name() + ": running"), std::string::npos) << text;
        EXPECT_NE(text.find(a.get_name() + ": waits for " + b.get_name()), std::string::npos) << text;
        a.cancel();
        co_await testing::turns(4);
    }());
}

// A task that runs has no suspended frames: the one that suspended last may be gone.
TEST(AwaitGraph, does_not_walk_the_frames_of_tasks_that_run) {
    run([]() -> Coro<> {
        co_await testing::turns(1);
        EXPECT_TRUE(capture_call_graph(current_task()).frames.empty());
        const AnyTask self = current_task();
        const auto look = [self]() -> Coro<std::string> {
            co_await testing::turns(1);
            co_return capture_call_graph(self).state;
        };
        EXPECT_EQ(nested_run(look()), "running");
        co_await testing::turns(1);
        const auto eager = create_task([self]() -> Coro<std::string> { co_return capture_call_graph(self).state; }(),
                                       {.eager_start = true});
        EXPECT_EQ(eager.result(), "running");
    }());
}

TEST(VirtualAwaitGraph, says_how_long_a_sleep_goes_on_or_is_overdue) {
    run([]() -> Coro<> {
        const AnyTask sleeping = create_task([]() -> Coro<> { co_await hocket::sleep(2s); });
        co_await testing::turns(1);
        auto& backend = static_cast<VirtualBackend&>(get_running_loop().backend());
        backend.advance(995'000'000);
        EXPECT_EQ(capture_call_graph(sleeping).state, "waits for sleep, 1.005 s left");
        backend.advance(1'010'000'000);
        EXPECT_EQ(capture_call_graph(sleeping).state, "waits for sleep, due 0.005 s ago");
        co_await sleeping;
    }());
}

TEST(VirtualAwaitGraph, shows_who_waits_for_a_task) {
    if (!has_symbols()) GTEST_SKIP() << "built without libdw";
    run([]() -> Coro<> {
        const auto worker = create_task(crawl(), {.name = "worker"});
        const auto boss = create_task(join(worker), {.name = "boss"});
        const auto other = create_task(join(worker), {.name = "other"});
        const auto owner = create_task(join(boss), {.name = "owner"});
        co_await testing::turns(2);
        EXPECT_EQ(without_places(format_call_graph(worker)),
                  "worker: waits for a future\n"
                  "  at forever\n"
                  "  at read_page\n"
                  "  at crawl\n"
                  "  future: pending\n"
                  "  awaited by boss: waits for worker\n"
                  "    at join\n"
                  "    awaited by owner: waits for boss\n"
                  "      at join\n"
                  "  awaited by other: waits for worker\n"
                  "    at join\n");
        worker.cancel();
        static_cast<void>(co_await testing::ending_of(owner));
    }());
}

TEST(AwaitGraph, shows_so_many_frames_of_each_task_as_are_asked_for) {
    if (!has_symbols()) GTEST_SKIP() << "built without libdw";
    run([]() -> Coro<> {
        const auto worker = create_task(crawl(), {.name = "worker"});
        const auto boss = create_task(join(worker), {.name = "boss"});
        co_await testing::turns(2);
        const AwaitNode inner = capture_call_graph(worker, {.limit = 2}),
                        outer = capture_call_graph(worker, {.limit = -1}),
                        none = capture_call_graph(worker, {.limit = 0});
        EXPECT_EQ(inner.frames.size(), 2U);
        EXPECT_NE(inner.frames.at(1).find("read_page"), std::string::npos) << inner.frames.at(1);
        EXPECT_EQ(inner.more_frames, 1U);
        EXPECT_EQ(outer.frames.size(), 1U);
        EXPECT_NE(outer.frames.at(0).find("crawl"), std::string::npos) << outer.frames.at(0);
        EXPECT_TRUE(none.frames.empty());
        EXPECT_EQ(none.more_frames, 0U);
        EXPECT_EQ(none.awaited_by.size(), 1U);
        EXPECT_TRUE(none.awaited_by.at(0).frames.empty());
        worker.cancel();
        static_cast<void>(co_await testing::ending_of(boss));
    }());
}

TEST(AwaitGraph, of_the_current_task_shows_the_line_that_asks) {
    if (!has_symbols()) GTEST_SKIP() << "built without libdw";
    run([]() -> Coro<> {
        const auto who = create_task(
            []() -> Coro<std::string> {
                co_await testing::turns(1);
                co_return format_call_graph();
            }(),
            {.name = "who"});
        const unsigned line = __LINE__ - 3;
        const auto boss = create_task(join(who), {.name = "boss"});
        const std::string text = co_await who;
        EXPECT_TRUE(text.starts_with("who: running\n  at ")) << text;
        EXPECT_NE(text.find("(core/await_graph_test.cc:" + std::to_string(line) + ")"), std::string::npos) << text;
        EXPECT_NE(text.find("  awaited by boss: waits for who\n"), std::string::npos) << text;
        co_await boss;
        const AwaitNode bare = capture_call_graph({.limit = 0});
        EXPECT_EQ(bare.name, current_task().get_name());
        EXPECT_TRUE(bare.frames.empty());
    }());
}

TEST(AwaitGraph, of_no_task_is_empty) {
    EXPECT_EQ(thrown_by([] { static_cast<void>(capture_call_graph()); }),
              "hocket::RuntimeError: no running event loop");
    run([]() -> Coro<> {
        std::string text = "not called";
        get_running_loop().call_soon([&] { text = format_call_graph(); });
        co_await testing::turns(2);
        EXPECT_EQ(text, "");
    }());
}

TEST(AwaitGraph, is_printed_to_a_file) {
    run([]() -> Coro<> {
        const auto worker = create_task(crawl(), {.name = "worker"});
        co_await testing::turns(1);
        std::FILE* const file = std::tmpfile();
        print_call_graph(worker, {.file = file});
        std::rewind(file);
        std::string text(10'000, '\0');
        text.resize(std::fread(text.data(), 1, text.size(), file));
        std::fclose(file);
        EXPECT_EQ(text, format_call_graph(worker) + "\n");
        ::testing::internal::CaptureStdout();
        print_call_graph({.limit = 0});
        std::fflush(stdout);
        EXPECT_EQ(::testing::internal::GetCapturedStdout(), format_call_graph({.limit = 0}) + "\n");
        std::FILE* const full = std::fopen("/dev/full", "w");
        std::setvbuf(full, nullptr, _IONBF, 0);
        EXPECT_EQ(thrown_by([&] { print_call_graph({.file = full}); }),
                  "hocket::OSError: print a call graph: No space left on device");
        std::fclose(full);
        worker.cancel();
    }());
}

TEST(OnceAwaitGraph, says_which_operation_is_awaited) {
    auto* backend = new testing::ManualBackend;
    EventLoop loop{Unique<Backend>(backend)};
    const auto task = loop.create_task([]() -> Coro<> { co_await PendingOperation(Opcode::recv, 7); }(), {});
    loop.run_once(0s);
    EXPECT_EQ(capture_call_graph(task).state, "waits for recv from descriptor 7");
    backend->complete(0);
    loop.run_until_complete(task);
}

}  // namespace
}  // namespace hocket
