// SPDX-License-Identifier: MIT
// Finds the frames of coroutines that run. A task says where its frames are only when it waits; of one that runs, a function of the stack is
// the innermost coroutine, and has the address of its frame in a register or in its part of the stack; from there those that await it are found.
#include <hocket/inspect/thread_stack_internal.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace hocket::inspect {

namespace {

constexpr std::size_t most_functions = 1000;       // of a stack
constexpr std::size_t most_frames = 1000;          // of all coroutines that may be there
constexpr std::uint64_t largest_part = 1UL << 16;  // of the stack that one function has
constexpr std::uint64_t frame_alignment = 16;
constexpr std::string_view loops = "hocket::EventLoop::";
// Of the loop's functions, those that begin the steps of tasks; others are called by tasks.
constexpr std::array<std::string_view, 8> stepping{"step",      "step_eagerly", "run_node",   "run_node_watched",
                                                   "run_batch", "iterate",      "run_nested", "run_forever"};
// What calls `main`, or the function of a thread.
constexpr std::array<std::string_view, 3> outermost{"__libc_start_call_main", "__libc_start_main", "start_thread"};

// A frame begins with the addresses of the functions that resume and destroy it, which both are named as its coroutine.
struct CoroutineFrame {
    std::uint64_t resume = 0, destroy = 0;
    std::uint64_t awaits_at = 0, parent = 0;
};
using CoroutineFrames = std::unordered_map<std::uint64_t, CoroutineFrame>;  // by their addresses

// What the thread's stack says of one function: where it is, and all that may be its frame.
struct Part {
    std::uint64_t address = 0;
    std::vector<std::uint64_t> candidates = {};
};

// While the thread stands still: reads memory, and asks for no names, which takes long.
class StackReader {
public:
    explicit StackReader(const Sources& sources) : memory_(*sources.memory), layout_(*sources.layout) {}

    /// The task that the loop on this thread runs now: 0, if none; nothing where that is not known.
    std::optional<RemoteAddress> current(int thread) const {
        const auto all = reinterpret_cast<std::uint64_t>(layout_.loops);
        for (std::uint32_t i = 0; i < std::min(layout_.loop_count, most_loops); ++i) {
            std::uint64_t loop = 0, task = 0;
            std::int32_t runs_on = 0;
            if (memory_.get(all + i * sizeof loop, loop) && loop != 0 &&
                memory_.get(loop + layout_.loop_thread, runs_on) && runs_on == thread &&
                memory_.get(loop + layout_.loop_current, task))
                return task;
        }
        return std::nullopt;
    }
    /// Whether it has begun a step of another task, which is on the stack above it.
    bool is_interposed(RemoteAddress task) const {
        std::uint16_t flags = 0;
        return memory_.get(task + layout_.node_flags, flags) && (flags & layout_.flag_task) != 0 &&
               (flags & layout_.flag_interposed) != 0;
    }
    void add(const StackFrame& frame) {
        end_part(frame.stack_pointer);
        parts_.push_back({.address = frame.address});
        begin_ = frame.stack_pointer;
        words_ = frame.registers;
    }
    /// Ends what was added.
    const std::vector<Part>& parts() {
        end_part(0);
        return parts_;
    }
    const CoroutineFrames& frames() const noexcept { return frames_; }

private:
    static constexpr std::uint32_t most_loops = 1000;

    // The part of the function that was added last ends where that of its caller begins, if that is known.
    void end_part(std::uint64_t end) {
        if (parts_.empty()) return;
        if (begin_ != 0 && end > begin_ && end - begin_ <= largest_part) {
            const std::size_t known = words_.size();
            words_.resize(known + (end - begin_) / sizeof(std::uint64_t));
            if (!memory_.read(begin_, std::as_writable_bytes(std::span(words_).subspan(known)))) words_.resize(known);
        }
        std::ranges::sort(words_);
        const auto repeated = std::ranges::unique(words_);
        words_.erase(repeated.begin(), repeated.end());
        for (const std::uint64_t word : words_) {
            add_frames(word);
            if (frames_.contains(word)) parts_.back().candidates.push_back(word);
        }
        words_.clear();
    }

    // That at this address, if it is one, and those that await it.
    void add_frames(std::uint64_t frame) {
        while (frames_.size() < most_frames && frame != 0 && frame % frame_alignment == 0 && !frames_.contains(frame)) {
            CoroutineFrame found;
            if (!memory_.get(frame, found.resume) || !memory_.is_code(found.resume) ||
                !memory_.get(frame + sizeof found.resume, found.destroy) || !memory_.is_code(found.destroy) ||
                !memory_.get(frame + layout_.frame_pc, found.awaits_at) ||
                !memory_.get(frame + layout_.frame_parent, found.parent))
                return;
            frames_.emplace(frame, found);
            frame = found.parent;
        }
    }

    const Memory& memory_;
    const Layout& layout_;
    std::vector<Part> parts_;
    CoroutineFrames frames_;
    std::uint64_t begin_ = 0;
    std::vector<std::uint64_t> words_;
};

// What stands on the stack above one call of the loop.
struct Step {
    std::vector<std::string> places = {};
    std::vector<std::string> unnamed = {};  // places inner to all that have names
    bool has_coroutine = false;
};

// Names the functions of a stack, the innermost first.
class Naming {
public:
    Naming(const Symbols& symbols, const CoroutineFrames& frames) : symbols_(symbols), frames_(frames) {}

    /// False: there is nothing to show from here on.
    bool add(const Part& part) {
        const std::vector<CodeLocation> functions = symbols_.code_locations(part.address);
        const auto begins_steps = std::ranges::find_if(functions.rbegin(), functions.rend(), [](const CodeLocation& f) {
            return f.function.starts_with(loops) &&
                   std::ranges::find(stepping, std::string_view(f.function).substr(loops.size())) != stepping.end();
        });
        if (begins_steps != functions.rend()) is_in_loop_ = true;
        for (auto f = begins_steps == functions.rend() ? functions.begin() : begins_steps.base(); f != functions.end();
             ++f) {
            if (std::ranges::find(outermost, f->function) != outermost.end()) return false;
            if (std::exchange(is_in_loop_, false)) steps_.emplace_back();
            if (!f->function.empty()) steps_.back().places.push_back(words_for(*f));
        }
        if (functions.empty()) {
            Step& step = steps_.back();
            (step.places.empty() ? step.unnamed : step.places).push_back(symbols_.code_location(part.address));
        }
        take_coroutines(part);
        if (!functions.empty()) add_awaiting(functions.back().function);
        return true;
    }
    /// The innermost first, without what called the loop.
    std::vector<Step> steps() && {
        if (steps_.size() > 1 && !steps_.back().has_coroutine) steps_.pop_back();
        for (Step& step : steps_) {
            // How a library enters the system has no names where it has no debugging information.
            if (step.places.empty()) step.places = std::move(step.unnamed);
        }
        return std::move(steps_);
    }

private:
    // A coroutine that calls itself, or has made another of its kind, has the frames of those at hand, too: taken is the one that most await.
    void take_coroutines(const Part& part) {
        for (const std::uint64_t frame : part.candidates) {
            const std::string& function = function_of(frames_.at(frame));
            if (function.empty() || shown_.contains(frame)) continue;
            std::uint64_t& known = coroutines_[function];
            if (known == 0 || length_from(frame) > length_from(known)) known = frame;
        }
    }
    std::size_t length_from(std::uint64_t frame) const {
        std::size_t length = 0;
        for (auto f = frames_.find(frame); f != frames_.end() && length < most_frames;
             f = frames_.find(f->second.parent))
            ++length;
        return length;
    }
    // What a function keeps in registers stands in the parts of those that it has called, if they need the registers.
    void add_awaiting(const std::string& function) {
        const auto coroutine = coroutines_.find(function);
        if (coroutine == coroutines_.end()) return;
        std::uint64_t frame = coroutine->second;
        coroutines_.erase(coroutine);
        Step& step = steps_.back();
        step.has_coroutine = true;
        while (shown_.insert(frame).second) {
            const auto awaiting = frames_.find(frame = frames_.at(frame).parent);
            if (awaiting == frames_.end()) return;
            const std::string& name = function_of(awaiting->second);
            if (name.empty() || function_at(awaiting->second.awaits_at) != name)
                return;  // no frame of hocket's, or it is gone
            step.places.push_back(symbols_.code_location(awaiting->second.awaits_at));
        }
    }
    // Empty: it is no frame.
    const std::string& function_of(const CoroutineFrame& f) {
        static const std::string none;
        const std::string& function = function_at(f.resume);
        return !function.empty() && function == function_at(f.destroy) ? function : none;
    }
    // That in which all others at this address are inlined.
    const std::string& function_at(std::uint64_t address) {
        const auto [known, is_new] = functions_.try_emplace(address);
        if (!is_new) return known->second;
        std::vector<CodeLocation> functions = symbols_.code_locations(address);
        if (!functions.empty()) known->second = std::move(functions.back().function);
        return known->second;
    }

    const Symbols& symbols_;
    const CoroutineFrames& frames_;
    std::vector<Step> steps_{1};
    bool is_in_loop_ = false;
    std::unordered_map<std::string, std::uint64_t> coroutines_;  // their frames, by name, up to what was added last
    std::unordered_set<std::uint64_t> shown_;                    // frames
    std::unordered_map<std::uint64_t, std::string> functions_;
};

}  // namespace

std::vector<std::string> places_of_running(const TaskSnapshot& task, const LoopSnapshot& loop, const Sources& sources) {
    if (!sources.memory || !sources.layout) return {};
    const std::vector<Memory::Thread> threads = sources.memory->threads();
    const auto thread = std::ranges::find(threads, loop.thread, &Memory::Thread::number);
    if (thread == threads.end()) return {};
    StackReader reader(sources);
    std::optional<RemoteAddress> current;
    bool is_interposed = false;
    std::size_t functions = 0;
    sources.symbols.walk_stack(thread->number_here, [&](const StackFrame& frame) {
        if (functions == 0) {
            current = reader.current(loop.thread);
            is_interposed = reader.is_interposed(task.id);
        }
        reader.add(frame);
        return ++functions < most_functions;
    });
    if (current != task.id && !is_interposed) return {};  // it has gone on
    Naming naming(sources.symbols, reader.frames());
    for (const Part& part : reader.parts()) {
        if (!naming.add(part)) break;
    }
    std::vector<Step> steps = std::move(naming).steps();
    if (current == task.id) return std::move(steps.front().places);
    // Of several that have begun others it is not known who stands where.
    const bool is_one = steps.size() == 2 && steps.back().has_coroutine;
    return is_one ? std::move(steps.back().places) : std::vector<std::string>();
}

}  // namespace hocket::inspect
