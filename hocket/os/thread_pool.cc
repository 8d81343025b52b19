// SPDX-License-Identifier: MIT
// The threads of a ThreadPoolExecutor, and their queue.
#include <hocket/os/thread_pool.h>

#include <pthread.h>
#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace hocket {

namespace {

// With its number, so much of the prefix as the kernel has room for.
void name_this_thread(std::string_view prefix, std::size_t number) noexcept {
    constexpr std::size_t room = 15;
    const std::string suffix = "_" + std::to_string(number);
    const std::string name = std::string(prefix.substr(0, room - std::min(suffix.size(), room))) + suffix;
    pthread_setname_np(pthread_self(), name.c_str());
}

}  // namespace

Executor::~Executor() = default;

struct ThreadPoolExecutor::Pool {
    unsigned max_workers;
    std::string prefix;

    std::mutex mutex;
    std::condition_variable work_came;
    ConcurrentBase* first = nullptr;  // the queue
    ConcurrentBase** last = &first;
    std::size_t queued = 0;
    std::size_t idle = 0;   // threads that wait for work
    std::size_t alive = 0;  // threads that have not left `work`
    bool shut = false;
    std::vector<std::thread> threads;
    ConcurrentFuture<> ended;  // running, so that nobody can cancel it
    bool told = false;         // that it ended

    void push(ConcurrentBase& job) noexcept {
        job.next = nullptr;
        *last = &job;
        last = &job.next;
        ++queued;
    }
    ConcurrentBase* pop() noexcept {
        ConcurrentBase* job = first;
        first = job->next;
        if (!first) last = &first;
        --queued;
        return job;
    }

    void work(std::size_t number) {
        name_this_thread(prefix, number);
        std::unique_lock lock(mutex);
        for (;;) {
            if (first) {
                ConcurrentBase* job = pop();
                lock.unlock();
                job->run();
                lock.lock();
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

    // Whether the caller is the one to tell that the pool has ended. The lock is held.
    bool ends_now() noexcept { return shut && alive == 0 && !std::exchange(told, true) && ended.state()->claim(); }

    // One more thread. The lock is held.
    void start() {
        const std::size_t number = threads.size();
        threads.emplace_back([this, number] { work(number); });
        ++alive;
    }

    bool runs_on_this_thread() const noexcept {
        return std::ranges::any_of(threads,
                                   [](const std::thread& t) { return t.get_id() == std::this_thread::get_id(); });
    }

    ConcurrentBase* take_queue() noexcept {
        last = &first;
        queued = 0;
        return std::exchange(first, nullptr);
    }
};

ThreadPoolExecutor::ThreadPoolExecutor(const ThreadPoolOptions& options) : pool_(Unique<Pool>::make()) {
    const unsigned processors = std::max(std::thread::hardware_concurrency(), 1U);
    pool_->ended.set_running_or_notify_cancel();
    pool_->max_workers = options.max_workers > 0 ? options.max_workers : std::min(32U, processors + 4);
    pool_->prefix = options.thread_name_prefix.empty() ? "hocket" : options.thread_name_prefix;
}

ThreadPoolExecutor::~ThreadPoolExecutor() { ThreadPoolExecutor::end({}); }

unsigned ThreadPoolExecutor::max_workers() const noexcept { return pool_->max_workers; }

bool ThreadPoolExecutor::runs_on_this_thread() const noexcept {
    const std::lock_guard lock(pool_->mutex);
    return pool_->runs_on_this_thread();
}

unsigned ThreadPoolExecutor::workers() const noexcept {
    const std::lock_guard lock(pool_->mutex);
    return static_cast<unsigned>(pool_->threads.size());
}

ConcurrentFuture<> ThreadPoolExecutor::ended() const noexcept { return pool_->ended; }

void ThreadPoolExecutor::execute(ConcurrentBase& job) {
    Pool& pool = *pool_;
    {
        const std::lock_guard lock(pool.mutex);
        if (pool.shut) throw RuntimeError("cannot schedule new futures after shutdown");
        if (pool.queued >= pool.idle && pool.threads.size() < pool.max_workers) {
            try {
                pool.start();
            } catch (const std::system_error& e) {
                // The threads that there are will come to it.
                if (pool.threads.empty()) throw OSError(e.code().value(), "start a thread");
            }
        }
        job.share();
        pool.push(job);
    }
    pool.work_came.notify_one();
}

void ThreadPoolExecutor::end(const ExecutorShutdownOptions& options) {
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
    if (!options.wait) return;
    std::vector<std::thread> ended;
    {
        std::unique_lock lock(pool.mutex);
        pool.work_came.wait(lock, [&] { return pool.alive == 0; });
        ended = std::exchange(pool.threads, {});
    }
    for (std::thread& t : ended) t.join();
}

}  // namespace hocket
