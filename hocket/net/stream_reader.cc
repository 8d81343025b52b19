// SPDX-License-Identifier: MIT
// The reads of a stream: each waits until the buffer holds what it wants, and then takes it out.
#include <hocket/net/stream_reader.h>

#include <algorithm>

namespace hocket {

namespace {

void check_readable(const Transport& t) {
    if (t.exception()) std::rethrow_exception(t.exception());
}

void begin_read(const Transport& t) {
    t.check_loop("StreamReader::read");
    check_readable(t);
}

// To be called before each wait for more.
void check_alone(const Transport& t, const char* who) {
    if (t.awaited())
        throw RuntimeError(std::string(who) + "() called while another coroutine is already waiting for incoming data");
}

std::string take(Transport& t, std::size_t n) {
    std::string bytes(t.unread().substr(0, n));
    t.consume(bytes.size());
    return bytes;
}

// Whether there is something to wait for: neither a byte is there nor the end.
bool has_nothing(const Transport& t, const char* who) {
    begin_read(t);
    if (!t.unread().empty() || t.eof()) return false;
    check_alone(t, who);
    return true;
}

Coro<std::string> read_some(TransportHandle t, std::size_t n) {
    if (n > 0 && has_nothing(*t, "read")) {
        co_await t->more();
        check_readable(*t);
    }
    co_return take(*t, n);
}

Coro<std::string> read_all(TransportHandle t) {
    begin_read(*t);
    while (!t->eof()) {  // all stays in the stream until then, for a cancel to leave it there
        check_alone(*t, "read");
        co_await t->more(t->limit());
        check_readable(*t);
    }
    co_return take(*t, t->unread().size());
}

Coro<std::string> read_exactly(TransportHandle t, std::size_t n) {
    begin_read(*t);
    while (t->unread().size() < n) {
        if (t->eof()) throw IncompleteReadError(take(*t, n), n);
        check_alone(*t, "readexactly");
        co_await t->more(n - t->unread().size());
        check_readable(*t);
    }
    co_return take(*t, n);
}

struct Match {
    std::size_t start = 0, end = 0;  // of a separator
    explicit operator bool() const noexcept { return end > 0; }
};

struct Newline {
    static constexpr std::size_t shortest() noexcept { return 1; }
    static constexpr std::size_t longest() noexcept { return 1; }
    static Match find(std::string_view bytes, std::size_t from) noexcept {
        const std::size_t at = bytes.find('\n', from);
        return at == std::string_view::npos ? Match{} : Match{at, at + 1};
    }
};

struct OneSeparator {
    std::string text;

    bool empty() const noexcept { return false; }
    std::size_t shortest() const noexcept { return text.size(); }
    std::size_t longest() const noexcept { return text.size(); }
    Match find(std::string_view bytes, std::size_t from) const noexcept {
        const std::size_t at = bytes.find(text, from);
        return at == std::string_view::npos ? Match{} : Match{at, at + text.size()};
    }
};

struct SeveralSeparators {
    std::vector<std::string> texts;  // the shortest first: of two that end together, it is the one that matched

    bool empty() const noexcept { return texts.empty(); }
    std::size_t shortest() const noexcept { return texts.front().size(); }
    std::size_t longest() const noexcept { return texts.back().size(); }
    Match find(std::string_view bytes, std::size_t from) const noexcept {
        Match first;
        for (const std::string& text : texts) {
            const std::size_t at = bytes.find(text, from);
            if (at != std::string_view::npos && (!first || at + text.size() < first.end))
                first = {at, at + text.size()};
        }
        return first;
    }
};

/// Looks for a separator in what has come; `from`: before it there is none, which is kept for the next look.
template <class Separators>
Match search(const Transport& t, const Separators& separators, std::size_t& from) noexcept {
    const std::string_view bytes = t.unread();
    if (from > bytes.size()) from = 0;  // somebody else has read meanwhile
    if (bytes.size() - from < separators.shortest()) return {};
    const Match match = separators.find(bytes, from);
    // The last bytes may be the beginning of a separator.
    if (!match) from = bytes.size() - std::min(bytes.size(), separators.longest() - 1);
    return match;
}

template <class Separators>
Coro<std::string> read_until(TransportHandle t, Separators separators) {
    if (separators.empty()) throw ValueError("Separator should contain at least one element");
    if (separators.shortest() == 0) throw ValueError("Separator should be at least one-byte string");
    begin_read(*t);
    std::size_t searched = 0;
    for (;;) {
        if (const Match match = search(*t, separators, searched)) {
            if (match.start > t->limit())
                throw LimitOverrunError("Separator is found, but chunk is longer than limit", match.start);
            co_return take(*t, match.end);
        }
        if (searched > t->limit())
            throw LimitOverrunError("Separator is not found, and chunk exceed the limit", searched);
        if (t->eof()) throw IncompleteReadError(take(*t, t->unread().size()), std::nullopt);
        check_alone(*t, "readuntil");
        co_await t->more();
        check_readable(*t);
    }
}

[[noreturn]] void drop_line(Transport& t, std::size_t n, const char* message) {
    t.consume(n);
    throw ValueError(message);
}

/// Line is std::string, empty at the end, or an optional one.
template <class Line>
Coro<Line> read_line(TransportHandle t) {
    begin_read(*t);
    std::size_t searched = 0;
    for (;;) {
        if (const Match match = search(*t, Newline(), searched)) {
            if (match.start > t->limit())
                drop_line(*t, match.end, "Separator is found, but chunk is longer than limit");
            co_return take(*t, match.end);
        }
        if (searched > t->limit())
            drop_line(*t, t->unread().size(), "Separator is not found, and chunk exceed the limit");
        if (t->eof()) {
            if (t->unread().empty()) co_return Line();
            co_return take(*t, t->unread().size());
        }
        check_alone(*t, "readline");
        co_await t->more();
        check_readable(*t);
    }
}

}  // namespace

IncompleteReadError::IncompleteReadError(std::string partial, std::optional<std::size_t> expected)
    : std::runtime_error(std::to_string(partial.size()) + " bytes read on a total of " +
                         (expected ? std::to_string(*expected) : std::string("undefined")) + " expected bytes"),
      partial_(Shared<const std::string>::make(std::move(partial))),
      expected_(expected) {}

IncompleteReadError::~IncompleteReadError() = default;
LimitOverrunError::~LimitOverrunError() = default;

HOCKET_CORO_WRAPPER Coro<std::string> StreamReader::read(std::size_t n) const {
    return n == until_eof ? read_all(transport_) : read_some(transport_, n);
}

bool StreamReader::Peek::await_ready() const { return !has_nothing(*transport_, "peek"); }

std::string_view StreamReader::Peek::await_resume() const {
    resume_point();
    check_readable(*transport_);
    return transport_->unread();
}

void StreamReader::consume(std::size_t n) const {
    Transport& t = *transport_;
    t.check_thread("StreamReader::consume");
    if (n > t.unread().size()) [[unlikely]] {
        throw ValueError("StreamReader::consume of " + std::to_string(n) + " bytes, where there are " +
                         std::to_string(t.unread().size()));
    }
    t.consume(n);
}

HOCKET_CORO_WRAPPER Coro<std::string> StreamReader::readexactly(std::size_t n) const {
    return read_exactly(transport_, n);
}

HOCKET_CORO_WRAPPER Coro<std::string> StreamReader::readline() const { return read_line<std::string>(transport_); }

HOCKET_CORO_WRAPPER Coro<std::optional<std::string>> StreamReader::next() const {
    return read_line<std::optional<std::string>>(transport_);
}

HOCKET_CORO_WRAPPER Coro<std::string> StreamReader::readuntil(std::string_view separator) const {
    return read_until(transport_, OneSeparator{std::string(separator)});
}

HOCKET_CORO_WRAPPER Coro<std::string> StreamReader::readuntil(std::vector<std::string> separators) const {
    std::ranges::sort(separators, {}, &std::string::size);
    return read_until(transport_, SeveralSeparators{std::move(separators)});
}

HOCKET_CORO_WRAPPER Coro<std::string> StreamReader::readuntil(
    std::initializer_list<std::string_view> separators) const {
    return readuntil(std::vector<std::string>(separators.begin(), separators.end()));
}

}  // namespace hocket
