// SPDX-License-Identifier: MIT
// Submission, completion and cancellation of a task's operation.
#include <hocket/core/operation.h>

#include <hocket/core/await_graph.h>
#include <hocket/core/operation_text_internal.h>

#include <sys/socket.h>
#include <cerrno>
#include <cstddef>

namespace hocket {

void PendingOperation::await_suspend(AwaitingFrame h) noexcept {
    EventLoop& loop = *this_loop;
    TaskBase& t = *loop.current;
    if (t.flags & f_must_cancel) {  // cancelled before it begins: it never does
        t.frame = h;
        t.flags &= static_cast<std::uint16_t>(~f_must_cancel);
        result = -ECANCELED;
        t.interrupt();
        return;
    }
    task_ = &t;
    awaited_ = true;
    completed = [](Operation& op) noexcept { static_cast<PendingOperation&>(op).task_->wake(); };
    t.wait_on(*this, h);
    loop.backend().submit(*this);
}

bool PendingOperation::cancel_wait(TaskBase& t) noexcept {
    cancel_asked_ = true;
    t.loop().backend().cancel(*this);
    return true;
}

// The operation has completed, and a cancel was asked for before or since.
void PendingOperation::settle(TaskBase& t) noexcept {
    cancel_asked_ = false;  // it may be awaited again
    const bool took_effect = result >= 0;
    if (took_effect) {
        t.postpone_cancel();
    } else {
        t.flags |= f_throw;
    }
}

// Its frame is destroyed with the loop, before the task has seen that it is complete.
void PendingOperation::release_result() noexcept {
    if (code == Opcode::accept && state == State::idle && result >= 0 && this_loop) this_loop->backend().close(result);
}

void PendingOperation::describe(AwaitDescription& to) const {
    const sockaddr* peer = nullptr;
    std::size_t peer_size = 0;
    if (code == Opcode::connect) {
        peer = static_cast<const sockaddr*>(data);
        peer_size = size;
    } else if (code == Opcode::sendmsg) {
        const auto& message = *static_cast<const msghdr*>(data);
        peer = static_cast<const sockaddr*>(message.msg_name);
        peer_size = message.msg_namelen;
    }
    to.text = operation_words(code);
    to.text += descriptor_text(task_->loop().backend(), fd, peer, static_cast<unsigned>(peer_size));
}

}  // namespace hocket
