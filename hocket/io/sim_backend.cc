// SPDX-License-Identifier: MIT
// Operations on simulated sockets and files: when they complete, in which order, and what a cancel comes to.
#include <hocket/io/sim_backend_internal.h>

#include <hocket/io/file_calls_internal.h>
#include <hocket/io/sim_files_internal.h>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <string>
#include <utility>

namespace hocket::sim {

namespace {

bool is_reader(const Operation& op) noexcept {
    return op.code == Opcode::accept || op.code == Opcode::recv || op.code == Opcode::recvmsg ||
           op.code == Opcode::read;
}

OperationList& list_of(const Operation& op, Endpoint& e) noexcept {
    return op.code == Opcode::poll ? e.pollers : is_reader(op) ? e.readers : e.writers;
}

}  // namespace

std::int64_t SimBackend::wall_time() noexcept { return kernel_.wall_time(); }

const Shared<Endpoint>* SimBackend::find(int fd) noexcept { return dead_ ? nullptr : kernel_.find(fd); }

template <class F>
int SimBackend::with(int fd, F f) noexcept {
    const Shared<Endpoint>* const endpoint = find(fd);
    if (endpoint != nullptr) return f(Shared<Endpoint>(*endpoint));
    if (dead_) return -EIO;
    return kernel_.find_file(fd) != nullptr ? -ENOTSOCK : Kernel::no_descriptor(fd);
}

int SimBackend::install(Shared<Endpoint> endpoint) noexcept {
    endpoint->backend = this;
    return kernel_.install(std::move(endpoint));
}

// A moment within the latest that the configuration allows.
std::int64_t SimBackend::later(const char* what) const {
    Network& network = kernel_.network();
    const std::int64_t by = network.choices.between(1, network.config.latest.count());
    if (network.tells()) kernel_.tell(what + (" " + milliseconds_text(by)) + " late", Told::small);
    return network.schedule.now() + by;
}

// ---- Operations

int SimBackend::attempt(Operation& op, const Shared<Endpoint>& endpoint) {
    Endpoint& e = *endpoint;
    switch (op.code) {
        case Opcode::poll: {
            const int holds = e.ready() & (op.flags | POLLERR | POLLHUP | POLLNVAL);
            return holds != 0 ? holds : -EAGAIN;
        }
        case Opcode::accept: return accept(op.fd, static_cast<sockaddr*>(op.data), op.address_size);
        case Opcode::connect: {
            if (op.state != Operation::State::queued) return e.connected();
            const auto to = SocketAddress::from(static_cast<const sockaddr*>(op.data), static_cast<unsigned>(op.size));
            const int result = to ? Endpoint::connect(endpoint, *to) : -EINVAL;
            return result == -EINPROGRESS ? -EAGAIN : result;
        }
        case Opcode::recv: return e.receive(static_cast<char*>(op.data), op.size, op.flags);
        case Opcode::read: return op.offset >= 0 ? -ESPIPE : e.receive(static_cast<char*>(op.data), op.size, 0);
        case Opcode::send: return Endpoint::send(endpoint, static_cast<const char*>(op.data), op.size);
        case Opcode::write:
            return op.offset >= 0 ? -ESPIPE : Endpoint::send(endpoint, static_cast<const char*>(op.data), op.size);
        case Opcode::recvmsg: return e.receive_message(*static_cast<msghdr*>(op.data), op.flags);
        case Opcode::sendmsg: return Endpoint::send_message(endpoint, *static_cast<const msghdr*>(op.data));
    }
    return -EINVAL;
}

// A file never waits.
int SimBackend::attempt(const Operation& op, OpenFile& file) {
    char* const data = static_cast<char*>(op.data);
    switch (op.code) {
        case Opcode::read: return static_cast<int>(kernel_.files().read(file, data, op.size, op.offset));
        case Opcode::write: return static_cast<int>(kernel_.files().write(file, data, op.size, op.offset));
        case Opcode::poll: return op.flags & (POLLIN | POLLOUT);
        default: return -ENOTSOCK;
    }
}

void SimBackend::submit(Operation& op) noexcept {
    ++pending_;
    if (dead_ || ending_) return finish(op, -ECANCELED);
    if (const Shared<OpenFile>* const file = kernel_.find_file(op.fd)) {
        op.state = Operation::State::queued;
        return done(op, attempt(op, **file));
    }
    const Shared<Endpoint>* const found = find(op.fd);
    if (found == nullptr) return finish(op, Kernel::no_descriptor(op.fd));
    const Shared<Endpoint> endpoint = *found;
    op.state = Operation::State::queued;
    OperationList& list = list_of(op, *endpoint);
    if (list.empty() || op.code == Opcode::poll) {
        const int result = attempt(op, endpoint);
        const bool may_wait = op.code == Opcode::poll || (op.flags & MSG_DONTWAIT) == 0;
        if (result != -EAGAIN || !may_wait) return done(op, result);
    }
    op.state = Operation::State::in_flight;
    file_calls_ = sys::file_calls;
    list.push_back(op);
}

// The result stands, and is seen now or later.
void SimBackend::done(Operation& op, int result) noexcept {
    Network& network = kernel_.network();
    std::erase_if(late_, [&](const Late& l) { return l.op == &op; });  // a cancel that has lost
    if (!ending_ && network.choices.chance(network.config.late)) {
        op.result = result;
        op.state = Operation::State::in_flight;
        late_.push_back({later("learns of a completion"), &op, false});
        return;
    }
    finish(op, result);
}

void SimBackend::advance(Endpoint& endpoint) noexcept {
    const Operation* waiting = nullptr;
    for (const OperationList* list : {&endpoint.readers, &endpoint.writers, &endpoint.pollers}) {
        if (waiting == nullptr) waiting = list->front();
    }
    const Shared<Endpoint>* const found = waiting != nullptr ? find(waiting->fd) : nullptr;
    if (found == nullptr) return;
    const Shared<Endpoint> self = *found;  // the table may grow, and others may close it
    const sys::WithFileCalls as_the_program(file_calls_);
    for (OperationList* list : {&endpoint.readers, &endpoint.writers}) {
        while (Operation* const op = list->front()) {
            const int result = attempt(*op, self);
            if (result == -EAGAIN) break;
            list->remove(*op);
            done(*op, result);
        }
    }
    for (Operation *op = endpoint.pollers.front(), *next = nullptr; op != nullptr; op = next) {
        next = op->next;
        const int holds = endpoint.ready() & (op->flags | POLLERR | POLLHUP | POLLNVAL);
        if (holds == 0) continue;
        endpoint.pollers.remove(*op);
        done(*op, holds);
    }
}

void SimBackend::remove_from_list(Operation& op) noexcept {
    if (const Shared<Endpoint>* const endpoint = find(op.fd)) list_of(op, **endpoint).remove(op);
}

void SimBackend::cancel(Operation& op) noexcept {
    if (op.state != Operation::State::in_flight) return;  // its result stands, or a cancel is on its way
    if (std::ranges::any_of(late_, [&](const Late& l) { return l.op == &op; })) return;
    Network& network = kernel_.network();
    if (!ending_ && network.choices.chance(network.config.late)) {
        op.state = Operation::State::cancelling;
        late_.push_back({later("has a cancel take effect"), &op, true});
        return;
    }
    remove_from_list(op);
    finish(op, -ECANCELED);
}

std::int64_t SimBackend::next_due() const noexcept {
    std::int64_t first = forever;
    for (const Late& l : late_) first = std::min(first, l.when);
    return first;
}

void SimBackend::take_due() noexcept {
    const std::int64_t time = now();
    for (std::size_t i = 0; i < late_.size();) {
        if (late_[i].when > time && !ending_) {
            ++i;
            continue;
        }
        const Late l = late_[i];
        late_.erase(late_.begin() + static_cast<std::ptrdiff_t>(i));
        if (l.cancel) remove_from_list(*l.op);
        finish(*l.op, l.cancel ? -ECANCELED : l.op->result);
    }
}

void SimBackend::poll(std::int64_t deadline) noexcept {
    be_calm();
    take_due();
    if (finished_.empty() && deadline > now() && !woken_.exchange(false)) {
        if (!ending_) driver_.wait(*this, deadline);
        be_calm();
        take_due();
    }
    woken_ = false;
    if (kernel_.network().config.shuffle) shuffle_finished();
    complete_finished();
}

void SimBackend::shuffle_finished() noexcept {
    std::vector<Operation*> all;
    while (Operation* const op = finished_.front()) {
        finished_.remove(*op);
        all.push_back(op);
    }
    while (!all.empty()) {
        const std::size_t i = kernel_.network().choices.choose(static_cast<std::uint32_t>(all.size()));
        finished_.push_back(*all[i]);
        all.erase(all.begin() + static_cast<std::ptrdiff_t>(i));
    }
}

void SimBackend::begin_end() noexcept {
    ending_ = true;
    take_due();
}

void SimBackend::die() noexcept {
    dead_ = true;
    begin_end();
}

// ---- Control calls

int SimBackend::socket(int domain, int type, int) noexcept {
    if (dead_) return -EIO;
    Network& network = kernel_.network();
    const int kind = type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (domain != AF_INET && domain != AF_INET6 && domain != AF_UNIX) return -EAFNOSUPPORT;
    if (kind != SOCK_STREAM && kind != SOCK_DGRAM) return -EPROTONOSUPPORT;
    if (network.choices.chance(network.config.no_buffers)) {
        kernel_.tell("has no buffers for a socket (ENOBUFS)", Told::small);
        return -ENOBUFS;
    }
    if (const int result = kernel_.room_for_descriptor(); result < 0) return result;
    return install(Shared<Endpoint>::make(kernel_, domain, kind));
}

int SimBackend::bind(int fd, const sockaddr* address, unsigned size) noexcept {
    return with(fd, [&](const Shared<Endpoint>& e) {
        const auto to = SocketAddress::from(address, size);
        return to ? Endpoint::bind(e, *to) : -EINVAL;
    });
}

int SimBackend::listen(int fd, int backlog) noexcept {
    return with(fd, [&](const Shared<Endpoint>& e) { return Endpoint::listen(e, backlog); });
}

int SimBackend::accept(int fd, sockaddr* address, unsigned* size) noexcept {
    return with(fd, [&](const Shared<Endpoint>& e) {
        if ((e->ready() & POLLIN) == 0) return e->is_listening() ? -EAGAIN : -EINVAL;
        if (const int result = kernel_.room_for_descriptor(); result < 0) return result;
        Shared<Endpoint> accepted;
        if (const int result = e->accept(accepted); result < 0) return result;
        accepted->remote().write(address, size);
        return install(std::move(accepted));
    });
}

int SimBackend::getsockname(int fd, sockaddr* address, unsigned* size) noexcept {
    return with(fd, [&](const Shared<Endpoint>& e) {
        e->local().write(address, size);
        return 0;
    });
}

int SimBackend::getpeername(int fd, sockaddr* address, unsigned* size) noexcept {
    return with(fd, [&](const Shared<Endpoint>& e) {
        if (!e->has_peer()) return -ENOTCONN;
        e->remote().write(address, size);
        return 0;
    });
}

int SimBackend::setsockopt(int fd, int level, int option, const void* value, unsigned size) noexcept {
    return with(fd, [&](const Shared<Endpoint>& e) { return e->set_option(level, option, value, size); });
}

int SimBackend::getsockopt(int fd, int level, int option, void* value, unsigned* size) noexcept {
    return with(fd, [&](const Shared<Endpoint>& e) { return e->get_option(level, option, value, size); });
}

int SimBackend::shutdown(int fd, int how) noexcept {
    return with(fd, [&](const Shared<Endpoint>& e) { return Endpoint::shutdown(e, how); });
}

int SimBackend::sendmsg(int fd, const msghdr* message) noexcept {
    return with(fd, [&](const Shared<Endpoint>& e) { return Endpoint::send_message(e, *message); });
}

int SimBackend::send_at_once(int fd, const void* data, std::size_t size) noexcept {
    return with(fd, [&](const Shared<Endpoint>& e) {
        // As where operations that go together are cheaper.
        if (kernel_.network().choices.chance(kernel_.network().config.late)) return -EAGAIN;
        return Endpoint::send(e, static_cast<const char*>(data), size);
    });
}

int SimBackend::readable(int fd) noexcept {
    if (!dead_ && kernel_.find_file(fd) != nullptr) return 1;
    return with(fd, [&](const Shared<Endpoint>& e) {
        return (e->ready() & (POLLIN | POLLRDHUP | POLLERR | POLLHUP)) != 0 ? 1 : 0;
    });
}

int SimBackend::read(int fd, void* data, std::size_t size) noexcept {
    if (const Shared<OpenFile>* const file = dead_ ? nullptr : kernel_.find_file(fd))
        return static_cast<int>(kernel_.files().read(**file, static_cast<char*>(data), size));
    return with(fd, [&](const Shared<Endpoint>& e) { return e->receive(static_cast<char*>(data), size, 0); });
}

int SimBackend::sendfile(int to, int from, std::int64_t offset, std::size_t count) noexcept {
    constexpr std::size_t most = 64 << 10;
    return with(to, [&](const Shared<Endpoint>& e) {
        const Shared<OpenFile>* const file = kernel_.find_file(from);
        if (file == nullptr) return kernel_.find(from) != nullptr ? -ESPIPE : -EBADF;
        std::string piece(std::min(count, most), '\0');
        const auto n = static_cast<int>(kernel_.files().read(**file, piece.data(), piece.size(), offset));
        return n > 0 ? Endpoint::send(e, piece.data(), static_cast<std::size_t>(n)) : n;
    });
}

int SimBackend::close(int fd) noexcept { return dead_ ? 0 : kernel_.close(fd); }

int SimBackend::adopt(int fd) noexcept {
    if (const Shared<OpenFile>* const file = dead_ ? nullptr : kernel_.find_file(fd))
        return static_cast<int>((*file)->inode->mode & S_IFMT);
    return with(fd, [](const Shared<Endpoint>&) { return static_cast<int>(S_IFSOCK); });
}

int SimBackend::spawn(Spawn& child) noexcept { return dead_ ? -EIO : driver_.spawn(*this, child); }
// With its parent's end they have ended.
int SimBackend::wait_for_child(int pidfd, int& returncode) noexcept {
    if (ending_) {
        returncode = -SIGKILL;
        return 0;
    }
    return driver_.wait_for_child(*this, pidfd, returncode);
}
int SimBackend::pidfd_send_signal(int pidfd, int signal_number) noexcept {
    return ending_ ? 0 : driver_.pidfd_send_signal(*this, pidfd, signal_number);
}

}  // namespace hocket::sim
