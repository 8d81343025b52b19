// SPDX-License-Identifier: MIT
// Applications on several loops at once, and how they end together.
#include <hocket/http/client_session.h>
#include <hocket/http/server_test.h>
#include <hocket/net/net_test.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <tests/support/descriptors.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <mutex>
#include <set>
#include <thread>

namespace hocket::http {

namespace {

using namespace std::chrono_literals;

Coro<std::string> ask(std::string url) {
    try {
        ClientSession session;
        const ClientResponse response = co_await session.get(url);
        co_return co_await response.text();
    } catch (const std::exception& e) {
        co_return e.what();
    }
}

/// The threads that have answered.
struct Seen {
    std::mutex mutex;
    std::set<std::thread::id> threads;

    std::size_t add() {
        const std::scoped_lock lock(mutex);
        threads.insert(std::this_thread::get_id());
        return threads.size();
    }
    std::size_t count() {
        const std::scoped_lock lock(mutex);
        return threads.size();
    }
};

// Until each of so many threads has answered: the system deals connections out at random.
Coro<> ask_all(std::string url, Seen& seen, std::size_t threads) {
    while (seen.count() < threads) {
        const std::string answer = co_await ask(url);
        EXPECT_EQ(answer, "hello");
        if (answer != "hello") break;
    }
    raise(SIGTERM);
}

}  // namespace

TEST(RealHttpRunApp, workers_share_a_port_and_end_together) {
    const auto before = hocket::testing::open_descriptors();
    Seen seen;
    Application app;
    app.get("/", [&seen] {
        seen.add();
        return std::string("hello");
    });
    Task<> asking;
    RunAppOptions options{.port = 0, .workers = 3};
    options.started = [&](const HttpServer& server) { asking = create_task(ask_all(server.url(), seen, 3)); };
    run_app(app, std::move(options));
    asking = {};
    EXPECT_EQ(seen.count(), 3U);
    EXPECT_EQ(hocket::testing::open_descriptors(), before);
}

TEST(RealHttpRunApp, each_worker_has_an_application_with_its_own_life) {
    std::atomic<int> started = 0;
    std::atomic<int> ended = 0;
    const Function<Application()> make = [&] {
        Application app;
        app.cleanup_ctx([&](Application&) -> Lifespan {
            ++started;
            co_yield {};
            ++ended;
        });
        return app;
    };
    RunAppOptions options{.port = 0, .workers = 3};
    options.started = [&](const HttpServer&) {
        EXPECT_EQ(started, 3);
        raise(SIGINT);
    };
    run_app(make, std::move(options));
    EXPECT_EQ(ended, 3);
}

TEST(RealHttpRunApp, a_worker_that_fails_ends_all_and_is_thrown) {
    int made = 0;
    const Function<Application()> make = [&made] {
        Application app;
        app.on_startup([is_second = ++made == 2](Application&) -> Coro<> {
            if (is_second) throw ValueError("no database");
            co_return;
        });
        return app;
    };
    std::string error;
    try {
        run_app(make, {.port = 0, .workers = 3});
    } catch (const ValueError& e) {
        error = e.what();
    }
    EXPECT_EQ(error, "no database");
}

TEST(RealHttpRunApp, a_second_signal_aborts_the_workers_too) {
    std::atomic<int> waiting = 0;
    Application app;
    app.get("/", [&](Request&) -> Coro<std::string> {
        ++waiting;
        co_await hocket::sleep(10min);
        co_return "";
    });
    std::vector<Task<std::string>> requests;
    RunAppOptions options{.port = 0, .workers = 2};
    options.started = [&](const HttpServer& server) {
        for (int i = 0; i < 8; ++i) requests.push_back(create_task(ask(server.url())));
        create_task(
            [](std::atomic<int>& count) -> Coro<> {
                co_await hocket::testing::until([&count] { return count == 8; });
                raise(SIGTERM);
                co_await hocket::sleep(5ms);
                raise(SIGTERM);
            },
            std::ref(waiting));
    };
    run_app(app, std::move(options));
    requests.clear();
    EXPECT_EQ(waiting, 8);
}

TEST(RealHttpRunApp, workers_share_the_port_with_nobody_else) {
    const int other = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    ASSERT_EQ(::setsockopt(other, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes), 0);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof name;
    ASSERT_EQ(::bind(other, reinterpret_cast<const sockaddr*>(&name), size), 0);
    ASSERT_EQ(::listen(other, 1), 0);
    ASSERT_EQ(::getsockname(other, reinterpret_cast<sockaddr*>(&name), &size), 0);
    const std::uint16_t port = ntohs(name.sin_port);
    const auto outcome = [port](bool is_wanted, bool by_address) -> std::string {
        RunAppOptions options{.port = port, .workers = 2};
        if (by_address) options.addresses.push_back(Address::loopback(AddressFamily::ipv4, port));
        options.serve.reuse_port = is_wanted;
        options.started = [](const HttpServer&) { raise(SIGTERM); };
        try {
            run_app(Application(), std::move(options));
        } catch (const OSError& e) {
            return e.what();
        }
        return "served";
    };
    const std::string refused = "bind to 127.0.0.1:" + std::to_string(port) + ": Address already in use";
    EXPECT_EQ(outcome(false, false), refused);
    EXPECT_EQ(outcome(false, true), refused);
    EXPECT_EQ(outcome(true, false), "served");
    ::close(other);
}

// A hook that never ends, and what it leaves.
Application hanging(std::atomic<int>& begun, std::atomic<int>& left, bool at_the_start) {
    Application app;
    app.cleanup_ctx([&left](Application&) -> Lifespan {
        co_yield {};
        ++left;
    });
    const auto hang = [&begun](Application&) -> Coro<> {
        ++begun;
        co_await hocket::testing::forever();
    };
    at_the_start ? app.on_startup(hang) : app.on_shutdown(hang);
    return app;
}

// From another thread, since the loops have not come so far yet.
std::thread signals_when(const std::atomic<int>& begun, int count, int signals) {
    return std::thread([&begun, count, signals] {
        while (begun < count) std::this_thread::sleep_for(1ms);
        for (int i = 0; i < signals; ++i) {
            kill(getpid(), SIGTERM);
            std::this_thread::sleep_for(20ms);  // else several count as one
        }
    });
}

TEST(RealHttpRunApp, a_signal_ends_a_start_that_hangs) {
    std::atomic<int> begun = 0;
    std::atomic<int> left = 0;
    std::thread signals = signals_when(begun, 1, 1);
    run_app(hanging(begun, left, true), {.port = 0});
    signals.join();
    EXPECT_EQ(left, 1);
}

TEST(RealHttpRunApp, a_signal_ends_a_start_of_a_worker_that_hangs) {
    std::atomic<int> begun = 0;
    std::atomic<int> left = 0;
    int made = 0;
    const Function<Application()> make = [&] { return ++made == 1 ? Application() : hanging(begun, left, true); };
    std::thread signals = signals_when(begun, 2, 1);
    run_app(make, {.port = 0, .workers = 3});
    signals.join();
    EXPECT_EQ(left, 2);
}

TEST(RealHttpRunApp, a_second_signal_ends_hooks_that_hang) {
    std::atomic<int> begun = 0;
    std::atomic<int> left = 0;
    RunAppOptions options{.port = 0, .workers = 2};
    options.started = [](const HttpServer&) { raise(SIGTERM); };
    std::thread signals = signals_when(begun, 2, 1);
    run_app([&] { return hanging(begun, left, false); }, std::move(options));
    signals.join();
    EXPECT_EQ(left, 2);
}

// Of all workers, whichever has the request.
TEST(RealHttpRunApp, hooks_run_though_a_handler_ends_its_loop) {
    std::atomic<int> left = 0;
    const Function<Application()> make = [&left] {
        Application app;
        app.on_cleanup([&left](Application&) -> Coro<> {
            ++left;
            co_return;
        });
        app.get("/", []() -> std::string { throw SystemExit(3); });
        return app;
    };
    Task<std::string> asking;
    RunAppOptions options{.port = 0, .workers = 3};
    options.started = [&](const HttpServer& server) { asking = create_task(ask(server.url())); };
    bool has_exited = false;
    try {
        run_app(make, std::move(options));
    } catch (const SystemExit&) {
        has_exited = true;
    }
    asking = {};
    EXPECT_TRUE(has_exited);
    EXPECT_EQ(left, 3);
}

TEST(OnceHttpRunApp, refuses_what_makes_no_sense) {
    const auto refusal = [](const Application& app, RunAppOptions options) -> std::string {
        try {
            run_app(app, std::move(options));
        } catch (const ValueError& e) {
            return e.what();
        }
        return "nothing";
    };
    Application app;
    EXPECT_EQ(refusal(app, {.workers = 0}), "run_app: 0 workers");
    RunAppOptions on_a_path{.workers = 2};
    on_a_path.addresses.push_back(Address::local("/nowhere/x"));
    EXPECT_EQ(refusal(app, std::move(on_a_path)), "run_app: several workers share TCP ports only");
    app.on_startup([](Application&) -> Coro<> { co_return; });
    EXPECT_EQ(refusal(app, {.workers = 2}),
              "run_app: an application with hooks is of one loop: give a function that makes one for each worker");
}

}  // namespace hocket::http
