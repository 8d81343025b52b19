// SPDX-License-Identifier: MIT
// Follows the pointers of loops, tasks and frames in another process's memory.
#include <hocket/inspect/remote.h>

#include <hocket/base/errors.h>
#include <hocket/core/layout.h>
#include <hocket/core/operation_text_internal.h>
#include <hocket/inspect/descriptors_internal.h>
#include <hocket/inspect/find_layout_internal.h>

#include <cxxabi.h>
#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace hocket::inspect {

namespace {

constexpr int tries = 20;
constexpr std::size_t most_loops = 1000, most_tasks = 10'000'000, most_frames = 1000, longest_name = 1000,
                      longest_type = 10'000;

// Those are WaitPoints, which have a name of what is awaited.
constexpr std::array<std::string_view, 15> wait_points{"WaitPoint",
                                                       "Gate",
                                                       "Lock",
                                                       "Semaphore",
                                                       "BoundedSemaphore",
                                                       "Permits",
                                                       "Barrier",
                                                       "QueueBase::Side",
                                                       "QueueBase::Finish",
                                                       "AsCompletedBase::State::Door",
                                                       "SocketTransport::Outgoing::Point",
                                                       "ServerState::AllOver",
                                                       "Resolver::Asked::Answered",
                                                       "Child::Ended",
                                                       "http::HttpServerState::Ended"};

// Those are Nodes, which say that they are done; and what they are called.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> futures{
    {{"TaskState", "a task"},
     {"GroupTask", "a task"},
     {"FutureState", "a future"},
     {"GatherState", "gather"},
     {"ShieldState", "shield"},
     {"WaitBase::State", "wait"},
     {"ServerState::Serving", "Server.serve_forever"},
     {"http::PoolTurn::Coming", "a connection of a client session"}}};

// What was read makes no sense: it has changed meanwhile, or is damaged.
struct Torn {};

class Reader {
public:
    Reader(const Memory& memory, const Layout& layout) : memory_(memory), layout_(layout), descriptors_(memory.pid()) {}

    Snapshot snapshot() {
        Snapshot s;
        s.pid = memory_.pid();
        const auto loops = reinterpret_cast<std::uint64_t>(layout_.loops);
        if (layout_.loop_count > most_loops) throw Torn();
        for (std::uint32_t i = 0; i < layout_.loop_count; ++i) {
            if (const auto loop = at<std::uint64_t>(loops + i * sizeof(std::uint64_t)); loop != 0)
                s.loops.push_back(loop_at(loop));
        }
        return s;
    }

private:
    template <class T>
    T at(std::uint64_t address) const {
        T value{};
        if (!memory_.get(address, value)) throw Torn();
        return value;
    }

    LoopSnapshot loop_at(std::uint64_t loop) {
        LoopSnapshot s;
        s.number = static_cast<unsigned>(at<std::uint64_t>(loop + layout_.loop_mark) >> 8);
        s.thread = at<std::int32_t>(loop + layout_.loop_thread);
        s.backend = backend_at(at<std::uint64_t>(loop + layout_.loop_backend));
        const auto current = at<std::uint64_t>(loop + layout_.loop_current);
        std::uint64_t newer = 0;
        for (auto task = at<std::uint64_t>(loop + layout_.loop_tasks); task != 0;) {
            if (at<std::uint64_t>(task + layout_.task_newer) != newer || s.tasks.size() >= most_tasks) throw Torn();
            s.tasks.push_back(task_at(task, current));
            newer = std::exchange(task, at<std::uint64_t>(task + layout_.task_older));
        }
        std::ranges::reverse(s.tasks);
        return s;
    }

    TaskSnapshot task_at(std::uint64_t task, std::uint64_t current) {
        using State = TaskSnapshot::State;
        TaskSnapshot t;
        t.id = task;
        const auto flags = at<std::uint16_t>(task + layout_.node_flags);
        if ((flags & layout_.flag_task) == 0) throw Torn();
        t.cancels = at<std::uint8_t>(task + layout_.node_cancels);
        t.created_at = at<std::uint64_t>(task + layout_.task_created_at);
        t.name = name_at(task);
        if (task == current || (flags & layout_.flag_interposed) != 0) {
            t.state = State::running;
            return t;
        }
        for (auto frame = at<std::uint64_t>(task + layout_.task_frame); frame != 0 && t.frames.size() < most_frames;
             frame = at<std::uint64_t>(frame + layout_.frame_parent))
            t.frames.push_back(at<std::uint64_t>(frame + layout_.frame_pc));
        const auto leaf = at<std::uint64_t>(task + layout_.task_waiting);
        if ((flags & layout_.flag_first) != 0) {
            t.state = State::not_started;
        } else if (leaf != 0 && (flags & layout_.flag_recheck) == 0) {
            t.state = State::waiting;
            describe(leaf, t);
        }
        return t;
    }

    std::string name_at(std::uint64_t task) const {
        const auto label = at<std::uint64_t>(task + layout_.task_label);
        return (label & 1) != 0 ? "Task-" + std::to_string(label >> 1) : memory_.text(label, longest_name);
    }

    void describe(std::uint64_t leaf, TaskSnapshot& t) {
        const std::string& kind = kind_at(at<std::uint64_t>(leaf));
        if (const auto future = std::ranges::find(futures, kind, &decltype(futures)::value_type::first);
            future != futures.end()) {
            const auto flags = at<std::uint16_t>(leaf + layout_.node_flags);
            if ((flags & layout_.flag_done) != 0) {
                t.state = TaskSnapshot::State::ready;
                return;
            }
            const bool is_task = (flags & layout_.flag_task) != 0;
            if (is_task) t.awaited.push_back(leaf);
            t.awaits = is_task ? name_at(leaf) : future->second;
        } else if (kind == "PendingOperation") {
            t.awaits = operation_words(Opcode{at<std::uint8_t>(leaf + layout_.operation_code)});
            const int fd = at<std::int32_t>(leaf + layout_.operation_fd);
            t.awaits += memory_.is_live() ? descriptors_.text(fd) : "descriptor " + std::to_string(fd);
        } else if (std::ranges::find(wait_points, kind) != std::end(wait_points)) {
            t.awaits = memory_.text(at<std::uint64_t>(leaf + layout_.wait_point_what), longest_name);
        } else {
            t.awaits = kind == "SleepTimer" ? "sleep" : kind;
        }
    }

    // `uring` of an UringBackend.
    std::string backend_at(std::uint64_t backend) {
        std::string name = kind_at(at<std::uint64_t>(backend));
        name.resize(std::min(name.find("Backend"), name.size()));
        for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        return name;
    }

    // `Lock` of a hocket::Lock, `TaskState` of a hocket::TaskState<int>: before the functions of a vtable stands the address of a
    // std::type_info, whose second word is that of the class's name (Itanium C++ ABI, 2.5 and 2.9): also in a program without symbols.
    const std::string& kind_at(std::uint64_t vtable) {
        const auto [known, is_new] = kinds_.try_emplace(vtable, "something unknown");
        if (!is_new) return known->second;
        constexpr std::size_t word = sizeof(std::uint64_t);
        std::uint64_t type = 0, mangled = 0;
        if (!memory_.get(vtable - word, type) || !memory_.get(type + word, mangled)) return known->second;
        int status = 0;
        char* const demangled =
            abi::__cxa_demangle(memory_.text(mangled, longest_type).c_str(), nullptr, nullptr, &status);
        if (demangled == nullptr) return known->second;
        std::string name = demangled;
        std::free(demangled);
        constexpr std::string_view library = "hocket::";
        if (name.starts_with(library)) name.erase(0, library.size());
        return known->second = name.substr(0, name.find('<'));
    }

    const Memory& memory_;
    const Layout& layout_;
    Descriptors descriptors_;
    std::unordered_map<std::uint64_t, std::string> kinds_;
};

bool runs_a_task(const LoopSnapshot& loop) {
    return std::ranges::any_of(loop.tasks,
                               [](const TaskSnapshot& t) { return t.state == TaskSnapshot::State::running; });
}

Layout layout_in(const Memory& memory) {
    std::uint32_t other = 0;
    if (const std::optional<Layout> found = find_layout(memory, other)) return *found;
    if (other != 0)
        throw RuntimeError(memory.name() + " has a hocket whose memory is laid out in another way (version " +
                           std::to_string(other) + ", and this program reads " +
                           std::to_string(Layout::current_version) + ")");
    throw RuntimeError(memory.name() + " has no hocket in it, or none that was found");
}

}  // namespace

Snapshot read_snapshot(const Memory& memory) {
    const Layout layout = layout_in(memory);
    std::optional<Snapshot> last;
    std::string lines;
    for (int i = 0; i < (memory.is_live() ? tries : 1); ++i) {
        try {
            last = Reader(memory, layout).snapshot();
        } catch (const Torn&) {
            continue;  // the next look may find it at rest
        }
        const std::string before = std::exchange(lines, to_lines(*last));
        last->is_torn = memory.is_live() && before != lines;
        if (!last->is_torn) break;
    }
    if (!last)
        throw RuntimeError("the tasks of " + memory.name() + " could not be read: " +
                           (memory.is_live() ? "each time they changed meanwhile, or they are damaged"
                                             : "they are not in it, or are damaged"));
    const std::vector<Memory::Thread> threads = memory.threads();
    for (LoopSnapshot& loop : last->loops) {
        // The child of a fork has its parent's loops in its memory, and not the threads that run them.
        if (!threads.empty() && std::ranges::find(threads, loop.thread, &Memory::Thread::number) == threads.end())
            loop.thread = 0;
        loop.stood = !last->is_torn && !runs_a_task(loop);
    }
    return *std::move(last);
}

}  // namespace hocket::inspect
