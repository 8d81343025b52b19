// SPDX-License-Identifier: MIT
// A shell's command is a text.
#include <hocket/process/create_subprocess.h>

// error(clang): no viable conversion from 'int' to 'std::string'
// error(gcc): could not convert '123' from 'int' to
hocket::Coro<hocket::Process> start() {
#ifdef HOCKET_FIXED
    co_return co_await hocket::create_subprocess_shell("123");
#else
    co_return co_await hocket::create_subprocess_shell(123);
#endif
}
