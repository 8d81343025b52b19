// SPDX-License-Identifier: MIT
// When wait returns is one of three constants, not a number.
#include <hocket/flow/wait.h>

hocket::Coro<> amain(hocket::Future<int> future) {
    // error(clang): cannot initialize a member subobject of type '(hocket::)?ReturnWhen' with an rvalue of type 'int'
    // error(gcc): invalid conversion from 'int' to '(hocket::)?ReturnWhen'
#ifdef HOCKET_FIXED
    const hocket::WaitOptions options{.return_when = hocket::FIRST_COMPLETED};
#else
    const hocket::WaitOptions options{.return_when = -1};
#endif
    co_await hocket::wait({future}, options);
}
