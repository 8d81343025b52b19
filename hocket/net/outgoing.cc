// SPDX-License-Identifier: MIT
// Sending: one operation at a time, water marks, and writers that are cancelled.
#include <hocket/core/await_graph.h>
#include <hocket/net/outgoing_internal.h>

#include <cerrno>

namespace hocket {

void SocketTransport::Outgoing::enqueue(std::string_view bytes) {
    queued += bytes;
    if (level() > high_water) paused = true;
}

void SocketTransport::Outgoing::schedule() {
    if (scheduled || in_flight) return;
    scheduled = true;
    owner.network()->loop().push(*this);
}

void SocketTransport::Outgoing::run() {
    scheduled = false;
    if (orphaned) {
        delete this;
    } else if (owner.network()) {
        SocketTransport& transport = owner;
        advance();
        transport.retire_outgoing();
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
    if (sent == sending.size()) {
        sending.clear();
        sent = 0;
        sending.swap(queued);
    }
    if (sending.empty()) return owner.all_sent();
    start(sending.data() + sent, sending.size() - sent);
}

void SocketTransport::Outgoing::start(const char* bytes, std::size_t n) noexcept {
    code = Opcode::send;
    data = const_cast<char*>(bytes);
    size = n;
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
    } else if (result < 0 && result != -ECANCELED && result != -EINTR) {
        transport.write_failed(-result);
    } else {
        took(result > 0 ? static_cast<std::size_t>(result) : 0);
        advance();
    }
    transport.retire_outgoing();  // from here on this may be gone
    transport.close_if_over();
}

void SocketTransport::Outgoing::took(std::size_t n) noexcept {
    if (!direct.empty()) {
        direct.remove_prefix(n);
        if (direct.empty()) return wake_writer(true);
        if (!writer->cancel_asked_) return;
        // The cancelled task's memory goes; what it gave has been accepted all the same, and is sent later.
        sending.assign(direct);
        direct = {};
        if (level() > high_water) paused = true;
        std::exchange(writer, nullptr)->task_->interrupt();
        return;
    }
    sent += n;
    if (paused && level() <= low_water) {
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
    paused = false;
    drained.wake_all();
}

bool SocketTransport::Outgoing::cancel_wait(TaskBase& t) noexcept {
    if (!writer || writer->task_ != &t) return false;
    writer->cancel_asked_ = true;
    owner.network()->backend().cancel(*this);
    return true;
}

void SocketTransport::Outgoing::describe(AwaitDescription& to) const { to.text = "write to " + owner.peer_.str(); }

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
