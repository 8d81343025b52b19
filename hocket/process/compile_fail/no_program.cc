// SPDX-License-Identifier: MIT
// What is started has a name.
#include <hocket/process/create_subprocess.h>

// error: no matching function for call to .*create_subprocess_exec
hocket::Coro<hocket::Process> start() {
#ifdef HOCKET_FIXED
    co_return co_await hocket::create_subprocess_exec("ls");
#else
    co_return co_await hocket::create_subprocess_exec();
#endif
}
