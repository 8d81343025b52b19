// SPDX-License-Identifier: MIT
// How a monitor ends: what goes with it, whoever is connected to it, and what another one keeps.
#include <hocket/inspect/monitor_test.h>

#include <hocket/inspect/remote.h>

#include <tests/support/trace.h>

#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <atomic>
#include <chrono>
#include <latch>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace hocket::inspect {
namespace {

using namespace std::chrono_literals;
using testing::thrown_by;

// Zero: it is not there.
ino_t number_of_file(const std::string& path) {
    struct stat found{};
    return ::lstat(path.c_str(), &found) == 0 ? found.st_ino : 0;
}

TEST_F(OnceMonitor, its_socket_goes_with_it) {
    const std::string path = monitor_path(getpid(), geteuid());
    EXPECT_NE(number_of_file(path), 0U);
    stop_monitor();
    EXPECT_EQ(number_of_file(path), 0U);
    EXPECT_EQ(thrown_by([] { snapshot_of_process(getpid()); }),
              "hocket::OSError: look into process " + std::to_string(getpid()) +
                  ", which has no monitor (HOCKET_INSPECT=1 starts one): No such file or directory");
    start_monitor();
    start_monitor();
    EXPECT_TRUE(snapshot_of_process(getpid()).loops.empty());
}

// A socket that listens in the place of a process's monitor.
class Listening {
public:
    explicit Listening(int pid) : path(monitor_path(pid, geteuid())), fd_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        ::unlink(path.c_str());
        EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(::listen(fd_, 1), 0);
    }
    Listening(const Listening&) = delete;
    Listening& operator=(const Listening&) = delete;
    ~Listening() {
        end();
        ::unlink(path.c_str());
    }
    void end() { ::close(std::exchange(fd_, -1)); }

    const std::string path;

private:
    int fd_;
};

// The number of a process that is no more.
int nobodys_number() {
    const pid_t child = fork();
    if (child == 0) _exit(0);
    EXPECT_EQ(::waitpid(child, nullptr, 0), child);
    return child;
}

TEST_F(OnceMonitor, the_next_one_removes_the_sockets_of_processes_that_have_crashed) {
    Listening crashed(nobodys_number()), another_crashed(nobodys_number()), hung(getppid());
    for (Listening* const listening : {&crashed, &another_crashed, &hung}) listening->end();
    const Listening in_a_container(nobodys_number());  // whose processes are not seen from here
    EXPECT_TRUE(testing::comes_true([&] {              // it removes some hundreds each time
        stop_monitor();
        start_monitor();
        return number_of_file(crashed.path) == 0 && number_of_file(another_crashed.path) == 0;
    }));
    EXPECT_NE(number_of_file(hung.path), 0U);
    EXPECT_NE(number_of_file(in_a_container.path), 0U);
    EXPECT_NE(number_of_file(monitor_path(getpid(), geteuid())), 0U);
}

TEST_F(RealMonitor, nothing_is_counted_for_one_that_has_stopped) {
    const auto amain = []() -> Coro<> {
        Observation observation(getpid());
        co_await to_thread([&] { observation.count(); });
        co_await until_watched(true);
        co_await to_thread([] { stop_monitor(); });
        co_await until_watched(false);
    };
    run(amain());
}

// It is patient with a client that does not read, for 5 s: what has ended before did not wait for that. A machine that has other work may need as
// long for all else, and is asked again.
TEST_F(RealMonitor, it_ends_though_a_client_does_not_read) {
    bool is_early = false;
    const auto amain = [&]() -> Coro<> {
        std::vector<Task<>> tasks;
        tasks.reserve(5000);
        for (int i = 0; i < 5000; ++i) tasks.push_back(create_task(rest()));
        co_await hocket::sleep(1ms);
        for (int i = 0; i < 5 && !is_early; ++i) {
            start_monitor();
            const ByHand client;
            const auto start = std::chrono::steady_clock::now();
            client.send("snapshot\n");
            EXPECT_EQ(co_await to_thread([&client] { return client.line().substr(0, 15); }), "hocket-snapshot");
            co_await to_thread([] { stop_monitor(); });
            is_early = std::chrono::steady_clock::now() - start < 5s;
            std::string last;
            for (std::string line = client.line(); !line.empty(); line = client.line()) last = line;
            EXPECT_FALSE(last.starts_with("end\t")) << "all of it fits into the socket";
        }
    };
    run(amain());
    EXPECT_TRUE(is_early);
}

// The next fork of this process waits at a door.
class Door {
public:
    Door() {
        static const int at_fork = pthread_atfork(
            [] {
                if (Door* const door = closed.exchange(nullptr)) door->wait();
            },
            nullptr, nullptr);
        (void)at_fork;
        closed = this;
    }
    Door(const Door&) = delete;
    Door& operator=(const Door&) = delete;
    void wait_for_fork() {
        EXPECT_TRUE(testing::comes_true([this] { return came_.try_wait(); }));
    }
    void open() { opened_.count_down(); }

private:
    void wait() {
        came_.count_down();
        opened_.wait();
    }
    static inline std::atomic<Door*> closed = nullptr;
    std::latch came_{1}, opened_{1};
};

TEST_F(OnceMonitor, one_that_ends_leaves_the_next_ones_socket_alone) {
    const std::string path = monitor_path(getpid(), geteuid());
    const ino_t first = number_of_file(path);
    const ByHand client;
    Door door;
    client.send("snapshot\n");
    door.wait_for_fork();
    std::thread stopping(stop_monitor);  // until the first one's thread has ended, which is amid its work
    EXPECT_TRUE(testing::comes_true([&] {
        start_monitor();  // the first one may be there yet
        const ino_t now = number_of_file(path);
        return now != first && now != 0;
    }));
    door.open();
    stopping.join();
    EXPECT_NE(number_of_file(path), 0U);
    EXPECT_EQ(snapshot_of_process(getpid()).pid, getpid());
}

}  // namespace
}  // namespace hocket::inspect
