// SPDX-License-Identifier: MIT
// A program is one text: its arguments follow it.
#include <hocket/process/create_subprocess.h>

#include <string>
#include <vector>

// error: no matching function for call to .*create_subprocess_exec
hocket::Coro<hocket::Process> start(std::vector<std::string> arguments) {
#ifdef HOCKET_FIXED
    co_return co_await hocket::create_subprocess_exec("ls", arguments);
#else
    co_return co_await hocket::create_subprocess_exec(arguments);
#endif
}
