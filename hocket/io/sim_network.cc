// SPDX-License-Identifier: MIT
// What becomes of packets: how long they take, which are lost, which wait.
#include <hocket/io/sim_network_internal.h>

#include <hocket/base/errors.h>
#include <hocket/io/sim_kernel_internal.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <exception>

namespace hocket::sim {

namespace {

// How long TCP waits before it sends again what is not acknowledged: each time twice as long (RFC 6298; TCP_RTO_MIN and TCP_RTO_MAX of Linux).
constexpr std::chrono::nanoseconds first_again = std::chrono::milliseconds(200);
constexpr std::chrono::nanoseconds longest_again = std::chrono::seconds(120);

std::list<Stalled>::iterator stalled_of(Link& link, const Endpoint* sender) {
    return std::ranges::find_if(link.stalled, [sender](const Stalled& stalled) {
        return stalled.packets.front().packet->sender.get() == sender;
    });
}

}  // namespace

Network::Network(Choices& c, const NetworkConfig& how) : choices(c), config(how) {}
Network::~Network() { schedule.clear(); }

Kernel& Network::add_host(std::string name) {
    hosts.push_back(Unique<Kernel>::make(*this, std::move(name), hosts.size()));
    return *hosts.back();
}

Kernel* Network::host_with(const Ip& ip) const noexcept {
    for (const auto& host : hosts) {
        if (host->ip(ip.v6) == ip) return host.get();
    }
    return nullptr;
}

Kernel* Network::host_named(const std::string& name) noexcept {
    for (const auto& host : hosts) {
        if (host->name() == name) return host.get();
    }
    return nullptr;
}

std::string Network::name_of(const SocketAddress& address) const {
    if (!address.local) {
        for (const auto& host : hosts) {
            if (host->ip(address.ip.v6) == address.ip) return host->name() + ":" + std::to_string(address.port);
        }
    }
    return address.str();
}

Link& Network::link(const Kernel& from, const Kernel& to) {
    std::vector<Link>& links = hosts[from.index()]->links;
    if (links.size() <= to.index()) links.resize(to.index() + 1);
    return links[to.index()];
}

void Network::heal(Kernel& from, Kernel& to) {
    Link& l = link(from, to);
    l.cut = l.held = false;
    if (l.waiting.empty()) return;
    // They arrive in their order, behind what was sent before them and before what comes after them: connections keep the order of bytes.
    std::int64_t arrival = std::max(schedule.now() + latency(from, to), l.latest + 1);
    for (Unique<ScheduledEvent>& event : std::exchange(l.waiting, {})) {
        if (event->outlasts_wait()) schedule.add(arrival++, std::move(event));
    }
    l.healed = l.latest = arrival;
}

void Network::check_no_rule_is_asked() const {
    if (judging_) throw RuntimeError("a rule only judges packets: what is done to hosts is for a task to do");
}

Verdict Network::judge(Kernel& from, Kernel& to, const std::string& data) noexcept {
    if (!rule || &from == &to) return Verdict::pass;
    judging_ = true;
    Verdict verdict = Verdict::pass;
    try {
        verdict = rule(from, to, data);
    } catch (...) {
        if (fail) fail("a rule throws " + describe(std::current_exception()));
    }
    judging_ = false;
    if (verdict != Verdict::pass && tells())
        story(from, Told::small,
              "a packet to " + to.name() +
                  (verdict == Verdict::drop ? " is dropped by the rule" : " is held up by the rule"));
    return verdict;
}

std::int64_t Network::latency(const Kernel& from, const Kernel& to, bool* lost) {
    if (&from == &to) return choices.between(config.loopback.low.count(), config.loopback.high.count());
    const Link& l = link(from, to);
    const Range& range = l.has_latency ? l.latency : config.latency;
    std::int64_t slow = 0;
    if (choices.chance(config.slow)) {
        slow = choices.between(1, config.slowest.count());
        if (lost != nullptr) *lost = true;
        if (tells())
            story(from, Told::small, "a packet to " + to.name() + " takes " + milliseconds_text(slow) + " more");
    }
    return slow + choices.between(range.low.count(), range.high.count());
}

void Packet::happen(Unique<ScheduledEvent>& self) {
    // Where one is missing, and nobody sends it again, those behind it are of no use.
    if (lost_ && !sender_lives()) {
        if (sender) sender->break_off();
        return;
    }
    if (sender && sender->is_broken_off()) return;
    if (to.up()) return arrive();
    waits(false);
    to.arrived_while_down.push_back(std::move(self));
}

bool Packet::sender_lives() const noexcept { return sender ? sender->lives() : from.up(); }
bool Packet::outlasts_wait() const noexcept { return on_its_way_ || sender_lives(); }

void Packet::waits(bool on_its_way) {
    on_its_way_ = on_its_way;
    if (sender) Endpoint::watch_for_silence(sender);
}

// When it would arrive if none were before it.
std::int64_t Network::arrival_of(Packet& packet, Verdict verdict) {
    bool lost = false;
    std::int64_t when = schedule.now() + latency(packet.from, packet.to, &lost);
    if (lost) packet.was_lost();
    if (verdict == Verdict::delay) when += choices.between(1, config.slowest.count());
    return when;
}

void Network::add(Link& l, Unique<Packet> packet, std::int64_t& last, std::int64_t when) {
    last = std::max({last + 1, when, l.healed});
    l.latest = std::max(l.latest, last);
    schedule.add(last, std::move(packet));
}

void Network::mix(std::span<const char> data) noexcept {
    constexpr std::uint64_t factor = 0x9E37'79B9'7F4A'7C15U;
    const auto add = [this](std::uint64_t word) {
        sent = (sent ^ word) * factor;
        sent ^= sent >> 32;
    };
    add(data.size());
    for (; data.size() >= 8; data = data.subspan(8)) {
        std::uint64_t word = 0;
        std::memcpy(&word, data.data(), sizeof word);
        add(word);
    }
    if (data.empty()) return;
    std::uint64_t rest = 0;
    std::memcpy(&rest, data.data(), data.size());
    add(rest);
}

void Network::carry(Unique<Packet> packet, std::int64_t& last) {
    Verdict verdict = Verdict::pass;
    if (!packet->data.empty()) {
        mix(packet->data);
        verdict = judge(packet->from, packet->to, packet->data);
    }
    Link& l = link(packet->from, packet->to);
    const bool behind_a_lost_one = packet->sender && stalled_of(l, packet->sender.get()) != l.stalled.end();
    const bool stopped = l.cut || l.held;
    if (stopped && !behind_a_lost_one) {
        packet->waits(!l.cut);
        l.waiting.push_back(std::move(packet));
        return;
    }
    const bool lost = stopped || verdict == Verdict::drop;
    const std::int64_t when = lost ? 0 : arrival_of(*packet, verdict);
    if (lost || behind_a_lost_one) return stall(l, std::move(packet), last, when);
    add(l, std::move(packet), last, when);
}

void Network::stall(Link& l, Unique<Packet> packet, std::int64_t& last, std::int64_t when) {
    if (when == 0) packet->waits(false);
    auto stalled = stalled_of(l, packet->sender.get());
    if (stalled == l.stalled.end()) {
        send_again_later(*packet, first_again);
        stalled = l.stalled.insert(stalled, {last, first_again});
    }
    stalled->packets.push_back({std::move(packet), when});
}

void Network::send_again_later(const Packet& packet, Duration delay) {
    after(delay,
          [this, sender = packet.sender, &from = packet.from, &to = packet.to] { send_again(sender, from, to); });
}

// When the first gets through, those behind it are there, but for others that are lost.
void Network::send_again(const Shared<Endpoint>& sender, Kernel& from, Kernel& to) {
    Link& l = link(from, to);
    const auto stalled = stalled_of(l, sender.get());
    if (!sender->lives()) stalled->packets.clear();
    bool progress = false;
    for (auto& packets = stalled->packets; !packets.empty(); packets.pop_front()) {
        auto& [packet, when] = packets.front();
        if (l.cut || l.held) {
            packet->waits(!l.cut);
            l.waiting.push_back(std::move(packet));
            continue;
        }
        if (when == 0) {
            const Verdict verdict = packet->data.empty() ? Verdict::pass : judge(from, to, packet->data);
            if (verdict == Verdict::drop) {
                stalled->again = progress ? first_again : std::min(2 * stalled->again, longest_again);
                return send_again_later(*packet, stalled->again);
            }
            when = arrival_of(*packet, verdict);
        }
        add(l, std::move(packet), stalled->last, when);
        progress = true;
    }
    l.stalled.erase(stalled);
}

void Network::send_datagram(Kernel& from, Kernel& to, const Datagram& datagram) {
    mix(datagram.data);
    const bool away = &from != &to;
    const Verdict verdict = judge(from, to, datagram.data);
    Link& l = link(from, to);
    if (verdict == Verdict::drop) return;
    if (l.cut || (away && choices.chance(config.lost))) {
        if (tells()) story(from, Told::small, "a datagram to " + name_of(datagram.target) + " is lost");
        return;
    }
    const int copies = away && choices.chance(config.duplicated) ? 2 : 1;
    if (copies > 1 && tells()) story(from, Told::small, "a datagram to " + name_of(datagram.target) + " is doubled");
    for (int i = 0; i < copies; ++i) {
        auto arrival = event_of([&from, &to, datagram] {
            if (to.up()) to.datagram_arrived(from, datagram);
        });
        if (l.held) {
            l.waiting.push_back(std::move(arrival));
            continue;
        }
        const std::int64_t more = verdict == Verdict::delay ? choices.between(1, config.slowest.count()) : 0;
        schedule.add(schedule.now() + latency(from, to) + more, std::move(arrival));
    }
}

}  // namespace hocket::sim
