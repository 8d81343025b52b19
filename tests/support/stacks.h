// SPDX-License-Identifier: MIT
// Whether another process may read a thread's stack here, and name what it finds.
#pragma once

#include <hocket/base/here.h>
#include <hocket/base/symbols.h>

#include <tests/support/child.h>

#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <cerrno>

namespace hocket::testing {

/// Why not, for GTEST_SKIP; null: it may, and from here on each process that could trace this one may, where Yama is (kernel.yama.ptrace_scope).
inline const char* why_no_stacks() {
    if (const auto places = code_locations(here()); places.empty() || places.front().file.empty())
        return "built without libdw";
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
    const bool is_allowed = in_child([] { return ptrace(PTRACE_SEIZE, getppid(), 0, 0) == 0 ? 0 : 1; }) == 0;
    return is_allowed ? nullptr : "the kernel refuses ptrace (man 2)";
}

}  // namespace hocket::testing
