// SPDX-License-Identifier: MIT
// The monitor's thread: it answers requests, one line each, with snapshots that a forked child has taken.
#include <hocket/inspect/monitor.h>

#include <hocket/base/errors.h>
#include <hocket/base/owners.h>
#include <hocket/base/report.h>
#include <hocket/base/without_signals_internal.h>
#include <hocket/core/event_loop.h>
#include <hocket/inspect/forked_internal.h>
#include <hocket/inspect/monitor_address_internal.h>
#include <hocket/inspect/trace_internal.h>
#include <hocket/inspect/visit_internal.h>
#include <hocket/inspect/watch_internal.h>

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace hocket::inspect {

namespace {

constexpr std::size_t most_clients = 16, longest_request = 256;
constexpr int most_removed = 500;            // files of others, when it begins
constexpr int tries = 3;                     // an image of a loop that was amid a change may be unreadable
constexpr std::chrono::seconds patience(5);  // with a client that does not read
constexpr int pause = 1000;                  // milliseconds, where no descriptor, or no memory, is left for a client

// ---- Answers

std::string answer_with_snapshot(int stop) {
    for (int i = 0; i < tries; ++i) {
        if (std::string lines = take_snapshot(stop); !lines.empty()) return lines;
    }
    return "error\tthe tasks could not be read: each of " + std::to_string(tries) +
           " forked children ended before it had told them\n";
}

// ---- The socket

// A folder that nobody else may enter.
void make_folder(const std::string& folder) {
    if (::mkdir(folder.c_str(), 0700) < 0 && errno != EEXIST) throw OSError(errno, "make the folder " + folder);
    struct stat found{};
    if (::lstat(folder.c_str(), &found) < 0) throw OSError(errno, "look at the folder " + folder);
    if (!S_ISDIR(found.st_mode) || found.st_uid != geteuid() || (found.st_mode & 077) != 0)
        throw OSError(EPERM, "use " + folder + ", which is no folder of this user's alone");
}

// Whether nobody listens there.
bool is_left(const std::string& path) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return false;
    const sockaddr_un address = address_of(path);
    const bool is_refused =
        ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 && errno == ECONNREFUSED;
    ::close(fd);
    return is_refused;
}

// Removes the files of processes that have crashed. Those of a container may share the folder, and are not seen from here: that a number is
// no process's is not enough.
void remove_left(const std::string& folder) {
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(folder.c_str()), ::closedir);
    if (!entries) return;
    for (int removed = 0; removed < most_removed;) {
        const dirent* const entry = ::readdir(entries.get());
        if (entry == nullptr) return;
        const std::string_view name = entry->d_name;
        int pid = 0;
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (error != std::errc() || end != name.data() + name.size() || pid <= 0) continue;
        const std::string path = folder + "/" + entry->d_name;
        if (::kill(pid, 0) < 0 && errno == ESRCH && is_left(path) && ::unlink(path.c_str()) == 0) ++removed;
    }
}

// The file of a socket that listens.
class ListeningFile {
public:
    explicit ListeningFile(std::string path)
        : fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "make the monitor's socket"),
          path_(std::move(path)) {
        const std::string folder = path_.substr(0, path_.rfind('/'));
        make_folder(folder);
        remove_left(folder);
        ::unlink(path_.c_str());  // of a process that had this number, and crashed
        const sockaddr_un address = address_of(path_);
        if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
            throw OSError(errno, "bind the monitor's socket to " + path_);
        if (::chmod(path_.c_str(), 0600) == 0 && ::listen(fd, 16) == 0) return;
        const int error = errno;
        ::unlink(path_.c_str());
        throw OSError(error, "listen on " + path_);
    }
    ListeningFile(const ListeningFile&) = delete;
    ListeningFile& operator=(const ListeningFile&) = delete;
    ~ListeningFile() { remove(); }
    /// Harmless when it is removed already: what is there then is another's.
    void remove() noexcept {
        if (!path_.empty()) ::unlink(path_.c_str());
        path_.clear();
    }

    Descriptor fd;

private:
    std::string path_;
};

class Monitor {
public:
    Monitor() : file_(monitor_path(getpid(), geteuid())), stop_(::eventfd(0, EFD_CLOEXEC), "make the monitor's event") {
        const WithoutSignals guard;
        thread_ = std::thread([this] { serve(); });
        pthread_setname_np(thread_.native_handle(), "hocket-monitor");
    }
    Monitor(const Monitor&) = delete;
    Monitor& operator=(const Monitor&) = delete;
    ~Monitor() {
        const std::uint64_t one = 1;
        (void)!::write(stop_, &one, sizeof one);
        thread_.join();
    }
    /// From here on nobody finds it, and another may listen in its place.
    void remove_file() noexcept { file_.remove(); }
    /// In a forked child, where its thread is not.
    void close_descriptors() const noexcept {
        ::close(file_.fd);
        ::close(stop_);
    }

private:
    using Clock = std::chrono::steady_clock;
    struct Client {
        Descriptor fd;
        std::string input = {};
        bool counts = false;  // the loops count, as long as it is there
        bool traces = false;  // and keep their events
    };

    void serve() {
        std::vector<Client> clients;
        for (bool goes_on = true; goes_on;) {
            try {
                goes_on = serve(clients);
            } catch (const std::bad_alloc&) {
                clients.clear();
                ::poll(nullptr, 0, pause);
            }
        }
    }

    // What there is to do now, or next. False: the monitor is to end.
    bool serve(std::vector<Client>& clients) {
        if (std::ranges::none_of(clients, &Client::counts)) stop_counting();
        if (std::ranges::none_of(clients, &Client::traces)) stop_tracing();
        const bool pauses = Clock::now() < accepts_from_;
        std::vector<pollfd> watched{{stop_, POLLIN, 0}, {pauses ? -1 : int{file_.fd}, POLLIN, 0}};
        for (const Client& c : clients) watched.push_back({c.fd, POLLIN, 0});
        if (::poll(watched.data(), watched.size(), pauses ? pause : -1) < 0) return true;
        if (watched[0].revents != 0) {
            stop_counting();
            stop_tracing();
            return false;
        }
        std::vector<Client> staying;
        for (std::size_t i = 0; i < clients.size(); ++i) {
            if (watched[i + 2].revents == 0 || serve(clients[i])) staying.push_back(std::move(clients[i]));
        }
        clients = std::move(staying);
        if (watched[1].revents != 0) accept(clients);
        return true;
    }

    void accept(std::vector<Client>& clients) {
        const int fd = ::accept4(file_.fd, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno != EAGAIN && errno != ECONNABORTED)
                accepts_from_ = Clock::now() + std::chrono::milliseconds(pause);
            return;
        }
        Client client{.fd = Descriptor(fd, "accept")};
        ucred peer{};
        socklen_t size = sizeof peer;
        const bool known = ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
        if (!known || (peer.uid != geteuid() && peer.uid != 0)) return;
        if (clients.size() < most_clients) {
            clients.push_back(std::move(client));
        } else {
            send(client, "error\ttoo many look at it already\n");
        }
    }

    // False: it is gone.
    bool serve(Client& client) {
        char buffer[longest_request];
        const ssize_t n = ::recv(client.fd, buffer, sizeof buffer, MSG_DONTWAIT);
        if (n < 0) return errno == EAGAIN || errno == EINTR;
        if (n == 0) return false;
        client.input.append(buffer, static_cast<std::size_t>(n));
        for (std::size_t end; (end = client.input.find('\n')) != std::string::npos; client.input.erase(0, end + 1)) {
            if (!send(client, answer(client, std::string_view(client.input).substr(0, end)))) return false;
        }
        return client.input.size() <= longest_request;
    }

    std::string answer(Client& client, std::string_view request) {
        try {
            return result_of(client, request);
        } catch (const std::exception& e) {
            return "error\t" + std::string(e.what()) + "\n";
        }
    }

    std::string result_of(Client& client, std::string_view request) {
        if (request == "count") client.counts = true;
        if (client.counts) start_counting();
        if (request == "trace") {
            client.traces = true;
            TraceRing::lacked_memory = false;
        }
        if (client.traces) start_tracing();
        if (request == "count" || request == "trace") return "end\t0\n";
        if (request == "events") return trace_lines();
        if (request == "snapshot") return answer_with_snapshot(stop_);
        return "error\tno such request: " + std::string(request) + "\n";
    }

    // Also on loops that have come since.
    void start_counting() {
        counting_ = true;
        ask_loops([](EventLoop& loop) { Watch::begin(loop, Watch::monitor); }, false);
    }

    void stop_counting() {
        if (!counting_) return;
        ask_loops([](EventLoop& loop) { Watch::end(loop, Watch::monitor); }, true);
        counting_ = false;
    }

    void start_tracing() {
        tracing_ = true;
        ask_loops(TraceRing::begin_for_monitor, false);
    }

    void stop_tracing() {
        if (!tracing_) return;
        ask_loops([](EventLoop& loop) { TraceRing::end(loop, TraceRing::monitor); }, true);
        tracing_ = false;
    }

    // False: it does not read, or the monitor is to end.
    bool send(const Client& client, std::string_view data) const {
        const Clock::time_point end = Clock::now() + patience;
        while (!data.empty()) {
            const ssize_t n = ::send(client.fd, data.data(), data.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (n >= 0) {
                data.remove_prefix(static_cast<std::size_t>(n));
                continue;
            }
            if (errno != EAGAIN && errno != EINTR) return false;
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
            pollfd watched[] = {{client.fd, POLLOUT, 0}, {stop_, POLLIN, 0}};
            if (left <= 0 || ::poll(watched, 2, static_cast<int>(left)) == 0 || watched[1].revents != 0) return false;
        }
        return true;
    }

    ListeningFile file_;
    Descriptor stop_;
    std::thread thread_;
    Clock::time_point accepts_from_{};
    bool counting_ = false, tracing_ = false;  // a client has asked for it
};

// The process's. The child of a fork has no thread for it: it closes the descriptors, and may have its own.
class OneMonitor {
public:
    static OneMonitor& get() {
        static OneMonitor one;  // destroyed at exit, which removes the socket
        return one;
    }
    OneMonitor(const OneMonitor&) = delete;
    OneMonitor& operator=(const OneMonitor&) = delete;
    ~OneMonitor() { stop(); }

    void start() {
        const std::lock_guard lock(mutex_);
        if (!monitor_) monitor_ = Unique<Monitor>::make();
    }
    void stop() noexcept {
        Unique<Monitor> ending;  // its thread may be about to fork, which needs the mutex
        const std::lock_guard lock(mutex_);
        if (monitor_) monitor_->remove_file();  // the next one has a file of the same name
        std::swap(ending, monitor_);
    }

private:
    OneMonitor() {
        pthread_atfork([] { get().mutex_.lock(); }, [] { get().mutex_.unlock(); }, [] { get().renew_after_fork(); });
    }
    void renew_after_fork() noexcept {
        if (const Monitor* const parents = monitor_.release()) parents->close_descriptors();
        mutex_.unlock();
    }

    std::mutex mutex_;
    Unique<Monitor> monitor_;
};

}  // namespace

void start_monitor() { OneMonitor::get().start(); }

void stop_monitor() noexcept { OneMonitor::get().stop(); }

void start_monitor_if_asked() noexcept {
    const char* const asked = ::secure_getenv("HOCKET_INSPECT");
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
