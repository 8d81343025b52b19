// SPDX-License-Identifier: MIT
// Who of a world goes on next, and how programs begin and end.
#pragma once

#include <hocket/core/event_loop.h>
#include <hocket/core/task.h>
#include <hocket/io/file_calls_internal.h>
#include <hocket/io/sim_backend_internal.h>
#include <hocket/io/sim_file_calls_internal.h>
#include <hocket/io/sim_kernel_internal.h>
#include <hocket/io/sim_network_internal.h>
#include <hocket/net/resolver_internal.h>
#include <hocket/os/simulated_threads.h>
#include <hocket/sim/children_internal.h>
#include <hocket/sim/config.h>
#include <hocket/sim/randomness_internal.h>
#include <hocket/sim/story_internal.h>
#include <hocket/sim/world.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace hocket::sim {

/// Throws ValueError, which names the knob, where `range` ends before it begins, or begins before 0.
void check_range(const char* knob, const Range& range);

/// A host, and its program as long as that runs. It is what the program has for threads.
struct HostState final : SimulatedThreads {
    enum class Stage : std::uint8_t {
        none,        // no program runs
        running,     // its main coroutine has not ended
        cancelling,  // its other tasks are being cancelled
        ending,      // what they used is being shut down
        closing,     // its loop is being closed
    };

    HostState(class Scheduler& s, Kernel& k, Function<Coro<>()> p) noexcept
        : scheduler(s), kernel(k), program(std::move(p)), files(k), past_files(k) {
        past_files.end();
    }

    class Scheduler& scheduler;
    Kernel& kernel;
    Function<Coro<>()> program;
    SimFileCalls files;       // its program's
    SimFileCalls past_files;  // for what is left of programs that are gone
    Stage stage = Stage::none;
    bool paused = false;
    bool inside = false;        // a step of it is under way
    unsigned jobs_inside = 0;   // that run, or wait for others to go on
    bool must_go = false;       // when those have ended: it has crashed, or was killed
    bool starts_again = false;  // after that
    bool interrupted = false;   // by a first SIGINT
    Unique<EventLoop> loop;
    SimBackend* backend = nullptr;
    std::optional<Task<>> main;
    std::vector<AnyTask> left;
    Children children{*this};
    std::int64_t patience = 0;  // until when it is waited for

    std::uint32_t programs = 0;                 // that were started on it: a job is for the one that submitted it
    std::vector<Function<void()>> paused_jobs;  // that were to run while it was paused

    /// A program of it has begun, and has not ended, nor is it cut off.
    bool runs() const noexcept { return stage != Stage::none && !must_go; }
    void resume();
    void run_later(Function<void()> job) override;
    std::int64_t now() const noexcept override;
    bool wait_until(bool (*done)(const void*), const void* object, std::optional<Duration> timeout) noexcept override;
    /// When it has something to do: now or earlier, or a time to come; `Backend::forever`: only others can wake it.
    std::int64_t due() const noexcept;

private:
    void run_job(std::uint32_t program_number, Function<void()> job);
};

/// While it lives, what runs on this thread is the code of a host.
class OnHost {
public:
    explicit OnHost(HostState& host) noexcept
        : outer_threads_(std::exchange(simulated_threads, &host)), files_(&host.files) {}
    OnHost(const OnHost&) = delete;
    OnHost& operator=(const OnHost&) = delete;
    ~OnHost() { simulated_threads = outer_threads_; }

private:
    SimulatedThreads* outer_threads_;
    sys::WithFileCalls files_;
};

/// While it lives, no host's code runs, though one may wait below.
class Outside {
public:
    Outside() noexcept
        : outer_loop_(std::exchange(this_loop, nullptr)), outer_threads_(std::exchange(simulated_threads, nullptr)) {}
    Outside(const Outside&) = delete;
    Outside& operator=(const Outside&) = delete;
    ~Outside() {
        this_loop = outer_loop_;
        simulated_threads = outer_threads_;
    }

private:
    EventLoop* outer_loop_;
    SimulatedThreads* outer_threads_;
};

/// Looks at the main program of a world.
class Observer {
public:
    /// A step of its host has ended.
    virtual void stepped(HostState& main) = 0;
    /// The program has ended; called again after each step until it returns true, and then its host ends. What the program threw is the
    /// observer's to judge.
    virtual bool ended(HostState& main) = 0;
    /// What its tasks wait for is about to be written down.
    virtual void before_report(HostState& main) = 0;

protected:
    ~Observer() = default;
};

/// Runs one world. Each step is an iteration of one host's loop; when none has anything to do, time goes on to the next event.
class Scheduler final : public Driver {
public:
    Scheduler(const Config& config, Choices& choices);
    ~Scheduler();

    Outcome run(const Function<Coro<>(World&)>& main);
    Observer* observer = nullptr;

    HostState& add_host(std::string name, Function<Coro<>()> program);
    HostState& main_host() noexcept { return *hosts_.front(); }
    std::vector<Unique<HostState>>& hosts() noexcept { return hosts_; }
    Network& network() noexcept { return network_; }
    void start(HostState& host);
    void restart(HostState& host);
    void set_program(std::string name, Program program);
    /// Null: nobody has said what it runs.
    Shared<Program> program(const std::string& name) const;
    void crash(HostState& host);
    void kill(HostState& host);
    void destroy(HostState& host) noexcept;
    void fail(std::string why);
    const Config& config() const noexcept { return config_; }
    /// Null: of no host.
    void note(const Kernel* host, Told import, const std::string& text);
    /// A line that the program says whose code runs.
    void note_of_program(const std::string& text);
    /// Lets hosts go on, but for those whose steps are under way, until `done()` or `deadline`. False: it is not done.
    template <class F>
    bool run_until(F done, std::int64_t deadline);

private:
    void wait(SimBackend& backend, std::int64_t deadline) noexcept override;
    int spawn(SimBackend& parent, Spawn& child) override { return host_of(parent).children.spawn(child); }
    int wait_for_child(SimBackend& parent, int pidfd, int& returncode) override {
        return host_of(parent).children.wait_for_child(pidfd, returncode);
    }
    int pidfd_send_signal(SimBackend& parent, int pidfd, int number) override {
        return host_of(parent).children.send_signal(pidfd, number);
    }
    HostState& host_of(const SimBackend& backend) noexcept;
    bool step(std::int64_t deadline);
    void run_host(HostState& host);
    void look_at(HostState& host);
    std::uint64_t seed_of(std::uint32_t host, std::uint32_t start) const noexcept;
    bool observes(const HostState& host) const noexcept { return observer != nullptr && &host == hosts_.front().get(); }
    void begin_end(HostState& host);
    void end(HostState& host) noexcept;
    static void stop(HostState& host) noexcept;
    void finish_hosts();
    void look_for_quiet(bool only_a_timer, const HostState& host);
    void fail_with_graph(const std::string& why);
    std::string what_all_await();
    void mix(std::uint64_t value) noexcept { fingerprint_ = (fingerprint_ ^ value) * 0x9E3779B97F4A7C15U; }

    const Config config_;
    Choices& choices_;
    Network network_;
    World world_;
    Shared<NameSystem> names_;
    Random randomness_;  // OpenSSL's
    std::map<std::string, Shared<Program>> programs_;
    std::vector<Unique<HostState>> hosts_;
    Story story_;
    std::string error_;
    bool failed_ = false;
    bool main_returned_ = false;
    bool over_ = false;  // what is left is taken down, and told no more
    std::uint64_t steps_ = 0, events_ = 0, fingerprint_ = 0;
    std::vector<HostState*> ready_;  // those that have something to do, in a step
    std::uint64_t spins_ = 0;        // steps since time last passed by more than they cost, or something arrived
    std::int64_t quiet_since_ = 0;   // since when only callbacks of timers have run
    std::int64_t quiet_until_ = 0;   // when that is looked into
    bool quiet_for_long_ = false;    // what was set before has fired by `quiet_until_`
};

}  // namespace hocket::sim
