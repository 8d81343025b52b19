// SPDX-License-Identifier: MIT
// Chooses the backend of a loop.
#pragma once

#include <hocket/core/backend.h>

#include <memory>
#include <string_view>

namespace hocket {

/// The backend `name` (`uring`, `epoll` or `virtual`); without a name, the one that the environment variable HOCKET_BACKEND names;
/// without that, io_uring where the system allows it, else epoll.
///
/// Throws ValueError for an unknown name, OSError when the backend that was asked for cannot work here.
HOCKET_EXPORT std::unique_ptr<Backend> make_backend(std::string_view name = {});

}  // namespace hocket
