// SPDX-License-Identifier: MIT
// Streams carry bytes: there are no encodings.
#include <hocket/process/create_subprocess.h>

// error: (no matching function for call to|has no non-static data member named 'encoding'|does not refer to any field|could not convert .* to 'hocket::SubprocessOptions')
hocket::Coro<hocket::Process> start() {
#ifdef HOCKET_FIXED
    co_return co_await hocket::create_subprocess_shell("ls", {.stdout = hocket::subprocess::PIPE});
#else
    co_return co_await hocket::create_subprocess_shell("ls", {.encoding = "utf-8"});
#endif
}
