// SPDX-License-Identifier: MIT
// How a coroutine plays a child process: its descriptors, its end, signals to it.
#include <hocket/sim/children_internal.h>

#include <hocket/base/errors.h>
#include <hocket/io/sim_files_internal.h>
#include <hocket/net/pipe_transport_internal.h>
#include <hocket/sim/scheduler_internal.h>

#include <fcntl.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <utility>
#include <vector>

namespace hocket::sim {

namespace {

constexpr int first_pid =
    5'000'000;  // above the kernel's PID_MAX_LIMIT: no process of the real system has such a number

constexpr std::array<const char*, 3> stream_names{"stdin", "stdout", "stderr"};

subprocess::Environment environment_of(const Spawn& spawn) {
    subprocess::Environment environment;
    for (const char* const* entry = spawn.environment; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        const std::size_t equals = text.find('=');
        environment.set(text.substr(0, equals), text.substr(equals + 1));
    }
    return environment;
}

// Before it has ended, its readers get what it wrote. What cannot be written makes its status 1, as with the programs of a shell.
Coro<> flush(StreamWriter stream, int& status) {
    stream.close();
    try {
        co_await stream.wait_closed();
    } catch (const OSError& e) {
        status = e.error_number() == EPIPE ? -SIGPIPE : 1;
    }
}

}  // namespace

/// The descriptors that a new process and its parent get. What the two have not taken over is closed again.
struct Children::Ends {
    HostState& host;
    std::array<int, 3> child{-1, -1, -1}, parent{-1, -1, -1};
    int pidfd = -1;

    explicit Ends(HostState& h) noexcept : host(h) {}
    Ends(const Ends&) = delete;
    Ends& operator=(const Ends&) = delete;
    ~Ends() {
        for (const int fd : {child[0], child[1], child[2], parent[0], parent[1], parent[2], pidfd}) {
            if (fd >= 0) host.kernel.close(fd);
        }
    }

    int install(Shared<Endpoint> endpoint, int& fd) const {
        if (const int result = host.kernel.room_for_descriptor(); result < 0) return result;
        endpoint->backend = host.backend;
        return fd = host.kernel.install(std::move(endpoint));
    }
    // A negative error where it cannot be opened.
    int open(std::size_t which, int wanted, const std::string& program) {
        Kernel& kernel = host.kernel;
        switch (wanted) {
            case Spawn::pipe: {
                auto [reader, writer] =
                    Endpoint::pipe(kernel, std::string("the ") + stream_names[which] + " of " + program);
                int& reads = which == 0 ? child[which] : parent[which];
                int& writes = which == 0 ? parent[which] : child[which];
                const int result = install(reader, reads);
                if (result >= 0) return install(std::move(writer), writes);
                writer->vanish();
                return result;
            }
            case Spawn::as_stdout: return 0;
            case Spawn::inherit:
            case Spawn::null: {
                Shared<OpenFile> device;
                const int result = kernel.files().open(kernel.files().root(), "/dev/null", O_RDWR, 0, false, device);
                return result < 0 ? result : child[which] = kernel.install(std::move(device));
            }
            default: return child[which] = kernel.duplicate(wanted);
        }
    }
};

int Children::spawn(Spawn& spawn) {
    std::string_view path = spawn.programs[0];
    const std::string name(path.substr(path.rfind('/') + 1));
    const std::string& host_name = host_.kernel.name();
    const Shared<Program> program = host_.scheduler.program(name);
    if (!program) {
        spawn.refused = std::make_exception_ptr(RuntimeError("simulated host " + host_name + ": no program \"" + name +
                                                             "\": give it one with World::program"));
        return -ENOSYS;
    }
    if (spawn.directory != nullptr) {
        spawn.failed = Spawn::Step::directory;
        const Shared<Inode> folder = host_.kernel.files().file_at(spawn.directory);
        if (!folder || !folder->is_folder()) return folder ? -ENOTDIR : -ENOENT;
    }
    if (spawn.pass_fds_count > 0) {
        spawn.failed = Spawn::Step::pass_descriptor;
        spawn.failed_fd = spawn.pass_fds[0];
        return -EOPNOTSUPP;
    }
    spawn.failed = Spawn::Step::program;
    if (!*program) return -ENOENT;
    spawn.failed = Spawn::Step::start;
    Ends ends(host_);
    for (std::size_t i = 0; i < 3; ++i) {
        if (const int result = ends.open(i, spawn.standard[i], name); result < 0) return result;
    }
    auto [pidfd, alive] = Endpoint::pipe(host_.kernel, "process " + name);
    auto made = Unique<Child>::make(program, name, std::move(alive));
    if (const int result = ends.install(std::move(pidfd), ends.pidfd); result < 0) return result;

    spawn.pid = first_pid + ++last_pid_;
    const auto stream = [&](std::size_t which) {
        using Direction = PipeTransport::Direction;
        TransportHandle handle(new PipeTransport(hocket::Network::of(*host_.loop), ends.child[which],
                                                 std::string("the ") + stream_names[which] + " of " + name,
                                                 which == 0 ? Direction::read : Direction::write));
        ends.child[which] = -1;
        return handle;
    };
    StreamReader in(stream(0));
    StreamWriter out(stream(1)), error(spawn.standard[2] == Spawn::as_stdout ? out : StreamWriter(stream(2)));
    ChildProcess process{.host = Host(host_),
                         .pid = spawn.pid,
                         .args = {},
                         .env = environment_of(spawn),
                         .cwd = spawn.directory != nullptr ? spawn.directory : "/",
                         .stdin = std::move(in),
                         .stdout = std::move(out),
                         .stderr = std::move(error)};
    for (const char* const* argument = spawn.arguments; *argument != nullptr; ++argument)
        process.args.emplace_back(*argument);
    for (std::size_t i = 0; i < 3; ++i) spawn.ends[i] = std::exchange(ends.parent[i], -1);
    spawn.pidfd = std::exchange(ends.pidfd, -1);
    Child& child = *children_.insert_or_assign(spawn.pidfd, std::move(made)).first->second;
    host_.kernel.tell("starts " + name, Told::life);
    child.task = host_.loop->create_task(play(child, std::move(process)), {.name = "process " + name});
    child.task.add_done_callback([this, &child](const Task<>&) { ended(child); });
    return 0;
}

Coro<> Children::play(Child& child, ChildProcess process) {
    const StreamWriter streams[] = {process.stdout, process.stderr};
    try {
        child.status = co_await (*child.program)(std::move(process)) & 0xFF;
        for (const StreamWriter& stream : streams) co_await flush(stream, *child.status);
    } catch (const CancelledError&) {
        child.status.reset();
        for (const StreamWriter& stream : streams) stream.abort();
        throw;
    } catch (const OSError& e) {
        child.status = -SIGPIPE;
        if (e.error_number() != EPIPE)
            host_.scheduler.fail(host_.kernel.name() + ": " + child.name + ": " + describe(std::current_exception()));
    } catch (...) {
        child.status = -SIGABRT;
        host_.scheduler.fail(host_.kernel.name() + ": " + child.name + ": " + describe(std::current_exception()));
    }
}

// Whatever ends its task without a signal to it is the end of its parent.
void Children::ended(Child& child) {
    if (!child.status || child.signal == SIGKILL) child.status = -(child.signal != 0 ? child.signal : SIGKILL);
    child.ended = true;
    const bool by_signal = *child.status < 0;
    host_.kernel.tell(child.name + (by_signal ? " is ended by signal " + std::to_string(-*child.status)
                                              : " ends with status " + std::to_string(*child.status)),
                      Told::life);
    Endpoint::close(child.alive);
}

Children::Child* Children::find(int pidfd) noexcept {
    const auto found = children_.find(pidfd);
    return found != children_.end() ? found->second.get() : nullptr;
}

int Children::wait_for_child(int pidfd, int& returncode) {
    const Child* const child = find(pidfd);
    if (child == nullptr) return -ECHILD;
    if (!child->ended) return -EAGAIN;
    returncode = *child->status;
    children_.erase(pidfd);
    return 0;
}

int Children::send_signal(int pidfd, int number) {
    Child* const child = find(pidfd);
    if (child == nullptr || child->ended) return -ESRCH;
    switch (number) {
        case 0:
        case SIGCHLD:
        case SIGCONT:
        case SIGURG:
        case SIGWINCH: return 0;
        case SIGSTOP:
        case SIGTSTP:
        case SIGTTIN:
        case SIGTTOU: return -EOPNOTSUPP;
        default: break;
    }
    if (number < 0 || number > SIGRTMAX) return -EINVAL;
    if (child->signal == 0 || number == SIGKILL) child->signal = number;
    child->task.cancel();
    return 0;
}

}  // namespace hocket::sim
