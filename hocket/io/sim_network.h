// SPDX-License-Identifier: MIT
// The simulated network: hosts, the links between them, and what becomes of a packet on its way.
#pragma once

#include <hocket/base/clock.h>
#include <hocket/base/function.h>
#include <hocket/base/owners.h>
#include <hocket/io/choices.h>
#include <hocket/io/sim_address.h>
#include <hocket/io/sim_disk.h>
#include <hocket/io/sim_schedule.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace hocket::sim {

class Kernel;

/// A span of time that is drawn each time.
struct Range {
    Duration low{}, high{};
};

/// What a network and its hosts' kernels do to programs. Probabilities are those of one packet, or one call.
struct NetworkConfig {
    Range latency{std::chrono::microseconds(500), std::chrono::milliseconds(5)};  ///< of a packet between hosts
    Range loopback{std::chrono::microseconds(5), std::chrono::microseconds(50)};  ///< within a host
    double slow = 0.001;  ///< a packet takes up to `slowest` more: it was lost, and sent again
    Duration slowest = std::chrono::seconds(2);
    double lost = 0, duplicated = 0;  ///< of a datagram
    double refused = 0;               ///< a connection, though somebody listens
    double reset = 0;                 ///< a connection, by a packet on it
    double short_io = 0.1;            ///< a read or write that does less than it could
    double late = 0.1;                ///< a completion or a cancel that takes effect up to `latest` later
    Duration latest = std::chrono::milliseconds(1);
    double no_buffers = 0;        ///< ENOBUFS where a socket is made or sends a datagram
    double no_descriptors = 0;    ///< EMFILE though there is room
    bool shuffle = true;          ///< completions of one moment come in any order
    std::size_t buffer = 65536;   ///< bytes on their way or unread, of each direction of a stream
    unsigned descriptors = 1024;  ///< RLIMIT_NOFILE of each host

    /// Nothing goes wrong, and everything takes the same time.
    static NetworkConfig calm();
    /// What every program has to live with is drawn from the seed: latency, reads and writes that do less, completions in any order, and
    /// cancels that lose; no faults.
    static NetworkConfig weather(std::uint64_t seed);
};

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

/// What a rule makes of a packet.
enum class Verdict : std::uint8_t { pass, delay, drop };

class Endpoint;

/// What belongs to a connection, on its way to the other end. Where it does not get through, it is sent again, as long as its sender lives.
class HOCKET_EXPORT Packet : public ScheduledEvent {
public:
    /// Without a sender it is the answer of the host itself, to somebody with whom it has no connection.
    Packet(Kernel& f, Kernel& t, const Shared<Endpoint>& s) noexcept : from(f), to(t), sender(s) {}

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

private:
    bool sender_lives() const noexcept;

    bool on_its_way_ = false, lost_ = false;
};

/// One direction between two hosts.
struct Link {
    bool cut = false;   ///< nothing gets through: datagrams are lost; the rest is sent again until it does
    bool held = false;  ///< everything is on its way, and waits there
    bool has_latency = false;
    Range latency{};  ///< in place of the network's
    std::vector<Unique<ScheduledEvent>> waiting;
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
    DiskConfig disk;  ///< of each host
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

    /// A packet of a connection, of its end `sender` (null: see Packet): it arrives after those before it, of which `last` is the time.
    template <class F>
    void send(Kernel& from, Kernel& to, const Shared<Endpoint>& sender, std::int64_t& last, std::span<const char> data,
              F arrive) {
        struct Calling final : Packet {
            F call;
            Calling(Kernel& f, Kernel& t, const Shared<Endpoint>& s, F&& c) : Packet(f, t, s), call(std::move(c)) {}
            void arrive() override { call(); }
        };
        carry(Unique<Packet>(new Calling(from, to, sender, std::move(arrive))), last, data);
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
    void carry(Unique<Packet> packet, std::int64_t& last, std::span<const char> data);
    std::int64_t latency(const Kernel& from, const Kernel& to, bool* lost = nullptr);
    Verdict judge(Kernel& from, Kernel& to, std::span<const char> data) noexcept;

    bool judging_ = false;
};

}  // namespace hocket::sim
