// SPDX-License-Identifier: MIT
// Chooses the backend of a loop.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/core/backend.h>

#include <string_view>

namespace hocket {

/// The backend `name` (`uring`, `epoll`, `virtual` or `sim`); without a name, the one that the environment variable HOCKET_BACKEND names;
/// without that, io_uring where the system allows it, else epoll.
///
/// Throws ValueError for an unknown name, OSError when the backend that was asked for cannot work here.
HOCKET_EXPORT Unique<Backend> make_backend(std::string_view name = {});

}  // namespace hocket
