// SPDX-License-Identifier: MIT
// Looking at another process.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/base/symbols.h>
#include <hocket/core/await_graph.h>
#include <hocket/core/layout.h>
#include <hocket/inspect/memory.h>
#include <hocket/inspect/snapshot.h>

#include <optional>
#include <string>
#include <vector>

namespace hocket::inspect {

/// Looks at a process through its monitor, as often as one likes. Not thread-safe; blocks.
class HOCKET_EXPORT Observation {
public:
    /// Throws OSError: there is no such process, it has no monitor, or it is another user's.
    explicit Observation(int pid);
    Observation(const Observation&) = delete;
    Observation& operator=(const Observation&) = delete;
    ~Observation();

    /// What it does now. Throws OSError: it has ended, or not answered within 10 s; RuntimeError with what the monitor says it cannot do.
    Snapshot look();
    /// As long as this lives, its loops count what they run (`start_counting`): `LoopSnapshot::counters`.
    void count();
    /// As long as this lives, its loops are traced (`start_tracing`).
    void trace();
    /// What they did since, in the Trace Event format. Throws what `look` throws; RuntimeError where they are all blocked, or none runs.
    std::string events(const Symbols& symbols);

private:
    class Connection;
    Unique<Connection> connection_;
};

/// What process `pid` does now, as its monitor answers. Throws what `Observation` throws. Blocks.
HOCKET_EXPORT Snapshot snapshot_of_process(int pid);

/// What the tasks in `memory` do, of a process that cannot answer: read by the one table of offsets (hocket/core/layout.h). What a task awaits
/// is then told by the class that it awaits with, less than the process itself says. Throws RuntimeError: no loop of this version of hocket is
/// there, or what is there makes no sense. A live process goes on meanwhile: it is read until two readings in a row are the same; of one that
/// changes time and again the last reading is given, which `is_torn`. Else a loop has `stood` if none of its tasks runs. A loop that a child of
/// fork has from its parent, and that the parent's thread ran, does not run.
HOCKET_EXPORT Snapshot read_snapshot(const Memory& memory);

/// What a snapshot is worded by: names for the addresses of code, and, of tasks that run, what is in memory, where that can be read.
struct HOCKET_EXPORT Sources {
    Symbols symbols;
    Unique<Memory> memory = nullptr;
    std::optional<Layout> layout = std::nullopt;

    /// Of a live process. Throws OSError where its memory's map cannot be read.
    static Sources of_process(int pid);
    /// Of one that has left a core file. Throws OSError; ValueError where that cannot be read.
    static Sources of_core(const std::string& path);
};

/// Who waits for what in `loop`: the tasks for which no other waits, with those that they wait for below them; a circle has one of its tasks for
/// its root. Each task is shown in full once.
HOCKET_EXPORT std::vector<AwaitNode> graph_of(const LoopSnapshot& loop, const Sources& sources);
/// One task of `loop`, without what it waits for.
HOCKET_EXPORT AwaitNode node_of(const TaskSnapshot& task, const LoopSnapshot& loop, const Sources& sources);
/// Functions, files and lines of its awaits, the innermost first; of one that runs, of the functions that its thread is in now, down to the
/// loop, each coroutine among them with those that await it.
HOCKET_EXPORT std::vector<std::string> places_of(const TaskSnapshot& task, const LoopSnapshot& loop,
                                                 const Sources& sources);

}  // namespace hocket::inspect
