// SPDX-License-Identifier: MIT
// Descriptors and ports of a simulated host, and its crash.
#include <hocket/io/sim_kernel_internal.h>

#include <hocket/io/sim_files_internal.h>

#include <algorithm>
#include <cerrno>

namespace hocket::sim {

namespace {
constexpr std::uint32_t first_v4 = 0x0A000001;  // 10.0.0.1
// No descriptor of the real system has such a number, and no two hosts have the same.
constexpr int descriptors_begin = 100'000, descriptors_apart = 10'000;
}  // namespace

Kernel::Kernel(Network& network, std::string name, std::size_t index)
    : network_(network),
      name_(std::move(name)),
      index_(index),
      v4_(Ip::v4_of(first_v4 + static_cast<std::uint32_t>(index))),
      first_descriptor_(descriptors_begin + descriptors_apart * static_cast<int>(index)) {
    v6_.v6 = true;
    v6_.bytes[0] = 0xFD;
    std::copy_n(v4_.bytes.begin() + 1, 3, v6_.bytes.begin() + 13);
    files_ = Unique<FileSystem>::make(*this);
}

Kernel::~Kernel() { crash(); }

void Kernel::crash() {
    for (const auto& opened : std::exchange(descriptors_, {})) {
        if (opened.endpoint) opened.endpoint->vanish();
    }
    open_ = 0;
    ports_.clear();
    if (!std::exchange(up_, false)) return;
    ++crashes_;
    files_->crash();
}

void Kernel::boot() {
    up_ = true;
    for (Unique<ScheduledEvent>& event : std::exchange(arrived_while_down, {})) {
        if (event->outlasts_wait()) network_.schedule.add(network_.schedule.now(), std::move(event));
    }
}

void Kernel::close_all() {
    for (const auto& opened : std::exchange(descriptors_, {})) {
        if (opened.endpoint && !opened.endpoint->is_closed()) Endpoint::close(opened.endpoint);
    }
    open_ = 0;
}

// ---- Descriptors

int Kernel::install(OpenDescriptor opened) {
    if (open_ >= network_.config.descriptors || open_ >= descriptors_apart) return -EMFILE;
    const auto place = std::ranges::find_if(descriptors_, [](const OpenDescriptor& o) { return !o; });
    const auto i = place - descriptors_.begin();
    if (place == descriptors_.end()) {
        descriptors_.push_back(std::move(opened));
    } else {
        *place = std::move(opened);
    }
    ++open_;
    return first_descriptor_ + static_cast<int>(i);
}

int Kernel::room_for_descriptor() {
    const bool full = open_ >= network_.config.descriptors || open_ >= descriptors_apart;
    if (!full && !network_.choices.chance(network_.config.no_descriptors)) return 0;
    tell("has no descriptor left (EMFILE)", Told::small);
    return -EMFILE;
}

OpenDescriptor* Kernel::entry(int fd) noexcept {
    const auto i = static_cast<std::size_t>(fd - first_descriptor_);
    return fd >= first_descriptor_ && i < descriptors_.size() && descriptors_[i] ? &descriptors_[i] : nullptr;
}

const Shared<Endpoint>* Kernel::find(int fd) const noexcept {
    const OpenDescriptor* const found = const_cast<Kernel*>(this)->entry(fd);
    return found != nullptr && found->endpoint ? &found->endpoint : nullptr;
}

const Shared<OpenFile>* Kernel::find_file(int fd) const noexcept {
    const OpenDescriptor* const found = const_cast<Kernel*>(this)->entry(fd);
    return found != nullptr && found->file ? &found->file : nullptr;
}

int Kernel::no_descriptor(int fd) noexcept { return fd >= 0 && fd < descriptors_begin ? -EOPNOTSUPP : -EBADF; }

int Kernel::close(int fd) {
    OpenDescriptor* const found = entry(fd);
    if (found == nullptr) return -EBADF;
    const OpenDescriptor closed = std::exchange(*found, {});
    --open_;
    const auto same = [&](const OpenDescriptor& other) { return other.endpoint == closed.endpoint; };
    if (closed.endpoint && std::ranges::none_of(descriptors_, same)) Endpoint::close(closed.endpoint);
    return 0;
}

int Kernel::duplicate(int fd) {
    const OpenDescriptor* const found = entry(fd);
    if (found == nullptr) return -EBADF;
    return install(OpenDescriptor(*found));
}

int Kernel::duplicate_to(int fd, int to) {
    if (fd == to) return -EINVAL;
    if (entry(fd) == nullptr || entry(to) == nullptr) return -EBADF;
    const OpenDescriptor same = *entry(fd);
    close(to);
    descriptors_[static_cast<std::size_t>(to - first_descriptor_)] = same;
    ++open_;
    return to;
}

// ---- Ports

Kernel::PortKey Kernel::key_of(bool datagram, const SocketAddress& address) {
    const bool file = address.inode != 0;
    return {datagram, address.local, address.port, address.device, address.inode, file ? std::string() : address.path};
}

std::vector<Shared<Endpoint>>* Kernel::those_at(bool datagram, const SocketAddress& address) {
    const auto found = ports_.find(key_of(datagram, address));
    return found == ports_.end() ? nullptr : &found->second;
}

int Kernel::claim(const Shared<Endpoint>& endpoint, SocketAddress& address) {
    if (address.local) return claim_name(endpoint, address);
    const bool datagram = endpoint->is_datagram();
    if (!is_own(address.ip)) return -EADDRNOTAVAIL;
    const auto taken = [&] {
        const auto* those = those_at(datagram, address);
        return those != nullptr && std::ranges::any_of(*those, [&](const Shared<Endpoint>& other) {
                   const Ip &a = other->local().ip, &b = address.ip;
                   const bool overlap = a.v6 == b.v6 && (a == b || a.is_any() || b.is_any());
                   return overlap && !(other->shares_port() && endpoint->shares_port());
               });
    };
    if (address.port != 0) {
        if (taken()) return -EADDRINUSE;
    } else {
        int tries = last_ephemeral - first_ephemeral;
        do {
            if (--tries < 0) return -EADDRINUSE;
            address.port = next_port_;
            next_port_ = next_port_ == last_ephemeral ? first_ephemeral : static_cast<std::uint16_t>(next_port_ + 1);
        } while (taken());
    }
    ports_[key_of(datagram, address)].push_back(endpoint);
    return 0;
}

void Kernel::release(const Endpoint& endpoint) noexcept {
    if (!endpoint.has_local()) return;
    const auto found = ports_.find(key_of(endpoint.is_datagram(), endpoint.local()));
    if (found == ports_.end()) return;
    std::erase_if(found->second, [&](const Shared<Endpoint>& e) { return e.get() == &endpoint; });
    if (found->second.empty()) ports_.erase(found);
}

Shared<Endpoint> Kernel::listener_at(const SocketAddress& target) {
    const auto* those = those_at(false, target);
    if (those == nullptr) return nullptr;
    std::vector<Shared<Endpoint>> exact, any;
    for (const auto& endpoint : *those) {
        if (!endpoint->is_listening()) continue;
        if (target.local || endpoint->local().ip == target.ip) {
            exact.push_back(endpoint);
        } else if (endpoint->local().ip.v6 == target.ip.v6 && endpoint->local().ip.is_any()) {
            any.push_back(endpoint);
        }
    }
    const auto& candidates = exact.empty() ? any : exact;
    if (candidates.empty()) return nullptr;
    return candidates[network_.choices.choose(static_cast<std::uint32_t>(candidates.size()))];
}

bool Kernel::listens_on_all(bool v6, std::uint16_t port) {
    SocketAddress any;
    any.ip.v6 = v6;
    any.port = port;
    const auto* those = those_at(false, any);
    return those != nullptr && std::ranges::any_of(*those, [&](const Shared<Endpoint>& endpoint) {
               return endpoint->is_listening() && endpoint->local().ip == any.ip;
           });
}

void Kernel::datagram_arrived(Kernel& from, const Datagram& datagram) {
    // As udp (man 7): the most exact match.
    Shared<Endpoint> best;
    int most = -1;
    if (const auto* those = those_at(true, datagram.target)) {
        for (const auto& endpoint : *those) {
            const SocketAddress& local = endpoint->local();
            if (local.ip.v6 != datagram.target.ip.v6 || (!local.ip.is_any() && local.ip != datagram.target.ip))
                continue;
            if (endpoint->has_remote() && endpoint->remote() != datagram.source) continue;
            const int match = (endpoint->has_remote() ? 2 : 0) + (local.ip.is_any() ? 0 : 1);
            if (match > most) {
                most = match;
                best = endpoint;
            }
        }
    }
    if (best) return best->datagram_arrived(datagram);
    if (network_.link(*this, from).cut) return;  // as any datagram
    std::int64_t last = 0;
    network_.send(*this, from, {}, last, {}, [&from, datagram] { from.datagram_refused(datagram); });
}

void Kernel::datagram_refused(const Datagram& datagram) {
    const auto* those = those_at(true, datagram.source);
    if (those == nullptr) return;
    for (const auto& endpoint : *those) {
        if (endpoint->has_remote() && endpoint->remote() == datagram.target) return endpoint->failed(ECONNREFUSED);
    }
}

}  // namespace hocket::sim
