// SPDX-License-Identifier: MIT
// The simulated network: hosts, the links between them, and what becomes of a packet on its way.
#pragma once

#include <hocket/base/clock.h>
#include <hocket/base/function.h>
#include <hocket/base/owners.h>
#include <hocket/io/choices.h>
#include <hocket/io/sim_address_internal.h>
#include <hocket/io/sim_disk.h>
#include <hocket/io/sim_network_config.h>
#include <hocket/io/sim_schedule_internal.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace hocket::sim {

class Kernel;

struct Datagram {
    SocketAddress source, target;
    std::string data;
};

/// Of what import a line of the story is.
enum class Told : std::uint8_t {
    routine,  ///< as it is to be: left out where only the story is told
    life,     ///< of a program: several in a row are one line
    small,    ///< a fault of which there may be many: several in a row are counted
    notable,
};

class Endpoint;

/// What belongs to a connection, on its way to the other end. Where it does not get through, it is sent again, as long as its sender lives.
class HOCKET_EXPORT Packet : public ScheduledEvent {
public:
    /// Without a sender it is the answer of the host itself, to somebody with whom it has no connection.
    Packet(Kernel& f, Kernel& t, const Shared<Endpoint>& s, std::string&& d) noexcept
        : from(f), to(t), sender(s), data(std::move(d)) {}

    /// Looks at its target when it gets there.
    void happen(Unique<ScheduledEvent>& self) final;
    bool outlasts_wait() const noexcept final;
    virtual void arrive() = 0;
    /// It waits, `on_its_way` or to be sent again; its sender hears nothing.
    void waits(bool on_its_way);
    /// It was lost, and has another time to come.
    void was_lost() noexcept { lost_ = true; }

    Kernel &from, &to;
    const Shared<Endpoint> sender;
    std::string data;

private:
    bool sender_lives() const noexcept;

    bool on_its_way_ = false, lost_ = false;
};

/// What an end of a connection has sent since a packet of its was dropped by a rule, that one first: nothing behind it is of use before it comes.
struct Stalled {
    struct Item {
        Unique<Packet> packet;
        std::int64_t when;  // it arrives, but for those before it; 0: it is lost
    };
    std::int64_t& last;              // when what its sender sent last arrives
    std::chrono::nanoseconds again;  // from one time that the first is sent to the next
    std::deque<Item> packets{};
};

/// One direction between two hosts.
struct Link {
    bool cut = false;   ///< nothing gets through: datagrams are lost; the rest is sent again until it does
    bool held = false;  ///< everything is on its way, and waits there
    bool has_latency = false;
    Range latency{};  ///< in place of the network's
    std::vector<Unique<ScheduledEvent>> waiting;
    std::list<Stalled> stalled;
    std::int64_t latest = 0;  ///< when the last of what was sent on connections arrives
    std::int64_t healed = 0;  ///< when the last of what waited does; nothing that is sent after it is earlier
};

/// Hosts and what lies between them. One world's; one thread.
class HOCKET_EXPORT Network {
public:
    Network(Choices& choices, const NetworkConfig& config);
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;
    ~Network();

    Choices& choices;
    NetworkConfig config;
    DiskConfig disk;         ///< of each host
    std::uint64_t sent = 0;  ///< a digest of all bytes that were sent, in their order
    Schedule schedule;
    std::vector<Unique<Kernel>> hosts;
    /// Asked about each packet that carries data between hosts. What it throws goes to `fail`.
    Function<Verdict(Kernel& from, Kernel& to, std::span<const char> data)> rule;
    Function<void(std::string why)> fail;
    /// Told what happens, where somebody wants to read it.
    Function<void(const Kernel& host, Told import, const std::string& text)> story;
    /// Told of bytes that have arrived at `to`, in the same case.
    Function<void(const Kernel& from, const Kernel& to, std::size_t size, const std::string& what)> carried;

    Kernel& add_host(std::string name);
    Kernel* host_with(const Ip& ip) const noexcept;
    Kernel* host_named(const std::string& name) noexcept;
    /// The address as a story has it: with the name of its host, `kv2:80`.
    std::string name_of(const SocketAddress& address) const;
    Link& link(const Kernel& from, const Kernel& to);
    /// The link is whole again: what waited goes on.
    void heal(Kernel& from, Kernel& to);

    /// A packet of a connection, of its end `sender` (null: see Packet): it arrives after those before it, of which `last` is the time, an object
    /// of the sender's. `arrive` takes the data, or, where there is none, nothing.
    template <class F>
    void send(Kernel& from, Kernel& to, const Shared<Endpoint>& sender, std::int64_t& last, std::string data,
              F arrive) {
        struct Calling final : Packet {
            F call;
            Calling(Kernel& f, Kernel& t, const Shared<Endpoint>& s, std::string&& d, F&& c)
                : Packet(f, t, s, std::move(d)), call(std::move(c)) {}
            void arrive() override {
                if constexpr (std::is_invocable_v<F&>) {
                    call();
                } else {
                    call(std::move(data));
                }
            }
        };
        carry(Unique<Packet>(new Calling(from, to, sender, std::move(data), std::move(arrive))), last);
    }
    /// A datagram, which may be lost, doubled, or overtaken.
    void send_datagram(Kernel& from, Kernel& to, const Datagram& datagram);
    template <class F>
    void after(Duration delay, F f) {
        schedule.add(schedule.now() + delay.count(), event_of(std::move(f)));
    }
    bool tells() const noexcept { return static_cast<bool>(story); }
    /// Throws RuntimeError inside the rule, which is asked in the middle of a program's call: nothing may end or begin there.
    void check_no_rule_is_asked() const;

private:
    template <class F>
    static Unique<ScheduledEvent> event_of(F f) {
        struct Calling final : ScheduledEvent {
            F call;
            explicit Calling(F&& c) : call(std::move(c)) {}
            void happen(Unique<ScheduledEvent>&) override { call(); }
        };
        return Unique<ScheduledEvent>(new Calling(std::move(f)));
    }
    void carry(Unique<Packet> packet, std::int64_t& last);
    std::int64_t arrival_of(Packet& packet, Verdict verdict);
    void add(Link& link, Unique<Packet> packet, std::int64_t& last, std::int64_t when);
    void stall(Link& link, Unique<Packet> packet, std::int64_t& last, std::int64_t when);
    void send_again(const Shared<Endpoint>& sender, Kernel& from, Kernel& to);
    void send_again_later(const Packet& packet, Duration delay);
    std::int64_t latency(const Kernel& from, const Kernel& to, bool* lost = nullptr);
    void mix(std::span<const char> data) noexcept;
    Verdict judge(Kernel& from, Kernel& to, const std::string& data) noexcept;

    bool judging_ = false;
};

}  // namespace hocket::sim
