// SPDX-License-Identifier: MIT
// The threads of a ThreadPoolExecutor, and their queue.
#include <hocket/os/thread_pool.h>

#include <hocket/os/simulated_threads.h>
#include <hocket/os/worker_internal.h>
#include <hocket/sync/queue.h>

#include <pthread.h>
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace hocket {

namespace {

// So that the clock's time and this have a sum.
constexpr std::chrono::nanoseconds longest_wait = std::chrono::hours(24 * 365);

}  // namespace

constinit thread_local SimulatedThreads* simulated_threads = nullptr;

void check_not_simulated(const char* what) {
    if (simulated_threads) throw RuntimeError(std::string("a simulation has no ") + what);
}

void name_this_thread(std::string_view prefix, std::size_t number) noexcept {
    constexpr std::size_t room = 15;
    const std::string suffix = "_" + std::to_string(number);
    const std::string name = std::string(prefix.substr(0, room - std::min(suffix.size(), room))) + suffix;
    pthread_setname_np(pthread_self(), name.c_str());
}

BrokenExecutor::~BrokenExecutor() = default;
BrokenThreadPool::~BrokenThreadPool() = default;

Executor::~Executor() = default;

struct ThreadPoolExecutor::Pool {
    unsigned max_workers;
    unsigned max_queue;
    std::string prefix;
    Function<void()> initializer;

    std::mutex mutex;
    std::condition_variable work_came;
    ConcurrentBase* first = nullptr;  // the queue
    ConcurrentBase** last = &first;
    std::size_t queued = 0;
    std::size_t working = 0;  // threads that run a job
    std::size_t idle = 0;     // threads that wait for work
    std::size_t alive = 0;    // threads that have not left `work`
    bool shut = false;
    bool abandoned = false;
    std::string broken;  // what happened, if it is
    std::vector<std::thread> threads;
    ConcurrentFuture<> ended;  // running, so that nobody can cancel it
    bool told = false;         // that it ended
    const Shared<ExecutorProgress> progress = Shared<ExecutorProgress>::make();
    const Shared<SimulatedThreads::Life> simulated = progress->simulated;
    std::size_t simulated_workers = 0;  // in place of `threads`; those that work are `alive`

    void push(ConcurrentBase& job) noexcept {
        job.next = nullptr;
        job.ticket()->number.store(++progress->pushed, std::memory_order_relaxed);
        *last = &job;
        last = &job.next;
        ++queued;
    }
    ConcurrentBase* pop() noexcept {
        ConcurrentBase* job = first;
        first = job->next;
        if (!first) last = &first;
        --queued;
        progress->popped.store(progress->pushed - queued, std::memory_order_relaxed);
        return job;
    }

    // False: it may not go on.
    bool initialize() noexcept {
        if (!initializer) return true;
        try {
            initializer();
            return true;
        } catch (...) {  // told by all jobs that there are, and will be
            fail("the thread pool is broken: its initializer failed: " + describe(std::current_exception()));
            return false;
        }
    }

    // What waits will never begin.
    void fail(std::string what) noexcept {
        ConcurrentBase* left = nullptr;
        {
            const std::lock_guard lock(mutex);
            if (broken.empty()) broken = std::move(what);
            left = take_queue();
        }
        while (left) {
            ConcurrentBase* job = std::exchange(left, left->next);
            if (!job->claim()) {
                job->drop();
                continue;
            }
            job->release_work();
            job->error = std::make_exception_ptr(BrokenThreadPool(broken));
            job->finish_and_drop();
        }
    }

    void work(std::size_t number) {
        name_this_thread(prefix, number);
        const bool ready = initialize();
        std::unique_lock lock(mutex);
        while (ready) {
            if (first) {
                ConcurrentBase* job = pop();
                ++working;
                lock.unlock();
                job->run();
                lock.lock();
                --working;
            } else if (shut) {
                break;
            } else {
                ++idle;
                work_came.wait(lock);
                --idle;
            }
        }
        if (--alive == 0) work_came.notify_all();  // for those that wait in `end`
        const bool tell = ends_now();
        lock.unlock();
        if (tell) ended.state()->finish();
    }

    // Cancelled jobs wait for nothing. The lock is held.
    void forget_cancelled() noexcept {
        ConcurrentBase* left = take_queue();
        while (left) {
            ConcurrentBase* job = std::exchange(left, left->next);
            if (job->done()) {
                job->drop();
            } else {
                push(*job);
            }
        }
    }

    // Whether as many jobs wait as may. The lock is held.
    bool full() noexcept {
        const auto too_many = [this] { return queued + working >= std::size_t{max_workers} + max_queue; };
        if (max_queue == 0 || !too_many()) return false;
        forget_cancelled();
        return too_many();
    }

    // Whether the caller is the one to tell that the pool has ended. The lock is held.
    bool ends_now() noexcept { return shut && alive == 0 && !std::exchange(told, true) && ended.state()->claim(); }

    // One more thread, which may outlive the executor. The lock is held.
    static void start(const Shared<Pool>& pool) {
        const std::size_t number = pool->threads.size();
        pool->threads.emplace_back([pool, number] { pool->work(number); });
        ++pool->alive;
    }

    // In a simulation a worker is a job that comes again as long as there is work; everything is on one thread.
    static void start_simulated(const Shared<Pool>& pool) {
        ++pool->alive;
        const bool is_new = pool->alive > pool->simulated_workers;
        if (is_new) ++pool->simulated_workers;
        pool->simulated->threads->run_later([pool, is_new] { pool->work_simulated(pool, is_new); });
    }
    void work_simulated(const Shared<Pool>& self, bool is_new) {
        if ((is_new && !initialize()) || !first) {
            --alive;
            if (ends_now()) ended.state()->finish();
            return;
        }
        ConcurrentBase* const job = pop();
        ++working;
        job->run();
        --working;
        simulated->threads->run_later([self] { self->work_simulated(self, false); });
    }
    // The caller waits until they have ended.
    bool wait_for_simulated(std::optional<Duration> timeout) noexcept {
        if (simulated->threads == nullptr) return alive == 0;
        return simulated->threads->wait_until([](const void* p) { return static_cast<const Pool*>(p)->alive == 0; },
                                              this, timeout);
    }

    // It belongs to the program that made it, and to no other world.
    void check_world() const {
        if (simulated ? simulated->threads == nullptr : simulated_threads != nullptr)
            throw RuntimeError(simulated ? "the thread pool was made by a simulated program, which has ended"
                                         : "a thread pool that was made outside the simulation cannot be used in it");
    }

    bool runs_on_this_thread() const noexcept {
        if (simulated) return working > 0;
        return std::ranges::any_of(threads,
                                   [](const std::thread& t) { return t.get_id() == std::this_thread::get_id(); });
    }

    ConcurrentBase* take_queue() noexcept {
        last = &first;
        queued = 0;
        progress->popped.store(progress->pushed, std::memory_order_relaxed);
        return std::exchange(first, nullptr);
    }
};

ThreadPoolExecutor::ThreadPoolExecutor(ThreadPoolOptions options) : pool_(Shared<Pool>::make()) {
    const unsigned by_default = simulated_threads
                                    ? SimulatedThreads::workers
                                    : std::min(32U, std::max(std::thread::hardware_concurrency(), 1U) + 4);
    pool_->ended.set_running_or_notify_cancel();
    pool_->max_workers = options.max_workers > 0 ? options.max_workers : by_default;
    pool_->max_queue = options.max_queue;
    pool_->initializer = std::move(options.initializer);
    pool_->prefix = options.thread_name_prefix.empty() ? "hocket" : options.thread_name_prefix;
}

ThreadPoolExecutor::~ThreadPoolExecutor() { ThreadPoolExecutor::end({}); }

void ThreadPoolExecutor::work_for(const char* executor) noexcept { pool_->progress->name = executor; }

unsigned ThreadPoolExecutor::max_workers() const noexcept { return pool_->max_workers; }

bool ThreadPoolExecutor::runs_on_this_thread() const noexcept {
    const std::lock_guard lock(pool_->mutex);
    return pool_->runs_on_this_thread();
}

unsigned ThreadPoolExecutor::workers() const noexcept {
    const std::lock_guard lock(pool_->mutex);
    return static_cast<unsigned>(pool_->threads.size() + pool_->simulated_workers);
}

ConcurrentFuture<> ThreadPoolExecutor::ended() const noexcept { return pool_->ended; }

void ThreadPoolExecutor::abandon() noexcept {
    ThreadPoolExecutor::end({.wait = false, .cancel_futures = true});
    const std::lock_guard lock(pool_->mutex);
    pool_->abandoned = true;
    for (std::thread& t : pool_->threads) t.detach();
    pool_->threads.clear();
}

void ThreadPoolExecutor::execute(ConcurrentBase& job) {
    Pool& pool = *pool_;
    {
        const std::lock_guard lock(pool.mutex);
        if (!pool.broken.empty()) throw BrokenThreadPool(pool.broken);
        if (pool.shut) throw RuntimeError("cannot schedule new futures after shutdown");
        if (pool.full()) throw QueueFull();
        pool.check_world();
        if (pool.simulated) {
            if (pool.alive < pool.max_workers) Pool::start_simulated(pool_);
        } else if (pool.queued >= pool.idle && pool.threads.size() < pool.max_workers) {
            try {
                Pool::start(pool_);
            } catch (const std::system_error& e) {
                // The threads that there are will come to it.
                if (pool.threads.empty()) throw OSError(e.code().value(), "start a thread");
            }
        }
        job.share();
        job.ticket()->come(pool.progress);
        pool.push(job);
    }
    pool.work_came.notify_one();
}

bool ThreadPoolExecutor::end(const ExecutorShutdownOptions& options) {
    Pool& pool = *pool_;
    ConcurrentBase* not_begun = nullptr;
    bool tell = false;
    {
        const std::lock_guard lock(pool.mutex);
        if (options.wait && pool.runs_on_this_thread()) {
            throw RuntimeError("an executor's own thread cannot wait for the executor's end");
        }
        pool.shut = true;
        if (options.cancel_futures) not_begun = pool.take_queue();
        tell = pool.ends_now();
    }
    if (tell) pool.ended.state()->finish();
    pool.work_came.notify_all();
    while (not_begun) {
        ConcurrentBase* job = std::exchange(not_begun, not_begun->next);
        job->cancel();
        job->drop();
    }
    if (pool.simulated) {
        if (!options.wait || pool.abandoned) return pool.alive == 0;
        return pool.wait_for_simulated(options.timeout);
    }
    std::vector<std::thread> ended;
    {
        std::unique_lock lock(pool.mutex);
        const auto all_ended = [&] { return pool.alive == 0; };
        if (!options.wait || pool.abandoned) return all_ended();
        if (!options.timeout) {
            pool.work_came.wait(lock, all_ended);
        } else if (!pool.work_came.wait_for(lock, std::min<std::chrono::nanoseconds>(*options.timeout, longest_wait),
                                            all_ended)) {
            return false;
        }
        ended = std::exchange(pool.threads, {});
    }
    for (std::thread& t : ended) t.join();
    return true;
}

}  // namespace hocket
