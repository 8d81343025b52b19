// SPDX-License-Identifier: MIT
// The operations of files: one at a time, on a thread when the buffers do not serve.
#include <hocket/os/file.h>

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
    Lock turn;
    ConcurrentFuture<> job{nullptr};  // the last one

    explicit State(Shared<BufferedFile> opened) : file(std::move(opened)), name(file->path()) {}

    Coro<Guard> begin();
    template <class F>
    Coro<> on_thread(F work);

    BufferedFile& usable(const char* attempted) const {
        if (!file) throw ValueError(attempted + (" " + name) + ": the file is closed");
        return *file;
    }
    BufferedFile& readable() const {
        BufferedFile& f = usable("read from");
        if (!f.mode().readable) refuse("read from");
        return f;
    }
    BufferedFile& writable(const char* attempted) const {
        BufferedFile& f = usable(attempted);
        if (!f.mode().writable) refuse(attempted);
        return f;
    }
    [[noreturn]] void refuse(const char* attempted) const {
        throw ValueError(attempted + (" " + name) + ": it was opened with the mode \"" + file->mode().text + "\"");
    }
};

// The turn comes when the operations before have ended; a thread may still work for one that was cancelled.
Coro<Guard> File::State::begin() {
    Guard guard = co_await turn.scoped();
    while (job && !job.done()) {
        try {
            co_await wrap_future(job);
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

const Shared<File::State>& File::state() const {
    if (!state_) throw ValueError("the file was moved away");
    return state_;
}

namespace {

// What follows takes the file's state by a handle: the coroutine may outlive the File.

template <class S>
Coro<std::string> read_bytes(S s, std::size_t n) {
    const Guard turn = co_await s->begin();
    BufferedFile& file = s->readable();
    if (file.unread().size() < n) co_await s->on_thread([f = s->file, n] { f->fill(n); });
    co_return file.take(n);
}

/// Line is std::string, empty at the end, or an optional one.
template <class Line, class S>
Coro<Line> read_line(S s) {
    const Guard turn = co_await s->begin();
    BufferedFile& file = s->readable();
    std::size_t newline = file.unread().find('\n');
    if (newline == std::string_view::npos) {
        co_await s->on_thread([f = s->file] { f->fill_line(); });
        if (file.unread().empty()) co_return Line();
        newline = file.unread().find('\n');
    }
    co_return file.take(newline == std::string_view::npos ? newline : newline + 1);
}

template <class S>
Coro<std::vector<std::string>> read_lines(S s) {
    const Guard turn = co_await s->begin();
    BufferedFile& file = s->readable();
    co_await s->on_thread([f = s->file] { f->fill(BufferedFile::all); });
    const std::string text = file.take(BufferedFile::all);
    std::vector<std::string> lines;
    for (std::string_view rest = text; !rest.empty();) {
        const std::size_t size = std::min(rest.find('\n'), rest.size() - 1) + 1;
        lines.emplace_back(rest.substr(0, size));
        rest.remove_prefix(size);
    }
    co_return lines;
}

template <class S>
Coro<std::size_t> write_bytes(S s, std::string data) {
    const Guard turn = co_await s->begin();
    BufferedFile& file = s->writable("write to");
    // What could not be written before goes first; while it cannot, nothing more is taken.
    if (file.unwritten() >= BufferedFile::chunk) co_await s->on_thread([f = s->file] { f->flush(); });
    const std::size_t size = data.size();
    file.append(std::move(data));
    if (file.unwritten() >= BufferedFile::chunk) co_await s->on_thread([f = s->file] { f->flush(); });
    co_return size;
}

template <class S>
Coro<> flush_file(S s) {
    const Guard turn = co_await s->begin();
    if (s->usable("write to").unwritten() > 0) co_await s->on_thread([f = s->file] { f->flush(); });
}

template <class S>
Coro<std::int64_t> seek_in(S s, std::int64_t offset, int whence) {
    const Guard turn = co_await s->begin();
    const BufferedFile& file = s->usable("seek in");
    co_await s->on_thread([f = s->file, offset, whence] { f->seek(offset, whence); });
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
    const BufferedFile& file = s->writable("truncate");
    co_await s->on_thread([f = s->file, size] { f->truncate(size); });
    co_return size ? static_cast<std::int64_t>(*size) : file.tell();
}

template <class S>
Coro<> close_file(S s) {
    const Guard turn = co_await s->begin();
    // The job's reference is the last: the file is closed even if it never begins.
    if (s->file) co_await s->on_thread([f = std::move(s->file)] { f->close(); });
}

}  // namespace

HOCKET_CORO_WRAPPER Coro<std::string> File::read(std::size_t n) { return read_bytes(state(), n); }

HOCKET_CORO_WRAPPER Coro<std::string> File::readline() { return read_line<std::string>(state()); }

HOCKET_CORO_WRAPPER Coro<std::optional<std::string>> File::next() {
    return read_line<std::optional<std::string>>(state());
}

HOCKET_CORO_WRAPPER Coro<std::vector<std::string>> File::readlines() { return read_lines(state()); }

HOCKET_CORO_WRAPPER Coro<std::size_t> File::write(std::string data) { return write_bytes(state(), std::move(data)); }

HOCKET_CORO_WRAPPER Coro<> File::flush() { return flush_file(state()); }

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

int File::fileno() const { return state()->usable("the descriptor of").fd(); }

Coro<File&> File::aenter() {
    state()->usable("enter");
    co_return *this;
}

Coro<> File::aexit(std::exception_ptr) { co_await close(); }

Coro<File> open(std::string path, std::string mode) {
    OpenMode parsed = parse_mode(path, std::move(mode));
    Shared<BufferedFile> opened =
        co_await run_in_executor([path = std::move(path), parsed = std::move(parsed)]() mutable {
            return Shared<BufferedFile>::make(std::move(path), std::move(parsed));
        });
    co_return File(Shared<File::State>::make(std::move(opened)));
}

}  // namespace hocket::fs
