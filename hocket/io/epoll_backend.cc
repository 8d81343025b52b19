// SPDX-License-Identifier: MIT
// Completions emulated over epoll: try, wait until it is worth trying again, try again.
#include <hocket/base/errors.h>
#include <hocket/io/epoll_backend.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <bit>
#include <cerrno>
#include <climits>
#include <new>

namespace hocket {

namespace {

// So many bytes, or more, are received before the first of them is looked at, and so many, or fewer. They are in the processor's cache still when
// a task sends them on; of large messages, what 100 connections have is not.
constexpr std::size_t much_at_once = 256 << 10, little_at_once = 64 << 10;
constexpr unsigned most_unasked =
    16;  // so many polls may complete what was finished at submission before others get their turn
constexpr std::uint32_t always = EPOLLERR | EPOLLHUP;  // reported whether asked for or not

static_assert(EPOLLIN == POLLIN && EPOLLOUT == POLLOUT && EPOLLPRI == POLLPRI && EPOLLERR == POLLERR &&
              EPOLLHUP == POLLHUP && EPOLLRDHUP == POLLRDHUP);

bool is_reader(Opcode code) noexcept {
    return code == Opcode::recv || code == Opcode::recvmsg || code == Opcode::read || code == Opcode::accept;
}

bool is_message(Opcode code) noexcept {
    return code == Opcode::recv || code == Opcode::send || code == Opcode::recvmsg || code == Opcode::sendmsg;
}

/// A blocking `connect` would block even when the socket is ready, so it is made non-blocking for the call.
int connect_without_blocking(const Operation& op) noexcept {
    const int flags = fcntl(op.fd, F_GETFL);
    fcntl(op.fd, F_SETFL, flags | O_NONBLOCK);
    const int result = ::connect(op.fd, static_cast<const sockaddr*>(op.data), static_cast<socklen_t>(op.size));
    const int error = errno;
    fcntl(op.fd, F_SETFL, flags);
    errno = error;
    return result;
}

int connection_error(int fd) noexcept {
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0) error = errno;
    return error;
}

}  // namespace

EpollBackend::EpollBackend(bool nanoseconds) : nanoseconds_(nanoseconds) {
    create();
    if (epoll_ < 0) throw OSError(errno, "epoll_create1");
}

EpollBackend::~EpollBackend() { ::close(epoll_); }

void EpollBackend::create() {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    // Edge-triggered: each write to it is an event, and it need never be read.
    epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.fd = wake_descriptor()}};
    if (epoll_ >= 0) epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_descriptor(), &event);
}

int EpollBackend::fileno() const noexcept {
    watch_from_outside();
    return epoll_;
}

// ---- the table

EpollBackend::Descriptor* EpollBackend::find(int fd, int& error) noexcept {
    if (fd < 0) {
        error = EBADF;
        return nullptr;
    }
    const auto index = static_cast<std::size_t>(fd);
    if (index >= table_.size()) {
        if (fcntl(fd, F_GETFD) < 0) {  // a wild number must not make a table of gigabytes
            error = errno;
            return nullptr;
        }
        try {
            table_.resize(std::max<std::size_t>(64, std::bit_ceil(index + 1)));
        } catch (const std::bad_alloc&) {
            error = ENOMEM;
            return nullptr;
        }
    }
    return &table_[index];
}

OperationList& EpollBackend::list_of(const Operation& op, Descriptor& d) noexcept {
    if (op.code == Opcode::poll) return d.pollers;
    return is_reader(op.code) ? d.readers : d.writers;
}

std::uint32_t EpollBackend::wanted(const Descriptor& d) noexcept {
    std::uint32_t events = 0;
    if (!d.readers.empty()) events |= EPOLLIN;
    if (!d.writers.empty()) events |= EPOLLOUT;
    for (const Operation* op = d.pollers.front(); op != nullptr; op = op->next) {
        events |= static_cast<std::uint32_t>(op->flags);
    }
    return events;
}

/// `borrowed`: it goes to the owner of a borrowed one.
void EpollBackend::is_new(int fd, bool borrowed) noexcept {
    if (fd >= 0 && static_cast<std::size_t>(fd) < table_.size()) {
        Descriptor& d = table_[static_cast<std::size_t>(fd)];
        d = Descriptor{};
        if (!borrowed) d.kind = Kind::non_blocking;
    }
}

void EpollBackend::learn_kind(int fd, Descriptor& d) noexcept {
    const int flags = fcntl(fd, F_GETFL);
    d.kind = Kind::non_blocking;
    if (flags < 0 || (flags & O_NONBLOCK) != 0) return;
    struct stat status{};
    const bool file =
        fstat(fd, &status) == 0 && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) || S_ISBLK(status.st_mode));
    d.kind = file ? Kind::always_ready : Kind::blocking;
}

/// Makes epoll report `events` of `fd`, beside what it reports already. `verify` asks the kernel even if the table says that it does:
/// the descriptor may belong to a library that closes and opens it without our knowing. Returns 0 or an error number.
int EpollBackend::arm(int fd, Descriptor& d, std::uint32_t events, bool verify) noexcept {
    if (d.registered && (d.armed & events) == events && !verify) return 0;
    epoll_event event{.events = d.armed | events, .data = {.fd = fd}};
    int error = 0;
    if (epoll_ctl(epoll_, d.registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) < 0) error = errno;
    if (error == ENOENT) {
        event.events = events;
        error = epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) < 0 ? errno : 0;
    } else if (error == EEXIST) {
        error = epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event) < 0 ? errno : 0;
    }
    d.registered = error == 0;
    d.armed = error == 0 ? event.events : 0;
    return error;
}

void EpollBackend::disarm(int fd, Descriptor& d, std::uint32_t keep) noexcept {
    epoll_event event{.events = keep, .data = {.fd = fd}};
    d.registered = epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event) == 0;
    d.armed = d.registered ? keep : 0;
}

/// Nothing waits for a borrowed descriptor any more. Its owner may close it now, while a duplicate goes on to have events that nobody
/// could silence.
void EpollBackend::give_back(int fd, Descriptor& d) noexcept {
    epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
    d = Descriptor{};
}

// ---- operations

void EpollBackend::submit(Operation& op) noexcept {
    ++pending_;
    int error = 0;
    Descriptor* const d = find(op.fd, error);
    if (d == nullptr) return finish(op, -error);
    if (forked()) leave_to_parent();
    if (op.borrowed && d->idle()) *d = Descriptor{};  // it may be another than the last time
    d->borrowed = op.borrowed;

    op.state = Operation::State::queued;
    OperationList& list = list_of(op, *d);
    const bool poll = op.code == Opcode::poll;
    const bool vain = poll || !list.empty() || (d->dry && (d->armed & EPOLLIN) != 0 && is_reader(op.code));
    if (!vain && attempt(op, *d)) return finish(op, op.result);

    const std::uint32_t events = poll ? static_cast<std::uint32_t>(op.flags) : is_reader(op.code) ? EPOLLIN : EPOLLOUT;
    error = arm(op.fd, *d, events, poll);
    if (error == EPERM && poll)
        return finish(op, op.flags & (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM));  // a file is ready
    if (error != 0) return finish(op, -error);
    op.state = Operation::State::in_flight;
    list.push_back(op);
    ++waiting_;
    must_be_asked_ = true;
}

void EpollBackend::cancel(Operation& op) noexcept {
    if (op.state != Operation::State::in_flight) return;
    if (forked()) return;  // the next `poll` cancels all that the parent has
    Descriptor& d = table_[static_cast<std::size_t>(op.fd)];
    list_of(op, d).remove(op);
    --waiting_;
    finish(op, -ECANCELED);
    if (d.borrowed && d.idle()) give_back(op.fd, d);
}

/// What an operation would do at its submission anyway.
int EpollBackend::send_at_once(int fd, const void* data, std::size_t size) noexcept {
    const ssize_t n = ::send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    return n < 0 ? -errno : static_cast<int>(n);
}

/// The same of those that never block, whatever the descriptor is: nothing is asked about it.
bool EpollBackend::attempt_message(Operation& op, Descriptor& d) noexcept {
    const int flags = op.flags | MSG_DONTWAIT | MSG_NOSIGNAL;
    ssize_t n = 0;
    do {
        switch (op.code) {
            case Opcode::recv: n = ::recv(op.fd, op.data, op.size, flags); break;
            case Opcode::send: n = ::send(op.fd, op.data, op.size, flags); break;
            case Opcode::recvmsg: n = ::recvmsg(op.fd, static_cast<msghdr*>(op.data), flags); break;
            default: n = ::sendmsg(op.fd, static_cast<const msghdr*>(op.data), flags); break;
        }
    } while (n < 0 && errno == EINTR);

    const bool blocked = n < 0 && errno == EAGAIN;
    if (op.code == Opcode::recv) {
        d.dry = blocked || (n > 0 && static_cast<std::size_t>(n) < op.size);
        if (n > 0) received_ += static_cast<std::size_t>(n);
    } else if (blocked && op.code == Opcode::recvmsg) {
        d.dry = true;
    }
    if (blocked && (op.flags & MSG_DONTWAIT) == 0) return false;
    op.result = n < 0 ? -errno : static_cast<int>(n);
    return true;
}

/// Makes the call. False if it would block; else `op.result` stands.
bool EpollBackend::attempt(Operation& op, Descriptor& d) noexcept {
    if (is_message(op.code)) return attempt_message(op, d);
    if (d.kind == Kind::unknown) learn_kind(op.fd, d);
    const bool ask = d.kind == Kind::blocking;
    if (ask && op.code != Opcode::connect) {
        pollfd ready{.fd = op.fd, .events = is_reader(op.code) ? short{POLLIN} : short{POLLOUT}, .revents = 0};
        if (::poll(&ready, 1, 0) == 0) return false;
    }

    ssize_t n = 0;
    do {
        switch (op.code) {
            case Opcode::read:
                n = op.offset < 0 ? ::read(op.fd, op.data, op.size) : ::pread(op.fd, op.data, op.size, op.offset);
                break;
            case Opcode::write: {
                if (is_quiet_write(op)) {
                    op.result = write_quietly(op);
                    return op.result != -EAGAIN;
                }
                const std::size_t size =
                    ask ? std::min<std::size_t>(op.size, PIPE_BUF) : op.size;  // what "writable" promises
                n = op.offset < 0 ? ::write(op.fd, op.data, size) : ::pwrite(op.fd, op.data, size, op.offset);
                break;
            }
            case Opcode::accept:
                n = ::accept4(op.fd, static_cast<sockaddr*>(op.data), op.address_size, SOCK_CLOEXEC | SOCK_NONBLOCK);
                break;
            case Opcode::connect:
                if (op.state == Operation::State::in_flight) {
                    op.result = -connection_error(op.fd);
                    return true;
                }
                n = ask ? connect_without_blocking(op)
                        : ::connect(op.fd, static_cast<const sockaddr*>(op.data), static_cast<socklen_t>(op.size));
                if (n < 0 && (errno == EINPROGRESS || errno == EINTR)) return false;
                break;
            default: return false;  // there is nothing to try
        }
    } while (n < 0 && errno == EINTR);

    if (d.kind == Kind::always_ready)
        d.kind = Kind::unknown;  // files are closed elsewhere, and their numbers used again

    // A Unix connection is refused with EAGAIN, and does not become possible by waiting.
    const bool blocked = n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) && op.code != Opcode::connect;
    if (op.code == Opcode::read) {
        d.dry = blocked || (n > 0 && static_cast<std::size_t>(n) < op.size);
    } else if (blocked && op.code == Opcode::accept) {
        d.dry = true;
    }
    if (blocked) return false;
    op.result = n < 0 ? -errno : static_cast<int>(n);
    if (op.code == Opcode::accept && n >= 0) is_new(op.result, op.borrowed);
    return true;
}

/// Tries what waits in `list`, in order, until one would block.
void EpollBackend::advance(OperationList& list, Descriptor& d) noexcept {
    while (Operation* op = list.front()) {
        if (!attempt(*op, d)) break;
        list.remove(*op);
        --waiting_;
        finish(*op, op->result);
    }
}

void EpollBackend::take_event(int fd, std::uint32_t events) noexcept {
    Descriptor& d = table_[static_cast<std::size_t>(fd)];
    const std::uint32_t waited_for = wanted(d);
    if ((events & (EPOLLIN | EPOLLRDHUP | always)) != 0) {
        d.dry = false;
        advance(d.readers, d);
    }
    if ((events & (EPOLLOUT | always)) != 0) advance(d.writers, d);
    for (Operation *op = d.pollers.front(), *next = nullptr; op != nullptr; op = next) {
        next = op->next;
        const std::uint32_t holds = events & (static_cast<std::uint32_t>(op->flags) | always);
        if (holds == 0) continue;
        d.pollers.remove(*op);
        --waiting_;
        finish(*op, static_cast<int>(holds));
    }

    if (d.borrowed && d.idle()) {
        give_back(fd, d);
    } else if (waited_for == 0 && (events & always) != 0) {  // which only the end of the registration silences
        epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
        d.registered = false;
        d.armed = 0;
    } else if ((events & ~always & ~waited_for) != 0) {
        disarm(fd, d, waited_for);
    }
}

// ---- poll

void EpollBackend::poll(std::int64_t deadline) noexcept {
    if (forked()) leave_to_parent();
    tell_of_fork();
    be_calm();
    if (finished_.empty()) {
        wait(deadline, deadline > 0);
        unasked_ = 0;
    } else if (waiting_ > 0 && ++unasked_ >= most_unasked) {
        wait(0, false);
        unasked_ = 0;
    }
    stop_sleeping();
    be_calm();
    complete_finished();
    must_be_asked_ = waiting_ > 0;
}

void EpollBackend::wait(std::int64_t deadline, bool may_block) noexcept {
    bool asleep = false;
    for (;;) {
        std::int64_t timeout = 0;
        if (may_block) timeout = deadline == forever ? forever : until(deadline);
        if (timeout > 0 && !asleep) {
            asleep = may_sleep();
            if (!asleep) {
                may_block = false;
                timeout = 0;
            }
        }
        if (timeout == 0 && waiting_ == 0 && !watched_from_outside()) return;

        epoll_event events[most_events];
        const int n = wait_once(events, event_room_, timeout);
        bool woken = false;
        received_ = 0;
        for (int i = 0; i < n; ++i) {
            if (events[i].data.fd == wake_descriptor())
                woken = true;
            else
                take_event(events[i].data.fd, events[i].events);
        }
        if (received_ > much_at_once) {
            event_room_ = std::max(event_room_ / 2, 1);
        } else if (received_ < little_at_once && n == event_room_) {
            event_room_ = std::min(2 * event_room_, most_events);
        }
        if (timeout == 0 || woken || !finished_.empty()) return;
    }
}

/// One wait of `timeout` nanoseconds; how many events it gave, and 0 when a signal or the time ended it.
int EpollBackend::wait_once(epoll_event* events, int room, std::int64_t timeout) noexcept {
    if (nanoseconds_ && timeout > 0 && timeout != forever) {
        const timespec t{.tv_sec = static_cast<time_t>(timeout / 1'000'000'000),
                         .tv_nsec = static_cast<long>(timeout % 1'000'000'000)};
        const int n = epoll_pwait2(epoll_, events, room, &t, nullptr);
        if (n >= 0 || errno == EINTR) return std::max(n, 0);
        nanoseconds_ = false;  // an old kernel, or one told not to know the call
    }
    int milliseconds = -1;
    if (timeout != forever) {
        const std::int64_t rounded = timeout / 1'000'000 + (timeout % 1'000'000 != 0 ? 1 : 0);
        milliseconds = static_cast<int>(std::min<std::int64_t>(rounded, INT_MAX));
    }
    return std::max(epoll_wait(epoll_, events, room, milliseconds), 0);
}

// ---- descriptors that come and go

int EpollBackend::socket(int domain, int type, int protocol) noexcept {
    const int fd = SystemBackend::socket(domain, type, protocol);
    is_new(fd, false);
    return fd;
}

int EpollBackend::accept(int fd, sockaddr* address, unsigned* size) noexcept {
    const int result = SystemBackend::accept(fd, address, size);
    is_new(result, false);
    if (result == -EAGAIN && static_cast<std::size_t>(fd) < table_.size())
        table_[static_cast<std::size_t>(fd)].dry = true;
    return result;
}

int EpollBackend::adopt(int fd) noexcept {
    if (fd >= 0 && static_cast<std::size_t>(fd) < table_.size()) {
        Descriptor& d = table_[static_cast<std::size_t>(fd)];
        if (d.readers.empty() && d.writers.empty() && d.pollers.empty()) forget(fd, d);
    }
    return SystemBackend::adopt(fd);
}

int EpollBackend::close(int fd) noexcept {
    if (fd >= 0 && static_cast<std::size_t>(fd) < table_.size()) forget(fd, table_[static_cast<std::size_t>(fd)]);
    return SystemBackend::close(fd);
}

void EpollBackend::forget(int fd, Descriptor& d) noexcept {
    // Closing ends the registration only when no duplicate of the descriptor is left, in this process or a child.
    if (d.registered && !forked()) epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
    d = Descriptor{};
}

/// In a child, the epoll instance is shared with the parent: it is left alone, and what waited on it is cancelled.
void EpollBackend::leave_to_parent() noexcept {
    ::close(epoll_);
    renew_after_fork();
    create();
    if (epoll_ < 0) std::abort();
    for (Descriptor& d : table_) {
        for (OperationList* list : {&d.readers, &d.writers, &d.pollers}) {
            while (Operation* op = list->front()) {
                list->remove(*op);
                finish(*op, -ECANCELED);
            }
        }
        d.registered = false;
        d.armed = 0;
        d.dry = false;
    }
    waiting_ = 0;
}

}  // namespace hocket
