// SPDX-License-Identifier: MIT
// From OpenSSL's queue of errors to exceptions.
#pragma once

#include <hocket/net/tls_error.h>

#include <exception>
#include <string>

namespace hocket {

/// Forgets what is in this thread's queue: to be called before each call whose errors count.
void clear_tls_errors() noexcept;
/// The number of the last error in the queue, 0 if there is none.
unsigned long last_tls_error() noexcept;
/// What the last error of the queue says of a connection.
std::exception_ptr tls_error(const std::string& attempted);
/// The end of file came before the peer's close_notify.
std::exception_ptr truncation_error(const std::string& attempted);
/// What the first one says of a file or a setting: the later ones only say who noticed. The system's own errors are OSErrors.
[[noreturn]] void throw_tls_setup_error(const std::string& attempted);

}  // namespace hocket
