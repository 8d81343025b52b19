// SPDX-License-Identifier: MIT
// Who waits for what: the tree of tasks, the frames of each and what the innermost awaits.
#pragma once

#include <hocket/base/config.h>
#include <hocket/core/event_loop.h>

#include <string>
#include <vector>

namespace hocket {

/// What a leaf says of itself.
struct AwaitDescription {
    std::string text;                  ///< `sleep, 1.2 s left`, `Lock held by Task-3`
    std::vector<FutureBase*> futures;  ///< those that it waits for in turn
};

/// One task, or future, of the graph.
struct AwaitNode {
    std::string name;                 ///< the task's; `future` for a plain one
    std::string state;                ///< `ready`, `running`, `waits for ...`, `done`
    std::string created_at;           ///< function, file and line
    std::vector<std::string> frames;  ///< function, file and line of each await, the innermost first
    std::vector<AwaitNode> awaits;    ///< what it waits for
};

/// The graph below `future`. Reads the program's debugging information: for people, not for each second. The loop's thread only.
HOCKET_EXPORT AwaitNode capture_call_graph(FutureBase& future);
/// The graph as an indented text.
HOCKET_EXPORT std::string format_call_graph(const AwaitNode& node);
/// The same for every task of `loop` that no other waits for, the oldest first.
HOCKET_EXPORT std::string format_call_graph(EventLoop& loop);

/// What the default exception handler reports for `context`.
HOCKET_EXPORT std::string error_text(const ErrorContext& context);

}  // namespace hocket
