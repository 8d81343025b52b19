// SPDX-License-Identifier: MIT
// A datagram socket's receiving, the errors that go to who receives, and the end.
#include <hocket/core/await_graph.h>
#include <hocket/core/operation_text_internal.h>
#include <hocket/net/datagram_socket_internal.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

namespace hocket {

namespace {

constexpr std::size_t largest_ip_datagram = 64 << 10;

bool was_cancelled(int result) noexcept { return result == -ECANCELED || result == -EINTR; }

}  // namespace

DatagramSocket::DatagramSocket(Network& network, int fd, Address remote, Kind kind) noexcept
    : Socket(network, fd), is_ip_(kind.is_ip), connected_(kind.connected), remote_(std::move(remote)) {
    in_.owner = out_.owner = this;
    in_.code = Opcode::recvmsg;
    in_.flags = MSG_TRUNC;  // tell the length of what has no room, too
    in_.completed = [](Operation& op) noexcept { static_cast<Transfer&>(op).owner->received(); };
    out_.code = Opcode::sendmsg;
    // A UNIX-domain socket that is not connected is always said to be writable, whether its peers have room or not: who waited for that
    // would turn in circles.
    out_.flags = is_ip_ || connected_ ? 0 : MSG_DONTWAIT;
    out_.completed = [](Operation& op) noexcept { static_cast<Transfer&>(op).owner->sent(); };
    in_.data = &in_.message;
    out_.data = &out_.message;
    in_.message.msg_iov = &in_.bytes;
    in_.message.msg_iovlen = 1;
}

DatagramSocket::~DatagramSocket() = default;

void DatagramSocket::check_loop(const char* call) const {
    if (!network()) return;
    EventLoop& mine = network()->loop();
    if (this_loop && this_loop != &mine)
        throw RuntimeError("the endpoint of " + sockname().str() + " belongs to a different event loop");
    check_thread(call);
}

// ---- Who waits for datagrams

void DatagramSocket::Receive::await_suspend(AwaitingFrame h) noexcept {
    task_ = this_loop->current;
    task_->wait_on(*this, h);
    socket_.wait(*this);
    if (!(task_->flags & f_must_cancel)) [[likely]]
        return socket_.receive_next();
    task_->deliver_pending_cancel();
}

// Of a task that is cancelled before it has run again, the next one has the datagram, or the error.
ReceivedDatagram DatagramSocket::Receive::await_resume() {
    TaskBase& t = *this_loop->current;
    const bool failed = failure_.error != 0;
    if ((t.flags & f_throw) && !task_) [[unlikely]] {
        if (failed) {
            socket_.report(std::move(failure_));
        } else {
            const char* const bytes = text_ ? text_->data() : buffer_.data();
            socket_.keep(number_, {bytes, datagram_.size}, std::move(datagram_.address), datagram_.truncated);
        }
    }
    resume_point(t);
    if (failed) socket_.throw_failure(failure_);
    return std::move(datagram_);
}

bool DatagramSocket::Receive::cancel_wait(TaskBase& t) noexcept {
    if (!task_) return false;
    if (socket_.first_receive_ == this && socket_.in_.in_flight) {
        cancel_asked_ = true;
        socket_.network()->backend().cancel(socket_.in_);
    } else {
        socket_.leave(*this);
        t.interrupt();
    }
    return true;
}

void DatagramSocket::Receive::describe(AwaitDescription& to) const {
    to.text = "datagram " + (socket_.closed() ? socket_.source() : "from " + socket_.descriptor());
}

void DatagramSocket::Receive::take(std::uint64_t number, std::string_view data, Address address,
                                   std::size_t truncated) noexcept {
    number_ = number;
    datagram_.size = text_ ? data.size() : std::min(data.size(), buffer_.size());
    datagram_.truncated = truncated + data.size() - datagram_.size;
    datagram_.address = std::move(address);
    try {
        if (text_) {
            text_->assign(data);
        } else if (datagram_.size > 0 && data.data() != buffer_.data()) {
            std::memcpy(buffer_.data(), data.data(), datagram_.size);
        }
    } catch (const std::bad_alloc&) {
        failure_ = {.error = ENOMEM};
    }
    std::exchange(task_, nullptr)->wake();
}

void DatagramSocket::Receive::fail(Failure failure) noexcept {
    failure_ = std::move(failure);
    std::exchange(task_, nullptr)->wake(cancel_asked_ ? f_throw : 0);
}

void DatagramSocket::wait(Receive& r) noexcept {
    r.prev_ = last_receive_;
    (last_receive_ ? last_receive_->next_ : first_receive_) = &r;
    last_receive_ = &r;
}

void DatagramSocket::leave(Receive& r) noexcept {
    (r.prev_ ? r.prev_->next_ : first_receive_) = r.next_;
    (r.next_ ? r.next_->prev_ : last_receive_) = r.prev_;
    r.next_ = r.prev_ = nullptr;
}

// ---- Receiving

void DatagramSocket::receive_next() noexcept {
    while (first_receive_ && !in_.in_flight) {
        Receive& r = *first_receive_;
        if (ending_) {
            leave(r);
            r.fail({.error = ECONNABORTED});
        } else if (!failures_.empty()) {
            leave(r);
            r.fail(std::move(failures_.front()));
            failures_.erase(failures_.begin());
        } else if (!kept_.empty()) {
            leave(r);
            Kept& k = kept_.front();
            r.take(k.number, k.data, std::move(k.address), k.truncated);
            kept_.erase(kept_.begin());
        } else if (!begin_receive(r)) {
            leave(r);
            r.fail({.error = ENOMEM});
        }
    }
}

// False: there is no memory.
bool DatagramSocket::begin_receive(Receive& r) noexcept {
    if (r.text_) {
        const std::size_t size = is_ip_ ? largest_ip_datagram : DatagramEndpoint::max_size;
        if (!room_) room_.reset(new (std::nothrow) char[size]);  // of which the system gives only what is written to
        if (!room_) return false;
        in_.bytes = {.iov_base = room_.get(), .iov_len = size};
    } else {
        in_.bytes = {.iov_base = r.buffer_.data(), .iov_len = r.buffer_.size()};
    }
    in_.message.msg_name = in_.address.bytes;
    in_.message.msg_namelen = sizeof in_.address.bytes;
    in_.in_flight = true;
    submit(in_);
    return true;
}

void DatagramSocket::received() noexcept {
    in_.in_flight = false;
    completed_one();
    Receive& r = *first_receive_;
    if (in_.result >= 0) {
        take_datagram(r);
    } else if (!was_cancelled(in_.result)) {
        leave(r);
        r.fail({.error = -in_.result});
    } else if (r.cancel_asked_) {
        leave(r);
        r.task_->interrupt();
    }
    receive_next();  // the same again, if it was cancelled to be told of something else
    close_if_over();
}

// What `r` was to receive. It goes to another if `r` is cancelled, and behind those that wait for somebody to take them.
void DatagramSocket::take_datagram(Receive& r) noexcept {
    const auto length = static_cast<std::size_t>(in_.result);
    const std::string_view data(static_cast<const char*>(in_.bytes.iov_base), std::min(length, in_.bytes.iov_len));
    in_.address.size = in_.message.msg_namelen;
    Address address;
    try {
        address = Address::from_raw(in_.address);
    } catch (const std::bad_alloc&) {
        leave(r);
        return r.fail({.error = ENOMEM});
    }
    if (r.cancel_asked_ || !kept_.empty()) {
        keep(++taken_, data, std::move(address), length - data.size());
        if (!r.cancel_asked_) return;
        leave(r);
        r.task_->interrupt();
    } else {
        leave(r);
        r.take(++taken_, data, std::move(address), length - data.size());
    }
}

void DatagramSocket::keep(std::uint64_t number, std::string_view data, Address address,
                          std::size_t truncated) noexcept {
    if (ending_) return;
    try {
        const auto after = std::ranges::find_if(kept_, [number](const Kept& k) { return k.number > number; });
        kept_.insert(after, {number, std::string(data), std::move(address), truncated});
    } catch (const std::bad_alloc&) {
        return;  // it is lost, as datagrams may be
    }
    if (in_.in_flight) network()->backend().cancel(in_);  // who waits gets it before what comes next
}

// Whoever waits learns it before what comes next.
void DatagramSocket::report(Failure failure) noexcept {
    if (ending_) return;
    if (failures_.size() == most_failures) failures_.erase(failures_.begin());
    try {
        failures_.push_back(std::move(failure));
    } catch (const std::bad_alloc&) {
        return;  // nobody learns it
    }
    if (in_.in_flight) network()->backend().cancel(in_);
}

std::string DatagramSocket::descriptor(const Address& peer) const {
    const RawAddress raw = peer ? peer.raw() : RawAddress{.bytes = {}, .size = 0};
    return descriptor_text(network()->backend(), fd(), raw.get(), raw.size);
}

std::string DatagramSocket::source() const {
    if (connected_) return "from " + remote_.str();
    return closed() ? "on a closed endpoint" : "on " + sockname().str();
}

void DatagramSocket::throw_failure(const Failure& failure) const {
    throw OSError(failure.error, failure.sending ? "send to " + failure.address.str() : "receive " + source());
}

Coro<std::pair<std::string, Address>> DatagramSocket::recvfrom(DatagramHandle socket) {
    socket->check_loop("DatagramEndpoint::recvfrom");
    std::string text;
    ReceivedDatagram datagram = co_await Receive(*socket, text);
    if (datagram.truncated > 0) {
        throw OSError(EMSGSIZE, "receive a datagram of " + std::to_string(datagram.size + datagram.truncated) +
                                    " bytes from " + datagram.address.str());
    }
    co_return std::pair(std::move(text), std::move(datagram.address));
}

Coro<ReceivedDatagram> DatagramSocket::recvfrom_into(DatagramHandle socket, std::span<char> buffer) {
    socket->check_loop("DatagramEndpoint::recvfrom_into");
    co_return co_await Receive(*socket, buffer);
}

// ---- The end

void DatagramSocket::close() noexcept {
    if (!closed()) network()->notice_fork();
    if (std::exchange(ending_, true)) return;
    if (in_.in_flight) network()->backend().cancel(in_);
    receive_next();
    close_if_all_sent();
    close_if_over();
}

void DatagramSocket::abort() noexcept {
    if (Socket::closing()) return;
    ending_ = aborted_ = true;
    retry_.cancel();
    begin_closing();
    receive_next();
    if (!out_.in_flight) drop_unsent();
    close_if_over();
}

void DatagramSocket::abandoned() noexcept {
    if (closed()) {
        delete this;
    } else {
        close();
    }
}

void DatagramSocket::cancel_operations() noexcept {
    if (in_.in_flight) network()->backend().cancel(in_);
    if (out_.in_flight) network()->backend().cancel(out_);
}

void DatagramSocket::descriptor_closed() noexcept {
    share();
    retry_.cancel();
    resume_writing();
    closed_.wake_all();
    drop();
}

Coro<> DatagramSocket::wait_closed(DatagramHandle socket) {
    if (!socket->closed()) co_await socket->closed_.suspend();
}

}  // namespace hocket
