// SPDX-License-Identifier: MIT
// The thread of a connection, and how a task waits for what it does there.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/core/awaitable.h>
#include <hocket/core/coro.h>
#include <hocket/core/event_loop.h>
#include <hocket/core/mailbox.h>
#include <hocket/db/database_internal.h>
#include <hocket/sync/lock.h>

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace hocket::sqlite {

class Call;
class Worker;

/// What stands in the queue of a connection's thread.
struct Job {
    Job *next = nullptr, *prev = nullptr;
    /// On the thread.
    virtual void run(Database& database) noexcept = 0;
    /// The wait of a task, or null: nobody waits, and the thread deletes it.
    virtual Call* call() noexcept { return nullptr; }
    virtual ~Job() = default;
};

class JobList {
public:
    bool empty() const noexcept { return !first_; }
    void push_back(Job& job) noexcept;
    void remove(Job& job) noexcept;
    Job* pop_front() noexcept;

private:
    Job *first_ = nullptr, *last_ = nullptr;
};

/// Awaited, does something on the connection's thread, after what was asked for before: `co_await on_thread(worker, attempt, work)`. Throws what
/// that threw.
///
/// Cancelled in the queue, it leaves it. Cancelled while it runs, the statement is interrupted, and CancelledError is thrown when the thread has
/// let go. What took effect all the same is delivered, and the cancellation comes at the task's next wait.
class [[nodiscard]] Call : Leaf, Job {
public:
    static constexpr bool awaited_often = false;

    enum class Kind : std::uint8_t {
        interruptible,
        shielded,  ///< a cancel waits until it is done
        closing,   ///< the same; done when the thread has ended
    };

    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    bool await_ready() const noexcept { return false; }
    void await_suspend(AwaitingFrame h) noexcept;
    void await_resume();

protected:
    Call(Worker& worker, const Attempt& attempt, Kind kind) noexcept
        : worker_(worker), attempt_(attempt), kind_(kind) {}
    ~Call() override = default;
    virtual void work(Database& database) = 0;

private:
    friend class Worker;
    enum class State : std::uint8_t { idle, queued, running, done };

    void run(Database& database) noexcept override;
    Call* call() noexcept override { return this; }
    bool cancel_wait(TaskBase& t) noexcept override;
    void describe(AwaitDescription& to) const override;

    Worker& worker_;
    const Attempt& attempt_;
    const Kind kind_;
    State state_ = State::idle;  // the worker's mutex guards it
    bool cancel_asked_ = false;
    TaskBase* task_ = nullptr;
    std::exception_ptr error_;
    Counters counters_;
};

template <class F>
class CallOf final : public Call {
public:
    using HocketAwaiter = CallOf;
    CallOf(Worker& worker, const Attempt& attempt, Kind kind, F& f) noexcept : Call(worker, attempt, kind), f_(f) {}

private:
    void work(Database& database) override { f_(database); }
    F& f_;
};

/// `f(database)` runs on the connection's thread. All three arguments outlive the await.
template <class F>
CallOf<F> on_thread(Worker& worker, const Attempt& attempt, F& f,
                    Call::Kind kind = Call::Kind::interruptible) noexcept {
    return CallOf<F>(worker, attempt, kind, f);
}

/// One connection: its thread, its queue, and what the loop knows of it. Shared by the handles on it; the thread needs none, since it is joined
/// when its end has been told, or else when the loop closes.
class Worker final : LoopResource, Database::LockWait {
public:
    Worker(EventLoop& loop, std::string path, const ConnectOptions& options);
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    ~Worker() override;

    /// Makes one, with its thread. Throws OSError when there can be none.
    static Shared<Worker> start(std::string path, const ConnectOptions& options);

    const std::string& name() const noexcept { return database_.name(); }
    const Counters& counters() const noexcept { return counters_; }
    bool closed() const noexcept { return closing_; }
    /// Throws ProgrammingError when it is closed, RuntimeError on another loop.
    void check_usable(const Attempt& attempt) const;
    void check_loop(const Attempt& attempt) const;

    /// Nothing more is taken; the thread ends when it has done what it was given.
    void begin_closing() noexcept;
    /// The same, and waits for that. A cancel comes after it.
    static Coro<> close(Shared<Worker> worker);
    /// Has `statement`, if there is one, destroyed on the thread.
    void destroy(Unique<Statement> statement);

    // Whose transaction is open.

    Lock transaction_turn;
    const TaskBase* in_transaction = nullptr;  // the task whose turn it is
    unsigned savepoints = 0;                   // transactions within its transaction

private:
    friend class Call;
    struct Mail final : Node {
        Worker& worker;
        Shared<Worker> keeps;  // while it is on its way
        explicit Mail(Worker& w) noexcept : worker(w) {}
        void run() override { Shared<Worker>(std::move(keeps))->take_done(); }
        void discard() noexcept override { keeps = nullptr; }
    };

    // The thread.
    void work() noexcept;
    void tell() noexcept;
    void lock_wait(bool begins) noexcept override;

    // The loop.
    void submit(Call& call) noexcept;
    void cancel(Call& call) noexcept;
    void take_done() noexcept;
    void count_outstanding(int change) noexcept;
    void begin_shutdown() noexcept override { begin_closing(); }
    bool finished() const noexcept override { return !thread_.joinable(); }
    void loop_closing() noexcept override;

    EventLoop& loop_;
    const std::uint64_t loop_mark_;
    Shared<Mailbox> mailbox_;
    Database database_;
    Counters counters_;
    bool closing_ = false;  // as the loop knows it
    int outstanding_ = 0;   // calls that tasks wait for, and the closing
    // Virtual time stands while the thread works, and passes while it waits for a lock, which may be a task's of this loop.
    std::optional<OutsideWork> outside_, working_;
    std::thread thread_;
    Shared<Worker> self_;  // while the thread runs

    std::mutex mutex_;  // guards all that follows, the states of calls, and `working_`
    std::condition_variable work_came_;
    JobList queue_, closers_, done_;
    bool job_runs_ = false;
    bool end_asked_ = false;
    bool ended_ = false;
    bool mailed_ = false;
    Mail mail_{*this};
};

}  // namespace hocket::sqlite
