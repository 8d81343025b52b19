// SPDX-License-Identifier: MIT
// Where the loops of the process are, for the process itself and for those who read its memory.
#include <hocket/core/loop_table_internal.h>

#include <hocket/core/awaitable.h>
#include <hocket/core/event_loop.h>
#include <hocket/core/gate.h>
#include <hocket/core/layout.h>
#include <hocket/core/operation.h>
#include <hocket/core/task_base.h>

#include <cstddef>

namespace hocket {

constinit LoopTable loop_table;

namespace {
std::uint64_t mark_of(std::uint64_t count) noexcept { return (count + 1) << 8 | (count % 255 + 1); }
}  // namespace

std::uint64_t LoopTable::add(EventLoop& loop) noexcept {
    std::uint64_t count = 0;
    for (int tries = 0; tries < 255; ++tries) {
        count = added.fetch_add(1, std::memory_order_relaxed);
        EventLoop* none = nullptr;
        if (loops[count % 255 + 1].compare_exchange_strong(none, &loop)) return mark_of(count);
    }
    loops[count % 255 + 1].store(&loop);
    return mark_of(count);
}

void LoopTable::remove(EventLoop& loop) noexcept {
    EventLoop* expected = &loop;
    loops[loop.id()].compare_exchange_strong(expected, nullptr);
}

// ---- The layout

// Classes with virtual functions have fixed offsets with both compilers, but the standard does not say so.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof"

struct LayoutOfLoop {
    static constexpr std::uint32_t mark = offsetof(EventLoop, mark_), backend = offsetof(EventLoop, backend_),
                                   thread = offsetof(EventLoop, thread_id_);
};
struct LayoutOfWaitPoint {
    static constexpr std::uint32_t what = offsetof(WaitPoint, what_);
};

namespace {
constexpr std::uint32_t promise = 2 * sizeof(void*);  // behind the addresses of resume and destroy
}

constinit Layout hocket_layout{
    .magic = {'h', 'o', 'c', 'k', 'e', 't', ' ', 'l', 'a', 'y', 'o', 'u', 't', '\x1a', '\n', '\0'},
    .version = Layout::current_version,
    .size = sizeof(Layout),
    .loops = &loop_table.loops,
    .loop_count = 256,
    .loop_tasks = offsetof(EventLoop, tasks),
    .loop_current = offsetof(EventLoop, current),
    .loop_backend = LayoutOfLoop::backend,
    .loop_mark = LayoutOfLoop::mark,
    .loop_thread = LayoutOfLoop::thread,
    .node_flags = offsetof(TaskBase, flags),
    .node_cancels = offsetof(TaskBase, cancels),
    .task_frame = offsetof(TaskBase, frame),
    .task_waiting = offsetof(TaskBase, waiting),
    .task_older = offsetof(TaskBase, older),
    .task_newer = offsetof(TaskBase, newer),
    .task_label = offsetof(TaskBase, label),
    .task_created_at = offsetof(TaskBase, created_at),
    .frame_parent = promise + offsetof(PromiseBase, parent),
    .frame_pc = promise + offsetof(PromiseBase, pc),
    .operation_code = sizeof(Leaf) + offsetof(Operation, code),
    .operation_fd = sizeof(Leaf) + offsetof(Operation, fd),
    .wait_point_what = LayoutOfWaitPoint::what,
    .flag_done = f_done,
    .flag_task = f_task,
    .flag_first = f_first,
    .flag_recheck = f_recheck,
    .flag_interposed = f_interposed,
};

#pragma GCC diagnostic pop

}  // namespace hocket
