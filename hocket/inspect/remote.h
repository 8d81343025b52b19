// SPDX-License-Identifier: MIT
// Looking at another process.
#pragma once

#include <hocket/base/symbols.h>
#include <hocket/core/await_graph.h>
#include <hocket/inspect/snapshot.h>

#include <vector>

namespace hocket::inspect {

/// What process `pid` does now, as its monitor answers. Throws OSError: there is no such process, it has no monitor, it is another user's, or
/// it has not answered for 15 s; RuntimeError with what the monitor says it cannot do. Blocks.
HOCKET_EXPORT Snapshot snapshot_of_process(int pid);

/// Who waits for what in `loop`: the tasks for which no other waits, with those that they wait for below them; a circle has one of its tasks for
/// its root. Each task is shown in full once.
HOCKET_EXPORT std::vector<AwaitNode> graph_of(const LoopSnapshot& loop, const Symbols& symbols);
/// One task, without what it waits for.
HOCKET_EXPORT AwaitNode node_of(const TaskSnapshot& task, const Symbols& symbols);

}  // namespace hocket::inspect
