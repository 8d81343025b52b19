// SPDX-License-Identifier: MIT
// Who waits for what: the tree of tasks, the frames of each and what the innermost awaits.
#pragma once

#include <hocket/base/config.h>
#include <hocket/core/event_loop.h>

#include <cstddef>
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
    std::string name;                 ///< the task's; `future` for a plain one
    std::string state;                ///< `ready`, `running`, `waits for ...`, `done`, `failed`, `cancelled`
    std::string created_at;           ///< function, file and line
    std::vector<std::string> frames;  ///< function, file and line of each await, the innermost first
    std::size_t more_frames = 0;      ///< those that were left out
    std::vector<AwaitNode> awaits;    ///< what it waits for
    std::size_t more_awaits = 0;      ///< what was left out
};

/// The graph below `future`: each task once, 100 nodes, 32 levels and 32 frames of a task at most. Reads the program's debugging
/// information: for people, not for each second. The loop's thread only.
HOCKET_EXPORT AwaitNode capture_call_graph(const FutureHandle& future);
HOCKET_EXPORT AwaitNode capture_call_graph(FutureBase& future);
/// The graph as an indented text.
HOCKET_EXPORT std::string format_call_graph(const AwaitNode& node);
/// The same for all tasks of `loop`, 100 nodes at most: first those that no other waits for, the oldest first.
HOCKET_EXPORT std::string format_call_graph(EventLoop& loop);

/// What the default exception handler reports for `context`.
HOCKET_EXPORT std::string error_text(const ErrorContext& context);

}  // namespace hocket
