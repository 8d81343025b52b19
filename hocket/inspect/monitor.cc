// SPDX-License-Identifier: MIT
// The monitor's thread: it answers requests, one line each, with snapshots that a forked child has taken.
#include <hocket/inspect/monitor.h>

#include <hocket/base/errors.h>
#include <hocket/base/owners.h>
#include <hocket/base/report.h>
#include <hocket/core/event_loop.h>
#include <hocket/inspect/snapshot.h>
#include <hocket/inspect/visit_internal.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace hocket::inspect {

namespace {

constexpr std::size_t most_clients = 16, longest_request = 256;
constexpr unsigned child_seconds = 10;  // then it is ended
constexpr int tries = 3;                // an image of a loop that was amid a change may be unreadable

class Descriptor {
public:
    Descriptor(int fd, const char* attempt) : fd_(fd) {
        if (fd < 0) throw OSError(errno, attempt);
    }
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    operator int() const noexcept { return fd_; }

private:
    int fd_;
};

// ---- Snapshots

// What cannot be read ends the child, and no more.
void end_quietly(int) { _exit(1); }

[[noreturn]] void write_snapshot(int to, const Visit& visit) {
    struct sigaction end{};
    end.sa_handler = end_quietly;
    for (const int number : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGALRM}) sigaction(number, &end, nullptr);
    sigset_t all;
    sigemptyset(&all);
    pthread_sigmask(SIG_SETMASK, &all, nullptr);
    alarm(child_seconds);
    Snapshot snapshot;
    snapshot.pid = getppid();
    for (int id = 1; id < 256; ++id) {
        EventLoop* const loop = EventLoop::with_id(static_cast<std::uint8_t>(id));
        if (loop == nullptr) continue;
        snapshot.loops.push_back(snapshot_of(*loop));
        const bool was_asked = loop->is_running() && loop->backend().real_time();
        snapshot.loops.back().blocked = was_asked && std::ranges::count(visit.came(), loop->mark()) == 0;
    }
    const std::string lines = to_lines(snapshot);
    for (std::size_t done = 0; done < lines.size();) {
        const ssize_t n = ::write(to, lines.data() + done, lines.size() - done);
        if (n < 0) _exit(1);
        done += static_cast<std::size_t>(n);
    }
    _exit(0);
}

// The lines of a snapshot, in a file without a name; empty: the child could not read what it saw.
std::string take_snapshot() {
    const Descriptor file(memfd_create("hocket-snapshot", MFD_CLOEXEC), "make memory for a snapshot");
    pid_t child = -1;
    Snapshot heading;
    heading.pid = getpid();
    {
        const Visit visit;
        child = fork();
        if (child == 0) write_snapshot(file, visit);
        heading.stopped = static_cast<std::uint64_t>(visit.stopped().count());
    }
    if (child < 0) throw OSError(errno, "fork for a snapshot");
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    std::string lines(static_cast<std::size_t>(lseek(file, 0, SEEK_END)), '\0');
    const ssize_t n = pread(file, lines.data(), lines.size(), 0);
    lines.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    // Of a child that somebody else has reaped the status is not known: the last line tells.
    const std::size_t last = lines.rfind('\n', lines.size() > 1 ? lines.size() - 2 : 0);
    const bool whole = last != lines.npos && std::string_view(lines).substr(last + 1).starts_with("end\t");
    return whole ? first_line(heading) + lines.substr(lines.find('\n') + 1) : std::string();
}

std::string answer(std::string_view request) {
    if (request != "snapshot") return "error\tno such request: " + std::string(request) + "\n";
    try {
        for (int i = 0; i < tries; ++i) {
            if (std::string lines = take_snapshot(); !lines.empty()) return lines;
        }
    } catch (const std::exception& e) {
        return "error\t" + std::string(e.what()) + "\n";
    }
    return "error\tthe tasks could not be read: a loop was amid a change each time\n";
}

// ---- The socket

// A folder that nobody else may enter.
void make_folder(const std::string& folder) {
    if (::mkdir(folder.c_str(), 0700) < 0 && errno != EEXIST) throw OSError(errno, "make the folder " + folder);
    struct stat found{};
    if (::lstat(folder.c_str(), &found) < 0) throw OSError(errno, "look at the folder " + folder);
    if (!S_ISDIR(found.st_mode) || found.st_uid != geteuid() || (found.st_mode & 077) != 0)
        throw OSError(EPERM, "use the folder " + folder + ", which others can write to");
}

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), std::min(path.size() + 1, sizeof address.sun_path - 1));
    return address;
}

class Monitor {
public:
    Monitor()
        : path_(monitor_path(getpid(), geteuid())),
          listening_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "make the monitor's socket"),
          stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "make the monitor's event") {
        make_folder(path_.substr(0, path_.rfind('/')));
        ::unlink(path_.c_str());  // of a process that had this number, and crashed
        const sockaddr_un address = address_of(path_);
        if (::bind(listening_, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 ||
            ::chmod(path_.c_str(), 0600) < 0 || ::listen(listening_, 16) < 0)
            throw OSError(errno, "listen on " + path_);
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);  // signals are for the program's threads
        thread_ = std::thread([this] { serve(); });
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
        pthread_setname_np(thread_.native_handle(), "hocket-monitor");
    }
    Monitor(const Monitor&) = delete;
    Monitor& operator=(const Monitor&) = delete;
    ~Monitor() {
        const std::uint64_t one = 1;
        (void)!::write(stop_, &one, sizeof one);
        thread_.join();
        ::unlink(path_.c_str());
    }

private:
    struct Client {
        Descriptor fd;
        std::string input = {};
    };

    void serve() {
        std::vector<Client> clients;
        for (;;) {
            std::vector<pollfd> watched{{stop_, POLLIN, 0}, {listening_, POLLIN, 0}};
            for (const Client& c : clients) watched.push_back({c.fd, POLLIN, 0});
            if (::poll(watched.data(), watched.size(), -1) < 0) continue;
            if (watched[0].revents != 0) return;
            std::vector<Client> staying;
            for (std::size_t i = 0; i < clients.size(); ++i) {
                if (watched[i + 2].revents == 0 || serve(clients[i])) staying.push_back(std::move(clients[i]));
            }
            clients = std::move(staying);
            if (watched[1].revents != 0) accept(clients);
        }
    }

    void accept(std::vector<Client>& clients) const {
        const int fd = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) return;
        Descriptor client(fd, "accept");
        ucred peer{};
        socklen_t size = sizeof peer;
        const bool known = ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
        if (!known || (peer.uid != geteuid() && peer.uid != 0) || clients.size() >= most_clients) return;
        const timeval patience{.tv_sec = child_seconds, .tv_usec = 0};
        ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        clients.push_back({.fd = std::move(client)});
    }

    // False: it is gone.
    static bool serve(Client& client) {
        char buffer[longest_request];
        const ssize_t n = ::recv(client.fd, buffer, sizeof buffer, MSG_DONTWAIT);
        if (n < 0) return errno == EAGAIN || errno == EINTR;
        if (n == 0) return false;
        client.input.append(buffer, static_cast<std::size_t>(n));
        for (std::size_t end; (end = client.input.find('\n')) != std::string::npos; client.input.erase(0, end + 1)) {
            if (!send(client, answer(std::string_view(client.input).substr(0, end)))) return false;
        }
        return client.input.size() <= longest_request;
    }

    static bool send(const Client& client, std::string_view data) {
        while (!data.empty()) {
            const ssize_t n = ::send(client.fd, data.data(), data.size(), MSG_NOSIGNAL);
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) return false;
            data.remove_prefix(static_cast<std::size_t>(n));
        }
        return true;
    }

    std::string path_;
    Descriptor listening_, stop_;
    std::thread thread_;
};

// The process's. The child of a fork has no thread for it, and leaves it alone.
struct OneMonitor {
    std::mutex mutex;
    Unique<Monitor> monitor;
    pid_t owner = 0;

    static OneMonitor& get() {
        static OneMonitor one;  // destroyed at exit, which removes the socket
        return one;
    }
    ~OneMonitor() { stop(); }
    void start() {
        const std::lock_guard lock(mutex);
        if (monitor && owner == getpid()) return;
        (void)monitor.release();  // a parent's
        monitor = Unique<Monitor>::make();
        owner = getpid();
    }
    void stop() noexcept {
        const std::lock_guard lock(mutex);
        if (owner == getpid()) {
            monitor.reset();
        } else {
            (void)monitor.release();
        }
    }
};

}  // namespace

void start_monitor() { OneMonitor::get().start(); }

void stop_monitor() noexcept { OneMonitor::get().stop(); }

void start_monitor_if_asked() noexcept {
    const char* const asked = std::getenv("HOCKET_INSPECT");
    if (asked == nullptr || *asked == '\0' || std::string_view(asked) == "0") return;
    try {
        start_monitor();
    } catch (const std::exception& e) {
        report("HOCKET_INSPECT: " + std::string(e.what()));
    }
}

std::string monitor_path(int pid, unsigned uid) {
    const std::string user = std::to_string(uid), runtime = "/run/user/" + user;
    struct stat found{};
    const bool there = ::stat(runtime.c_str(), &found) == 0 && found.st_uid == uid;
    return (there ? runtime + "/hocket/" : "/tmp/hocket-" + user + "/") + std::to_string(pid);
}

}  // namespace hocket::inspect
