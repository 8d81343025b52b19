// SPDX-License-Identifier: MIT
// Files to sockets: in the kernel, or else by reading and writing.
#include <hocket/net/sendfile.h>

#include <hocket/core/operation.h>
#include <hocket/io/file_calls_internal.h>
#include <hocket/net/sendfile_internal.h>
#include <hocket/net/socket.h>
#include <hocket/net/stream_writer.h>
#include <hocket/os/file.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <exception>
#include <limits>
#include <string_view>
#include <utility>

namespace hocket {

namespace {

constexpr std::int64_t largest_call = 1 << 20;    // so that a file that lies on a disk does not stop the loop for long
constexpr std::int64_t largest_piece = 64 << 10;  // that goes through this process

std::string number_text(std::int64_t n) { return " (got " + std::to_string(n) + ")"; }

}  // namespace

SendfileNotAvailableError::~SendfileNotAvailableError() = default;

bool concerns_file(int error) noexcept {
    switch (error) {
        case EINVAL:
        case ENOSYS:
        case EOPNOTSUPP:
        case ESPIPE:
        case EBADF:
        case EIO:
        case EISDIR:
        case ENOMEM:
        case EOVERFLOW: return true;
        default: return false;
    }
}

FileRange::FileRange(int file, const SendfileOptions& options)
    : file_(file),
      seekable_(sys::lseek(file, 0, SEEK_CUR) >= 0),
      offset_(options.offset),
      left_(options.count.value_or(std::numeric_limits<std::int64_t>::max())) {
    if (offset_ < 0) throw ValueError("offset must be a non-negative integer" + number_text(offset_));
    if (left_ <= 0) throw ValueError("count must be a positive integer" + number_text(left_));
}

int FileRange::send_some(Backend& backend, int socket) noexcept {
    const int n = backend.sendfile(socket, file_, offset_, static_cast<std::size_t>(std::min(left_, largest_call)));
    if (n < 0) return n == -EINTR ? EAGAIN : -n;
    took(static_cast<std::size_t>(n));
    return n > 0 && left_ > 0 ? EAGAIN : 0;
}

Coro<std::string> FileRange::read() {
    if (!seekable_ && offset_ > sent_) throw OSError(ESPIPE, "seek in " + name());
    std::string bytes(static_cast<std::size_t>(std::min(left_, largest_piece)), '\0');
    if (bytes.empty()) co_return bytes;
    PendingOperation operation(Opcode::read, file_);
    operation.data = bytes.data();
    operation.size = bytes.size();
    operation.offset = seekable_ ? offset_ : -1;
    const int n = co_await std::move(operation);
    if (n < 0) throw OSError(-n, "read from " + name());
    bytes.resize(static_cast<std::size_t>(n));
    co_return bytes;
}

void FileRange::took(std::size_t n) noexcept {
    const auto bytes = static_cast<std::int64_t>(n);
    offset_ += bytes;
    left_ -= bytes;
    sent_ += bytes;
}

void FileRange::fail(int error) const {
    if (sent_ > 0) throw OSError(error, "sendfile of " + name());
    throw SendfileNotAvailableError("sendfile is not available for " + name() + " and this socket");
}

void FileRange::update_position() const noexcept {
    if (sent_ > 0 && seekable_) sys::lseek(file_, offset_, SEEK_SET);
}

// ---- Sockets without a stream

namespace {

void check_sends_streams(Backend& backend, int sock) {
    int type = 0;
    unsigned size = sizeof type;
    const int result = backend.getsockopt(sock, SOL_SOCKET, SO_TYPE, &type, &size);
    if (result < 0) throw OSError(-result, "send to descriptor " + std::to_string(sock));
    check_not_owned(get_running_loop(), sock);
    if (type != SOCK_STREAM) throw ValueError("only SOCK_STREAM type sockets are supported");
    if ((sys::fcntl(sock, F_GETFL) & O_NONBLOCK) == 0) throw ValueError("the socket must be non-blocking");
}

// The error that ended it, or 0.
Coro<int> send_in_kernel(Backend& backend, int sock, FileRange& range) {
    for (;;) {
        const int error = range.send_some(backend, sock);
        if (error != EAGAIN) co_return error;
        PendingOperation writable(Opcode::poll, sock);
        writable.flags = POLLOUT;
        writable.borrowed = true;
        const int events = co_await std::move(writable);
        if (events < 0) co_return -events;
    }
}

Coro<> send_all(int sock, std::string_view bytes, FileRange& range) {
    while (!bytes.empty()) {
        PendingOperation send(Opcode::send, sock);
        send.data = const_cast<char*>(bytes.data());
        send.size = bytes.size();
        send.borrowed = true;
        const int n = co_await std::move(send);
        if (n < 0) throw OSError(-n, "send to descriptor " + std::to_string(sock));
        range.took(static_cast<std::size_t>(n));
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
}

Coro<> send_range(Backend& backend, int sock, FileRange& range, bool fallback) {
    const int error = co_await send_in_kernel(backend, sock, range);
    if (error == 0) co_return;
    if (!concerns_file(error)) throw OSError(error, "send to descriptor " + std::to_string(sock));
    if (!fallback) range.fail(error);
    for (;;) {
        const std::string bytes = co_await range.read();
        if (bytes.empty()) co_return;
        co_await send_all(sock, bytes, range);
    }
}

Coro<std::int64_t> send_from_loan(int sock, Coro<fs::File::Loan> lending, SendfileOptions options) {
    const fs::File::Loan loan = co_await std::move(lending);
    co_return co_await sock_sendfile(sock, loan.fd(), options);
}

}  // namespace

Coro<std::int64_t> sock_sendfile(int sock, int file, SendfileOptions options) {
    Backend& backend = get_running_loop().backend();
    check_sends_streams(backend, sock);
    FileRange range(file, options);
    try {
        co_await send_range(backend, sock, range, options.fallback);
    } catch (...) {  // the position tells how far it came
        range.update_position();
        throw;
    }
    range.update_position();
    co_return range.sent();
}

HOCKET_CORO_WRAPPER Coro<std::int64_t> sock_sendfile(int sock, fs::File& file, SendfileOptions options) {
    return send_from_loan(sock, file.lend(), options);
}

// ---- Streams

namespace {

Coro<std::int64_t> write_from_loan(TransportHandle transport, Coro<fs::File::Loan> lending, SendfileOptions options) {
    const fs::File::Loan loan = co_await std::move(lending);
    co_return co_await transport->sendfile(loan.fd(), options);
}

Coro<std::int64_t> copy_file(TransportHandle transport, int file, SendfileOptions options) {
    FileRange range(file, options);
    if (!options.fallback)
        throw SendfileNotAvailableError("fallback is disabled and native sendfile is not supported for this stream");
    co_return co_await write_file(std::move(transport), range);
}

// What was given to the stream counts: a write that is cancelled is sent all the same, and of one that fails some has been.
Coro<> write_piece(Transport& transport, std::string_view bytes, FileRange& range) {
    try {
        co_await transport.write(bytes);
    } catch (const RuntimeError&) {  // the stream has refused it
        throw;
    } catch (...) {
        range.took(bytes.size());
        throw;
    }
    range.took(bytes.size());
}

}  // namespace

Coro<std::int64_t> write_file(TransportHandle transport, FileRange& range) {
    Transport& t = *transport;
    if (t.copies_file_) throw RuntimeError("unable to write; sendfile is in progress");
    struct Copying {
        bool& copies;
        explicit Copying(bool& flag) noexcept : copies(flag) { copies = true; }
        Copying(const Copying&) = delete;
        Copying& operator=(const Copying&) = delete;
        ~Copying() { copies = false; }
    } const copying(t.copies_file_);
    try {
        for (;;) {
            const std::string bytes = co_await range.read();
            if (bytes.empty()) break;
            co_await write_piece(t, bytes, range);
        }
    } catch (...) {  // the position tells how far it came
        range.update_position();
        throw;
    }
    range.update_position();
    co_return range.sent();
}

HOCKET_CORO_WRAPPER Coro<std::int64_t> StreamWriter::sendfile(fs::File& file, SendfileOptions options) const {
    return write_from_loan(transport_, file.lend(), options);
}

HOCKET_CORO_WRAPPER Coro<std::int64_t> Transport::sendfile(int file, SendfileOptions options) {
    share();
    return copy_file(TransportHandle(this), file, options);
}

}  // namespace hocket
