// SPDX-License-Identifier: MIT
// The arguments of a program are texts.
#include <hocket/process/create_subprocess.h>

// error: no matching function for call to .*create_subprocess_exec
hocket::Coro<hocket::Process> start() {
#ifdef HOCKET_FIXED
    co_return co_await hocket::create_subprocess_exec("sleep", {"123"});
#else
    co_return co_await hocket::create_subprocess_exec("sleep", {123});
#endif
}
