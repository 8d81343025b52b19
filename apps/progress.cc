// SPDX-License-Identifier: MIT
// How far, how fast, how long still.
#include "progress.h"

#include <hocket/core/event_loop.h>
#include <hocket/core/sleep.h>

#include <sys/ioctl.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>

using namespace std::chrono_literals;

namespace {

constexpr auto first_shown_after = 1s;
constexpr auto drawn_each = 100ms;
constexpr double weight_of_the_newest = 0.1;  // so that the rate is that of the last seconds
constexpr std::size_t bar_columns = 20;

std::string_view variable(const char* name) {
    const char* const value = std::getenv(name);
    return value ? value : "";
}

std::size_t columns() {
    winsize size{};
    const bool is_known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return is_known ? size.ws_col : 80;
}

std::string formatted(const char* format, double value, const char* unit) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), format, value, unit);
    return text.data();
}

std::string bar(double share, bool is_coloured) {
    const auto full = static_cast<std::size_t>(share * static_cast<double>(bar_columns));
    std::string text = "[";
    if (is_coloured) text += "\x1b[32m";
    text.append(full, '#');
    if (is_coloured) text += "\x1b[0m";
    text.append(bar_columns - full, ' ');
    return text + "]  ";
}

}  // namespace

std::string size_text(double bytes) {
    constexpr std::array<const char*, 5> units = {"B", "kB", "MB", "GB", "TB"};
    std::size_t unit = 0;
    while (bytes >= 999.5 && unit + 1 < units.size()) {
        bytes /= 1000;
        ++unit;
    }
    return formatted(unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units.at(unit));
}

std::string span_text(double seconds) {
    const double whole = std::min(std::ceil(seconds), 359999.0);  // 99:59:59
    const int n = static_cast<int>(whole);
    if (n < 60) return std::to_string(n) + " s";
    std::array<char, 32> text{};
    if (n < 3600) {
        std::snprintf(text.data(), text.size(), "%d:%02d", n / 60, n % 60);
    } else {
        std::snprintf(text.data(), text.size(), "%d:%02d:%02d", n / 3600, n / 60 % 60, n % 60);
    }
    return text.data();
}

std::string progress_text(const Transfer& transfer, double rate, std::size_t columns, bool is_coloured) {
    const auto received = static_cast<double>(transfer.received);
    const auto expected = static_cast<double>(transfer.expected);
    // Of several URLs, the sizes of those that have not begun are unknown.
    const bool is_size_known = transfer.unknown_sizes == 0 && transfer.expected > 0 && received <= expected;
    std::string text;
    if (transfer.all > 1) text = std::to_string(transfer.done) + " of " + std::to_string(transfer.all) + " done  ";
    std::string bare_bar, shown_bar;
    if (is_size_known && transfer.all == 1) {
        const double share = received / expected;
        text += formatted("%3.0f%s", std::floor(share * 100), "% ");
        bare_bar = bar(share, false);
        shown_bar = bar(share, is_coloured);
    }
    std::string rest = size_text(received);
    if (is_size_known && transfer.all == 1) rest += " of " + size_text(expected);
    rest += "  " + size_text(rate) + "/s";
    if (is_size_known && transfer.all == 1 && rate >= 1)
        rest += "  " + span_text((expected - received) / rate) + " left";
    if (text.size() + bare_bar.size() + rest.size() <= columns) return text + shown_bar + rest;
    return (text + rest).substr(0, columns);
}

Progress::Progress(bool is_wanted)
    : is_shown_(is_wanted && ::isatty(STDERR_FILENO) == 1 && variable("TERM") != "dumb"),
      is_coloured_(variable("NO_COLOR").empty()) {}

hocket::Coro<> Progress::run() {
    if (!is_shown_) co_return;
    co_await hocket::sleep(first_shown_after);
    const hocket::EventLoop& loop = hocket::get_running_loop();
    const double first_seconds = std::chrono::duration<double>(first_shown_after).count();
    double rate = static_cast<double>(transfer.received) / first_seconds;
    for (;;) {
        draw(rate);
        const std::uint64_t before = transfer.received;
        const auto begun = loop.time();
        co_await hocket::sleep(drawn_each);
        const double seconds = std::chrono::duration<double>(loop.time() - begun).count();
        const double newest = static_cast<double>(transfer.received - before) / std::max(seconds, 1e-3);
        rate += weight_of_the_newest * (newest - rate);
    }
}

void Progress::draw(double rate) {
    if (transfer.received == 0) return;
    const std::string text = progress_text(transfer, rate, columns() - 1, is_coloured_);
    std::fprintf(stderr, "\r%s\x1b[K", text.c_str());
    std::fflush(stderr);
    is_drawn_ = true;
}

void Progress::clear() {
    if (!is_drawn_) return;
    std::fputs("\r\x1b[K", stderr);
    std::fflush(stderr);
    is_drawn_ = false;
}

void Progress::say(std::string_view line) {
    clear();
    std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
}
