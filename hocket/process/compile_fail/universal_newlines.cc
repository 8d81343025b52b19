// SPDX-License-Identifier: MIT
// Newlines stay as they are.
#include <hocket/process/create_subprocess.h>

// error: (no matching function for call to|has no non-static data member named 'universal_newlines'|does not refer to any field|could not convert .* to 'hocket::SubprocessOptions')
hocket::Coro<hocket::Process> start() {
#ifdef HOCKET_FIXED
    co_return co_await hocket::create_subprocess_exec("ls", {}, {.stdout = hocket::subprocess::PIPE});
#else
    co_return co_await hocket::create_subprocess_exec("ls", {}, {.universal_newlines = true});
#endif
}
