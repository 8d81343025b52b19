// SPDX-License-Identifier: MIT
// A shell is started by a function of its own.
#include <hocket/process/create_subprocess.h>

// error: (no matching function for call to|has no non-static data member named 'shell'|does not refer to any field|could not convert .* to 'hocket::SubprocessOptions')
hocket::Coro<hocket::Process> start() {
#ifdef HOCKET_FIXED
    co_return co_await hocket::create_subprocess_shell("ls", {.stdout = hocket::subprocess::PIPE});
#else
    co_return co_await hocket::create_subprocess_exec("ls", {}, {.shell = true});
#endif
}
