// SPDX-License-Identifier: MIT
// Sending: one operation at a time, water marks, and writers that are cancelled.
#include <hocket/core/await_graph.h>
#include <hocket/net/outgoing_internal.h>

#include <poll.h>
#include <sys/socket.h>
#include <cerrno>

namespace hocket {

void SocketTransport::Outgoing::enqueue(std::string_view bytes) {
    queued += bytes;
    pause_if_full();
}

void SocketTransport::Outgoing::set_limits(std::size_t low_limit, std::size_t high_limit) noexcept {
    low = low_limit;
    high = high_limit;
    pause_if_full();
}

void SocketTransport::Outgoing::schedule() {
    if (scheduled || in_flight) return;
    scheduled = true;
    owner.network()->loop().push(*this);
}

void SocketTransport::Outgoing::run() {
    if (!orphaned && owner.network()) owner.network()->notice_fork();
    scheduled = false;
    if (orphaned) {
        delete this;
    } else if (owner.network()) {
        SocketTransport& transport = owner;
        advance();
        transport.close_if_over();
    }
}

void SocketTransport::Outgoing::discard() noexcept {
    scheduled = false;
    if (orphaned) delete this;
}

void SocketTransport::Outgoing::advance() noexcept {
    if (in_flight) return;
    if (!direct.empty()) return start(direct.data(), direct.size());
    if (sent == sending.size() && sent + queued.size() > 0) {
        sending.clear();
        sent = 0;
        sending.swap(queued);
    }
    if (!sending.empty()) return start(sending.data() + sent, sending.size() - sent);
    if (!file) return owner.all_sent();
    code = Opcode::poll;
    Operation::flags = POLLOUT;
    begin();
}

void SocketTransport::Outgoing::start(const char* bytes, std::size_t n) noexcept {
    code = owner.pipe_ ? Opcode::write : Opcode::send;
    Operation::flags = MSG_NOSIGNAL;
    data = const_cast<char*>(bytes);
    size = n;
    begin();
}

void SocketTransport::Outgoing::begin() noexcept {
    completed = [](Operation& op) noexcept { static_cast<Outgoing&>(op).completed_send(); };
    in_flight = true;
    owner.submit(*this);
}

void SocketTransport::Outgoing::completed_send() noexcept {
    SocketTransport& transport = owner;
    in_flight = false;
    transport.completed_one();
    if (transport.Socket::closing()) {
        give_up();
    } else if (code == Opcode::poll) {
        send_file();
    } else if (result < 0 && result != -ECANCELED && result != -EINTR) {
        transport.write_failed(-result);
    } else {
        took(result > 0 ? static_cast<std::size_t>(result) : 0);
        advance();
    }
    transport.close_if_over();  // this may be gone then
}

// The socket can be written to, or its error is to be had; or the wait was cancelled with the task.
void SocketTransport::Outgoing::send_file() noexcept {
    if (file) {
        const int error = file->range_.send_some(owner.network()->backend(), owner.Socket::fd());
        if (error != 0 && error != EAGAIN && !concerns_file(error)) return owner.write_failed(error);
        if (error != EAGAIN) end_file(error);
    }
    advance();
}

void SocketTransport::Outgoing::end_file(int error) noexcept {
    if (!file) return;
    file->error_ = error;
    file->ended_ = true;
    std::exchange(file, nullptr)->task_->wake();
}

void SocketTransport::Outgoing::took(std::size_t n) noexcept {
    if (!direct.empty()) {
        direct.remove_prefix(n);
        if (direct.empty()) return wake_writer(true);
        if (!writer->cancel_asked_) return;
        // The cancelled task's memory goes; what it gave has been accepted all the same, and is sent later.
        sending.assign(direct);
        direct = {};
        pause_if_full();
        std::exchange(writer, nullptr)->task_->interrupt();
        return;
    }
    sent += n;
    if (paused && level() <= low) {
        paused = false;
        drained.wake_all();
    }
}

void SocketTransport::Outgoing::wake_writer(bool all_sent) noexcept {
    if (!writer) return;
    writer->all_sent_ = all_sent;
    std::exchange(writer, nullptr)->task_->wake();
}

void SocketTransport::Outgoing::give_up() noexcept {
    if (!in_flight) {  // else the kernel still has the memory
        sending.clear();
        sent = 0;
        direct = {};
        wake_writer(false);
    }
    queued.clear();
    end_file(ECONNABORTED);
    paused = false;
    drained.wake_all();
}

bool SocketTransport::Outgoing::cancel_wait(TaskBase& t) noexcept {
    if (file && file->task_ == &t) {  // what is in flight does not touch the task's memory
        file = nullptr;
        t.interrupt();
        if (code == Opcode::poll) owner.network()->backend().cancel(*this);
        return true;
    }
    if (!writer || writer->task_ != &t) return false;
    writer->cancel_asked_ = true;
    owner.network()->backend().cancel(*this);
    return true;
}

void SocketTransport::Outgoing::describe(AwaitDescription& to) const {
    to.text = (file ? "sendfile to " : "write to ") + owner.descriptor();
}

void SocketTransport::Outgoing::Point::describe(AwaitDescription& to) const {
    to.text = std::string(what_) + ", " + std::to_string(out.level() + out.direct.size()) + " bytes to " +
              out.owner.descriptor();
}

void SocketTransport::FileWrite::await_suspend(AwaitingFrame h) noexcept {
    Outgoing& out = *transport_.out_;
    task_ = this_loop->current;
    out.file = this;
    task_->wait_on(out, h);
    out.advance();
    task_->deliver_pending_cancel();
}

// One that has ended is no longer cancelled.
int SocketTransport::FileWrite::await_resume() const {
    TaskBase& t = *this_loop->current;
    if (ended_ && (t.flags & f_throw)) t.postpone_cancel();
    resume_point(t);
    transport_.check_writable();
    return error_;
}

void SocketTransport::DirectWrite::await_suspend(AwaitingFrame h) noexcept {
    Outgoing& out = *transport_.out_;
    task_ = this_loop->current;
    out.direct = data_;
    out.writer = this;
    task_->wait_on(out, h);
    out.advance();
    task_->deliver_pending_cancel();
}

// As with every operation, one that took effect is no longer cancelled: the cancel is delivered at the task's next wait.
void SocketTransport::DirectWrite::await_resume() const {
    TaskBase& t = *this_loop->current;
    if (cancel_asked_ || (t.flags & f_throw)) {
        if (all_sent_) {
            t.postpone_cancel();
        } else {
            t.flags |= f_throw;
        }
    }
    resume_point(t);
    transport_.check_writable();
}

}  // namespace hocket
