// SPDX-License-Identifier: MIT
// The process's signal handler, and the loop's side of it.
#include <hocket/io/signals_internal.h>

#include <hocket/core/mailbox.h>

#include <pthread.h>
#include <sched.h>
#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <mutex>
#include <string>

namespace hocket {

namespace {

constexpr int signal_end = 64;  // real-time signals above do not fit into the mask

// Whom each signal goes to. A handler that runs may still use a mailbox that was just taken out: a loop's end waits until none is inside.
std::array<std::atomic<Mailbox*>, signal_end> receivers;
std::atomic<int> inside = 0;

// A Runner's SIGINT has its default effect when it comes for the third time while the loop has not seen the first. Not for the second:
// launchers pass on what the terminal sends to the whole group, so one Ctrl-C may come twice.
constexpr int most_unseen = 2;
std::atomic<bool> interrupts_insist = false;
std::atomic<int> unseen_interrupts = 0;

void interrupted(bool first_unseen) noexcept {
    if (first_unseen) unseen_interrupts = 0;
    if (++unseen_interrupts <= most_unseen || !interrupts_insist) return;
    ::signal(SIGINT, SIG_DFL);
    ::raise(SIGINT);  // ends the process when the handler returns
}

extern "C" void hocket_on_signal(int number) {
    const int saved = errno;
    ++inside;
    if (Mailbox* mailbox = receivers[static_cast<std::size_t>(number)].load()) {
        const bool first_unseen = mailbox->post_signal(number);
        if (number == SIGINT) interrupted(first_unseen);
    }
    --inside;
    errno = saved;
}

// What each signal did before the first loop took it. Loops of several threads may come and go.
struct Before {
    std::mutex mutex;
    std::array<struct sigaction, signal_end> actions{};

    static Before& get() {
        static auto* before = new Before;  // never destroyed: loops may end after static destructors
        return *before;
    }
    // A fork waits until no other thread changes it; the handlers of other threads are not in the child.
    Before() {
        pthread_atfork([] { get().mutex.lock(); }, [] { get().mutex.unlock(); },
                       [] {
                           inside = 0;
                           get().mutex.unlock();
                       });
    }
};

struct SignalHandler {
    Function<void()> callback;
    bool of_runner;
    Context context = copy_context();

    SignalHandler(Function<void()> f, bool runners) : callback(std::move(f)), of_runner(runners) {}
};

class LoopSignals final : LoopResource, SignalReceiver {
public:
    static LoopSignals& of(EventLoop& loop) {
        if (!loop.signal_receiver) new LoopSignals(loop);  // the loop destroys it when it closes
        return static_cast<LoopSignals&>(*loop.signal_receiver);
    }
    static LoopSignals* find(EventLoop& loop) { return static_cast<LoopSignals*>(loop.signal_receiver); }

    void add(int number, Function<void()> callback, bool of_runner) {
        const auto i = static_cast<std::size_t>(number);
        auto handler = Shared<SignalHandler>::make(std::move(callback), of_runner);
        if (!of_process_) {
            std::swap(handlers_[i], handler);
            return;
        }
        Before& before = Before::get();
        const std::lock_guard lock(before.mutex);
        struct sigaction action{}, replaced{};
        action.sa_handler = hocket_on_signal;
        action.sa_flags = SA_RESTART;
        sigemptyset(&action.sa_mask);
        Mailbox* const others = receivers[i].exchange(loop_.mailbox().get());
        if (sigaction(number, &action, &replaced) < 0) {
            receivers[i].store(others);
            throw ValueError("add_signal_handler: signal " + std::to_string(number) + " cannot be caught");
        }
        if (replaced.sa_handler != hocket_on_signal) before.actions[i] = replaced;
        if (number == SIGINT) interrupts_insist = of_runner;
        std::swap(handlers_[i], handler);
    }
    bool has(int number) const noexcept {
        return number > 0 && number < signal_end && handlers_[static_cast<std::size_t>(number)];
    }
    // A Runner's is not for the program to remove, nor the program's for the Runner.
    bool remove(int number, bool of_runner) noexcept {
        const auto& handler = handlers_[static_cast<std::size_t>(number)];
        if (!handler || handler->of_runner != of_runner) return false;
        remove(number);
        return true;
    }
    void remove(int number) noexcept {
        const auto i = static_cast<std::size_t>(number);
        if (!std::exchange(handlers_[i], nullptr) || !of_process_) return;
        Before& before = Before::get();
        const std::lock_guard lock(before.mutex);
        Mailbox* mine = loop_.mailbox().get();  // else another loop has taken it over, and will restore it
        if (receivers[i].compare_exchange_strong(mine, nullptr)) sigaction(number, &before.actions[i], nullptr);
    }

private:
    explicit LoopSignals(EventLoop& loop) : LoopResource(loop), loop_(loop), of_process_(loop.backend().real_time()) {
        loop.signal_receiver = this;
    }
    ~LoopSignals() override = default;

    void signals_arrived(std::uint64_t mask) noexcept override {
        for (int number = 1; number < signal_end; ++number) {
            if (const auto& handler = handlers_[static_cast<std::size_t>(number)]; mask >> number & 1 && handler)
                loop_.push(*new Callback<Call>(handler->context.slot(), Call{number}, here()));
        }
    }
    bool is_used() const noexcept override {
        return std::ranges::any_of(handlers_, [](const auto& handler) { return handler && !handler->of_runner; });
    }
    // Queued; calls who is registered when it runs, if anybody still is.
    struct Call {
        int number;
        void operator()() const {
            LoopSignals* signals = find(get_running_loop());
            if (!signals) return;
            if (const auto handler = signals->handlers_[static_cast<std::size_t>(number)]) handler->callback();
        }
    };
    void loop_closing() noexcept override {
        for (int number = 1; number < signal_end; ++number) remove(number);
        while (inside > 0) sched_yield();
        loop_.signal_receiver = nullptr;
        delete this;
    }

    EventLoop& loop_;
    const bool of_process_;  // else a simulation's
    std::array<Shared<SignalHandler>, signal_end> handlers_;
};

void check(EventLoop& loop, int number, const char* call) {
    if (number < 1 || number >= signal_end)
        throw ValueError("there is no signal " + std::to_string(number) + " to handle");
    if (!loop.backend().has_signals()) throw RuntimeError("signals do not reach a loop whose time is virtual");
    loop.check_usable(call);
}

}  // namespace

void add_signal_handler(EventLoop& loop, int signal_number, Function<void()> callback) {
    check(loop, signal_number, "add_signal_handler");
    if (!callback)
        throw ValueError("add_signal_handler: there is no callback for signal " + std::to_string(signal_number));
    LoopSignals::of(loop).add(signal_number, std::move(callback), false);
}

void add_interrupt_handler(EventLoop& loop, Function<void()> callback) {
    LoopSignals::of(loop).add(SIGINT, std::move(callback), true);
}

bool remove_signal_handler(EventLoop& loop, int signal_number) {
    check(loop, signal_number, "remove_signal_handler");
    LoopSignals* signals = LoopSignals::find(loop);
    return signals && signals->remove(signal_number, false);
}

bool handles_signal(EventLoop& loop, int signal_number) noexcept {
    const LoopSignals* const signals = LoopSignals::find(loop);
    return signals && signals->has(signal_number);
}

void remove_interrupt_handler(EventLoop& loop) noexcept {
    if (LoopSignals* signals = LoopSignals::find(loop)) signals->remove(SIGINT, true);
}

}  // namespace hocket
