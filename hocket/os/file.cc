// SPDX-License-Identifier: MIT
// The operations of files: one at a time, on a thread when neither the buffers nor the kernel's memory serve.
#include <hocket/os/file.h>

#include <hocket/base/utf_8_internal.h>
#include <hocket/core/operation.h>
#include <hocket/core/sleep.h>
#include <hocket/flow/shield.h>
#include <hocket/io/file_calls_internal.h>
#include <hocket/os/buffered_file_internal.h>
#include <hocket/os/executor.h>
#include <hocket/sync/lock.h>

#include <algorithm>
#include <string_view>

namespace hocket::fs {

/// The loop's side of a file. Jobs hold the BufferedFile alone, so that this is never destroyed on a thread of theirs; and no operation
/// touches the BufferedFile before `begin` has made sure that no job does.
struct File::State {
    Shared<BufferedFile> file;  // null when closed
    std::string name;
    OpenMode mode;
    Lock turn;
    ConcurrentFuture<> job{nullptr};  // the last one

    explicit State(Shared<BufferedFile> opened) : file(std::move(opened)), name(file->name()), mode(file->mode()) {}

    Coro<Guard> begin();
    template <class F>
    Coro<> on_thread(F work);

    BufferedFile& usable(const char* attempted) const {
        if (!file) throw ValueError(attempted + (" " + name) + ": the file is closed");
        return *file;
    }
    BufferedFile& to_read(const char* attempted = "read from") const {
        BufferedFile& f = usable(attempted);
        if (!mode.readable) refuse(attempted);
        return f;
    }
    BufferedFile& to_read_bytes(const char* attempted) const {
        BufferedFile& f = to_read(attempted);
        if (!mode.binary) refuse(attempted);
        return f;
    }
    BufferedFile& to_write(const char* attempted) const {
        BufferedFile& f = usable(attempted);
        if (!mode.writable) refuse(attempted);
        return f;
    }
    [[noreturn]] void refuse(const char* attempted) const {
        throw ValueError(attempted + (" " + name) + ": it was opened with the mode \"" + mode.text + "\"");
    }
};

// The turn comes when the operations before have ended; a thread may still work for one that was cancelled.
Coro<Guard> File::State::begin() {
    Guard guard = co_await turn.scoped();
    while (job && !job.done()) {
        const Future<> end = wrap_future(job);
        try {
            co_await shield(end);  // it may be a close that has not begun, and has the last reference to its file
        } catch (const CancelledError&) {
            end.add_done_callback([](const Future<>& f) {
                if (!f.cancelled()) static_cast<void>(f.exception());  // nobody's, as below
            });
            throw;
        } catch (const std::exception&) {  // nobody's: what it did not write, the next flush tries again
            break;
        }
    }
    co_return guard;
}

template <class F>
Coro<> File::State::on_thread(F work) {
    job = default_executor().submit(std::move(work));
    try {
        co_await wrap_future(job);
    } catch (const CancelledError&) {
        job.cancel();  // now, for whoever is next: it will not begin, or is waited for
        throw;
    }
}

File::File(Shared<BufferedFile> opened) : state_(Shared<State>::make(std::move(opened))) {}

const Shared<File::State>& File::state() const {
    if (!state_) throw ValueError("the file was moved away");
    return state_;
}

namespace {

// What follows takes the file's state by a handle: the coroutine may outlive the File.

// ---- Reading

/// A descriptor for one wait, so that nothing of that is left on the file's own, which threads close.
struct Duplicate {
    explicit Duplicate(int original) noexcept
        : backend(this_loop->backend()), fd(sys::fcntl(original, F_DUPFD_CLOEXEC, 0)) {}
    Duplicate(const Duplicate&) = delete;
    Duplicate& operator=(const Duplicate&) = delete;
    ~Duplicate() {
        if (fd >= 0) backend.close(fd);
    }
    Backend& backend;
    int fd;
};

/// Negative: the loop cannot tell.
template <class S>
Coro<int> until_readable(S s) {
    const Duplicate duplicate(s->file->fd());
    PendingOperation readiness(Opcode::poll, duplicate.fd);
    readiness.flags = POLLIN;
    co_return co_await std::move(readiness);
}

// A thread that waits for a pipe or a terminal would be lost until somebody writes: the loop waits, where it can.
template <class S>
Coro<> bring_of_stream(S s, Wanted& wanted) {
    BufferedFile& file = *s->file;
    if (file.unwritten() > 0) co_await s->on_thread([f = s->file] { f->flush(); });
    while (!file.found(wanted) && !file.has_no_more()) {
        const int events = co_await until_readable(s);
        if (events < 0) {
            co_await s->on_thread([f = s->file, wanted] { f->bring(wanted); });
            co_return;
        }
        const std::int64_t before = file.brought();
        if (file.bring_at_once(wanted)) co_return;
        // Where the kernel cannot say that a read would wait, this one does not: there is something.
        if (file.brought() == before) co_await s->on_thread([f = s->file] { f->bring_some(); });
    }
}

template <class S>
Coro<> bring(S s, Wanted& wanted) {
    if (s->file->bring_at_once(wanted)) {
        co_await hocket::sleep(0);  // whoever reads what is in memory does not keep the loop from the others
    } else if (s->file->is_stream()) {
        co_await bring_of_stream(s, wanted);
    } else {
        co_await s->on_thread([f = s->file, wanted] { f->bring(wanted); });
    }
}

template <class S>
Coro<std::string> read_wanted(S s, Wanted wanted) {
    const Guard turn = co_await s->begin();
    BufferedFile& file = s->to_read();
    if (!file.found(wanted)) co_await bring(s, wanted);
    co_return file.take(wanted);
}

template <class S>
Coro<std::optional<std::string>> read_next_line(S s) {
    const Guard turn = co_await s->begin();
    BufferedFile& file = s->to_read();
    Wanted wanted{.line = true};
    if (!file.found(wanted)) co_await bring(s, wanted);
    std::string line = file.take(wanted);
    if (line.empty()) co_return std::nullopt;
    co_return line;
}

template <class S>
Coro<std::vector<std::string>> read_lines(S s) {
    const Guard turn = co_await s->begin();
    BufferedFile& file = s->to_read();
    Wanted all;
    co_await bring(s, all);
    file.check_that_all_is_text();
    std::vector<std::string> lines;
    for (;;) {
        std::string line = file.take({.line = true});
        if (line.empty()) co_return lines;
        lines.push_back(std::move(line));
    }
}

template <class S>
Coro<std::size_t> read_into(S s, std::span<char> to) {
    const Guard turn = co_await s->begin();
    BufferedFile& file = s->to_read_bytes("read bytes from");
    Wanted wanted{.left = to.size()};
    if (!file.found(wanted)) co_await bring(s, wanted);
    co_return file.take_into(to.data(), to.size());
}

template <class S>
Coro<std::string> read_some(S s, std::size_t n, bool keep) {
    const Guard turn = co_await s->begin();
    BufferedFile& file = s->to_read_bytes("read bytes from");
    Wanted something{.left = 1};
    if (n > 0 && !file.found(something)) co_await bring(s, something);
    if (keep) co_return std::string(file.unread());
    co_return file.take({.left = std::min(n, file.unread().size())});
}

// ---- Writing

template <class S>
Coro<> write_piece(S s, std::string data) {
    // What could not be written before goes first; while it cannot, nothing more is taken.
    if (s->file->is_full()) co_await s->on_thread([f = s->file] { f->flush(); });
    s->file->append(std::move(data));
    if (s->file->is_full()) co_await s->on_thread([f = s->file] { f->flush(); });
}

template <class S>
Coro<std::size_t> write_data(S s, std::string data) {
    const Guard turn = co_await s->begin();
    s->to_write("write to");
    const std::size_t size = s->mode.binary ? data.size() : utf_8_characters(data);
    co_await write_piece(s, std::move(data));
    co_return size;
}

template <class S>
Coro<> write_lines(S s, std::vector<std::string> lines) {
    const Guard turn = co_await s->begin();
    s->to_write("write to");
    for (std::string& line : lines) co_await write_piece(s, std::move(line));
}

template <class S>
Coro<> flush_file(S s) {
    const Guard turn = co_await s->begin();
    if (s->usable("write to").unwritten() > 0) co_await s->on_thread([f = s->file] { f->flush(); });
}

template <class S>
Coro<> sync_file(S s, bool only_data) {
    const Guard turn = co_await s->begin();
    s->usable("sync");
    co_await s->on_thread([f = s->file, only_data] { f->sync(only_data); });
}

template <class S>
Coro<> roll_file_over(S s) {
    const Guard turn = co_await s->begin();
    s->usable("move to the disk");
    co_await s->on_thread([f = s->file] { f->roll_over(); });
}

// ---- Positions, the end

template <class S>
Coro<std::int64_t> seek_in(S s, std::int64_t offset, int whence) {
    const Guard turn = co_await s->begin();
    BufferedFile& file = s->usable("seek in");
    // A number changes; where the end is, or data, or a hole, the file system is asked, and maybe a server.
    if (file.unwritten() == 0 && (whence == SEEK_SET || whence == SEEK_CUR)) {
        file.seek(offset, whence);
    } else {
        co_await s->on_thread([f = s->file, offset, whence] { f->seek(offset, whence); });
    }
    co_return file.tell();
}

template <class S>
Coro<std::int64_t> tell_position(S s) {
    const Guard turn = co_await s->begin();
    co_return s->usable("tell the position in").tell();
}

template <class S>
Coro<std::int64_t> truncate_file(S s, std::optional<std::uint64_t> size) {
    const Guard turn = co_await s->begin();
    const BufferedFile& file = s->to_write("truncate");
    co_await s->on_thread([f = s->file, size] { f->truncate(size); });
    co_return size ? static_cast<std::int64_t>(*size) : file.tell();
}

template <class S>
Coro<> close_file(S s) {
    const Guard turn = co_await s->begin();
    if (!s->file) co_return;
    if (s->file->closes_slowly()) {
        // A cancel ends the wait alone, and not the job: with its reference, the last one, what is left would be written on this thread.
        auto work = [f = std::move(s->file)] { f->close(); };
        s->job = default_executor().submit(std::move(work));
        co_await shield(wrap_future(s->job));
    } else {
        const Shared<BufferedFile> file = std::move(s->file);
        file->close();
    }
}

}  // namespace

HOCKET_CORO_WRAPPER Coro<std::string> File::read(std::size_t n) { return read_wanted(state(), Wanted{.left = n}); }

HOCKET_CORO_WRAPPER Coro<std::string> File::readline(std::size_t limit) {
    return read_wanted(state(), Wanted{.line = true, .left = limit});
}

HOCKET_CORO_WRAPPER Coro<std::optional<std::string>> File::next() { return read_next_line(state()); }

HOCKET_CORO_WRAPPER Coro<std::vector<std::string>> File::readlines() { return read_lines(state()); }

HOCKET_CORO_WRAPPER Coro<std::size_t> File::readinto(std::span<char> to) { return read_into(state(), to); }

HOCKET_CORO_WRAPPER Coro<std::string> File::read1(std::size_t n) { return read_some(state(), n, false); }

HOCKET_CORO_WRAPPER Coro<std::string> File::peek() { return read_some(state(), until_eof, true); }

HOCKET_CORO_WRAPPER Coro<std::size_t> File::write(std::string data) { return write_data(state(), std::move(data)); }

HOCKET_CORO_WRAPPER Coro<> File::writelines(std::vector<std::string> lines) {
    return write_lines(state(), std::move(lines));
}

HOCKET_CORO_WRAPPER Coro<> File::flush() { return flush_file(state()); }

HOCKET_CORO_WRAPPER Coro<> File::fsync() { return sync_file(state(), false); }

HOCKET_CORO_WRAPPER Coro<> File::fdatasync() { return sync_file(state(), true); }

HOCKET_CORO_WRAPPER Coro<> File::rollover() { return roll_file_over(state()); }

HOCKET_CORO_WRAPPER Coro<std::int64_t> File::seek(std::int64_t offset, int whence) {
    return seek_in(state(), offset, whence);
}

HOCKET_CORO_WRAPPER Coro<std::int64_t> File::tell() { return tell_position(state()); }

HOCKET_CORO_WRAPPER Coro<std::int64_t> File::truncate(std::optional<std::uint64_t> size) {
    return truncate_file(state(), size);
}

HOCKET_CORO_WRAPPER Coro<> File::close() { return close_file(state()); }

bool File::closed() const noexcept { return !state_ || !state_->file; }

const std::string& File::name() const { return state()->name; }

const std::string& File::mode() const { return state()->mode.text; }

int File::fileno() const { return state()->usable("the descriptor of").fd(); }

bool File::isatty() const { return sys::isatty(fileno()) == 1; }

bool File::readable() const {
    state()->usable("the mode of");
    return state_->mode.readable;
}

bool File::writable() const {
    state()->usable("the mode of");
    return state_->mode.writable;
}

bool File::seekable() const { return sys::lseek(fileno(), 0, SEEK_CUR) >= 0; }

struct File::Loan::Held {
    Shared<State> state;
    Guard turn;
};

int File::Loan::fd() const noexcept { return held_->state->file->fd(); }

Coro<File::Loan> File::lend_of(Shared<State> s) {
    Guard turn = co_await s->begin();
    if (!s->usable("lend").is_in_step()) {
        co_await s->on_thread([f = s->file] { f->seek(0, SEEK_CUR); });  // the flush and the step back
    }
    co_return Loan(Shared<Loan::Held>::make(std::move(s), std::move(turn)));
}

HOCKET_CORO_WRAPPER Coro<File::Loan> File::lend() { return lend_of(state()); }

Coro<File&> File::aenter() {
    state()->usable("enter");
    co_return *this;
}

Coro<> File::aexit(std::exception_ptr) { co_await close(); }

}  // namespace hocket::fs
