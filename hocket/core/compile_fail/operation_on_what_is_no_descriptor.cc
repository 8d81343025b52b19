// SPDX-License-Identifier: MIT
// What the system is asked to wait for is a descriptor.
#include <hocket/core/coro.h>
#include <hocket/core/operation.h>

#include <unistd.h>
#include <string>

// error: no matching (function for call to|constructor for initialization of) '.*PendingOperation
hocket::Coro<int> read_from(const std::string& name) {
#ifdef HOCKET_FIXED
    static_cast<void>(name);
    co_return co_await hocket::PendingOperation(hocket::Opcode::read, STDIN_FILENO);
#else
    co_return co_await hocket::PendingOperation(hocket::Opcode::read, name);
#endif
}
