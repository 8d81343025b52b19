// SPDX-License-Identifier: MIT
// A simulated world: hosts that run programs, and what is done to them.
#pragma once

#include <hocket/base/function.h>
#include <hocket/base/owners.h>
#include <hocket/core/coro.h>
#include <hocket/net/address.h>
#include <hocket/sim/config.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace hocket::sim {

class World;
struct ChildProcess;

/// The files of a host, as a test sees them from outside: nothing goes wrong there, no time passes, and it works while the host is down. Valid
/// as long as the world.
class HOCKET_EXPORT HostFiles {
public:
    /// What its programs see in the file now; after a crash, what the disk has. Throws OSError: `read /x of server: No such file or directory`.
    std::string read(std::string_view path) const;
    /// Makes or replaces the file, and the folders around it; no crash undoes that. Throws OSError.
    void write(std::string_view path, std::string_view data) const;
    /// Whether there is something of that name.
    bool exists(std::string_view path) const;

private:
    friend class Host;
    explicit HostFiles(struct HostState& state) noexcept : state_(&state) {}
    struct HostState* state_;
};

/// A host of a world, by its handle. Valid as long as the world.
class HOCKET_EXPORT Host {
public:
    const std::string& name() const noexcept;
    /// Where others reach it: 10.0.0.1 is the first one's.
    Address address(std::uint16_t port = 0) const;
    /// False between a crash and the restart.
    bool up() const noexcept;
    /// From the start of a program to its end, or until it is killed or crashes: also while its tasks are being cancelled after it has returned.
    bool running() const noexcept;
    HostFiles files() const noexcept { return HostFiles(*state_); }
    /// Whether they are the same host.
    friend bool operator==(const Host&, const Host&) = default;

private:
    friend class World;
    friend class Scheduler;
    friend class Children;
    explicit Host(struct HostState& state) noexcept : state_(&state) {}
    struct HostState* state_;
};

/// What a test does with its hosts. It is given to the main program of a run, whose own host is `main`, 10.0.0.1. Belongs to the run.
class HOCKET_EXPORT World {
public:
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    /// A new host, which runs `program()`. When that returns, its tasks are cancelled and its loop closed, as `run` does; what it throws fails
    /// the run, and so do exceptions that nobody retrieves. Throws ValueError for a name that is taken.
    Host host(std::string name, Function<Coro<>()> program);
    /// The one with that name. Throws ValueError where there is none.
    Host host_named(std::string_view name) const;
    /// What a child process runs that is started under this name, whatever its folder, on any host: a coroutine there, with the process's arguments
    /// and streams (child_process.h), which returns its exit status. `create_subprocess_shell` starts `sh`. What it throws fails the run. An
    /// empty function: there is no such program (ENOENT); one of a name of which nothing was said is RuntimeError. A later function is for later
    /// processes. Throws ValueError for a name with a slash.
    ///
    /// A signal cancels the coroutine: where CancelledError comes out of it, or the signal is SIGKILL, that has ended the process.
    /// When the program of its host ends, crashes or is killed, it goes with it.
    void program(std::string name, Function<Coro<int>(ChildProcess)> program);
    /// The main program's.
    Host main() const noexcept;

    /// The machine stops at once: its tasks are destroyed, and nothing that their destructors do has an effect. Others hear nothing. A host
    /// that does this to itself goes on to the end of its step, without an effect.
    void crash(Host host);
    /// After a crash, or after its program has ended: it runs again, from the start. The machine is up at once; where a job or a step of the
    /// program before it is under way, it starts when that has ended. Throws RuntimeError while it runs.
    void restart(Host host);
    /// Its program ends at once, as by SIGKILL, and the machine goes on: it closes what was open, which others hear of.
    void kill(Host host);
    /// Its program gets this signal: the handler that it has added is called; else the signal has its default effect. That of the first SIGINT
    /// is to cancel the main coroutine, as `Runner` does. SIGCONT resumes it also where it has a handler for that; 0 does nothing. Throws
    /// ValueError for what is no signal.
    void signal(Host host, int signal_number);
    /// Its program stands still, and so do the jobs of its executors, while its kernel goes on to take what arrives.
    void pause(Host host);
    /// Nothing where it is not paused.
    void resume(Host host);
    /// Between the two nothing gets through, from `from` to `to` and, if `both_ways`, back. Connections live on: what is sent is sent again, for
    /// 15 minutes; datagrams are lost.
    void partition(Host from, Host to, bool both_ways = true);
    /// What is sent waits, until `heal`.
    void hold(Host from, Host to, bool both_ways = true);
    void heal(Host from, Host to, bool both_ways = true);
    /// All links are whole again.
    void heal_all();
    /// How long packets take from `from` to `to`, and back. Throws ValueError for a range that ends before it begins, or begins before 0.
    void latency(Host from, Host to, Range range);
    /// Is asked about each packet that carries data from a host to another; an empty one lets all pass. It only judges: what it throws fails the
    /// run, and so do a crash, kill, signal, start of a host, or another rule from inside it, which throw RuntimeError.
    void rule(Function<Verdict(Host from, Host to, std::string_view data)> rule);
    /// From here on, its wall clock is so far from the simulation's own, whatever `Config::skew` made of it.
    void skew(Host host, Duration by);

    Duration now() const noexcept;  ///< since the beginning
    /// A number below `bound`, which belongs to the choices of the run.
    std::uint32_t choose(std::uint32_t bound);
    bool chance(double probability);
    /// A line of the story, which stands out; it is the host's whose program says it.
    void note(const std::string& text);
    /// Ends the run, which has failed.
    void fail(std::string why);

private:
    friend class Scheduler;
    explicit World(class Scheduler& scheduler) noexcept : scheduler_(scheduler) {}
    class Scheduler& scheduler_;
};

}  // namespace hocket::sim
