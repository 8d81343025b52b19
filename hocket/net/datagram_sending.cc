// SPDX-License-Identifier: MIT
// A datagram socket's sending: at once where that is possible, else one datagram after the other.
#include <hocket/core/await_graph.h>
#include <hocket/net/datagram_socket_internal.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <new>
#include <tuple>

namespace hocket {

namespace {

constexpr auto retry_delay = std::chrono::milliseconds(1);

bool was_cancelled(int result) noexcept { return result == -ECANCELED || result == -EINTR; }

}  // namespace

/// One that `sendto` gave, and its bytes behind it.
struct DatagramSocket::Copy final : Outgoing {
    static Copy* make(std::string_view bytes, const Address& to) {
        void* const block = FramePool::allocate(sizeof(Copy) + bytes.size());
        auto* const copy = new (block) Copy;
        char* const place = reinterpret_cast<char*>(copy + 1);
        if (!bytes.empty()) std::memcpy(place, bytes.data(), bytes.size());
        copy->data = {place, bytes.size()};
        copy->address = to;
        return copy;
    }
    static void free(Copy* copy) noexcept {
        const std::size_t size = sizeof(Copy) + copy->data.size();
        copy->~Copy();
        FramePool::release(copy, size);
    }
};

// ---- A task that sends

DatagramSocket::Send::Send(DatagramSocket& socket, std::string_view bytes, Address to) noexcept
    : socket_(socket), result_(-ECANCELED) {
    data = bytes;
    address = std::move(to);
    sender = this;
}

void DatagramSocket::Send::await_suspend(AwaitingFrame h) noexcept {
    task_ = this_loop->current;
    task_->wait_on(*this, h);
    socket_.enqueue(*this);
    if (!(task_->flags & f_must_cancel)) [[likely]]
        return socket_.send_next();
    task_->deliver_pending_cancel();
}

void DatagramSocket::Send::await_resume() {
    TaskBase& t = *this_loop->current;
    if (cancel_asked_ || (t.flags & f_throw)) {
        if (result_ >= 0) {
            t.postpone_cancel();
        } else {
            t.flags |= f_throw;
        }
    }
    resume_point(t);
    if (result_ < 0) throw OSError(-result_, "send to " + address.str());
}

bool DatagramSocket::Send::cancel_wait(TaskBase& t) noexcept {
    if (!task_) return false;
    if (socket_.first_out_ == this && socket_.out_.in_flight) {
        cancel_asked_ = true;
        socket_.network()->backend().cancel(socket_.out_);
    } else {
        socket_.leave(*this);
        t.interrupt();
        socket_.close_if_all_sent();
        socket_.close_if_over();  // which the coroutine's handle outlives
    }
    return true;
}

void DatagramSocket::Send::describe(AwaitDescription& to) const {
    to.text = "datagram to " + (socket_.closed() ? address.str() : socket_.descriptor(address));
}

// ---- The queue

void DatagramSocket::enqueue(Outgoing& o) noexcept {
    (last_out_ ? last_out_->next : first_out_) = &o;
    last_out_ = &o;
}

void DatagramSocket::leave(Outgoing& o) noexcept {
    Outgoing* before = nullptr;
    for (Outgoing* i = first_out_; i != &o; i = i->next) before = i;
    (before ? before->next : first_out_) = o.next;
    if (last_out_ == &o) last_out_ = before;
    o.next = nullptr;
}

msghdr DatagramSocket::message_of(std::string_view data, const Address& to, iovec& bytes,
                                  RawAddress& storage) const noexcept {
    bytes = {.iov_base = const_cast<char*>(data.data()), .iov_len = data.size()};
    msghdr message{};
    message.msg_iov = &bytes;
    message.msg_iovlen = 1;
    if (!connected_) {
        storage = to.raw();
        message.msg_name = storage.bytes;
        message.msg_namelen = storage.size;
    }
    return message;
}

void DatagramSocket::send_next() noexcept {
    if (out_.in_flight || !first_out_ || retry_) return;
    out_.message = message_of(first_out_->data, first_out_->address, out_.bytes, out_.address);
    out_.in_flight = true;
    submit(out_);
}

void DatagramSocket::sent() noexcept {
    out_.in_flight = false;
    completed_one();
    Outgoing& o = *first_out_;
    if (was_cancelled(out_.result)) {
        if (o.sender && o.sender->cancel_asked_) {
            leave(o);
            o.sender->task_->interrupt();
        }
    } else if (out_.result == -EAGAIN) {
        if (o.sender && o.sender->cancel_asked_) {
            leave(o);
            o.sender->task_->interrupt();
        } else if (!aborted_) {
            retry_later();
        }
    } else {
        leave(o);
        conclude(o, out_.result);
    }
    if (aborted_) drop_unsent();
    if (level_ <= low_) resume_writing();
    send_next();
    close_if_all_sent();
    close_if_over();
}

void DatagramSocket::retry_later() noexcept {
    retry_ = network()->loop().call_later(retry_delay, [this] {
        retry_ = Handle();
        network()->notice_fork();
        send_next();
    });
}

// `o` has left the queue.
void DatagramSocket::conclude(Outgoing& o, int result) noexcept {
    if (o.sender) {
        o.sender->result_ = result;
        std::exchange(o.sender->task_, nullptr)->wake();
        return;
    }
    level_ -= o.data.size() + header_size;
    if (result < 0) report({.error = -result, .sending = true, .address = std::move(o.address)});
    Copy::free(static_cast<Copy*>(&o));
}

void DatagramSocket::drop_unsent() noexcept {
    while (first_out_) {
        Outgoing& o = *first_out_;
        leave(o);
        conclude(o, -ECONNABORTED);
    }
    resume_writing();
}

void DatagramSocket::resume_writing() noexcept {
    if (std::exchange(paused_, false)) drained_.wake_all();
}

void DatagramSocket::close_if_all_sent() noexcept {
    if (ending_ && !first_out_) begin_closing();
}

// ---- What the endpoint's callers ask for

// An address is needed, and no other than the one that there is.
void DatagramSocket::check_sendable(const char* call, const Address& address) const {
    check_loop(call);
    if (connected_ || remote_) {
        if (address && address != remote_) throw ValueError("Invalid address: must be none or " + remote_.str());
    } else if (!address) {
        throw ValueError("this endpoint has no remote address: each datagram needs its own");
    }
    if (ending_) throw OSError(ESHUTDOWN, "send to " + destination(address).str());
}

void DatagramSocket::sendto(std::string_view data, const Address& address) {
    check_sendable("DatagramEndpoint::sendto", address);
    const Address& to = destination(address);
    if (!first_out_) {
        iovec bytes{};
        RawAddress storage;
        const msghdr message = message_of(data, to, bytes, storage);
        const int result = network()->backend().sendmsg(fd(), &message);
        if (result >= 0) return;
        if (result != -EAGAIN) return report({.error = -result, .sending = true, .address = to});
    }
    enqueue(*Copy::make(data, to));
    level_ += data.size() + header_size;
    if (level_ > high_) paused_ = true;
    send_next();
}

template <class Bytes>
Coro<> DatagramSocket::send(DatagramHandle socket, Bytes data, Address address) {
    socket->check_sendable("DatagramEndpoint::send", address);
    if (!address) address = socket->remote_;
    co_await Send(*socket, data, std::move(address));
}
template Coro<> DatagramSocket::send(DatagramHandle, std::string_view, Address);
template Coro<> DatagramSocket::send(DatagramHandle, std::string, Address);

Coro<> DatagramSocket::drain(DatagramHandle socket) {
    socket->check_loop("DatagramEndpoint::drain");
    while (socket->paused_) co_await socket->drained_.suspend();
    if (socket->aborted_) throw OSError(ECONNABORTED, "send the datagrams that waited");
}

void DatagramSocket::set_limits(WriteBufferLimits limits) {
    std::tie(low_, high_) = limits.checked();
    if (level_ > high_) paused_ = true;
}

}  // namespace hocket
