// SPDX-License-Identifier: MIT
// Serving until a signal comes, on one loop or on several threads.
#include <hocket/http/http_server.h>

#include <hocket/base/errors.h>
#include <hocket/base/exception_group.h>
#include <hocket/io/runner.h>
#include <hocket/io/signals.h>
#include <hocket/net/server.h>
#include <hocket/os/executor.h>
#include <hocket/sync/event.h>

#include <algorithm>
#include <csignal>
#include <mutex>
#include <optional>

namespace hocket::http {

namespace {

/// Cancels, and nothing else.
bool is_all_cancelled(const std::exception_ptr& error) {
    if (is_cancelled(error)) return true;
    const ExceptionGroup* const group = exception_group(error);
    return group && !group->split<CancelledError>().second;
}

}  // namespace

/// A server from its start to its end, on its own loop. It is told to end, and told again if that takes too long.
class ServerLife {
public:
    ServerLife() = default;
    ServerLife(const ServerLife&) = delete;
    ServerLife& operator=(const ServerLife&) = delete;

    /// False if it was told to end before it stood. Throws what `serving` throws.
    Coro<bool> start(Coro<HttpServer> serving) {
        if (told_.is_set()) co_return false;
        starting_ = create_task(std::move(serving), {.name = "run_app: start"});
        std::exception_ptr error;
        try {
            server_ = co_await starting_;
            co_return true;
        } catch (...) {
            error = std::current_exception();
        }
        if (told_.is_set() && is_all_cancelled(error)) co_return false;
        std::rethrow_exception(error);
    }
    const HttpServer& server() const noexcept { return *server_; }
    bool is_told() const noexcept { return told_.is_set(); }
    Coro<> until_told() { co_await told_.wait(); }
    /// Closes the server, and waits. Throws what the application's hooks throw.
    Coro<> end() {
        server_->close();
        std::exception_ptr error;
        try {
            co_await server_->wait_closed();
        } catch (...) {
            error = std::current_exception();
        }
        if (error && !(is_hurried_ && is_all_cancelled(error))) std::rethrow_exception(error);
    }

    /// The first time.
    void stop() {
        told_.set();
        if (!server_ && starting_) starting_.cancel();
    }
    /// Each further time: what keeps it from its end is cancelled, be it a request or a hook.
    void hurry() {
        is_hurried_ = true;
        stop();
        if (!server_) return;
        server_->abort();
        server_->cancel_hooks();
    }

private:
    hocket::Event told_;
    bool is_hurried_ = false;
    Task<HttpServer> starting_;
    std::optional<HttpServer> server_;
};

namespace {

/// A server on a thread of its own. `run` is that thread's, the rest is the first one's.
class Worker {
public:
    Worker(const Application& app, std::vector<Address> addresses, const ServeOptions& options)
        : app_(app), addresses_(std::move(addresses)), options_(options) {}
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    /// Until it is told to end. `listens` is called in `first`, once, if it comes to that.
    void run(EventLoop& first, const Function<void()>& listens) { hocket::run(serve(first, listens)); }

    void stop() { tell(&ServerLife::stop); }
    void hurry() { tell(&ServerLife::hurry); }

private:
    using Word = void (ServerLife::*)();

    Coro<> serve(EventLoop& first, const Function<void()>& listens) {
        ServerLife life;
        if (!begin(get_running_loop(), life)) co_return;
        std::exception_ptr error;
        bool stands = false;
        try {
            stands = co_await life.start(http::serve(app_, addresses_, options_));
            if (stands) {
                first.call_soon_threadsafe([&listens] { listens(); });
                co_await life.until_told();
            }
        } catch (...) {  // a cancel of all that runs on this thread, too: then it ends as well as it can
            error = std::current_exception();
        }
        if (stands) {
            try {
                co_await life.end();
            } catch (...) {
                if (!error) error = std::current_exception();
            }
        }
        end();
        if (error) std::rethrow_exception(error);
    }

    // False: it was told to end already.
    bool begin(EventLoop& loop, ServerLife& life) {
        const std::scoped_lock lock(mutex_);
        if (is_told_) return false;
        loop_ = &loop;
        life_ = &life;
        return true;
    }
    void end() {
        const std::scoped_lock lock(mutex_);
        loop_ = nullptr;
        life_ = nullptr;
    }

    void tell(Word word) {
        const std::scoped_lock lock(mutex_);
        is_told_ = true;
        if (!loop_) return;
        loop_->call_soon_threadsafe([this, word] {
            if (life_) (life_->*word)();
        });
    }

    Application app_;
    std::vector<Address> addresses_;
    ServeOptions options_;
    ServerLife* life_ = nullptr;  // of its own thread

    std::mutex mutex_;
    EventLoop* loop_ = nullptr;  // while it may be told something
    bool is_told_ = false;
};

/// All workers but the first, which is the calling thread itself.
class Crew {
public:
    Crew(ServerLife& first, unsigned workers) : first_(first), pool_({.max_workers = std::max(workers, 1U)}) {}

    void add(const Application& app, const ServeOptions& options) {
        workers_.push_back(Unique<Worker>::make(app, first_.server().sockets(), options));
    }
    /// Returns when all listen, or the first one is told to end, as it is when one of them has failed.
    Coro<> start() {
        if (workers_.empty()) co_return;
        waiting_ = workers_.size();
        for (const auto& worker : workers_) tasks_.push_back(create_task(watch(*worker)));
        while (waiting_ > 0 && !first_.is_told()) {
            changed_.clear();
            co_await changed_.wait();
        }
    }
    void stop() {
        for (const auto& worker : workers_) worker->stop();
        changed_.set();
    }
    void hurry() {
        for (const auto& worker : workers_) worker->hurry();
        changed_.set();
    }
    /// Throws what the first one threw that failed.
    Coro<> wait_ended() {
        for (const Task<>& task : tasks_) co_await task;
        if (error_) std::rethrow_exception(error_);
    }

private:
    // One that ends ends all.
    Coro<> watch(Worker& worker) {
        EventLoop& loop = get_running_loop();
        try {
            co_await run_in_executor(pool_, [this, &worker, &loop] { worker.run(loop, listens_); });
        } catch (...) {
            if (!error_) error_ = std::current_exception();
        }
        first_.stop();
        changed_.set();
    }

    ServerLife& first_;
    hocket::Event changed_;
    std::size_t waiting_ = 0;
    const Function<void()> listens_ = [this] {
        --waiting_;
        changed_.set();
    };
    std::exception_ptr error_;
    std::vector<Unique<Worker>> workers_;
    std::vector<Task<>> tasks_;
    ThreadPoolExecutor pool_;  // its threads end first
};

/// While it lives, SIGINT and SIGTERM call `f`.
class OnSignals {
public:
    OnSignals(EventLoop& loop, Function<void()> f) : loop_(loop), f_(std::move(f)) {
        for (const int signal : {SIGINT, SIGTERM}) add_signal_handler(loop_, signal, [this] { f_(); });
    }
    OnSignals(const OnSignals&) = delete;
    OnSignals& operator=(const OnSignals&) = delete;
    ~OnSignals() {
        for (const int signal : {SIGINT, SIGTERM}) remove_signal_handler(loop_, signal);
    }

private:
    EventLoop& loop_;
    Function<void()> f_;
};

// A socket that shares its port as ours do would get a part of the connections, and nobody would know: that is refused as any other one.
Coro<> check_unused(const RunAppOptions& options) {
    const auto nobody = [](StreamReader, StreamWriter) -> Coro<> { co_return; };
    const ServerOptions quiet{.start_serving = false};
    std::vector<Server> bound;
    if (options.addresses.empty() && options.port != 0) {
        const Server server = co_await start_server(nobody, options.host, options.port, quiet);
        bound.push_back(server);
    }
    for (const Address& address : options.addresses) {
        if (address.port() == 0) continue;
        const Server server = co_await start_server(nobody, address, quiet);
        bound.push_back(server);
    }
    for (const Server& server : bound) {
        server.close();
        co_await server.wait_closed();
    }
}

// `options` lives longer than this. `alone`: nobody has the port yet.
Coro<HttpServer> serve_first(Application app, const RunAppOptions& options, bool alone) {
    if (alone) co_await check_unused(options);
    if (options.addresses.empty()) co_return co_await serve(app, options.host, options.port, options.serve);
    co_return co_await serve(app, options.addresses, options.serve);
}

Coro<> serve_until_signal(std::vector<Application> apps, RunAppOptions options) {
    const bool shares = apps.size() > 1;
    const bool alone = shares && !options.serve.reuse_port;  // but for each other
    options.serve.reuse_port |= shares;
    ServerLife first;
    Crew crew(first, static_cast<unsigned>(apps.size() - 1));
    bool is_told = false;
    const OnSignals telling(get_running_loop(), [&] {
        const bool again = std::exchange(is_told, true);
        again ? first.hurry() : first.stop();
        again ? crew.hurry() : crew.stop();
    });
    const bool stands = co_await first.start(serve_first(apps.front(), options, alone));
    if (!stands) co_return;
    std::exception_ptr error;
    try {
        for (std::size_t i = 1; i < apps.size(); ++i) crew.add(apps[i], options.serve);
        co_await crew.start();
        if (options.started && !first.is_told()) options.started(first.server());
        co_await first.until_told();
    } catch (...) {  // of `started`
        error = std::current_exception();
    }
    crew.stop();
    try {
        co_await first.end();
    } catch (...) {  // of the application's hooks
        if (!error) error = std::current_exception();
    }
    try {
        co_await crew.wait_ended();
    } catch (...) {
        if (!error) error = std::current_exception();
    }
    if (error) std::rethrow_exception(error);
}

void check(const RunAppOptions& options) {
    if (options.workers < 1) throw ValueError("run_app: " + std::to_string(options.workers) + " workers");
    const bool has_path = std::ranges::any_of(options.addresses, [](const Address& a) { return !a.is_ip(); });
    if (options.workers > 1 && has_path) throw ValueError("run_app: several workers share TCP ports only");
}

}  // namespace

void run_app(const Application& app, RunAppOptions options) {
    check(options);
    if (options.workers > 1 && app.has_hooks()) {
        throw ValueError(
            "run_app: an application with hooks is of one loop: give a function that makes one for each worker");
    }
    std::vector<Application> apps(static_cast<std::size_t>(options.workers), app);
    hocket::run(serve_until_signal(std::move(apps), std::move(options)));
}

void run_app(const Function<Application()>& make, RunAppOptions options) {
    check(options);
    std::vector<Application> apps;
    apps.reserve(static_cast<std::size_t>(options.workers));
    for (int i = 0; i < options.workers; ++i) apps.push_back(make());
    hocket::run(serve_until_signal(std::move(apps), std::move(options)));
}

}  // namespace hocket::http
