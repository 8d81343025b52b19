// SPDX-License-Identifier: MIT
// A system that lacks system calls, as an older kernel or a container's does.
#pragma once

#include <gtest/gtest.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <tests/support/child.h>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

namespace hocket::testing {

/// `{SYS_clone, EINVAL, 0, CLONE_PIDFD}`: such a call fails with EINVAL, if its argument 0 has one of these bits; without bits, always.
struct RefusedCall {
    long number;
    int error;
    unsigned argument = 0;
    unsigned bits = 0;
};

/// From now on those of this thread fail, and of the threads and processes that it starts. False: the system does not let them be refused.
inline bool refuse(std::initializer_list<RefusedCall> calls) {
    std::vector<sock_filter> filter;
    const auto add = [&](unsigned code, std::size_t k, std::size_t if_true = 0, std::size_t if_false = 0) {
        filter.push_back({static_cast<std::uint16_t>(code), static_cast<std::uint8_t>(if_true),
                          static_cast<std::uint8_t>(if_false), static_cast<std::uint32_t>(k)});
    };
    for (const RefusedCall& call : calls) {
        add(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr));
        add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::size_t>(call.number), 0, call.bits != 0 ? 3 : 1);
        if (call.bits != 0) {  // the low half of the argument, which comes first
            add(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args) + 8 * call.argument);
            add(BPF_JMP | BPF_JSET | BPF_K, call.bits, 0, 1);
        }
        add(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(call.error));
    }
    add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    const sock_fprog program{.len = static_cast<unsigned short>(filter.size()), .filter = filter.data()};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/// Expects 0 from `body`, run in a child process for which these calls fail.
template <class Body>
void expect_success_without(std::initializer_list<RefusedCall> calls, Body body) {
    constexpr int cannot_refuse = 77;
    const int status = in_child([&] { return refuse(calls) ? body() : cannot_refuse; });
    if (status == cannot_refuse) GTEST_SKIP() << "the system does not let calls be refused";
    EXPECT_EQ(status, 0);
}

}  // namespace hocket::testing
