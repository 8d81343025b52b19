// SPDX-License-Identifier: MIT
// What the shell runs is not an option of its function.
#include <hocket/process/create_subprocess.h>

// error: (no matching function for call to|has no non-static data member named 'shell'|does not refer to any field|could not convert .* to 'hocket::SubprocessOptions')
hocket::Coro<hocket::Process> start() {
#ifdef HOCKET_FIXED
    co_return co_await hocket::create_subprocess_exec("ls");
#else
    co_return co_await hocket::create_subprocess_shell("ls", {.shell = false});
#endif
}
