// SPDX-License-Identifier: MIT
// Finds the frames of coroutines that run. A task says where its frames are only when it waits; of one that runs, a function of the stack is
// the innermost coroutine, and has the address of its frame in a register or in its part of the stack; from there those that await it are found.
#include <hocket/inspect/thread_stack_internal.h>

#include <hocket/inspect/find_layout_internal.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>

namespace hocket::inspect {

namespace {

constexpr std::size_t most_frames = 1000;          // that await one another
constexpr std::uint64_t largest_part = 1UL << 16;  // of the stack that one function has
constexpr std::uint32_t most_loops = 1000;
constexpr std::uint64_t frame_alignment = 16;
constexpr std::uint64_t largest_distance = 1UL << 28;  // between two functions of a program

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
    StackReader(const Memory* memory, const Layout& layout) : memory_(memory), layout_(layout) {}

    /// Whether `task` is what this thread does now, as far as is known: it may have gone on since it was seen.
    bool is_in(RemoteAddress task, int thread) const {
        if (memory_ == nullptr) return true;
        std::uint16_t flags = 0;
        if (memory_->get(task + layout_.node_flags, flags) && (flags & layout_.flag_task) != 0 &&
            (flags & layout_.flag_interposed) != 0)
            return true;  // it has begun another, which is on the stack above it
        const auto loops = reinterpret_cast<std::uint64_t>(layout_.loops);
        for (std::uint32_t i = 0; i < std::min(layout_.loop_count, most_loops); ++i) {
            std::uint64_t loop = 0, current = 0;
            std::int32_t runs_on = 0;
            if (memory_->get(loops + i * sizeof loop, loop) && memory_->get(loop + layout_.loop_thread, runs_on) &&
                runs_on == thread && memory_->get(loop + layout_.loop_current, current) && current == task)
                return true;
        }
        return false;
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
    // The part of the function that was added last ends where that of its caller begins, if that is known.
    void end_part(std::uint64_t end) {
        if (memory_ == nullptr || parts_.empty()) return;
        if (begin_ != 0 && end > begin_ && end - begin_ <= largest_part) {
            const std::size_t known = words_.size();
            words_.resize(known + (end - begin_) / sizeof(std::uint64_t));
            if (!memory_->read(begin_, std::as_writable_bytes(std::span(words_).subspan(known)))) words_.resize(known);
        }
        std::ranges::sort(words_);
        const auto repeated = std::ranges::unique(words_);
        words_.erase(repeated.begin(), repeated.end());
        for (const std::uint64_t word : words_) {
            if (Chain chain = chain_from(word); !chain.empty()) parts_.back().candidates.push_back(std::move(chain));
        }
    }

    Chain chain_from(std::uint64_t frame) const {
        Chain chain;
        while (chain.size() < most_frames) {
            CoroutineFrame found;
            if (frame == 0 || frame % frame_alignment != 0 || !memory_->get(frame, found.resume) ||
                !memory_->get(frame + sizeof found.resume, found.destroy) || !may_be_of_one_coroutine(found) ||
                !memory_->get(frame + layout_.frame_pc, found.awaits_at))
                break;
            chain.push_back(found);
            if (!memory_->get(frame + layout_.frame_parent, frame)) break;
        }
        return chain;
    }
    // Nearly all words are no frames: those that are not at a glance need no names.
    static bool may_be_of_one_coroutine(const CoroutineFrame& f) {
        const auto [low, high] = std::minmax(f.resume, f.destroy);
        return low != 0 && low != high && high - low < largest_distance;
    }

    const Memory* memory_;
    const Layout& layout_;
    std::vector<Part> parts_;
    std::uint64_t begin_ = 0;
    std::vector<std::uint64_t> words_;
};

class Places {
public:
    explicit Places(const Symbols& symbols) : symbols_(symbols) {}

    /// False: it is the loop's.
    bool add(const Part& part) {
        const std::vector<CodeLocation> functions = symbols_.code_locations(part.address);
        const auto is_loop = [](const CodeLocation& f) { return f.function.starts_with("hocket::EventLoop::"); };
        if (std::ranges::any_of(functions, is_loop)) return false;
        for (const CodeLocation& f : functions) places_.push_back(words_for(f));
        take_coroutines(part);
        if (!functions.empty()) add_awaiting(functions.back().function);
        return true;
    }
    std::vector<std::string> places() && { return std::move(places_); }

private:
    // A coroutine that calls itself, or has made another of its kind, has the frames of those at hand, too: its own is the one that most await.
    void take_coroutines(const Part& part) {
        std::unordered_map<std::string, const Chain*> found;
        for (const Chain& chain : part.candidates) {
            std::string function = function_of(chain.front());
            if (function.empty()) continue;
            const auto [known, is_new] = found.try_emplace(std::move(function), &chain);
            if (!is_new && chain.size() > known->second->size()) known->second = &chain;
        }
        for (const auto& [function, chain] : found) coroutines_[function] = chain;
    }
    // What a function keeps in registers stands in the parts of those that it has called, if they need the registers.
    void add_awaiting(const std::string& function) {
        const auto coroutine = coroutines_.find(function);
        if (coroutine == coroutines_.end()) return;
        for (const CoroutineFrame& f : std::span(*coroutine->second).subspan(1)) {
            const std::string awaiting = function_of(f);
            if (awaiting.empty() || function_at(f.awaits_at) != awaiting)
                return;  // no frame of hocket's, or one that is gone
            places_.push_back(symbols_.code_location(f.awaits_at));
        }
    }
    // Empty: it is no frame.
    std::string function_of(const CoroutineFrame& f) const {
        std::string function = function_at(f.resume);
        return function == function_at(f.destroy) ? function : std::string();
    }
    // That in which all others at this address are inlined.
    std::string function_at(std::uint64_t address) const {
        std::vector<CodeLocation> functions = symbols_.code_locations(address);
        return functions.empty() ? std::string() : std::move(functions.back().function);
    }

    const Symbols& symbols_;
    std::vector<std::string> places_;
    std::unordered_map<std::string, const Chain*>
        coroutines_;  // those whose frames the stack has, up to where it was read
};

}  // namespace

std::vector<std::string> places_of_running(RemoteAddress task, int thread, const Symbols& symbols,
                                           const Memory* memory) {
    std::uint32_t other = 0;
    const std::optional<Layout> layout = memory != nullptr ? find_layout(*memory, other) : std::nullopt;
    StackReader reader(layout ? memory : nullptr, layout ? *layout : hocket_layout);
    std::optional<bool> is_in_task;
    symbols.walk_stack(thread, [&](const StackFrame& frame) {
        if (!is_in_task) is_in_task = reader.is_in(task, thread);
        if (*is_in_task) reader.add(frame);
    });
    Places places(symbols);
    const std::vector<Part> parts = std::move(reader).parts();
    for (const Part& part : parts) {
        if (!places.add(part)) break;
    }
    return std::move(places).places();
}

}  // namespace hocket::inspect
