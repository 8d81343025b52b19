// SPDX-License-Identifier: MIT
// From options to a running child: what is asked for is checked, written in the system's words, and what failed is said.
#include <hocket/process/create_subprocess.h>

#include <hocket/core/backend.h>
#include <hocket/net/pipe_transport_internal.h>
#include <hocket/net/socket.h>
#include <hocket/process/child_internal.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

namespace hocket {

namespace {

using subprocess::Environment;
using subprocess::Stdio;

/// What is to be run.
struct Command {
    std::string program;                 // a path, or a name to look for
    std::vector<std::string> arguments;  // the first is the program's name for itself
};

void check_text(const std::string& text, const Command& command) {
    if (text.find('\0') != std::string::npos)
        throw ValueError("start process " + command.program + ": embedded null character");
}

int standard_of(Stdio stdio, bool is_stderr, const Command& command) {
    switch (stdio.kind()) {
        case Stdio::Kind::inherit: return Spawn::inherit;
        case Stdio::Kind::pipe: return Spawn::pipe;
        case Stdio::Kind::null: return Spawn::null;
        case Stdio::Kind::as_stdout:
            if (!is_stderr)
                throw ValueError("start process " + command.program + ": STDOUT is for standard error alone");
            return Spawn::as_stdout;
        case Stdio::Kind::descriptor: break;
    }
    if (stdio.fd() < 0)
        throw ValueError("start process " + command.program + ": there is no descriptor " + std::to_string(stdio.fd()));
    return stdio.fd();
}

/// The paths that a program's name stands for.
std::vector<std::string> paths_of(const std::string& program, const std::optional<Environment>& environment) {
    if (program.find('/') != std::string::npos) return {program};
    std::string_view folders = "/bin:/usr/bin";
    if (environment) {
        folders = environment->get("PATH").value_or(folders);
    } else if (const char* const path = std::getenv("PATH")) {
        folders = path;
    }
    std::vector<std::string> paths;
    for (;;) {
        const std::string_view folder = folders.substr(0, folders.find(':'));
        paths.push_back(folder.empty() ? "./" + program : std::string(folder) + "/" + program);
        if (folder.size() == folders.size()) return paths;
        folders.remove_prefix(folder.size() + 1);
    }
}

std::vector<const char*> pointers_to(const std::vector<std::string>& texts) {
    std::vector<const char*> pointers;
    pointers.reserve(texts.size() + 1);
    for (const std::string& text : texts) pointers.push_back(text.c_str());
    pointers.push_back(nullptr);
    return pointers;
}

[[noreturn]] void throw_failure(const Spawn& spawn, int error, const Command& command,
                                const SubprocessOptions& options) {
    if (spawn.refused) std::rethrow_exception(spawn.refused);
    std::string attempted = "start process " + command.program;
    switch (spawn.failed) {
        case Spawn::Step::directory: attempted += " in " + options.cwd; break;
        case Spawn::Step::session: attempted += " in a session of its own"; break;
        case Spawn::Step::group: attempted += " in process group " + std::to_string(spawn.process_group); break;
        case Spawn::Step::pass_descriptor: attempted += " with descriptor " + std::to_string(spawn.failed_fd); break;
        case Spawn::Step::start:
        case Spawn::Step::program: break;
    }
    throw OSError(error, attempted);
}

void check(const Command& command, const SubprocessOptions& options) {
    Transport::check_limit(options.limit);
    if (command.program.empty()) throw ValueError("start process: the program has no name");
    check_text(command.program, command);
    for (const std::string& argument : command.arguments) check_text(argument, command);
    check_text(options.cwd, command);
    for (const int fd : options.pass_fds) {
        if (fd < 0)
            throw ValueError("start process " + command.program + ": there is no descriptor " + std::to_string(fd));
    }
    if (options.process_group.value_or(0) < 0)
        throw ValueError("start process " + command.program + ": a process group is 0 or more");
}

/// Starts it; `spawn` then says its pid and descriptors.
void spawn_child(Network& network, const Command& command, const SubprocessOptions& options, Spawn& spawn) {
    check(command, options);
    spawn.standard[0] = standard_of(options.stdin, false, command);
    spawn.standard[1] = standard_of(options.stdout, false, command);
    spawn.standard[2] = standard_of(options.stderr, true, command);
    const std::vector<std::string> paths = paths_of(command.program, options.env);
    const std::vector<const char*> programs = pointers_to(paths), arguments = pointers_to(command.arguments);
    std::vector<const char*> environment;
    if (options.env) {
        environment = pointers_to(options.env->entries());
        spawn.environment = environment.data();
    }
    spawn.programs = programs.data();
    spawn.arguments = arguments.data();
    if (!options.cwd.empty()) spawn.directory = options.cwd.c_str();
    spawn.pass_fds = options.pass_fds.data();
    spawn.pass_fds_count = options.pass_fds.size();
    spawn.close_fds = options.close_fds || !options.pass_fds.empty();
    spawn.new_session = options.start_new_session;
    spawn.process_group = options.process_group.value_or(-1);
    spawn.umask = options.umask;
    const int result = network.backend().spawn(spawn);
    if (result < 0) throw_failure(spawn, -result, command, options);
}

}  // namespace

struct ProcessStart {
    static Process start(const Command& command, const SubprocessOptions& options) {
        using Direction = PipeTransport::Direction;
        Network& network = Network::of(get_running_loop());
        Spawn spawn;
        spawn_child(network, command, options, spawn);
        Descriptor ends[3] = {{network, spawn.ends[0]}, {network, spawn.ends[1]}, {network, spawn.ends[2]}};
        Process process(Child::watch(network, spawn.pidfd, spawn.pid, command.program));
        static constexpr const char* names[] = {"the stdin of ", "the stdout of ", "the stderr of "};
        for (int i = 0; i < 3; ++i) {
            if (ends[i].get() < 0) continue;
            process.streams_[i] =
                TransportHandle(new PipeTransport(network, ends[i].get(), names[i] + process.child_->name(),
                                                  i == 0 ? Direction::write : Direction::read, options.limit));
            static_cast<void>(ends[i].release());
        }
        return process;
    }
};

namespace {

Coro<Process> start_program(std::string program, std::vector<std::string> arguments, SubprocessOptions options) {
    const Command command{options.executable.empty() ? std::move(program) : options.executable, std::move(arguments)};
    co_return ProcessStart::start(command, options);
}

}  // namespace

HOCKET_CORO_WRAPPER Coro<Process> create_subprocess_exec(std::string program, std::span<const std::string> arguments,
                                                         SubprocessOptions options) {
    std::vector<std::string> copies{program};
    copies.insert(copies.end(), arguments.begin(), arguments.end());
    return start_program(std::move(program), std::move(copies), std::move(options));
}

HOCKET_CORO_WRAPPER Coro<Process> create_subprocess_exec(std::string program,
                                                         std::initializer_list<subprocess::Argument> arguments,
                                                         SubprocessOptions options) {
    std::vector<std::string> copies{program};
    for (const subprocess::Argument& argument : arguments) copies.emplace_back(argument.text());
    return start_program(std::move(program), std::move(copies), std::move(options));
}

HOCKET_CORO_WRAPPER Coro<Process> create_subprocess_shell(std::string command, SubprocessOptions options) {
    return start_program("/bin/sh", {"/bin/sh", "-c", std::move(command)}, std::move(options));
}

}  // namespace hocket
