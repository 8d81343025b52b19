// SPDX-License-Identifier: MIT
// A stream's buffer has no size to choose: limit bounds what a line may have.
#include <hocket/process/create_subprocess.h>

// error: (no matching function for call to|has no non-static data member named 'bufsize'|does not refer to any field|could not convert .* to 'hocket::SubprocessOptions')
hocket::Coro<hocket::Process> start() {
#ifdef HOCKET_FIXED
    co_return co_await hocket::create_subprocess_shell("ls", {.limit = 4096});
#else
    co_return co_await hocket::create_subprocess_shell("ls", {.bufsize = 4096});
#endif
}
