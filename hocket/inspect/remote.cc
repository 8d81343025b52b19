// SPDX-License-Identifier: MIT
// Asks a monitor, and makes a graph of what it says.
#include <hocket/inspect/remote.h>

#include <hocket/base/errors.h>
#include <hocket/inspect/find_layout_internal.h>
#include <hocket/inspect/monitor.h>
#include <hocket/inspect/monitor_address_internal.h>
#include <hocket/inspect/thread_stack_internal.h>
#include <hocket/inspect/trace_internal.h>

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace hocket::inspect {

namespace {

constexpr std::chrono::seconds patience(10);       // three children's time, and a little
constexpr std::size_t most_places = 200;           // of a task in a graph
constexpr std::size_t largest_answer = 1UL << 32;  // 50 million tasks, or 20 million that are counted

std::optional<Layout> layout_of(const Memory& memory) {
    std::uint32_t other = 0;  // a snapshot is of this version, or refused
    return find_layout(memory, other);
}

class Graph {
public:
    Graph(const LoopSnapshot& loop, const Sources& sources) : loop_(loop), sources_(sources) {
        for (const TaskSnapshot& t : loop.tasks) tasks_.emplace(t.id, &t);
    }

    std::vector<AwaitNode> roots() {
        std::unordered_set<RemoteAddress> awaited;
        for (const TaskSnapshot& t : loop_.tasks) awaited.insert(t.awaited.begin(), t.awaited.end());
        std::vector<AwaitNode> all;
        for (const bool circles : {false, true}) {
            for (const TaskSnapshot& t : loop_.tasks) {
                if (!seen_.contains(t.id) && (circles || !awaited.contains(t.id))) all.push_back(below(t));
            }
        }
        return all;
    }

private:
    static constexpr std::size_t most_levels = 1000;

    AwaitNode below(const TaskSnapshot& task) {
        AwaitNode node = node_of(task, loop_, sources_);
        seen_.insert(task.id);
        path_.push_back(task.id);
        for (const RemoteAddress id : task.awaited) {
            const auto found = tasks_.find(id);
            if (found == tasks_.end()) continue;  // done since, or of another loop
            if (seen_.contains(id) || path_.size() >= most_levels) {
                const bool circle = std::ranges::find(path_, id) != path_.end();
                AwaitNode& again = node.awaits.emplace_back();
                again.name = found->second->name;
                again.state = std::string(name_of(found->second->state)) + (circle ? " (a cycle)" : " (shown above)");
            } else {
                node.awaits.push_back(below(*found->second));
            }
        }
        path_.pop_back();
        return node;
    }

    const LoopSnapshot& loop_;
    const Sources& sources_;
    std::unordered_map<RemoteAddress, const TaskSnapshot*> tasks_;
    std::unordered_set<RemoteAddress> seen_;
    std::vector<RemoteAddress> path_;
};

}  // namespace

// To the monitor of a process, and to nobody who says that he is it.
class Observation::Connection {
public:
    explicit Connection(int pid) : pid_(pid), what_("look into process " + std::to_string(pid)) {
        struct stat process{};
        if (::stat(("/proc/" + std::to_string(pid)).c_str(), &process) < 0) fail(ESRCH);
        const sockaddr_un address = address_of(monitor_path(pid, process.st_uid));
        fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd_ < 0) fail(errno);
        try {
            connect(address, pid, process.st_uid);
        } catch (...) {
            ::close(fd_);
            throw;
        }
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() { ::close(fd_); }

    /// All lines up to the last of an answer, which is no error.
    std::string ask(std::string request) {
        request += '\n';
        if (::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) < 0) fail(errno);
        const auto end = std::chrono::steady_clock::now() + patience;
        std::string answer;
        std::vector<char> buffer(1 << 16);
        while (!is_whole(answer)) {
            const auto left =
                std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
            pollfd watched{fd_, POLLIN, 0};
            if (left.count() <= 0 || ::poll(&watched, 1, static_cast<int>(left.count())) == 0) fail(ETIMEDOUT);
            const ssize_t n = ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
            if (n > 0) {
                answer.append(buffer.data(), static_cast<std::size_t>(n));
            } else if (n == 0) {
                fail(ECONNRESET);
            } else if (errno != EINTR && errno != EAGAIN) {
                fail(errno);
            }
            if (answer.size() > largest_answer) fail(EMSGSIZE);
        }
        constexpr std::string_view error = "error\t";
        if (!answer.starts_with(error)) return answer;
        answer.pop_back();
        throw RuntimeError("process " + std::to_string(pid_) + ": " + answer.substr(error.size()));
    }

private:
    // What still comes would be taken for the answer to the next request.
    [[noreturn]] void fail(int error) const {
        ::shutdown(fd_, SHUT_RDWR);
        throw OSError(error, what_);
    }

    void connect(const sockaddr_un& address, int pid, uid_t owner) {
        if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) {
            const int error = errno;
            if (error == ENOENT || error == ECONNREFUSED)
                what_ += ", which has no monitor (HOCKET_INSPECT=1 starts one)";
            fail(error);
        }
        ucred peer{};
        socklen_t size = sizeof peer;
        if (::getsockopt(fd_, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) fail(errno);
        if (peer.pid != pid || (peer.uid != owner && peer.uid != 0)) {
            what_ += ": another process, " + std::to_string(peer.pid) + ", answers in its place";
            fail(EPERM);
        }
    }

    // Its last line is that of a snapshot, or an error.
    static bool is_whole(std::string_view answer) {
        if (!answer.ends_with('\n')) return false;
        answer.remove_suffix(1);
        const std::string_view last = answer.substr(answer.rfind('\n') + 1);
        return last.starts_with("end\t") || last.starts_with("error\t");
    }

    int pid_;
    std::string what_;
    int fd_ = -1;
};

Observation::Observation(int pid) : connection_(Unique<Connection>::make(pid)) {}

Observation::~Observation() = default;

Snapshot Observation::look() { return from_lines(connection_->ask("snapshot")); }

void Observation::count() { connection_->ask("count"); }

void Observation::trace() { connection_->ask("trace"); }

std::string Observation::events(const Symbols& symbols) {
    return trace_from_lines(connection_->ask("events"),
                            [&symbols](std::uint64_t address) { return symbols.code_location(address); });
}

Snapshot snapshot_of_process(int pid) { return Observation(pid).look(); }

Sources Sources::of_process(int pid) {
    Sources sources{Symbols::of_process(pid)};
    try {
        sources.memory = memory_of_process(pid);
    } catch (const OSError&) {
        return sources;  // a monitor tells the rest all the same
    }
    sources.layout = layout_of(*sources.memory);
    return sources;
}

Sources Sources::of_core(const std::string& path) {
    Unique<Memory> memory = memory_of_core(path);
    Sources sources{Symbols::of_core(path), std::move(memory)};
    sources.layout = layout_of(*sources.memory);
    return sources;
}

std::vector<std::string> places_of(const TaskSnapshot& task, const LoopSnapshot& loop, const Sources& sources) {
    if (task.state == TaskSnapshot::State::running && loop.thread != 0 && !loop.stood)
        return places_of_running(task, loop, sources);
    std::vector<std::string> places;
    places.reserve(task.frames.size());
    for (const RemoteAddress frame : task.frames) places.push_back(sources.symbols.code_location(frame));
    return places;
}

AwaitNode node_of(const TaskSnapshot& task, const LoopSnapshot& loop, const Sources& sources) {
    AwaitNode node;
    node.name = task.name;
    node.state =
        task.state == TaskSnapshot::State::waiting ? "waits for " + task.awaits : std::string(name_of(task.state));
    if (task.cancels > 0) node.state += ", cancelled";
    node.frames = places_of(task, loop, sources);
    node.more_frames = node.frames.size() - std::min(node.frames.size(), most_places);
    node.frames.resize(node.frames.size() - node.more_frames);
    node.created_at = sources.symbols.code_location(task.created_at);
    return node;
}

std::vector<AwaitNode> graph_of(const LoopSnapshot& loop, const Sources& sources) {
    return Graph(loop, sources).roots();
}

}  // namespace hocket::inspect
