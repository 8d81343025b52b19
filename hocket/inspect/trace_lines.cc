// SPDX-License-Identifier: MIT
// A trace on its way from the monitor to the one who knows the program's symbols.
#include <hocket/inspect/trace_internal.h>

#include <hocket/base/errors.h>

#include <unistd.h>
#include <cerrno>
#include <charconv>
#include <utility>
#include <vector>

namespace hocket::inspect {

namespace {

// trace<tab>PROCESS<tab>PROGRAM, then for each loop a line with its number, thread, end and number of events, and one for each of these: all in
// hexadecimal.
constexpr std::string_view heading = "trace\t";

void put_numbers(std::string& out, std::span<const std::uint64_t> numbers) {
    for (const std::uint64_t n : numbers) {
        char digits[20];
        out.append(digits, std::to_chars(digits, std::end(digits), n, 16).ptr);
        out += '\t';
    }
    out.back() = '\n';
}

class Lines {
public:
    explicit Lines(std::string_view text) : rest_(text) {}

    bool at_end() const noexcept { return rest_.starts_with("end\t"); }
    std::string_view line() {
        const std::size_t size = rest_.find('\n');
        if (size == rest_.npos) fail();
        const std::string_view found = rest_.substr(0, size);
        rest_.remove_prefix(size + 1);
        return found;
    }
    template <std::size_t count>
    std::array<std::uint64_t, count> numbers() {
        const std::string_view text = line();
        std::array<std::uint64_t, count> found{};
        const char* at = text.data();
        const char* const end = at + text.size();
        for (std::uint64_t& n : found) {
            if (at != text.data() && (at == end || *at++ != '\t')) fail();
            const auto [after, error] = std::from_chars(at, end, n, 16);
            if (error != std::errc()) fail();
            at = after;
        }
        if (at != end) fail();
        return found;
    }
    [[noreturn]] static void fail() { throw RuntimeError("what the process says of its trace makes no sense"); }

private:
    std::string_view rest_;
};

}  // namespace

std::string trace_lines() {
    if (TraceRing::lacked_memory) return "error\tthere was no memory to keep the events of a loop\n";
    std::string lines(heading);
    lines += std::to_string(getpid()) + "\t" + program_invocation_short_name + "\n";
    std::vector<TraceEvent> room;
    bool is_traced = false;
    for (const TraceRing* r = TraceRing::first(); r; r = r->next()) {
        room.resize(r->size());
        TracedLoop loop;
        const std::span<const TraceEvent> events = r->copy(room, loop);
        if (loop.number != 0) is_traced = true;
        if (events.empty()) continue;
        put_numbers(lines, std::array{loop.number, static_cast<std::uint64_t>(loop.thread),
                                      static_cast<std::uint64_t>(loop.end), std::uint64_t{events.size()}});
        for (const TraceEvent& e : events)
            put_numbers(lines, std::array{static_cast<std::uint64_t>(e.time), e.what, e.argument});
    }
    if (!is_traced) return "error\tits loops have kept no events: none runs, or they are blocked\n";
    return lines + "end\t0\n";
}

std::string trace_from_lines(std::string_view text, PlaceOf place_of) {
    Lines lines(text);
    std::string_view first = lines.line();
    if (!first.starts_with(heading)) Lines::fail();
    first.remove_prefix(heading.size());
    int pid = 0;
    const auto [end, error] = std::from_chars(first.data(), first.data() + first.size(), pid);
    if (error != std::errc() || end == first.data() + first.size() || *end != '\t') Lines::fail();
    TraceText output;
    TraceWriter writer(output, pid, first.substr(static_cast<std::size_t>(end + 1 - first.data())), &place_of);
    std::vector<TraceEvent> events;
    while (!lines.at_end()) {
        const auto [number, thread, end_of_loop, count] = lines.numbers<4>();
        events.clear();
        for (std::uint64_t i = 0; i < count; ++i) {
            const auto [time, what, argument] = lines.numbers<3>();
            events.push_back({static_cast<std::int64_t>(time), what, argument});
        }
        writer.put(events, {number, static_cast<int>(thread), static_cast<std::int64_t>(end_of_loop)});
    }
    writer.finish("asked for");
    return std::move(output.text);
}

}  // namespace hocket::inspect
