// SPDX-License-Identifier: MIT
// The process's signal handler, and the loop's side of it.
#include <hocket/io/signals.h>

#include <hocket/core/mailbox.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <mutex>
#include <string>

namespace hocket {

namespace {

constexpr int signal_end = 64;  // real-time signals above do not fit into the mask

// Whom each signal goes to. A handler that runs may still use a mailbox that was just taken out, so mailboxes stay alive.
std::array<std::atomic<Mailbox*>, signal_end> receivers;

extern "C" void hocket_on_signal(int number) {
    const int saved = errno;
    if (Mailbox* mailbox = receivers[static_cast<std::size_t>(number)].load()) mailbox->post_signal(number);
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
};

class LoopSignals final : LoopResource, SignalReceiver {
public:
    static LoopSignals& of(EventLoop& loop) {
        if (!loop.signal_receiver) new LoopSignals(loop);  // the loop destroys it when it closes
        return static_cast<LoopSignals&>(*loop.signal_receiver);
    }
    static LoopSignals* find(EventLoop& loop) { return static_cast<LoopSignals*>(loop.signal_receiver); }

    void add(int number, Function<void()> callback) {
        const auto i = static_cast<std::size_t>(number);
        auto shared = Shared<Function<void()>>::make(std::move(callback));
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
        std::swap(callbacks_[i], shared);
    }
    bool remove(int number) noexcept {
        const auto i = static_cast<std::size_t>(number);
        if (!callbacks_[i]) return false;
        callbacks_[i] = nullptr;
        Before& before = Before::get();
        const std::lock_guard lock(before.mutex);
        Mailbox* mine = loop_.mailbox().get();  // else another loop has taken it over, and will restore it
        if (receivers[i].compare_exchange_strong(mine, nullptr)) sigaction(number, &before.actions[i], nullptr);
        return true;
    }

private:
    explicit LoopSignals(EventLoop& loop) : LoopResource(loop), loop_(loop) { loop.signal_receiver = this; }
    ~LoopSignals() override = default;

    void signals_arrived(std::uint64_t mask) noexcept override {
        for (std::size_t i = 0; i < callbacks_.size(); ++i) {
            if (!(mask >> i & 1) || !callbacks_[i]) continue;
            loop_.call_soon([callback = callbacks_[i]] { (*callback)(); });
        }
    }
    void loop_closing() noexcept override {
        for (int number = 1; number < signal_end; ++number) remove(number);
        static auto* kept = new std::vector<Shared<Mailbox>>;  // for handlers that run on other threads just now
        kept->push_back(loop_.mailbox());
        loop_.signal_receiver = nullptr;
        delete this;
    }

    EventLoop& loop_;
    std::array<Shared<Function<void()>>, signal_end> callbacks_;
};

void check(EventLoop& loop, int number) {
    if (number < 1 || number >= signal_end)
        throw ValueError("there is no signal " + std::to_string(number) + " to handle");
    if (!loop.backend().real_time()) throw RuntimeError("signals do not reach a loop whose time is virtual");
    loop.check_usable("add_signal_handler");
}

}  // namespace

void add_signal_handler(EventLoop& loop, int signal_number, Function<void()> callback) {
    check(loop, signal_number);
    LoopSignals::of(loop).add(signal_number, std::move(callback));
}

bool remove_signal_handler(EventLoop& loop, int signal_number) {
    check(loop, signal_number);
    LoopSignals* signals = LoopSignals::find(loop);
    return signals && signals->remove(signal_number);
}

}  // namespace hocket
