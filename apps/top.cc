// SPDX-License-Identifier: MIT
// Looks at a process again and again, and draws what has happened between.
#include "top.h"

#include "looking.h"
#include "rates.h"

#include <hocket/base/errors.h>
#include <hocket/hocket.h>
#include <hocket/http/json.h>
#include <hocket/inspect/remote.h>

#include <CLI/CLI.hpp>

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using hocket::Coro, hocket::Symbols, hocket::http::Json;
using namespace hocket::inspect;
using namespace std::chrono_literals;

namespace {

constexpr const char* explained =
    R"(The process counts what its loops run as long as this looks at it, which costs each step of a task about 100 ns. It must
have a monitor: HOCKET_INSPECT=1 in its environment, or a call of hocket::inspect::start_monitor().

On a terminal the screen is drawn anew each time; b, s, d, l and n sort by busy, steps, delay, longest and name, and q ends it.
Else a table is written for each look, or, with --json, a line.

Columns:
  BUSY       the part of the time that the task's own steps took
  STEPS/s    how often it was resumed in a second
  DELAY      99 of 100 steps began within this time after the task had become ready; the rest of it others ran
  LONGEST    its longest step since the counting began
  SELF       how many of 100 wakes were its own doing: it gave way, and went on

Examples:
  hocket top 4711
  hocket top 4711 --interval 0.2 --sort delay
  hocket top 4711 --count 10 --json > ten-seconds.jsonl

Exit codes: 0 it was shown until q, Ctrl-C, --count or the process's end; 1 it could not be, and standard error says why;
2 wrong usage

Documentation: docs/inspecting.md)";

bool has_variable(const char* name) {
    const char* const value = std::getenv(name);
    return value != nullptr && *value != '\0';
}

// ---- Text

std::string at_most(std::int64_t nanoseconds) {
    if (nanoseconds == 0) return "-";
    if (nanoseconds == INT64_MAX) return "> " + duration_text(Histogram::upper_end(Histogram().counts.size() - 2));
    return "< " + duration_text(nanoseconds);
}

std::vector<std::string> lines_of(const LoopRates& r) {
    if (!r.is_known) return {heading(*r.loop)};
    return {heading(*r.loop),
            "  waits " + share_text(r.waiting) + " of the time; in a second " + rate_text(r.steps) + " steps, " +
                rate_text(r.callbacks) + " callbacks, " + rate_text(r.created) + " new tasks, " + rate_text(r.ended) +
                " ended",
            "  99 of 100 steps took " + at_most(r.step_times.quantile(0.99)) + ", and began " +
                at_most(r.delays.quantile(0.99)) + " after the task was ready"};
}

std::vector<std::string> task_row(const TaskRates& r, bool is_known, const LoopSnapshot& loop, const Symbols& symbols) {
    const TaskSnapshot& task = *r.task;
    const std::vector<std::string> places = places_of(task, loop, symbols);
    std::vector<std::string> row{printable(task.name), std::string(name_of(task.state))};
    if (is_known) {
        const double self = r.wakes > 0 ? 100 * r.self_wakes / r.wakes : 0;
        row.insert(row.end(), {share_text(r.busy), rate_text(r.resumes), at_most(r.delay_99), duration_text(r.longest),
                               rate_text(self)});
    } else {
        row.insert(row.end(), {"-", "-", "-", "-", "-"});
    }
    row.push_back(task.awaits.empty() ? "-" : printable(task.awaits));
    row.push_back(places.empty() ? "-" : places.front());
    return row;
}

std::vector<std::string> lines_of(const std::vector<LoopRates>& loops, const Symbols& symbols, std::size_t most_rows) {
    std::vector<std::string> lines;
    for (const LoopRates& r : loops) {
        for (std::string& line : lines_of(r)) lines.push_back(std::move(line));
        const std::size_t shown = std::min(r.tasks.size(), most_rows);
        if (shown == 0) continue;
        std::vector<std::vector<std::string>> rows{
            {"TASK", "STATE", "BUSY", "STEPS/s", "DELAY", "LONGEST", "SELF", "AWAITS", "AT"}};
        rows.reserve(shown + 1);
        for (std::size_t i = 0; i < shown; ++i) rows.push_back(task_row(r.tasks[i], r.is_known, *r.loop, symbols));
        for (std::string& line : table_lines(rows)) lines.push_back(std::move(line));
        if (shown < r.tasks.size())
            lines.push_back("... and " + std::to_string(r.tasks.size() - shown) + " more tasks");
    }
    return lines;
}

// ---- JSON

Json json_of(const Histogram& histogram) {
    Json counts = Json::array();
    for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
        if (histogram.counts[i] == 0) continue;
        const std::int64_t end = Histogram::upper_end(i);
        counts.push_back({{"below_ns", end == INT64_MAX ? Json(nullptr) : Json(end)}, {"count", histogram.counts[i]}});
    }
    return counts;
}

Json json_of(const LoopRates& r) {
    Json tasks = Json::array();
    for (const TaskRates& t : r.tasks) {
        tasks.push_back({{"id", id_of(t.task->id)},
                         {"name", t.task->name},
                         {"state", name_of(t.task->state)},
                         {"awaits", t.task->awaits},
                         {"busy", t.busy},
                         {"scheduled", t.scheduled},
                         {"steps_per_s", t.resumes},
                         {"wakes_per_s", t.wakes},
                         {"self_wakes_per_s", t.self_wakes},
                         {"delay_99_ns", t.delay_99 == INT64_MAX ? Json(nullptr) : Json(t.delay_99)},
                         {"longest_step_ns", t.longest}});
    }
    return {{"number", r.loop->number},
            {"thread", r.loop->thread},
            {"backend", r.loop->backend},
            {"stood", r.loop->stood},
            {"busy", r.busy},
            {"waiting", r.waiting},
            {"steps_per_s", r.steps},
            {"callbacks_per_s", r.callbacks},
            {"created_per_s", r.created},
            {"ended_per_s", r.ended},
            {"step_times", json_of(r.step_times)},
            {"delays", json_of(r.delays)},
            {"tasks", std::move(tasks)}};
}

Json json_of(const Snapshot& snapshot, const std::vector<LoopRates>& loops) {
    Json all = Json::array();
    for (const LoopRates& r : loops) all.push_back(json_of(r));
    return {{"pid", snapshot.pid}, {"loops", std::move(all)}};
}

// ---- The terminal

// Its whole screen, until it is given back as it was; keys come unechoed.
class Screen {
public:
    Screen() : is_coloured_(!has_variable("NO_COLOR")) {
        has_keys_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
        if (has_keys_) {
            termios raw = before_;
            raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
            ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
            add_reader(hocket::get_running_loop(), STDIN_FILENO, [this] { read_key(); });
        }
        std::fputs("\x1b[?1049h\x1b[?25l", stdout);
    }
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;
    ~Screen() {
        if (has_keys_) {
            remove_reader(hocket::get_running_loop(), STDIN_FILENO);
            ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
        }
        std::fputs("\x1b[?25h\x1b[?1049l", stdout);
        std::fflush(stdout);
    }

    static std::size_t rows() noexcept { return size().ws_row; }

    void draw(const std::vector<std::string>& lines) const {
        std::string out = "\x1b[H";
        const std::size_t columns = size().ws_col, most = rows();
        for (std::size_t i = 0; i < std::min(lines.size(), most); ++i) {
            const bool is_heading = is_coloured_ && (i == 0 || lines[i].starts_with("TASK "));
            if (is_heading) out += "\x1b[1m";
            out += std::string_view(lines[i]).substr(0, columns);
            if (is_heading) out += "\x1b[0m";
            out += i + 1 < most ? "\x1b[K\r\n" : "\x1b[K";
        }
        std::fputs((out + "\x1b[J").c_str(), stdout);
        std::fflush(stdout);
    }

    /// The key that is pressed until `end`; zero: none was.
    Coro<char> key_until(hocket::TimePoint end) {
        try {
            co_return co_await hocket::wait_for(keys_.get(), end - hocket::get_running_loop().time());
        } catch (const hocket::TimeoutError&) {
            co_return '\0';
        }
    }

private:
    static winsize size() noexcept {
        winsize found{};
        if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &found) < 0 || found.ws_col == 0 || found.ws_row == 0)
            found.ws_row = 24, found.ws_col = 80;
        return found;
    }

    void read_key() {
        char key = 0;
        if (::read(STDIN_FILENO, &key, 1) != 1) key = 'q';  // the terminal is gone
        keys_.put_nowait(key);
    }

    bool is_coloured_, has_keys_ = false;
    termios before_{};
    hocket::Queue<char> keys_;
};

// ---- Looks

// Looks at the process in a thread, since it may take a while until it answers.
class Looks {
public:
    explicit Looks(int pid) : observation_(pid), symbols(Symbols::of_process(pid)) { observation_.count(); }

    Coro<> next() {
        before = std::move(now);
        now = co_await hocket::to_thread([this] { return observation_.look(); });
    }
    std::vector<LoopRates> rates(std::string_view order) const {
        std::vector<LoopRates> loops = rates_between(before, now);
        for (LoopRates& r : loops) sort_tasks(r.tasks, order);
        return loops;
    }

private:
    Observation observation_;  // says best what is wrong with a process

public:
    Snapshot before, now;
    Symbols symbols;
};

std::string order_of_key(char key) {
    constexpr std::array<std::string_view, 5> orders{"busy", "steps", "delay", "longest", "name"};
    for (const std::string_view order : orders) {
        if (order.front() == key) return std::string(order);
    }
    return {};
}

std::string title(const Looks& looks, const TopOptions& options, std::string_view order) {
    std::array<char, 16> clock{};
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    ::localtime_r(&now, &local);
    std::strftime(clock.data(), clock.size(), "%H:%M:%S", &local);
    std::array<char, 32> interval{};
    std::snprintf(interval.data(), interval.size(), "%g", options.interval);
    return "hocket top " + std::to_string(looks.now.pid) + "   " + clock.data() + ", each " + interval.data() +
           " s, by " + std::string(order) + "   sort: b s d l n   end: q";
}

std::chrono::nanoseconds interval_of(const TopOptions& options) {
    return std::chrono::nanoseconds(static_cast<std::int64_t>(options.interval * 1e9));
}

// Draws until the user, or `count`, ends it.
Coro<> watch_on_screen(Looks& looks, const TopOptions& options) {
    const std::chrono::nanoseconds interval = interval_of(options);
    Screen screen;
    std::string order = options.sort;
    for (unsigned n = 0; options.count == 0 || n < options.count; ++n) {
        co_await looks.next();
        const hocket::TimePoint end = hocket::get_running_loop().time() + interval;
        for (char key = 0;;) {
            std::vector<std::string> lines = lines_of(looks.rates(order), looks.symbols, Screen::rows());
            lines.insert(lines.begin(), title(looks, options, order));
            screen.draw(lines);
            key = co_await screen.key_until(end);
            if (key == 'q') co_return;
            if (key == '\0') break;
            if (std::string chosen = order_of_key(key); !chosen.empty()) order = std::move(chosen);
        }
    }
}

// Writes a table, or a line of JSON, for each look but the first, from which on there is something to tell.
Coro<> write_looks(Looks& looks, const TopOptions& options) {
    constexpr std::size_t most_rows = 20;
    const std::chrono::nanoseconds interval = interval_of(options);
    co_await looks.next();
    for (unsigned n = 0; options.count == 0 || n < options.count; ++n) {
        co_await hocket::sleep(interval);
        co_await looks.next();
        const std::vector<LoopRates> loops = looks.rates(options.sort);
        if (options.is_json) {
            print_json(json_of(looks.now, loops));
        } else {
            if (n > 0) std::printf("\n");
            for (const std::string& line : lines_of(loops, looks.symbols, most_rows)) std::printf("%s\n", line.c_str());
        }
        std::fflush(stdout);
    }
}

// The process may end while it is looked at: then there is nothing more to show.
bool has_ended(int pid) { return ::kill(pid, 0) < 0 && errno == ESRCH; }

Coro<> watch_process(int pid, const TopOptions& options) {
    Looks looks(pid);
    try {
        if (!options.is_json && ::isatty(STDOUT_FILENO) == 1) {
            co_await watch_on_screen(looks, options);
        } else {
            co_await write_looks(looks, options);
        }
    } catch (const hocket::OSError&) {
        if (!has_ended(pid)) throw;
        std::fprintf(stderr, "process %d has ended\n", pid);
    }
}

}  // namespace

void describe_top(CLI::App& command, TopOptions& options) {
    command.add_option("PROCESS", options.process, "Its number")->required();
    command.add_option("--interval", options.interval, "Seconds between two looks (1)")
        ->check(CLI::Range(0.05, 3600.0));
    command.add_option("--count", options.count, "End after so many looks");
    command.add_option("--sort", options.sort, "busy, steps, delay, longest or name (busy)")
        ->check(CLI::IsMember({"busy", "steps", "delay", "longest", "name"}));
    command.add_flag("--json", options.is_json, "A line of JSON for each look, for programs");
    command.footer(explained);
}

void run_top(const TopOptions& options) {
    const std::optional<int> pid = number_of_process(options.process);
    if (!pid) throw hocket::ValueError("watch " + options.process + ": that is no number of a process");
    try {
        hocket::run(watch_process(*pid, options));
    } catch (const hocket::KeyboardInterrupt&) {
        return;  // Ctrl-C is how one ends it
    }
}
