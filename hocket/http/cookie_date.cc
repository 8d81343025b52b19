// SPDX-License-Identifier: MIT
// The parts of a date, in any order.
#include <hocket/http/cookie_date_internal.h>

#include <hocket/http/months_internal.h>
#include <hocket/http/reading_internal.h>
#include <hocket/http/text.h>

#include <array>
#include <chrono>

namespace hocket::http {

namespace {

// Takes between `least` and `most` digits off the front; -1 if there are fewer, or one more follows.
int take_number(std::string_view& text, std::size_t least, std::size_t most) noexcept {
    int number = 0;
    std::size_t size = 0;
    for (; size < text.size() && is_digit(text[size]); ++size) {
        if (size == most) return -1;
        number = number * 10 + (text[size] - '0');
    }
    if (size < least) return -1;
    text.remove_prefix(size);
    return number;
}

// RFC 6265bis, 5.1.1: which bytes separate tokens.
bool is_delimiter(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return c == '\t' || (byte >= 0x20 && byte <= 0x2f) || (byte >= 0x3b && byte <= 0x40) ||
           (byte >= 0x5b && byte <= 0x60) || (byte >= 0x7b && byte <= 0x7e);
}

// What has been found of a date; -1 for what has not.
class FoundDate {
public:
    // The first of these that is missing and that the token can be.
    void take(std::string_view token) noexcept {
        if (hour_ < 0 && take_time(token)) return;
        if (day_ < 0 && take_number_of(token, 1, 2, day_)) return;
        if (month_ < 0 && take_month(token)) return;
        if (year_ < 0 && take_number_of(token, 2, 4, year_)) {
            if (year_ < 70) {
                year_ += 2000;
            } else if (year_ < 100) {
                year_ += 1900;
            }
        }
    }

    std::optional<std::int64_t> seconds() const noexcept {
        if (hour_ < 0 || day_ < 0 || month_ < 0 || year_ < 1601) return std::nullopt;
        const std::chrono::year_month_day date{std::chrono::year(year_),
                                               std::chrono::month(static_cast<unsigned>(month_) + 1),
                                               std::chrono::day(static_cast<unsigned>(day_))};
        if (!date.ok() || hour_ > 23 || minute_ > 59 || second_ > 59) return std::nullopt;
        const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
        return ((days * 24 + hour_) * 60 + minute_) * 60 + second_;
    }

private:
    // `8:49:37`, and anything but a digit after it.
    bool take_time(std::string_view token) noexcept {
        int parts[3];
        for (int& part : parts) {
            if (&part != parts) {
                if (token.empty() || token[0] != ':') return false;
                token.remove_prefix(1);
            }
            part = take_number(token, 1, 2);
            if (part < 0) return false;
        }
        hour_ = parts[0];
        minute_ = parts[1];
        second_ = parts[2];
        return true;
    }
    static bool take_number_of(std::string_view token, std::size_t least, std::size_t most, int& to) noexcept {
        to = take_number(token, least, most);
        return to >= 0;
    }
    bool take_month(std::string_view token) noexcept {
        for (std::size_t i = 0; i < months.size(); ++i) {
            if (equal_without_case(token.substr(0, 3), months[i])) month_ = static_cast<int>(i);
        }
        return month_ >= 0;
    }

    int hour_ = -1, minute_ = -1, second_ = -1, day_ = -1, month_ = -1, year_ = -1;
};

}  // namespace

std::optional<std::int64_t> parse_cookie_date(std::string_view text) noexcept {
    FoundDate found;
    while (!text.empty()) {
        std::size_t size = 0;
        while (size < text.size() && !is_delimiter(text[size])) ++size;
        if (size > 0) found.take(text.substr(0, size));
        text.remove_prefix(size < text.size() ? size + 1 : size);
    }
    return found.seconds();
}

}  // namespace hocket::http
