// SPDX-License-Identifier: MIT
// Looks at a process again and again, and draws what has happened between.
#include "top.h"

#include "looking.h"
#include "looks.h"
#include "rates.h"
#include "web_top.h"

#include <hocket/base/errors.h>
#include <hocket/hocket.h>
#include <hocket/inspect/remote.h>

#include <CLI/CLI.hpp>

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using hocket::Coro;
using namespace hocket::inspect;
using namespace std::chrono_literals;

namespace {

constexpr const char* explained =
    R"(The process counts what its loops run as long as this looks at it, which costs each step of a task about 100 ns. It must
have a monitor: HOCKET_INSPECT=1 in its environment, or a call of hocket::inspect::start_monitor().

On a terminal the screen is drawn anew each time; b, s, d, l and n sort by busy, steps, delay, longest and name, and q ends it.
Else a table is written for each look, or, with --json, a line. A look that fails is told, and tried again, until the process has ended.

With --web it serves a page instead, for this machine only, until Ctrl-C: the tree of tasks, what each did in the last minutes, latencies,
queues and connections. The process counts while a browser shows it.

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
  hocket top 4711 --web                     in a browser; the first line of output says where

Exit codes: 0 it was shown until q, Ctrl-C, --count or the process's end, on a terminal also until SIGTERM or SIGHUP; 1 it could not
be, and standard error says why; 2 wrong usage

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

std::vector<std::string> task_row(const TaskRates& r, bool is_known, const LoopSnapshot& loop, const Sources& sources) {
    const TaskSnapshot& task = *r.task;
    const std::vector<std::string> places = places_of(task, loop, sources);
    std::vector<std::string> row{task.name, std::string(name_of(task.state))};
    if (is_known) {
        const double self = r.wakes > 0 ? 100 * r.self_wakes / r.wakes : 0;
        row.insert(row.end(), {share_text(r.busy), rate_text(r.resumes), at_most(r.delay_99), duration_text(r.longest),
                               rate_text(self)});
    } else {
        row.insert(row.end(), {"-", "-", "-", "-", "-"});
    }
    row.push_back(task.awaits.empty() ? "-" : task.awaits);
    row.push_back(places.empty() ? "-" : places.front());
    return row;
}

std::vector<std::string> lines_of(const std::vector<LoopRates>& loops, const Sources& sources, std::size_t most_rows) {
    std::vector<std::string> lines;
    for (const LoopRates& r : loops) {
        for (std::string& line : lines_of(r)) lines.push_back(std::move(line));
        const std::size_t shown = std::min(r.tasks.size(), most_rows);
        if (shown == 0) continue;
        std::vector<std::vector<std::string>> rows{
            {"TASK", "STATE", "BUSY", "STEPS/s", "DELAY", "LONGEST", "SELF", "AWAITS", "AT"}};
        rows.reserve(shown + 1);
        for (std::size_t i = 0; i < shown; ++i) rows.push_back(task_row(r.tasks[i], r.is_known, *r.loop, sources));
        for (std::string& line : table_lines(std::move(rows))) lines.push_back(std::move(line));
        if (shown < r.tasks.size())
            lines.push_back("... and " + std::to_string(r.tasks.size() - shown) + " more tasks");
    }
    return lines;
}

// ---- The terminal

// Its whole screen, until it is given back as it was; keys come unechoed. Given back it also is at a signal that ends or stops the process.
class Screen {
public:
    Screen() : is_coloured_(!has_variable("NO_COLOR")) { take(); }
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;
    ~Screen() { give_back(); }

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
    void take() {
        hocket::EventLoop& loop = hocket::get_running_loop();
        has_keys_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
        if (has_keys_) {
            termios raw = before_;
            raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
            ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);  // stops the process (SIGTTOU) while it is in the background
            add_reader(loop, STDIN_FILENO, [this] { read_key(); });
        }
        add_signal_handler(loop, SIGTSTP, [this] { stop(); });
        for (const int number : ends) add_signal_handler(loop, number, [this] { watching_.cancel(); });
        std::fputs("\x1b[?1049h\x1b[?25l", stdout);
    }
    void give_back() {
        hocket::EventLoop& loop = hocket::get_running_loop();
        for (const int number : ends) remove_signal_handler(loop, number);
        remove_signal_handler(loop, SIGTSTP);
        if (has_keys_) {
            remove_reader(loop, STDIN_FILENO);
            ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
        }
        std::fputs("\x1b[?25h\x1b[?1049l", stdout);
        std::fflush(stdout);
    }
    // Ctrl-Z: does what it does elsewhere, until SIGCONT.
    void stop() {
        give_back();
        std::raise(SIGTSTP);
        take();
        keys_.put_nowait(' ');  // means nothing, and has all drawn anew
    }
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

    static constexpr std::array<int, 2> ends{SIGTERM, SIGHUP};

    const hocket::AnyTask watching_ = hocket::current_task();
    bool is_coloured_, has_keys_ = false;
    termios before_{};
    hocket::Queue<char> keys_;
};

// ---- Until the end

std::string order_of_key(char key) {
    constexpr std::array<std::string_view, 5> orders{"busy", "steps", "delay", "longest", "name"};
    for (const std::string_view order : orders) {
        if (order.front() == key) return std::string(order);
    }
    return {};
}

std::string title(int pid, const TopOptions& options, std::string_view order) {
    std::array<char, 16> clock{};
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    ::localtime_r(&now, &local);
    std::strftime(clock.data(), clock.size(), "%H:%M:%S", &local);
    std::array<char, 32> interval{};
    std::snprintf(interval.data(), interval.size(), "%g", options.interval);
    return "hocket top " + std::to_string(pid) + "   " + clock.data() + ", each " + interval.data() + " s, by " +
           std::string(order) + "   sort: b s d l n   end: q";
}

std::chrono::nanoseconds interval_of(const TopOptions& options) {
    return std::chrono::nanoseconds(static_cast<std::int64_t>(options.interval * 1e9));
}

// Looks that go on after one that fails.
class Watched {
public:
    explicit Watched(int pid) : pid_(pid), looks_(std::in_place, pid) {}

    /// Looks once more. What it fails at is told by `failure`, and the next time it begins anew, unless the process `has_ended`.
    Coro<> next() {
        failure_.clear();
        try {
            if (!looks_) looks_.emplace(pid_);
            co_await looks_->next();
        } catch (const std::exception& e) {
            failure_ = printable(e.what()) + "; it is tried again";
            looks_.reset();  // an answer may still come on its connection
            has_ended_ = ::has_ended(pid_);
        }
    }
    int pid() const noexcept { return pid_; }
    bool has_ended() const noexcept { return has_ended_; }
    const std::string& failure() const noexcept { return failure_; }
    /// Of what did not fail.
    const Looks& looks() const { return *looks_; }

private:
    int pid_;
    std::optional<Looks> looks_;
    std::string failure_;
    bool has_ended_ = false;
};

// Draws until the user, or `count`, or the process's end, ends it.
Coro<> watch_on_screen(Watched& process, const TopOptions& options) {
    const std::chrono::nanoseconds interval = interval_of(options);
    Screen screen;
    std::string order = options.sort;
    for (unsigned n = 0; options.count == 0 || n < options.count;) {
        co_await process.next();
        if (process.has_ended()) co_return;
        const bool is_seen = process.failure().empty();
        if (is_seen) ++n;
        const hocket::TimePoint end = hocket::get_running_loop().time() + interval;
        for (char key = 0;;) {
            std::vector<std::string> lines{process.failure()};
            if (is_seen) lines = lines_of(process.looks().rates(order), process.looks().sources(), Screen::rows());
            lines.insert(lines.begin(), title(process.pid(), options, order));
            screen.draw(lines);
            key = co_await screen.key_until(end);
            if (key == 'q') co_return;
            if (key == '\0') break;
            if (std::string chosen = order_of_key(key); !chosen.empty()) order = std::move(chosen);
        }
    }
}

// Writes a table, or a line of JSON, for each look but the first, from which on there is something to tell.
Coro<> write_looks(Watched& process, const TopOptions& options) {
    constexpr std::size_t most_rows = 20;
    const std::chrono::nanoseconds interval = interval_of(options);
    std::string told;
    for (unsigned n = 0;;) {
        co_await process.next();
        if (process.has_ended()) co_return;
        if (process.failure() != told) {
            told = process.failure();
            if (!told.empty()) std::fprintf(stderr, "hocket top: %s\n", told.c_str());
        }
        if (told.empty() && process.looks().has_rates()) {
            if (options.is_json) {
                print_json(process.looks().json(options.sort));
            } else {
                if (n > 0) std::printf("\n");
                for (const std::string& line :
                     lines_of(process.looks().rates(options.sort), process.looks().sources(), most_rows))
                    std::printf("%s\n", line.c_str());
            }
            flush_output();
            if (++n == options.count) co_return;
        }
        co_await hocket::sleep(interval);
    }
}

Coro<> watch_process(int pid, const TopOptions& options) {
    Watched process(pid);
    if (!options.is_json && ::isatty(STDOUT_FILENO) == 1) {
        co_await watch_on_screen(process, options);
    } else {
        co_await write_looks(process, options);
    }
    if (process.has_ended()) std::fprintf(stderr, "process %d has ended\n", pid);
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
    CLI::Option& web = *command.add_flag("--web", options.is_web, "Serve a page that shows it, on 127.0.0.1");
    for (const char* other : {"--count", "--sort", "--json"}) web.excludes(command.get_option(other));
    command.add_option("--port", options.port, "Of the page (0: any free one)")->needs(&web);
    command.footer(explained);
}

void run_top(const TopOptions& options) {
    const std::optional<int> pid = number_of_process(options.process);
    if (!pid) throw hocket::ValueError("watch " + options.process + ": that is no number of a process");
    if (options.is_web) return run_web_top({.pid = *pid, .interval = interval_of(options), .port = options.port});
    try {
        hocket::run(watch_process(*pid, options));
    } catch (const hocket::KeyboardInterrupt&) {
        return;  // Ctrl-C is how one ends it
    } catch (const hocket::CancelledError&) {
        return;  // SIGTERM or SIGHUP, when the terminal has been given back
    }
}
