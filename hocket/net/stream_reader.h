// SPDX-License-Identifier: MIT
// Reading a stream of bytes: by size, by line, up to a separator.
#pragma once

#include <hocket/base/errors.h>
#include <hocket/base/owners.h>
#include <hocket/core/coro.h>
#include <hocket/net/transport.h>

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hocket {

/// The stream ended before what was asked for was there (`asyncio.IncompleteReadError`).
class HOCKET_EXPORT IncompleteReadError : public std::runtime_error {
public:
    IncompleteReadError(std::string partial, std::optional<std::size_t> expected);
    ~IncompleteReadError() override;
    /// What came before the end. The stream does not have it any more.
    const std::string& partial() const noexcept { return *partial_; }
    /// How many bytes were asked for; nothing where a separator was.
    std::optional<std::size_t> expected() const noexcept { return expected_; }

private:
    Shared<const std::string> partial_;
    std::optional<std::size_t> expected_;
};

/// No separator within the stream's limit (`asyncio.LimitOverrunError`). The bytes are still in the stream.
class HOCKET_EXPORT LimitOverrunError : public std::runtime_error {
public:
    LimitOverrunError(const char* message, std::size_t consumed) : std::runtime_error(message), consumed_(consumed) {}
    ~LimitOverrunError() override;
    /// So many bytes can be read and dropped without losing a part of a separator.
    std::size_t consumed() const noexcept { return consumed_; }

private:
    std::size_t consumed_;
};

/// The reading side of a stream (`asyncio.StreamReader`). Copies stand for the same stream. Belongs to one loop.
///
/// One task reads at a time: a second one that would have to wait gets RuntimeError. A cancelled read leaves in the stream what has come.
/// An error of the connection (OSError: `read from 127.0.0.1:80: Connection reset by peer`) is thrown by the read that needs more than has come,
/// and every later one; the stream is closed then.
/// Reads that find enough in the buffer do not suspend.
class HOCKET_EXPORT StreamReader {
public:
    static constexpr std::size_t until_eof = static_cast<std::size_t>(-1);

    /// One that is fed by hand. `limit`: see `readuntil`, at most 4 GiB; ValueError if 0.
    explicit StreamReader(std::size_t limit = Transport::default_limit) : transport_(new Transport(limit)) {}
    explicit StreamReader(TransportHandle transport) noexcept : transport_(std::move(transport)) {}

    /// Up to `n` bytes, as soon as there is one; an empty string at the end of the stream. Without `n`, all up to the end.
    Coro<std::string> read(std::size_t n = until_eof) const;
    /// Exactly `n` bytes. Throws IncompleteReadError when the stream ends before.
    Coro<std::string> readexactly(std::size_t n) const;
    /// Up to and with the next newline; at the end of the stream what is left, or an empty string. Throws ValueError for a line longer than
    /// the limit, and drops it, or what has come of it.
    Coro<std::string> readline() const;
    /// Up to and with the first separator. Throws IncompleteReadError when the stream ends before; LimitOverrunError when more bytes than
    /// the limit come before it, and leaves them.
    Coro<std::string> readuntil(std::string_view separator = "\n") const;
    /// The same with several separators: the one that ends first, wins. Throws ValueError if there is none, or an empty one.
    Coro<std::string> readuntil(std::vector<std::string> separators) const;
    Coro<std::string> readuntil(std::initializer_list<std::string_view> separators) const;
    /// The next line, or nothing at the end of the stream: `while (auto line = co_await reader.next())` (`async for line in reader`).
    Coro<std::optional<std::string>> next() const;

    /// What has come and was not read, as soon as there is a byte; nothing at the end of the stream. It stays in the stream, where it can
    /// be looked at, or written elsewhere, until the next read or `consume`: no byte is copied. No counterpart in asyncio.
    class Peek;
    Peek peek() const noexcept;
    /// Takes the first `n` bytes out of the stream. Throws ValueError when there are fewer.
    void consume(std::size_t n) const;

    /// Whether the stream has ended and everything was read.
    bool at_eof() const noexcept { return transport_->eof() && transport_->unread().empty(); }
    /// The error that every read throws, or null.
    std::exception_ptr exception() const noexcept { return transport_->exception(); }

    /// For streams that are fed by hand; of others, and after `feed_eof`, RuntimeError.
    void feed_data(std::string_view bytes) const { transport_->feed_data(bytes); }
    /// What was fed is all; RuntimeError if something else feeds the stream.
    void feed_eof() const { transport_->feed_eof(); }
    /// Every read throws `error` from now on; RuntimeError if something else feeds the stream.
    void set_exception(std::exception_ptr error) const { transport_->set_exception(std::move(error)); }

    const TransportHandle& transport() const noexcept { return transport_; }

private:
    TransportHandle transport_;
};

class [[nodiscard("nothing is waited for until this is awaited")]] HOCKET_EXPORT StreamReader::Peek {
public:
    using HocketAwaiter = Peek;
    static constexpr bool awaited_often = false;

    explicit Peek(TransportHandle transport) noexcept : transport_(std::move(transport)) {}
    bool await_ready() const;
    void await_suspend(AwaitingFrame h) const noexcept { transport_->more().await_suspend(h); }
    std::string_view await_resume() const;

private:
    TransportHandle transport_;
};

inline StreamReader::Peek StreamReader::peek() const noexcept { return Peek(transport_); }

}  // namespace hocket
