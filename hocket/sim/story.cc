// SPDX-License-Identifier: MIT
// How what happens becomes lines that a person reads.
#include <hocket/sim/story_internal.h>

#include <hocket/io/sim_schedule_internal.h>

#include <algorithm>
#include <utility>

namespace hocket::sim {

namespace {

constexpr std::size_t host_columns = 8, line_columns = 100, most_ways = 6;

std::string seconds_since_start(std::int64_t now) {
    const std::int64_t microseconds = (now - Schedule::start) / 1000;
    std::string digits = std::to_string(microseconds % 1'000'000);
    digits.insert(0, 6 - digits.size(), '0');
    std::string whole = std::to_string(microseconds / 1'000'000);
    if (whole.size() < 4) whole.insert(0, 4 - whole.size(), ' ');
    return whole + "." + digits;
}

std::string bytes_text(std::size_t count) { return std::to_string(count) + (count == 1 ? " byte" : " bytes"); }

}  // namespace

void Story::write(std::int64_t when, const std::string& host, const std::string& what) {
    text_ += seconds_since_start(when) + "  " + host;
    if (host.size() < host_columns) text_.append(host_columns - host.size(), ' ');
    text_ += "  " + what + "\n";
}

void Story::finish_line() {
    if (what_.empty()) return;
    if (more_ > 0) {
        what_ += import_ == Told::small
                     ? " (and " + std::to_string(more_) + " more such fault" + (more_ == 1 ? ")" : "s)")
                     : " (" + std::to_string(more_ + 1) + " times)";
    }
    write(when_, host_, std::exchange(what_, {}));
    more_ = 0;
}

void Story::finish_ways() {
    if (ways_.empty()) return;
    std::string what;
    for (std::size_t i = 0; i < std::min(ways_.size(), most_ways); ++i) {
        const Way& w = ways_[i];
        what += (i > 0 ? ", " : "") + w.from + " > " + w.to + " " + bytes_text(w.bytes);
        if (w.times > 1) what += " in " + std::to_string(w.times);
    }
    if (ways_.size() > most_ways) what += ", and between others";
    write(last_carried_, "-", what);
    ways_.clear();
}

void Story::line(std::int64_t now, const std::string& host, Told import, const std::string& what) {
    if (how_ == Tell::everything) return write(now, host, what);
    if (how_ == Tell::off || import == Told::routine) return;
    if (!what_.empty() && import == import_ && host == host_) {
        const bool same = import == Told::notable && what == what_ && !what.starts_with('*') && ways_.empty();
        if (import == Told::small || same) {
            ++more_;
            return;
        }
        if (import == Told::life && what_.size() + what.size() < line_columns) {
            what_ += ", " + what;
            return;
        }
    }
    finish_line();
    if (import != Told::life) finish_ways();
    when_ = now;
    host_ = host;
    what_ = what;
    import_ = import;
}

void Story::carried(std::int64_t now, const std::string& from, const std::string& to, std::size_t size,
                    const std::string& what) {
    if (how_ == Tell::everything) return write(now, to, "gets " + std::to_string(size) + " " + what);
    if (how_ == Tell::off) return;
    last_carried_ = now;
    const auto way = std::ranges::find_if(ways_, [&](const Way& w) { return w.from == from && w.to == to; });
    if (way == ways_.end()) {
        ways_.push_back({from, to, size, 1});
    } else {
        way->bytes += size;
        ++way->times;
    }
}

std::string Story::take() {
    finish_line();
    finish_ways();
    return std::move(text_);
}

}  // namespace hocket::sim
