// SPDX-License-Identifier: MIT
// Lines, characters and newlines.
#include <hocket/os/text_internal.h>

#include <hocket/base/unicode_error.h>
#include <hocket/base/utf_8_internal.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace hocket::fs {

namespace {

constexpr std::size_t npos = std::string_view::npos;

bool find_any_newline(Wanted& wanted, std::string_view bytes, bool last) noexcept {
    const std::size_t feed = bytes.find('\n', wanted.at);
    const std::size_t carriage_return = bytes.substr(0, feed).find('\r', wanted.at);
    if (carriage_return != npos) {
        wanted.at = carriage_return;
        if (carriage_return + 1 == bytes.size() && !last) return false;  // a \n may follow
        wanted.at += bytes.substr(carriage_return + 1).starts_with('\n') ? 2 : 1;
        return true;
    }
    wanted.at = feed == npos ? bytes.size() : feed + 1;
    return feed != npos;
}

bool find_terminator(Wanted& wanted, std::string_view bytes, std::string_view terminator) noexcept {
    const std::size_t found = bytes.find(terminator, wanted.at);
    if (found != npos) {
        wanted.at = found + terminator.size();
        return true;
    }
    const std::size_t overlap = std::min(bytes.size(), terminator.size() - 1);  // it may have begun
    wanted.at = std::max(wanted.at, bytes.size() - overlap);
    return false;
}

// Goes over characters of one byte, of which none may be more than itself, a block at a time.
void pass_plain_characters(Wanted& wanted, std::string_view bytes) noexcept {
    constexpr std::size_t block = 32;
    while (wanted.left >= block && bytes.size() - wanted.at >= block) {
        const char* const next = bytes.data() + wanted.at;
        unsigned others = 0;
        for (std::size_t i = 0; i < block; ++i)  // which the compiler makes a few instructions
            others |= (static_cast<unsigned char>(next[i]) & 0x80U) | (next[i] == '\r' ? 1U : 0U);
        if (others != 0) return;
        wanted.at += block;
        wanted.left -= block;
    }
}

std::string without_mistakes(std::string text, Errors errors) {
    std::size_t sound = utf_8_prefix(text);
    if (sound == text.size()) return text;
    std::string mended = text.substr(0, sound);
    for (std::string_view rest = std::string_view(text).substr(sound); !rest.empty();) {
        if (errors == Errors::replace) mended += "\xef\xbf\xbd";
        rest.remove_prefix(utf_8_mistake(rest));
        sound = utf_8_prefix(rest);
        mended += rest.substr(0, sound);
        rest.remove_prefix(sound);
    }
    return mended;
}

// Goes over the next character. False: that takes more bytes. Tells whether it ends a line.
bool pass_character(Wanted& wanted, std::string_view bytes, const Form& form, bool last, bool& ends_line) noexcept {
    const std::string_view rest = bytes.substr(wanted.at);
    if (rest.empty()) return false;
    std::size_t size = 1, count = 1;
    if (form.text && form.errors == Errors::strict) {
        size = utf_8_size(rest[0]);
    } else if (form.text) {
        size = utf_8_sequence(rest);
        if (size == 0) {
            size = utf_8_mistake(rest);
            count = form.errors == Errors::ignore ? 0 : 1;
        }
    }
    if (!form.universal()) {
        ends_line = bytes.substr(0, wanted.at + size).ends_with(form.terminator());
    } else if (rest[0] == '\r') {
        if (rest.size() == 1 && !last && (form.translates() || wanted.line)) return false;
        const bool pair = rest.starts_with("\r\n");
        if (pair && form.translates()) size = 2;
        ends_line = !pair || form.translates();
    } else {
        ends_line = rest[0] == '\n';
    }
    wanted.at += size;
    wanted.left -= count;
    return true;
}

bool find(Wanted& wanted, std::string_view bytes, const Form& form, bool last) noexcept {
    if (wanted.left == Wanted::all && wanted.line) {
        return form.universal() ? find_any_newline(wanted, bytes, last)
                                : find_terminator(wanted, bytes, form.terminator());
    }
    if (wanted.left == Wanted::all) {
        wanted.at = bytes.size();
        return false;
    }
    if (!form.text && !wanted.line) {
        const std::size_t more = std::min(wanted.left, bytes.size() - wanted.at);
        wanted.at += more;
        wanted.left -= more;
        return wanted.left == 0;
    }
    for (bool ends_line = false; wanted.left > 0;) {
        if (!wanted.line) pass_plain_characters(wanted, bytes);
        if (wanted.left == 0) break;
        if (!pass_character(wanted, bytes, form, last, ends_line)) return false;
        if (wanted.line && ends_line) return true;
    }
    return true;
}

}  // namespace

bool find_end(Wanted& wanted, std::string_view bytes, const Form& form, bool last) noexcept {
    wanted.whole = wanted.whole || find(wanted, bytes, form, last);
    return wanted.whole;
}

void check_text(const std::string& name, std::string_view text) {
    const std::size_t sound = utf_8_prefix(text);
    if (sound == text.size()) return;
    throw UnicodeEncodeError(
        "write to " + name + ": no UTF-8 at byte " + std::to_string(sound) + " of what is to be written",
        static_cast<std::int64_t>(sound));
}

std::string as_read(std::string bytes, const Form& form) {
    if (form.text && form.errors != Errors::strict) bytes = without_mistakes(std::move(bytes), form.errors);
    std::size_t place = form.translates() ? bytes.find('\r') : npos;
    if (place == npos) return bytes;
    std::string text = bytes.substr(0, place);
    text.reserve(bytes.size());
    while (place < bytes.size()) {
        text += '\n';
        place += std::string_view(bytes).substr(place).starts_with("\r\n") ? 2 : 1;
        const std::size_t next = std::min(bytes.find('\r', place), bytes.size());
        text.append(bytes, place, next - place);
        place = next;
    }
    return text;
}

std::string as_written(std::string text, const Form& form) {
    if (form.text && form.errors != Errors::strict) text = without_mistakes(std::move(text), form.errors);
    if (form.universal() || form.newline == Newline::lf || text.find('\n') == npos) return text;
    std::string bytes;
    bytes.reserve(text.size() + text.size() / 16);
    for (const char c : text) {
        if (c == '\n') {
            bytes += form.terminator();
        } else {
            bytes += c;
        }
    }
    return bytes;
}

}  // namespace hocket::fs
