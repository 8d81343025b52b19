// SPDX-License-Identifier: MIT
// How a socket transport ends: by a close, an abort, or an error; and who waits for that.
#include <hocket/net/socket_transport.h>

#include <hocket/net/outgoing_internal.h>
#include <hocket/net/server_state.h>

#include <sys/socket.h>
#include <cerrno>

namespace hocket {

// Writing has failed. What the peer sent before it went is still there, and is taken for the reader before the descriptor is closed.
void SocketTransport::lose() noexcept {
    end_ = End::lost;
    if (eof_) return begin_closing();
    if (receiving_ == Receiving::no) return probe();
    network()->backend().cancel(*this);
}

void SocketTransport::loss_is_complete() noexcept {
    begin_closing();
    if (eof_) return;
    if (read_error_ == 0) read_error_ = write_error_;
    if (awaited()) fail_reading(std::make_exception_ptr(read_error()));
}

void SocketTransport::close() noexcept {
    if (network()) network()->notice_fork();
    if (is_closing()) return;
    closed_here_ = true;
    end_ = End::sending;
    if (receiving_ != Receiving::no) network()->backend().cancel(*this);
    end_reading();
    if (!out_ || out_->idle()) {
        linger();
    } else {
        out_->advance();
    }
    close_if_over();
}

void SocketTransport::close_lingering() noexcept {
    awaits_late_words_ = true;
    close();
}

void SocketTransport::reset() noexcept {
    if (network()) network()->notice_fork();
    const ::linger at_once{.l_onoff = 1, .l_linger = 0};
    if (!Socket::closing())
        network()->backend().setsockopt(Socket::fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    abort();
}

void SocketTransport::abort() noexcept {
    if (Socket::closing()) return;
    if (end_ == End::lost) {
        loss_is_complete();
    } else {
        closed_here_ = true;
        end_ = End::aborted;
        end_reading();
        if (out_ && !out_->idle()) {
            write_error_ = ECONNABORTED;
            out_->give_up();
        }
        begin_closing();
    }
    close_if_over();
}

void SocketTransport::abandoned() noexcept {
    if (Socket::fd() < 0) {
        delete this;
    } else {
        close();
    }
}

void SocketTransport::cancel_operations() noexcept {
    if (receiving_ != Receiving::no) network()->backend().cancel(*this);
    if (out_ && out_->in_flight) network()->backend().cancel(*out_);
}

void SocketTransport::descriptor_closed() noexcept {
    share();
    stir();
    if (out_) out_->closed.wake_all();
    tell_upper_of_close();
    if (ServerState* const server = std::exchange(server_, nullptr)) {  // whose handler may hold handles of this
        server->client_gone();
        server->drop();
    }
    drop();
}

Coro<> SocketTransport::closed(TransportHandle transport) {
    auto& t = static_cast<SocketTransport&>(transport.layer());
    if (t.Socket::fd() >= 0) co_await t.out().closed.suspend();
    if (t.end_ != End::aborted) t.throw_loss();
}

HOCKET_CORO_WRAPPER Coro<> SocketTransport::wait_closed() { return closed(handle()); }

}  // namespace hocket
