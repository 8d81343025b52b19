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
#include <utility>

namespace hocket::inspect {

namespace {

constexpr std::size_t most_functions = 1000;       // of a stack
constexpr std::size_t most_frames = 1000;          // of all coroutines that may be there
constexpr std::uint64_t largest_part = 1UL << 16;  // of the stack that one function has
constexpr std::uint64_t frame_alignment = 16;
// What calls `main`, or the function of a thread.
constexpr std::array<std::string_view, 3> outermost{"__libc_start_call_main", "__libc_start_main", "start_thread"};

// A frame begins with the addresses of the functions that resume and destroy it, which both are named as its coroutine.
struct CoroutineFrame {
    std::uint64_t resume = 0, destroy = 0;
    std::uint64_t awaits_at = 0;
};
using Chain = std::vector<CoroutineFrame>;  // the innermost first

// What the thread's stack says of one function: where it is, and all that may be its frame, with those that await it.
struct Part {
    std::uint64_t address = 0;
    std::vector<Chain> candidates = {};
};

// While the thread stands still: reads memory, and asks for no names, which takes long.
class StackReader {
public:
    explicit StackReader(const Sources& sources) : memory_(*sources.memory), layout_(*sources.layout) {}

    /// The task that the loop on this thread runs now: 0, if none; nothing where that is not known.
    std::optional<RemoteAddress> current(int thread) const {
        const auto loops = reinterpret_cast<std::uint64_t>(layout_.loops);
        for (std::uint32_t i = 0; i < std::min(layout_.loop_count, most_loops); ++i) {
            std::uint64_t loop = 0, task = 0;
            std::int32_t runs_on = 0;
            if (memory_.get(loops + i * sizeof loop, loop) && loop != 0 &&
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
    std::vector<Part> parts() && {
        end_part(0);
        return std::move(parts_);
    }

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
            if (Chain chain = chain_from(word); !chain.empty()) parts_.back().candidates.push_back(std::move(chain));
        }
    }

    Chain chain_from(std::uint64_t frame) {
        Chain chain;
        for (; frames_ < most_frames; ++frames_) {
            CoroutineFrame found;
            if (frame == 0 || frame % frame_alignment != 0 || !memory_.get(frame, found.resume) ||
                !memory_.is_code(found.resume) || !memory_.get(frame + sizeof found.resume, found.destroy) ||
                !memory_.is_code(found.destroy) || !memory_.get(frame + layout_.frame_pc, found.awaits_at))
                break;
            chain.push_back(found);
            if (!memory_.get(frame + layout_.frame_parent, frame)) break;
        }
        return chain;
    }

    const Memory& memory_;
    const Layout& layout_;
    std::vector<Part> parts_;
    std::size_t frames_ = 0;
    std::uint64_t begin_ = 0;
    std::vector<std::uint64_t> words_;
};

// What stands on the stack above one call of the loop.
struct Step {
    std::vector<std::string> places = {};
    bool has_coroutine = false;
};

// Names the functions of a stack, the innermost first.
class Naming {
public:
    explicit Naming(const Symbols& symbols) : symbols_(symbols) {}

    /// False: there is nothing to show from here on.
    bool add(const Part& part) {
        const std::vector<CodeLocation> functions = symbols_.code_locations(part.address);
        const auto is_loops = [](const CodeLocation& f) { return f.function.starts_with("hocket::EventLoop::"); };
        const auto last_loops = std::ranges::find_if(functions.rbegin(), functions.rend(), is_loops);
        if (last_loops != functions.rend()) is_in_loop_ = true;
        for (auto f = last_loops == functions.rend() ? functions.begin() : last_loops.base(); f != functions.end();
             ++f) {
            if (std::ranges::find(outermost, f->function) != outermost.end()) return false;
            if (std::exchange(is_in_loop_, false)) steps_.emplace_back();
            steps_.back().places.push_back(words_for(*f));
        }
        if (functions.empty()) steps_.back().places.push_back(symbols_.code_location(part.address));
        take_coroutines(part);
        if (!functions.empty()) add_awaiting(functions.back().function);
        return true;
    }
    /// The innermost first. Those that are not the thread's last have a coroutine.
    std::vector<Step> steps() && {
        const auto is_none = [](const Step& s) { return !s.has_coroutine; };
        steps_.erase(std::remove_if(steps_.begin() + 1, steps_.end(), is_none), steps_.end());
        return std::move(steps_);
    }

private:
    // A coroutine that calls itself, or has made another of its kind, has the frames of those at hand, too: its own is the one that most await.
    void take_coroutines(const Part& part) {
        std::unordered_map<std::string, const Chain*> found;
        for (const Chain& chain : part.candidates) {
            const std::string& function = function_of(chain.front());
            if (function.empty()) continue;
            const auto [known, is_new] = found.try_emplace(function, &chain);
            if (!is_new && chain.size() > known->second->size()) known->second = &chain;
        }
        for (const auto& [function, chain] : found) coroutines_[function] = chain;
    }
    // What a function keeps in registers stands in the parts of those that it has called, if they need the registers.
    void add_awaiting(const std::string& function) {
        const auto coroutine = coroutines_.find(function);
        if (coroutine == coroutines_.end()) return;
        Step& step = steps_.back();
        step.has_coroutine = true;
        for (const CoroutineFrame& f : std::span(*coroutine->second).subspan(1)) {
            const std::string& awaiting = function_of(f);
            if (awaiting.empty() || function_at(f.awaits_at) != awaiting)
                return;  // no frame of hocket's, or it is gone
            step.places.push_back(symbols_.code_location(f.awaits_at));
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
    std::vector<Step> steps_{1};
    bool is_in_loop_ = false;
    std::unordered_map<std::string, const Chain*>
        coroutines_;  // those whose frames the stack has, up to what was added last
    std::unordered_map<std::uint64_t, std::string> functions_;
};

}  // namespace

std::vector<std::string> places_of_running(const TaskSnapshot& task, const LoopSnapshot& loop, const Sources& sources) {
    const auto runs = [](const TaskSnapshot& t) { return t.state == TaskSnapshot::State::running; };
    const auto running = std::ranges::count_if(loop.tasks, runs);
    std::size_t step = 0;
    std::vector<Part> parts;
    if (sources.memory && sources.layout) {
        StackReader reader(sources);
        std::optional<RemoteAddress> current;
        bool is_interposed = false;
        std::size_t functions = 0;
        sources.symbols.walk_stack(loop.thread, [&](const StackFrame& frame) {
            if (functions == 0) {
                current = reader.current(loop.thread);
                is_interposed = reader.is_interposed(task.id);
            }
            reader.add(frame);
            return ++functions < most_functions;
        });
        // Of several that have begun others it is not known who stands where.
        const auto interposed = running - std::ranges::count(loop.tasks, current.value_or(0), &TaskSnapshot::id);
        if (current != task.id && !(is_interposed && interposed == 1)) return {};
        step = current == task.id ? 0 : 1;
        parts = std::move(reader).parts();
    } else {
        if (running > 1) return {};
        sources.symbols.walk_stack(loop.thread, [&](const StackFrame& frame) {
            parts.push_back({.address = frame.address});
            return parts.size() < most_functions;
        });
    }
    Naming naming(sources.symbols);
    for (const Part& part : parts) {
        if (!naming.add(part)) break;
    }
    std::vector<Step> steps = std::move(naming).steps();
    return step < steps.size() ? std::move(steps[step].places) : std::vector<std::string>();
}

}  // namespace hocket::inspect
