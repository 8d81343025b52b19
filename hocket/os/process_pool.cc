// SPDX-License-Identifier: MIT
// The parent's side of a process pool: a thread for each worker, the workers' end, and what breaks the pool.
#include <hocket/os/process_pool.h>

#include <hocket/os/worker_internal.h>

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <mutex>
#include <thread>

namespace hocket {

BrokenProcessPool::~BrokenProcessPool() = default;

namespace {

std::string what_happened(const siginfo_t& end) {
    std::string text = "the process pool is broken: a worker process ";
    const std::string number = std::to_string(end.si_status);
    if (end.si_code == CLD_EXITED) return text + "ended with exit status " + number;
    if (end.si_code == 0) return text + "is gone";  // somebody else has waited for it
    const char* name = sigdescr_np(end.si_status);
    return text + "was ended by signal " + number + (name ? " (" + std::string(name) + ")" : "");
}

}  // namespace

/// Each thread blocks for one worker at a time, so there is always a free worker for a thread that has a call.
struct ProcessPoolExecutor::Pool {
    struct Worker {
        pid_t pid;  // 0 once it was waited for
        int pidfd;  // -1 from then on, and where the kernel makes none
        int fd;     // -1 once closed, when no thread uses it any more
        bool busy = false;

        // By its descriptor: the number may be another's, once somebody else has waited for the worker.
        void kill() const noexcept {
            if (pidfd < 0) {
                ::kill(pid, SIGKILL);
            } else {
                ::syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0);
            }
        }
    };

    Pool(unsigned size, const ProcessPoolOptions& options)
        : threads({.max_workers = size, .thread_name_prefix = "process"}) {
        WorkerSettings settings{.name_prefix = std::string(options.process_name_prefix),
                                .max_tasks = options.max_tasks_per_child,
                                .initializer = options.initializer};
        threads.work_for("ProcessPoolExecutor");
        workers.reserve(size);
        try {
            for (settings.number = 0; settings.number < size; ++settings.number) {
                const StartedWorker started = start_worker(settings);
                workers.push_back({started.pid, started.pidfd, started.fd});
            }
        } catch (...) {
            end();
            throw;
        }
    }

    Worker& take() {
        const std::lock_guard lock(mutex);
        if (!broken.empty()) throw BrokenProcessPool(broken);
        Worker& worker = *std::ranges::find(workers, false, &Worker::busy);
        worker.busy = true;
        return worker;
    }
    void give_back(Worker& worker) {
        const std::lock_guard lock(mutex);
        worker.busy = false;
    }

    /// A worker ended in the midst of a call.
    [[noreturn]] void lost(Worker& worker) {
        const std::lock_guard lock(mutex);
        if (broken.empty()) {
            worker.kill();  // it has ended, or closed its socket; of one that has ended this changes nothing
            kill_all(what_happened(wait_for_end(worker)));
        }
        throw BrokenProcessPool(broken);
    }

    /// A worker is of no use any more, and says why.
    void give_up(const std::string& why) {
        const std::lock_guard lock(mutex);
        if (broken.empty()) kill_all("the process pool is broken: " + why);
    }

    /// Kills the workers, and waits until they are gone. Threads that wait for a worker see its end. The lock is held.
    void kill_all(std::string reason) {
        broken = std::move(reason);
        for (const Worker& worker : workers) {
            if (worker.pid != 0) worker.kill();
            if (worker.fd >= 0) ::shutdown(worker.fd, SHUT_RDWR);  // a child of the worker's may hold its end
        }
        wait_for_workers();
    }

    static siginfo_t wait_for_end(Worker& worker) noexcept {
        siginfo_t end{};
        const bool by_number = worker.pidfd < 0;
        while (::waitid(by_number ? P_PID : P_PIDFD, static_cast<id_t>(by_number ? worker.pid : worker.pidfd), &end,
                        WEXITED) < 0 &&
               errno == EINTR) {
        }
        worker.pid = 0;
        if (!by_number) ::close(std::exchange(worker.pidfd, -1));
        return end;
    }

    /// For those that are left. The lock is held.
    void wait_for_workers() noexcept {
        for (Worker& worker : workers) {
            if (worker.pid != 0) wait_for_end(worker);
        }
    }

    /// Ends the workers that are left, which do nothing, by the end of what they read. No thread uses them.
    void dismiss() {
        const std::lock_guard lock(mutex);
        for (Worker& worker : workers) {
            if (worker.fd < 0) continue;
            ::shutdown(worker.fd, SHUT_RDWR);
            ::close(std::exchange(worker.fd, -1));
        }
        wait_for_workers();
    }

    /// Kills the workers; waits for the threads and closes the sockets that they use, unless this is one of them.
    void end() {
        {
            const std::lock_guard lock(mutex);
            if (broken.empty()) kill_all("the process pool is broken: its workers were killed");
        }
        const bool may_wait = !threads.runs_on_this_thread();
        threads.shutdown({.wait = may_wait});
        if (may_wait) dismiss();
    }

    const pid_t owner = ::getpid();
    std::mutex mutex;
    std::vector<Worker> workers;
    std::string broken;  // what happened, if it is
    ThreadPoolExecutor threads;
};

ProcessPoolExecutor::ProcessPoolExecutor(const ProcessPoolOptions& options)
    : pool_(Shared<Pool>::make(
          options.max_workers > 0 ? options.max_workers : std::max(std::thread::hardware_concurrency(), 1U), options)) {
}

ProcessPoolExecutor& ProcessPoolExecutor::operator=(ProcessPoolExecutor&& other) noexcept {
    if (this == &other) return *this;
    kill_workers();
    pool_ = std::move(other.pool_);
    return *this;
}

ProcessPoolExecutor::~ProcessPoolExecutor() { kill_workers(); }

const Shared<ProcessPoolExecutor::Pool>& ProcessPoolExecutor::pool() const {
    if (!pool_) throw RuntimeError("the process pool was moved away");
    return pool_;
}

ThreadPoolExecutor& ProcessPoolExecutor::threads(Pool& pool) noexcept { return pool.threads; }

std::string ProcessPoolExecutor::call(Pool& pool, const std::string& request) {
    Pool::Worker& worker = pool.take();
    std::string reply;
    bool answered = false;
    try {
        answered = send_message(worker.fd, request) && receive_message(worker.fd, reply);
    } catch (const std::exception& e) {
        pool.give_up("a worker's reply cannot be taken: " + std::string(e.what()));
        throw;
    }
    if (!answered) pool.lost(worker);
    if (reply.at(0) == reply_is_broken) {
        pool.give_up("its initializer failed: " + reply.substr(1));
        pool.lost(worker);
    }
    pool.give_back(worker);
    if (reply.at(0) == reply_is_exception) throw_exception(std::string_view(reply).substr(1));
    return reply;
}

unsigned ProcessPoolExecutor::max_workers() const { return pool()->threads.max_workers(); }

std::vector<int> ProcessPoolExecutor::worker_pids() const {
    const std::lock_guard lock(pool()->mutex);
    std::vector<int> pids;
    for (const Pool::Worker& worker : pool_->workers) {
        if (worker.pid != 0) pids.push_back(worker.pid);
    }
    return pids;
}

Coro<bool> ProcessPoolExecutor::close(ExecutorCloseOptions options) {
    const Shared<Pool> closed = pool();
    const bool in_time = co_await closed->threads.close(options);
    co_await run_in_executor([closed, in_time] {
        if (in_time) {
            closed->dismiss();
        } else {
            closed->end();
        }
    });
    co_return in_time;
}

void ProcessPoolExecutor::kill_workers() noexcept {
    if (!pool_) return;
    if (pool_->owner == ::getpid()) {
        pool_->end();
    } else {  // the child of a fork has neither the threads nor the right to end its parent's workers
        new Shared<Pool>(std::move(pool_));
    }
}

Coro<ProcessPoolExecutor&> ProcessPoolExecutor::aenter() {
    pool();
    co_return *this;
}

Coro<> ProcessPoolExecutor::aexit(std::exception_ptr) { co_await close(); }

}  // namespace hocket
