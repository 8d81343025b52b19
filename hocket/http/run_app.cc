// SPDX-License-Identifier: MIT
// Serving until a signal comes, on one loop or on several threads.
#include <hocket/http/http_server.h>

#include <hocket/base/errors.h>
#include <hocket/io/runner.h>
#include <hocket/io/signals.h>
#include <hocket/net/server.h>
#include <hocket/os/executor.h>
#include <hocket/sync/event.h>

#include <algorithm>
#include <csignal>
#include <mutex>

namespace hocket::http {

namespace {

/// A server on a thread of its own. `run` is that thread's, the rest is the first one's.
class Worker {
public:
    Worker(const Application& app, std::vector<Address> addresses, const ServeOptions& options)
        : app_(app), addresses_(std::move(addresses)), options_(options) {}
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    /// Until it is told to end. `listens` is called in `first`, once.
    void run(EventLoop& first, const Function<void()>& listens) { hocket::run(serve(first, listens)); }

    void close() {
        tell([this] { told_->set(); });
    }
    void abort() {
        tell([this] { server_->abort(); });
    }

private:
    Coro<> serve(EventLoop& first, const Function<void()>& listens) {
        const HttpServer server = co_await http::serve(app_, addresses_, options_);
        hocket::Event told;
        server_ = &server;
        told_ = &told;
        if (!begin(&get_running_loop())) told.set();
        first.call_soon_threadsafe([&listens] { listens(); });
        std::exception_ptr error;
        try {
            co_await told.wait();
            server.close();
            co_await server.wait_closed();
        } catch (...) {
            error = std::current_exception();
        }
        begin(nullptr);
        server_ = nullptr;
        told_ = nullptr;
        if (error) std::rethrow_exception(error);
    }

    // False: it was told to close already.
    bool begin(EventLoop* loop) {
        const std::scoped_lock lock(mutex_);
        loop_ = loop;
        return !is_closed_;
    }

    void tell(Function<void()> what) {
        const std::scoped_lock lock(mutex_);
        is_closed_ = true;
        if (!loop_) return;
        loop_->call_soon_threadsafe([this, f = std::move(what)] {
            if (server_) f();
        });
    }

    Application app_;
    std::vector<Address> addresses_;
    ServeOptions options_;
    // Of its own thread.
    const HttpServer* server_ = nullptr;
    hocket::Event* told_ = nullptr;

    std::mutex mutex_;
    EventLoop* loop_ = nullptr;  // while it may be told something
    bool is_closed_ = false;
};

/// All workers but the first, which is the calling thread itself.
class Crew {
public:
    Crew(hocket::Event& stop, unsigned workers) : stop_(stop), pool_({.max_workers = std::max(workers, 1U)}) {}

    void add(const Application& app, const HttpServer& first, const ServeOptions& options) {
        workers_.push_back(Unique<Worker>::make(app, first.sockets(), options));
    }
    /// Returns when all listen, or one has failed.
    Coro<> start() {
        if (workers_.empty()) co_return;
        waiting_ = workers_.size();
        for (const auto& worker : workers_) tasks_.push_back(create_task(watch(*worker)));
        while (waiting_ > 0 && !stop_.is_set()) {
            changed_.clear();
            co_await changed_.wait();
        }
    }
    void close() {
        for (const auto& worker : workers_) worker->close();
    }
    void abort() {
        for (const auto& worker : workers_) worker->abort();
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
        stop_.set();
        changed_.set();
    }

    hocket::Event& stop_;
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

HOCKET_CORO_WRAPPER Coro<HttpServer> serve_first(const Application& app, const RunAppOptions& options) {
    if (options.addresses.empty()) return serve(app, options.host, options.port, options.serve);
    return serve(app, options.addresses, options.serve);
}

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

Coro<> serve_until_signal(std::vector<Application> apps, RunAppOptions options) {
    if (apps.size() > 1 && !options.serve.reuse_port) {
        co_await check_unused(options);
        options.serve.reuse_port = true;
    }
    const HttpServer server = co_await serve_first(apps.front(), options);
    EventLoop& loop = get_running_loop();
    hocket::Event stop;
    Crew crew(stop, static_cast<unsigned>(apps.size() - 1));
    for (std::size_t i = 1; i < apps.size(); ++i) crew.add(apps[i], server, options.serve);
    bool is_second = false;
    for (const int signal : {SIGINT, SIGTERM}) {
        add_signal_handler(loop, signal, [&stop, &crew, &is_second, server] {
            if (std::exchange(is_second, true)) {
                server.abort();
                crew.abort();
            }
            stop.set();
        });
    }
    std::exception_ptr error;
    try {
        co_await crew.start();
        if (options.started && !stop.is_set()) options.started(server);
        co_await stop.wait();
    } catch (...) {  // of `started`
        error = std::current_exception();
    }
    server.close();
    crew.close();
    try {
        co_await server.wait_closed();
    } catch (...) {  // of the application's hooks
        if (!error) error = std::current_exception();
    }
    try {
        co_await crew.wait_ended();
    } catch (...) {
        if (!error) error = std::current_exception();
    }
    for (const int signal : {SIGINT, SIGTERM}) remove_signal_handler(loop, signal);
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
