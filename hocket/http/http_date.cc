// SPDX-License-Identifier: MIT
// The civil calendar, counted in days, and the dates that are made of it.
#include <hocket/http/http_date_internal.h>

#include <hocket/http/text.h>

#include <array>

namespace hocket::http {

namespace {

constexpr std::int64_t seconds_of_a_day = 86'400;
constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// The calendar is counted from the 1st of March of year 0: a leap day is then the last of its year.
constexpr std::int64_t days_before_1970 = 719'468;
constexpr std::int64_t days_of_an_era = 146'097;  // 400 years

void append_two_digits(std::string& to, std::int64_t n) {
    to.append(1, static_cast<char>('0' + n / 10)).append(1, static_cast<char>('0' + n % 10));
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

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
        if (hour_ > 23 || minute_ > 59 || second_ > 59 || day_ < 1 || day_ > days_of_month()) return std::nullopt;
        const int march_month = (month_ + 10) % 12;  // 0: March
        const std::int64_t year = month_ < 2 ? year_ - 1 : year_;
        const std::int64_t day_of_year = (153 * march_month + 2) / 5 + day_ - 1;
        const std::int64_t year_of_era = year % 400;
        const std::int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        const std::int64_t days = year / 400 * days_of_an_era + day_of_era - days_before_1970;
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
    int days_of_month() const noexcept {
        if (month_ == 1) return year_ % 4 == 0 && (year_ % 100 != 0 || year_ % 400 == 0) ? 29 : 28;
        return month_ == 3 || month_ == 5 || month_ == 8 || month_ == 10 ? 30 : 31;
    }

    int hour_ = -1, minute_ = -1, second_ = -1, day_ = -1, month_ = -1, year_ = -1;
};

}  // namespace

void append_http_date(std::string& to, std::int64_t seconds) {
    constexpr std::array<std::string_view, 7> week = {"Thu", "Fri", "Sat", "Sun",
                                                      "Mon", "Tue", "Wed"};  // 1970 began so
    const std::int64_t day = seconds / seconds_of_a_day;
    const std::int64_t time = seconds % seconds_of_a_day;
    const std::int64_t z = day + days_before_1970;
    const std::int64_t era = z / days_of_an_era;
    const std::int64_t day_of_era = z % days_of_an_era;
    const std::int64_t year_of_era =
        (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
    const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const std::int64_t march_month = (5 * day_of_year + 2) / 153;
    const std::int64_t month = march_month < 10 ? march_month + 2 : march_month - 10;  // 0: January
    to.append(week[static_cast<std::size_t>(day % 7)]).append(", ");
    append_two_digits(to, day_of_year - (153 * march_month + 2) / 5 + 1);
    to.append(" ").append(months[static_cast<std::size_t>(month)]).append(" ");
    const std::string year = std::to_string(era * 400 + year_of_era + (month < 2 ? 1 : 0));
    to.append(year.size() < 4 ? 4 - year.size() : 0, '0').append(year).append(" ");
    append_two_digits(to, time / 3'600);
    to += ':';
    append_two_digits(to, time / 60 % 60);
    to += ':';
    append_two_digits(to, time % 60);
    to += " GMT";
}

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
