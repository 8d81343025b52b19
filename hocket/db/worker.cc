// SPDX-License-Identifier: MIT
// The life of a connection's thread, and the hand-over between it and the loop.
#include <hocket/db/worker_internal.h>

#include <hocket/core/await_graph.h>
#include <hocket/core/task_base.h>
#include <hocket/db/errors.h>
#include <hocket/os/simulated_threads.h>

#include <pthread.h>
#include <cstring>
#include <system_error>

namespace hocket::sqlite {

namespace {

// `sqlite_app.db`: so much of the file's name as the kernel has room for.
void name_this_thread(const std::string& path) noexcept {
    constexpr std::size_t room = 15;
    const std::string name = "sqlite_" + path.substr(path.rfind('/') + 1);
    pthread_setname_np(pthread_self(), name.substr(0, room).c_str());
}

}  // namespace

// ---- The queue

void JobList::push_back(Job& job) noexcept {
    job.next = nullptr;
    job.prev = last_;
    (last_ ? last_->next : first_) = &job;
    last_ = &job;
}

void JobList::remove(Job& job) noexcept {
    (job.prev ? job.prev->next : first_) = job.next;
    (job.next ? job.next->prev : last_) = job.prev;
}

Job* JobList::pop_front() noexcept {
    Job* const job = first_;
    if (job) remove(*job);
    return job;
}

// ---- A task's wait

void Call::await_suspend(AwaitingFrame h) noexcept {
    TaskBase& t = *this_loop->current;
    t.wait_on(*this, h);
    if (t.flags & f_must_cancel) {  // cancelled before it begins: it never does
        t.flags &= static_cast<std::uint16_t>(~f_must_cancel);
        if (kind_ == Kind::interruptible) return t.interrupt();
        cancel_asked_ = true;
    }
    task_ = &t;
    worker_.submit(*this);
}

void Call::await_resume() {
    TaskBase& t = *this_loop->current;
    if (state_ == State::done) {
        worker_.counters_ = counters_;
        if (cancel_asked_ || (t.flags & f_throw)) {
            if (error_) {
                t.flags |= f_throw;
            } else {
                t.postpone_cancel();
            }
        }
    }
    resume_point(t);
    if (error_) std::rethrow_exception(std::move(error_));
}

void Call::run(Database& database) noexcept {
    try {
        work(database);
    } catch (...) {  // thrown by the await
        error_ = std::current_exception();
    }
    counters_ = database.counters();
}

bool Call::cancel_wait(TaskBase&) noexcept {
    cancel_asked_ = true;
    worker_.cancel(*this);
    return true;
}

void Call::describe(AwaitDescription& to) const { to.text = attempt_.on(worker_.name()); }

// ---- The loop's side

Worker::Worker(EventLoop& loop, std::string path, const ConnectOptions& options)
    : LoopResource(loop),
      loop_(loop),
      loop_mark_(loop.mark()),
      mailbox_(loop.mailbox()),
      database_(std::move(path), options, *this) {}

Worker::~Worker() = default;

Shared<Worker> Worker::start(std::string path, const ConnectOptions& options) {
    check_not_simulated("database");
    auto worker = Shared<Worker>::make(get_running_loop(), std::move(path), options);
    try {
        worker->thread_ = std::thread([w = worker.get()] { w->work(); });
    } catch (const std::system_error& e) {
        throw OSError(e.code().value(), "start a thread for " + worker->name());
    }
    worker->self_ = worker;
    return worker;
}

void Worker::check_usable(const Attempt& attempt) const {
    if (closing_) throw ProgrammingError(attempt.on(name()) + ": the connection is closed");
    check_loop(attempt);
}

void Worker::check_loop(const Attempt& attempt) const {
    if (!this_loop || this_loop->mark() != loop_mark_) {
        throw RuntimeError(attempt.on(name()) + ": the connection is bound to a different event loop");
    }
}

void Worker::count_outstanding(int change) noexcept {
    outstanding_ += change;
    if (loop_.backend().real_time() || (outstanding_ > 0) == outside_.has_value()) return;
    const std::lock_guard lock(mutex_);
    if (outstanding_ > 0) {
        outside_.emplace(loop_);
        working_.emplace(loop_, true);
    } else {
        working_.reset();
        outside_.reset();
    }
}

void Worker::submit(Call& call) noexcept {
    count_outstanding(1);
    {
        const std::lock_guard lock(mutex_);
        call.state_ = Call::State::queued;
        // Where the thread has ended, the mail that says so is under way.
        JobList& list = ended_ ? done_ : call.kind_ == Call::Kind::closing ? closers_ : queue_;
        list.push_back(call);
        if (ended_) call.state_ = Call::State::done;
    }
    work_came_.notify_one();
}

void Worker::cancel(Call& call) noexcept {
    if (call.kind_ != Call::Kind::interruptible) return;
    {
        const std::lock_guard lock(mutex_);
        if (call.state_ == Call::State::running) return database_.interrupt();
        if (call.state_ != Call::State::queued) return;
        queue_.remove(call);
        call.state_ = Call::State::idle;
    }
    count_outstanding(-1);
    call.task_->interrupt();
}

// The mail has come.
void Worker::take_done() noexcept {
    JobList done;
    bool ended = false;
    {
        const std::lock_guard lock(mutex_);
        done = std::exchange(done_, {});
        mailed_ = false;
        ended = ended_;
    }
    while (Job* job = done.pop_front()) {
        count_outstanding(-1);
        job->call()->task_->wake();
    }
    if (!ended) return;
    thread_.join();
    count_outstanding(-1);  // the closing
    self_ = nullptr;
}

void Worker::begin_closing() noexcept {
    if (std::exchange(closing_, true)) return;
    count_outstanding(1);
    {
        const std::lock_guard lock(mutex_);
        end_asked_ = true;
    }
    work_came_.notify_one();
}

Coro<> Worker::close(Shared<Worker> worker) {
    if (worker->finished()) co_return;
    const Attempt attempt{"close"};
    worker->check_loop(attempt);
    worker->begin_closing();
    auto nothing = [](Database&) {};
    co_await on_thread(*worker, attempt, nothing, Call::Kind::closing);
}

namespace {

struct Destruction final : Job {
    Unique<Statement> statement;
    explicit Destruction(Unique<Statement> s) noexcept : statement(std::move(s)) {}
    void run(Database&) noexcept override { statement.reset(); }
};

}  // namespace

void Worker::destroy(Unique<Statement> statement) {
    if (!statement) return;
    {
        const std::lock_guard lock(mutex_);
        if (ended_) return;
        queue_.push_back(*new Destruction(std::move(statement)));
    }
    work_came_.notify_one();
}

// What tasks wait for is dropped: the loop is about to destroy them.
void Worker::loop_closing() noexcept {
    const Shared<Worker> until_the_end = self_;
    closing_ = true;
    {
        const std::lock_guard lock(mutex_);
        end_asked_ = true;
        JobList all = std::exchange(queue_, {});
        while (Job* job = all.pop_front()) {
            if (Call* call = job->call()) {
                call->state_ = Call::State::idle;
            } else {
                queue_.push_back(*job);
            }
        }
        if (job_runs_) database_.interrupt();
    }
    work_came_.notify_one();
    if (thread_.joinable()) thread_.join();
    self_ = nullptr;
    done_ = {};
    working_.reset();
    outside_.reset();
}

// ---- The thread's side

void Worker::work() noexcept {
    name_this_thread(database_.name());
    std::unique_lock lock(mutex_);
    for (;;) {
        if (Job* job = queue_.pop_front()) {
            Call* const call = job->call();
            if (call) call->state_ = Call::State::running;
            job_runs_ = true;
            database_.begin_job();
            lock.unlock();
            job->run(database_);
            if (!call) delete job;
            lock.lock();
            job_runs_ = false;
            if (!call) continue;
            call->state_ = Call::State::done;
            done_.push_back(*call);
            tell();
        } else if (end_asked_) {
            break;
        } else {
            work_came_.wait(lock);
        }
    }
    lock.unlock();
    database_.close();
    lock.lock();
    ended_ = true;
    while (Job* job = queue_.pop_front()) delete job;  // calls are not taken any more
    while (Job* job = closers_.pop_front()) {
        job->call()->state_ = Call::State::done;
        done_.push_back(*job);
    }
    tell();
}

// Under the lock.
void Worker::tell() noexcept {
    if (std::exchange(mailed_, true)) return;
    mail_.keeps = self_;
    if (!mailbox_->post(mail_)) mail_.keeps = nullptr;
}

void Worker::lock_wait(bool begins) noexcept {
    const std::lock_guard lock(mutex_);
    if (begins) {
        working_.reset();
    } else if (outside_) {
        working_.emplace(loop_, true);
    }
}

}  // namespace hocket::sqlite
