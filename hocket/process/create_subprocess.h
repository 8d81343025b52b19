// SPDX-License-Identifier: MIT
// Starting programs.
#pragma once

#include <hocket/core/coro.h>
#include <hocket/process/process.h>
#include <hocket/process/subprocess_options.h>

#include <initializer_list>
#include <span>
#include <string>

namespace hocket {

/// `Process process = co_await create_subprocess_exec("git", {"log", "--oneline"}, {.stdout = subprocess::PIPE})`
/// (`asyncio.create_subprocess_exec`): starts a program, without a shell. A name without a slash is looked for in the PATH of `env`, or of this
/// process. Does not suspend: the loop stands still until the program runs, for a millisecond or less;
/// but as long as a file system of a network, or of another process, keeps the child from its folder or its program.
///
/// Signals do in it what they do by default, unless they are ignored here; none is blocked.
///
/// Throws OSError that names the program, and what else could not be done: `start process no-such-program: No such file or directory`, `start process
/// ls in /no/such/folder: No such file or directory`. ValueError for a null character in what it is given, and for STDOUT that is not for
/// standard error.
HOCKET_EXPORT Coro<Process> create_subprocess_exec(std::string program,
                                                   std::initializer_list<subprocess::Argument> arguments = {},
                                                   SubprocessOptions options = {});
/// The same with a vector of arguments, or another sequence of strings, which is copied.
HOCKET_EXPORT Coro<Process> create_subprocess_exec(std::string program, std::span<const std::string> arguments,
                                                   SubprocessOptions options = {});

/// Has /bin/sh run `command` (`asyncio.create_subprocess_shell`). What comes from elsewhere must be quoted, or it is run.
HOCKET_EXPORT Coro<Process> create_subprocess_shell(std::string command, SubprocessOptions options = {});

}  // namespace hocket
