// SPDX-License-Identifier: MIT
// Who waits for what: the tree of tasks, the frames of each and what the innermost awaits.
#pragma once

#include <hocket/base/config.h>
#include <hocket/base/here.h>
#include <hocket/core/event_loop.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace hocket {

class FutureHandle;

/// What a leaf says of itself.
struct AwaitDescription {
    std::string text;                  ///< `sleep, 1.2 s left`, `Lock held by Task-3`
    std::vector<FutureBase*> futures;  ///< those that it waits for in turn
    bool is_over = false;              ///< it is a future that is done: who waited is about to run

    /// The task of `loop` at this address, if it still lives.
    TaskBase* living_task(const EventLoop& loop, const void* address) const;
    /// All tasks of the loop, sorted by their addresses, from one who asks many leaves.
    std::span<TaskBase* const> known = {};
};

/// One task, or future, of the graph.
struct AwaitNode {
    std::string name;                   ///< the task's; `future` for a plain one
    std::string state;                  ///< `ready`, `running`, `waits for ...`, `done`, `failed`, `cancelled`
    std::string created_at;             ///< function, file and line
    std::vector<std::string> frames;    ///< function, file and line of each await, the innermost first
    std::size_t more_frames = 0;        ///< those that were left out
    std::vector<AwaitNode> awaits;      ///< what it waits for
    std::size_t more_awaits = 0;        ///< what was left out
    std::vector<AwaitNode> awaited_by;  ///< of the root, and of those that are here: the tasks that wait for it
    std::size_t more_awaited_by = 0;
};

/// How long the tasks of a loop may still take, by `timeout`.
class HOCKET_EXPORT TimeLimits {
public:
    TimeLimits() noexcept = default;
    /// Looks at all timers of the loop: one that limits a task describes itself by that.
    explicit TimeLimits(const EventLoop& loop);
    /// `, times out in 1.200 s`, the first of its limits; empty: it has none.
    std::string text_for(const TaskBase& task) const;

private:
    struct Limit {
        const FutureBase* task;
        std::int64_t left;
    };
    std::vector<Limit> limits_;  // sorted by the tasks' addresses, and then by time
};

/// `capture_call_graph(task, {.limit = 5})`
struct CallGraphOptions {
    /// So many frames of each task: the innermost, or, where it is negative, the outermost. 0: none; nothing: 32.
    std::optional<int> limit = {};
};

/// `print_call_graph(task, {.file = stderr})`
struct PrintCallGraphOptions {
    std::FILE* file = nullptr;      ///< null: standard output
    std::optional<int> limit = {};  ///< see CallGraphOptions
};

/// The graph of `future`: what it awaits, and who awaits it (`asyncio.capture_call_graph`). Each task once, and at most 100 nodes, 32 levels and
/// 32 frames of a task. A task that runs has none, since the one in which it suspended last may be gone. Reads the program's debugging
/// information: for people, not for each second. The loop's thread only.
HOCKET_EXPORT AwaitNode capture_call_graph(const FutureHandle& future, const CallGraphOptions& options = {});
HOCKET_EXPORT AwaitNode capture_call_graph(FutureBase& future, const CallGraphOptions& options = {});
HOCKET_EXPORT AwaitNode capture_current_call_graph(const CallGraphOptions& options, const void* where);
/// That of the current task, with the line that calls this for its frames. Without a name where no task runs, as in a callback. Throws
/// RuntimeError where no loop does.
HOCKET_INLINE AwaitNode capture_call_graph(const CallGraphOptions& options = {}) {
    return capture_current_call_graph(options, here());
}

/// The graph as an indented text (`asyncio.format_call_graph`); empty where no task runs.
HOCKET_EXPORT std::string format_call_graph(const AwaitNode& node);
HOCKET_EXPORT std::string format_call_graph(const FutureHandle& future, const CallGraphOptions& options = {});
HOCKET_INLINE std::string format_call_graph(const CallGraphOptions& options = {}) {
    return format_call_graph(capture_call_graph(options));
}
/// The same for all tasks of `loop`, 100 nodes at most: first those that no other waits for, the oldest first.
HOCKET_EXPORT std::string format_call_graph(EventLoop& loop);

/// Prints it (`asyncio.print_call_graph`). Throws OSError where that cannot be written.
HOCKET_EXPORT void print_call_graph(const AwaitNode& node, std::FILE* file);
HOCKET_INLINE void print_call_graph(const FutureHandle& future, const PrintCallGraphOptions& options = {}) {
    print_call_graph(capture_call_graph(future, {.limit = options.limit}), options.file);
}
HOCKET_INLINE void print_call_graph(const PrintCallGraphOptions& options = {}) {
    print_call_graph(capture_call_graph({.limit = options.limit}), options.file);
}

/// What the default exception handler reports for `context`.
HOCKET_EXPORT std::string error_text(const ErrorContext& context);

}  // namespace hocket
