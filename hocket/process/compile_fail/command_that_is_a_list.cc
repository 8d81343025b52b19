// SPDX-License-Identifier: MIT
// A shell's command is one text.
#include <hocket/process/create_subprocess.h>

#include <string>
#include <vector>

// error(clang): no viable conversion from 'std::vector<std::string>'
// error(gcc): could not convert 'command' from 'std::vector
hocket::Coro<hocket::Process> start(std::vector<std::string> command) {
#ifdef HOCKET_FIXED
    co_return co_await hocket::create_subprocess_shell(command.at(0));
#else
    co_return co_await hocket::create_subprocess_shell(command);
#endif
}
