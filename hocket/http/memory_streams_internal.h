// SPDX-License-Identifier: MIT
// Two ends of a connection that is nowhere but in this process.
#pragma once

#include <hocket/net/open_connection.h>

#include <utility>

namespace hocket::http {

/// Both ends of a stream in memory: what is written to one is read from the other. Who writes waits while more than 64 KiB are unread. Belongs to
/// the running loop.
std::pair<Streams, Streams> memory_streams();

}  // namespace hocket::http
