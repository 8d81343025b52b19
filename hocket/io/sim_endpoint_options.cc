// SPDX-License-Identifier: MIT
// What a simulated socket tells of itself: options, and which of poll's events hold.
#include <hocket/io/sim_endpoint_internal.h>

#include <hocket/io/sim_kernel_internal.h>

#include <poll.h>
#include <sys/socket.h>
#include <algorithm>
#include <cerrno>
#include <cstring>

namespace hocket::sim {

int Endpoint::set_option(int level, int option, const void* value, unsigned size) {
    int number = 0;
    if (value == nullptr) return -EFAULT;
    std::memcpy(&number, value, std::min<std::size_t>(size, sizeof number));
    if (level == SOL_SOCKET && option == SO_LINGER) {
        linger how{};
        if (size < sizeof how) return -EINVAL;
        std::memcpy(&how, value, sizeof how);
        abortive_ = how.l_onoff != 0 && how.l_linger == 0;
        return 0;
    }
    if (level == SOL_SOCKET && option == SO_REUSEPORT) reuse_port_ = number != 0;
    for (Option& known : options_) {
        if (known.level == level && known.option == option) {
            known.value = number;
            return 0;
        }
    }
    options_.push_back({level, option, number});
    return 0;
}

int Endpoint::get_option(int level, int option, void* value, unsigned* size) {
    int number = 0;
    if (level == SOL_SOCKET) {
        switch (option) {
            case SO_ERROR: number = -take_error(); break;
            case SO_TYPE: number = type_; break;
            case SO_DOMAIN: number = domain_; break;
            case SO_ACCEPTCONN: number = state_ == State::listening ? 1 : 0; break;
            case SO_SNDBUF:
            case SO_RCVBUF: number = static_cast<int>(kernel_.network().config.buffer); break;
            default: break;
        }
    }
    for (const Option& known : options_) {
        if (known.level == level && known.option == option) number = known.value;
    }
    const unsigned count = std::min<unsigned>(*size, sizeof number);
    std::memcpy(value, &number, count);
    *size = count;
    return 0;
}

// A UNIX-domain socket knows whom it was connected to.
bool Endpoint::has_peer() const noexcept {
    if (is_datagram()) return has_remote_;
    return state_ == State::established || (domain_ == AF_UNIX && peer_);
}

int Endpoint::ready() const noexcept {
    const int failed = error_ != 0 ? POLLERR : 0;
    if (is_datagram()) {
        const Shared<Endpoint> peer =
            domain_ == AF_UNIX && has_remote_ ? kernel_.local_datagrams_at(remote_) : Shared<Endpoint>();
        const bool writable = !peer || peer->has_room_for_datagrams();
        return (writable ? POLLOUT : 0) | failed | (datagrams_.empty() && error_ == 0 ? 0 : POLLIN);
    }
    switch (state_) {
        case State::listening: return queue_.empty() ? 0 : POLLIN;
        case State::connecting: return 0;
        case State::fresh: return POLLOUT | POLLHUP;
        case State::failed: return POLLIN | POLLOUT | POLLHUP | POLLRDHUP | failed;
        case State::closed: return POLLNVAL;
        case State::established: break;
    }
    int events = failed;
    if (read_ < received_.size() || end_seen_ || deaf_) events |= POLLIN;
    if (end_seen_) events |= POLLRDHUP;
    if (end_seen_ && end_sent_) events |= POLLHUP;
    if (end_sent_ || outstanding_ < kernel_.network().config.buffer) events |= POLLOUT;
    return events;
}

}  // namespace hocket::sim
