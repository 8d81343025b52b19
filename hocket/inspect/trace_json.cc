// SPDX-License-Identifier: MIT
// Makes a trace in the Trace Event format of events. It may run in a signal handler: no allocation, no lock.
#include <hocket/inspect/trace_internal.h>

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <bit>
#include <cstring>

namespace hocket::inspect {

// ---- One loop

// Follows the events: steps lie inside each other as they did on the loop's thread, and an address is that of another task when the one
// before has ended. What began before the first event is left out.
class TraceWriter::OfLoop {
public:
    OfLoop(TraceWriter& writer, std::span<const TraceEvent> events, const TracedLoop& loop) noexcept
        : writer_(writer),
          out_(writer.output_),
          events_(events),
          loop_(loop),
          memory_(most_tracks() * sizeof(Track) + events.size() * sizeof(Span) + most_slots() * sizeof(std::uint32_t) +
                  64),
          tracks_(memory_.take<Track>(most_tracks())),
          spans_(memory_.take<Span>(events.size())),
          slots_(memory_.take<std::uint32_t>(most_slots())) {}

    void put() noexcept {
        if (slots_.empty()) return;
        for (std::size_t i = 0; i < events_.size(); ++i) take(i);
        const std::int64_t end = std::max(last_time_, loop_.end);
        while (depth_ > 0) finish_span(end, ", \"unfinished\": true");
        for (std::uint32_t i = 0; i < track_count_; ++i) {
            begin_event("M", "thread_name", i);
            out_.put(", \"args\": {\"name\": \"");
            put_name(i);
            out_.put("\"}}");
        }
        writer_.tracks_ += track_count_;
    }

private:
    struct Track {
        std::uint64_t task;
        std::size_t name;  // the event with its first piece
        std::size_t pieces;
        std::int64_t woken, woken_in;  // `woken_in`: within the waker's span
        std::uint32_t waker;
        bool is_ready, has_flow, has_ended;
    };
    struct Span {
        std::int64_t began = 0;
        TraceEvent::Kind kind = TraceEvent::looks;
        std::uint64_t place = 0;
        std::uint32_t track = 0, waker = 0;
        std::int64_t woken = 0, woken_in = 0;
        bool was_ready = false, has_flow = false;
    };

    // ---- Tracks

    // An event is of two tasks at most.
    std::size_t most_tracks() const noexcept { return 2 * events_.size() + 1; }
    std::size_t most_slots() const noexcept { return std::bit_ceil(2 * most_tracks()); }

    std::uint32_t& slot_of(std::uint64_t task) noexcept {
        std::size_t i = ((task >> 4) * 0x9E3779B97F4A7C15U >> 32) % slots_.size();
        while (slots_[i] != 0 && tracks_[slots_[i]].task != task) i = (i + 1) % slots_.size();
        return slots_[i];
    }
    std::uint32_t track_of(std::uint64_t task, bool is_new) noexcept {
        if (task == 0) return 0;
        std::uint32_t& slot = slot_of(task);
        if (slot == 0 || is_new) {
            slot = track_count_++;
            tracks_[slot].task = task;
        }
        return slot;
    }
    std::uint32_t live_track_of(std::uint64_t task) noexcept {
        const std::uint32_t track = track_of(task, false);
        return tracks_[track].has_ended ? track_of(task, true) : track;
    }
    void put_name(std::uint32_t track) noexcept {
        if (track == 0) {
            out_.put("loop ");
            out_.put_number(loop_.number);
            if (loop_.thread == 0) return;
            out_.put(", thread ");
            out_.put_number(static_cast<std::uint64_t>(loop_.thread));
            return;
        }
        const Track& t = tracks_[track];
        char name[64];
        std::size_t size = 0;
        for (std::size_t i = 0; i < t.pieces && size + 16 <= sizeof name; ++i, size += 16) {
            std::memcpy(name + size, &events_[t.name + i].time, 8);
            std::memcpy(name + size + 8, &events_[t.name + i].argument, 8);
        }
        const std::string_view text(name, strnlen(name, size));
        if (!text.empty()) return out_.put_escaped(text);
        out_.put("task ");
        out_.put_address(t.task);
    }

    // ---- Events

    void take(std::size_t i) noexcept {
        const TraceEvent& e = events_[i];
        if (e.kind() != TraceEvent::name) last_time_ = e.time;
        switch (e.kind()) {
            case TraceEvent::created:
            case TraceEvent::seen: return introduce(i);
            case TraceEvent::name: return;
            case TraceEvent::woken: return wake(e);
            case TraceEvent::begins: return begin(e);
            case TraceEvent::ends:
            case TraceEvent::ends_for_good:
                end_span(e.time);
                if (e.kind() == TraceEvent::ends_for_good) end_task(e, "ended");
                return;
            case TraceEvent::never_begins: return end_task(e, "cancelled before its first step");
            case TraceEvent::looks:
            case TraceEvent::waits:
                put_ready(e.time);
                spans_[depth_++] = {.began = e.time, .kind = e.kind()};
                return;
            case TraceEvent::has_looked:
                end_span(e.time);
                ready_changed_ = true;
                return;
        }
    }

    void introduce(std::size_t i) noexcept {
        const TraceEvent& e = events_[i];
        const bool is_new = e.kind() == TraceEvent::created;
        const std::uint32_t track = is_new ? track_of(e.task(), true) : live_track_of(e.task());
        std::size_t end = i + 1;
        while (end < events_.size() && events_[end].kind() == TraceEvent::name && events_[end].task() == e.task())
            ++end;
        tracks_[track].name = i + 1;
        tracks_[track].pieces = end - i - 1;
        if (!is_new) return;
        begin_event("i", "created", track);
        put_time_of_event(e.time);
        out_.put(", \"s\": \"t\", \"args\": {\"at\": \"");
        put_place(e.argument);
        out_.put("\"}}");
    }

    void wake(const TraceEvent& e) noexcept {
        Track& t = tracks_[live_track_of(e.task())];
        if (!t.is_ready) ++ready_;
        t.is_ready = true;
        t.woken = e.time;
        t.waker = track_of(e.argument, false);  // which may have ended with this
        t.has_flow = depth_ > 0 || has_last_;
        t.woken_in = depth_ > 0 ? e.time : std::max(last_began_, e.time - 1);
    }

    void begin(const TraceEvent& e) noexcept {
        if (ready_changed_) put_ready(e.time);
        ready_changed_ = false;
        const std::uint32_t track = live_track_of(e.task());
        Track& t = tracks_[track];
        if (t.is_ready) --ready_;
        spans_[depth_++] = {.began = e.time,
                            .kind = e.kind(),
                            .place = e.argument,
                            .track = track,
                            .waker = t.waker,
                            .woken = t.woken,
                            .woken_in = t.woken_in,
                            .was_ready = t.is_ready,
                            .has_flow = t.is_ready && t.has_flow};
        t.is_ready = false;
    }

    void end_task(const TraceEvent& e, std::string_view how) noexcept {
        const std::uint32_t track = live_track_of(e.task());
        if (tracks_[track].is_ready) --ready_;
        tracks_[track].is_ready = false;
        tracks_[track].has_ended = true;
        begin_event("i", how, track);
        put_time_of_event(e.time);
        out_.put(", \"s\": \"t\"}");
    }

    // Its begin may have been overwritten.
    void end_span(std::int64_t end) noexcept {
        has_last_ = depth_ > 0;
        if (has_last_) finish_span(end, "");
    }
    void finish_span(std::int64_t end, std::string_view more) noexcept {
        const Span& s = spans_[--depth_];
        last_began_ = s.began;
        put_span(s, end, more);
        if (!s.has_flow) return;
        const std::uint64_t flow = ++writer_.flows_;
        begin_event("s", "wake", s.waker);
        put_time_of_event(s.woken_in);
        out_.put(", \"cat\": \"wake\", \"id\": ");
        out_.put_number(flow);
        out_.put("}");
        begin_event("f", "wake", s.track);
        put_time_of_event(s.began);
        out_.put(", \"cat\": \"wake\", \"bp\": \"e\", \"id\": ");
        out_.put_number(flow);
        out_.put("}");
    }

    // ---- Words

    void put_span(const Span& s, std::int64_t end, std::string_view more) noexcept {
        const bool is_step = s.track != 0;
        out_.put(",\n{\"ph\": \"X\", \"name\": \"");
        if (is_step && writer_.place_of_) {
            put_place(s.place);
        } else {
            out_.put(is_step                        ? "step"
                     : s.kind == TraceEvent::begins ? "callback"
                     : s.kind == TraceEvent::waits  ? "wait"
                                                    : "look");
        }
        out_.put("\", \"cat\": \"");
        out_.put(is_step ? "task" : "loop");
        out_.put("\"");
        put_ids(s.track);
        put_time_of_event(s.began);
        out_.put(", \"dur\": ");
        out_.put_time(std::max<std::int64_t>(end - s.began, 0));
        out_.put(", \"args\": {");
        if (is_step) {
            out_.put("\"at\": \"");
            put_place(s.place);
            out_.put("\"");
            if (s.was_ready) {
                out_.put(", \"woken_by\": \"");
                put_name(s.waker);
                out_.put("\", \"ready_us\": ");
                out_.put_time(std::max<std::int64_t>(s.began - s.woken, 0));
            }
            out_.put(more);
        } else {
            out_.put(more.empty() ? more : more.substr(2));
        }
        out_.put("}}");
    }
    void put_ready(std::int64_t now) noexcept {
        if (ready_ == shown_ready_) return;
        shown_ready_ = ready_;
        out_.put(",\n{\"ph\": \"C\", \"name\": \"ready tasks of loop ");
        out_.put_number(loop_.number);
        out_.put("\"");
        put_ids(0);
        put_time_of_event(now);
        out_.put(", \"args\": {\"tasks\": ");
        out_.put_number(ready_);
        out_.put("}}");
    }
    void put_place(std::uint64_t address) noexcept {
        if (!writer_.place_of_) return out_.put_address(address);
        out_.put_escaped((*writer_.place_of_)(address));
    }
    void begin_event(std::string_view phase, std::string_view name, std::uint32_t track) noexcept {
        out_.put(",\n{\"ph\": \"");
        out_.put(phase);
        out_.put("\", \"name\": \"");
        out_.put(name);
        out_.put("\"");
        put_ids(track);
    }
    void put_ids(std::uint32_t track) noexcept {
        out_.put(", \"pid\": ");
        out_.put_number(static_cast<std::uint64_t>(writer_.pid_));
        out_.put(", \"tid\": ");
        out_.put_number(writer_.tracks_ + track + 1);
    }
    void put_time_of_event(std::int64_t time) noexcept {
        out_.put(", \"ts\": ");
        out_.put_time(time);
    }

    TraceWriter& writer_;
    TraceOutput& out_;
    const std::span<const TraceEvent> events_;
    const TracedLoop& loop_;
    TraceMemory memory_;
    const std::span<Track> tracks_;         // the first is the loop's
    const std::span<Span> spans_;           // those that have begun, the innermost last
    const std::span<std::uint32_t> slots_;  // of tasks, by their address: the track of the last that had it; 0: none
    std::uint32_t track_count_ = 1;
    std::size_t depth_ = 0;
    bool has_last_ = false;  // the span that ended last is shown
    std::int64_t last_began_ = 0, last_time_ = 0;
    std::uint64_t ready_ = 0, shown_ready_ = 0;
    bool ready_changed_ = false;
};

// ---- All

TraceWriter::TraceWriter(TraceOutput& output, int pid, std::string_view program, PlaceOf* place_of) noexcept
    : output_(output), pid_(pid), place_of_(place_of) {
    output_.put("{\"traceEvents\": [\n{\"ph\": \"M\", \"name\": \"process_name\", \"pid\": ");
    output_.put_number(static_cast<std::uint64_t>(pid));
    output_.put(", \"tid\": 1, \"args\": {\"name\": \"");
    output_.put_escaped(program);
    output_.put("\"}}");
}

void TraceWriter::put(std::span<const TraceEvent> events, const TracedLoop& loop) noexcept {
    OfLoop(*this, events, loop).put();
}

// By which others can tell places by addresses.
void TraceWriter::put_map() noexcept {
    const int fd = ::open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    output_.put(", \"map\": \"");
    static constinit char lines[4096];  // little of a signal handler's stack; only one writes without `place_of`
    for (ssize_t n; (n = ::read(fd, lines, sizeof lines)) > 0;)
        output_.put_escaped({lines, static_cast<std::size_t>(n)});  // whole lines
    output_.put("\"");
    ::close(fd);
}

void TraceWriter::finish(std::string_view reason) noexcept {
    output_.put("\n], \"displayTimeUnit\": \"ns\", \"otherData\": {\"reason\": \"");
    output_.put_escaped(reason);
    output_.put("\"");
    if (!place_of_) put_map();
    output_.put("}}\n");
    output_.flush();
}

}  // namespace hocket::inspect
