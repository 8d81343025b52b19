// SPDX-License-Identifier: MIT
// Where a process has the table of offsets by which its loops and tasks are read.
#pragma once

#include <hocket/core/layout.h>
#include <hocket/inspect/memory.h>

#include <cstdint>
#include <optional>

namespace hocket::inspect {

/// The table, if there is one of this version of hocket; `other` is the version of one that cannot be used.
std::optional<Layout> find_layout(const Memory& memory, std::uint32_t& other);

}  // namespace hocket::inspect
