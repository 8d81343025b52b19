// SPDX-License-Identifier: MIT
// The rings of events, and how they become text.
#pragma once

#include <hocket/base/function.h>
#include <hocket/base/owners.h>
#include <hocket/core/event_loop.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace hocket::inspect {

/// One thing that happened.
struct TraceEvent {
    enum Kind : std::uint8_t {
        created = 1,  // argument: where
        seen,    // is known from before; argument: where it was created. Repeated, so that a ring that is cut has it
        name,    // 16 bytes of the name of the task in the event before: `time` and `argument`
        woken,   // argument: by which task; 0: by a callback, or the loop
        begins,  // argument: where the step goes on; without a task, a callback does
        ends,    // that which began last
        ends_for_good,
        never_begins,
        looks,
        waits,  // the same, and nothing is ready
        has_looked,
    };
    static constexpr int kind_bits = 8;  // no address of a program has more than 56

    std::int64_t time = 0;  // of the loop's clock
    std::uint64_t what = 0;
    std::uint64_t argument = 0;

    Kind kind() const noexcept { return static_cast<Kind>(what & ((1U << kind_bits) - 1)); }
    /// The task's address, which another may have when it has ended; 0: none's.
    std::uint64_t task() const noexcept { return what >> kind_bits; }
};

/// Whose events they are.
struct TracedLoop {
    std::uint64_t number = 0;
    int thread = 0;
    std::int64_t end = 0;  // when what runs is cut off; 0: with the last event
};

/// The last events of one loop. Never freed, since a signal handler may read it: another loop gets it in turn.
class TraceRing {
public:
    enum For : std::uint8_t { program = 1, environment = 2, monitor = 4 };

    static void begin(EventLoop& loop, For whom, std::size_t events);
    /// In a callback of the loop, which cannot throw: where there is no memory, the loop is not traced, and `lacked_memory` is set.
    static void begin_for_monitor(EventLoop& loop) noexcept;
    /// The monitor sets it back when it is asked for a trace.
    static inline constinit std::atomic<bool> lacked_memory = false;
    static void end(EventLoop& loop, For whom) noexcept;
    /// All of the process, for any thread and for signal handlers.
    static const TraceRing* first() noexcept;
    const TraceRing* next() const noexcept { return next_; }
    /// In the child of a fork: what its parent did is not its own.
    static void forget_all() noexcept;

    /// How many events `copy` may give.
    std::size_t size() const noexcept { return size_; }
    /// Fills `to`, and gives the part of it that is whole, the oldest event first: what the loop overwrites meanwhile is not in it.
    std::span<const TraceEvent> copy(std::span<TraceEvent> to, TracedLoop& loop) const noexcept;

    // What the one observer of the loop hands on.

    void begins(TaskBase* task, std::int64_t now) noexcept;
    void ends(const TaskBase* task, bool is_last, std::int64_t now) noexcept;
    void woken(TaskBase& task, const TaskBase* by, std::int64_t now) noexcept;
    void never_begins(TaskBase& task, std::int64_t now) noexcept;
    void looks(bool waits, std::int64_t now) noexcept;
    void has_looked(std::int64_t now) noexcept;
    /// The loop closes, or nobody wants it any more.
    void finish() noexcept;

private:
    // Atomic, since others read them while the loop writes; x86 stores and loads them as it does others.
    struct Entry {
        std::atomic<std::int64_t> time = 0;
        std::atomic<std::uint64_t> what = 0, argument = 0;
    };
    struct Known {
        std::uint64_t task = 0, position = 0;
    };
    enum State : std::uint8_t { unused, live, finished };
    static constexpr std::size_t least_events = 64, most_events = SIZE_MAX / 2 + 1, most_finished = 8, most_name = 64;

    explicit TraceRing(std::size_t size);
    static TraceRing& one_for(std::size_t size);
    void attach(EventLoop& loop) noexcept;
    void add(TraceEvent::Kind kind, std::uint64_t task, std::int64_t time, std::uint64_t argument) noexcept;
    void introduce(const TaskBase& task, TraceEvent::Kind how, std::int64_t now) noexcept;
    void introduce_new(std::int64_t now) noexcept;
    std::uint64_t known(const TaskBase& task, std::int64_t now) noexcept;
    Known& slot_of(std::uint64_t task) noexcept { return known_[(task >> 4) * 0x9E3779B97F4A7C15U >> 54]; }

    const std::size_t size_;  // a power of two
    std::unique_ptr<Entry[]> entries_;
    TraceRing* next_ = nullptr;
    std::atomic<State> state_ = unused;
    std::atomic<std::uint64_t> begin_ = 0, end_ = 0;  // positions: of the loop's first event, and behind its last
    std::atomic<std::uint64_t> number_ = 0, finished_at_ = 0;
    std::atomic<int> thread_ = 0;
    std::atomic<bool> real_time_ = false;
    EventLoop* loop_ = nullptr;
    std::uint8_t wanted_by_ = 0;
    bool is_kept_ = false;        // when it is finished: not for the monitor alone
    std::uintptr_t created_ = 0;  // tasks of the loop that have been introduced
    std::array<Known, 1024> known_{};
};

/// Text on its way out. For signal handlers, but not on their stack, which may be small: it allocates nothing, unless `write` does.
class TraceOutput {
public:
    constexpr TraceOutput() noexcept = default;
    TraceOutput(const TraceOutput&) = delete;
    TraceOutput& operator=(const TraceOutput&) = delete;

    void put(std::string_view text) noexcept;
    void put_number(std::uint64_t number, int base = 10) noexcept;
    void put_address(std::uint64_t address) noexcept;
    /// As it stands in a JSON string; what is no UTF-8 is replaced.
    void put_escaped(std::string_view text) noexcept;
    /// In microseconds, with all of the nanoseconds.
    void put_time(std::int64_t nanoseconds) noexcept;
    void flush() noexcept;

protected:
    ~TraceOutput() = default;
    void discard() noexcept { used_ = 0; }
    virtual void write(std::string_view text) noexcept = 0;

private:
    std::array<char, 4096> buffer_{};
    std::size_t used_ = 0;
};

class TraceText final : public TraceOutput {
public:
    std::string text;

private:
    void write(std::string_view more) noexcept override { text += more; }
};

/// Function, file and line of an address.
using PlaceOf = Function<std::string(std::uint64_t)>;

/// Makes a trace in the Trace Event format of the events of loops. For signal handlers, if there is no `place_of`: then addresses of this process
/// stand for places, with the map of its memory; one at a time.
class TraceWriter {
public:
    TraceWriter(TraceOutput& output, int pid, std::string_view program, PlaceOf* place_of) noexcept;
    TraceWriter(const TraceWriter&) = delete;
    TraceWriter& operator=(const TraceWriter&) = delete;

    void put(std::span<const TraceEvent> events, const TracedLoop& loop) noexcept;
    void finish(std::string_view reason) noexcept;

private:
    class OfLoop;
    void put_map() noexcept;

    TraceOutput& output_;
    const int pid_;
    PlaceOf* const place_of_;
    std::uint64_t tracks_ = 0, flows_ = 0;
};

/// Memory from the kernel, without the program's allocator, all zero; empty where there is none.
class TraceMemory {
public:
    explicit TraceMemory(std::size_t size) noexcept;
    TraceMemory(const TraceMemory&) = delete;
    TraceMemory& operator=(const TraceMemory&) = delete;
    ~TraceMemory();

    /// The next `count` objects; called in all for no more than there is.
    template <class T>
    std::span<T> take(std::size_t count) noexcept {
        if (!start_) return {};
        T* const first = reinterpret_cast<T*>(start_ + used_);
        used_ += (count * sizeof(T) + 15) / 16 * 16;
        return {first, count};
    }

private:
    char* start_ = nullptr;
    std::size_t size_, used_ = 0;
};

/// Writes a trace of all rings.
void write_rings(TraceOutput& output, std::string_view reason, PlaceOf* place_of) noexcept;
/// What the monitor answers of all rings, for `trace_from_lines`; an error, if there is nothing in them.
std::string trace_lines();
/// Throws RuntimeError: `lines` are none of `trace_lines`.
std::string trace_from_lines(std::string_view lines, PlaceOf place_of);

}  // namespace hocket::inspect
