// SPDX-License-Identifier: MIT
// The three forms of a date, there and back.
#include <hocket/http/http_date.h>

#include <hocket/http/months_internal.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace hocket::http {

namespace {

using std::chrono::days, std::chrono::sys_days, std::chrono::year_month_day;

constexpr std::array<std::string_view, 7> week = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                  "Thursday", "Friday", "Saturday"};
constexpr std::int64_t seconds_of_a_day = 86'400;

constexpr std::int64_t day_number(int year, unsigned month, unsigned day) noexcept {
    const year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
    return sys_days(date).time_since_epoch().count();
}

constexpr std::int64_t earliest = day_number(0, 1, 1) * seconds_of_a_day;
constexpr std::int64_t latest = day_number(9999, 12, 31) * seconds_of_a_day + seconds_of_a_day - 1;

void append_digits(std::string& to, std::int64_t n, int digits) {
    const std::size_t end = to.size() + static_cast<std::size_t>(digits);
    to.append(static_cast<std::size_t>(digits), '0');
    for (std::size_t i = end; n > 0; n /= 10) to[--i] = static_cast<char>('0' + n % 10);
}

/// Takes a date apart. Each part says whether it was there; after one that was not, what is left means nothing.
class DateReader {
public:
    explicit DateReader(std::string_view text) noexcept : rest_(text) {}

    std::optional<std::int64_t> read(std::int64_t now) noexcept {
        const auto day = std::find_if(week.begin(), week.end(), [&](std::string_view d) { return take(d); });
        const bool is_whole_name = day != week.end();
        if (!is_whole_name && !take_short_day()) return std::nullopt;
        const bool is_date = is_whole_name ? rfc_850(now) : rest_.starts_with(',') ? fixdate() : asctime();
        return is_date && rest_.empty() ? seconds() : std::nullopt;
    }

private:
    // `, 06 Nov 1994 08:49:37 GMT`
    bool fixdate() noexcept {
        return take(", ") && digits(2, day_) && take(" ") && month() && take(" ") && digits(4, year_) && take(" ") &&
               time() && take(" GMT");
    }
    // `, 06-Nov-94 08:49:37 GMT`
    bool rfc_850(std::int64_t now) noexcept {
        int year = 0;
        const bool is_there = take(", ") && digits(2, day_) && take("-") && month() && take("-") && digits(2, year) &&
                              take(" ") && time() && take(" GMT");
        if (!is_there) return false;
        const std::int64_t today = std::clamp(now, earliest, latest) / seconds_of_a_day;
        const int this_year = static_cast<int>(year_month_day(sys_days(days(today))).year());
        year_ = this_year / 100 * 100 + 100 + year;
        // The latest year with these digits that is not too far ahead.
        while (year_ > this_year + 50 || (year_ == this_year + 50 && is_later_in_the_year(now))) year_ -= 100;
        return true;
    }
    // ` Nov  6 08:49:37 1994`
    bool asctime() noexcept {
        const bool has_month = take(" ") && month() && take(" ");
        const bool has_day = has_month && (take(" ") ? digits(1, day_) : digits(2, day_));
        return has_day && take(" ") && time() && take(" ") && digits(4, year_);
    }

    bool time() noexcept {
        return digits(2, hour_) && take(":") && digits(2, minute_) && take(":") && digits(2, second_);
    }
    bool month() noexcept {
        const auto* const found =
            std::find_if(months.begin(), months.end(), [&](std::string_view m) { return take(m); });
        month_ = static_cast<unsigned>(found - months.begin()) + 1;
        return found != months.end();
    }
    bool take_short_day() noexcept {
        return std::any_of(week.begin(), week.end(), [&](std::string_view d) { return take(d.substr(0, 3)); });
    }
    bool take(std::string_view what) noexcept {
        if (!rest_.starts_with(what)) return false;
        rest_.remove_prefix(what.size());
        return true;
    }
    template <class Number>
    bool digits(std::size_t count, Number& to) noexcept {
        if (rest_.size() < count) return false;
        Number number = 0;
        for (const char c : rest_.substr(0, count)) {
            if (c < '0' || c > '9') return false;
            number = number * 10 + static_cast<Number>(c - '0');
        }
        rest_.remove_prefix(count);
        to = number;
        return true;
    }

    // Than `now`, if the years were the same.
    bool is_later_in_the_year(std::int64_t now) const noexcept {
        const year_month_day today(sys_days(days(now / seconds_of_a_day)));
        const auto this_month = static_cast<unsigned>(today.month());
        return month_ > this_month || (month_ == this_month && day_ > static_cast<unsigned>(today.day()));
    }

    std::optional<std::int64_t> seconds() const noexcept {
        const year_month_day date{std::chrono::year(year_), std::chrono::month(month_), std::chrono::day(day_)};
        // 60 is a leap second: the first one of the next minute.
        if (!date.ok() || hour_ > 23 || minute_ > 59 || second_ > 60) return std::nullopt;
        return day_number(year_, month_, day_) * seconds_of_a_day + (hour_ * 60 + minute_) * 60 + second_;
    }

    std::string_view rest_;
    int year_ = 0;
    std::int64_t hour_ = 0, minute_ = 0, second_ = 0;
    unsigned month_ = 0, day_ = 0;
};

}  // namespace

void append_http_date(std::string& to, std::int64_t seconds) {
    seconds = std::clamp(seconds, earliest, latest);
    const std::int64_t time = (seconds % seconds_of_a_day + seconds_of_a_day) % seconds_of_a_day;
    const sys_days day(days((seconds - time) / seconds_of_a_day));
    const year_month_day date(day);
    to.append(week[std::chrono::weekday(day).c_encoding()].substr(0, 3)).append(", ");
    append_digits(to, static_cast<unsigned>(date.day()), 2);
    to.append(" ").append(months[static_cast<unsigned>(date.month()) - 1]).append(" ");
    append_digits(to, static_cast<int>(date.year()), 4);
    to += ' ';
    append_digits(to, time / 3'600, 2);
    to += ':';
    append_digits(to, time / 60 % 60, 2);
    to += ':';
    append_digits(to, time % 60, 2);
    to += " GMT";
}

std::string http_date(std::int64_t seconds) {
    std::string text;
    append_http_date(text, seconds);
    return text;
}

std::optional<std::int64_t> parse_http_date(std::string_view text, std::int64_t now) noexcept {
    return DateReader(text).read(now);
}

}  // namespace hocket::http
