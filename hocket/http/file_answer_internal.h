// SPDX-License-Identifier: MIT
// From a file that was found to an answer.
#pragma once

#include <hocket/core/coro.h>
#include <hocket/http/file_lookup_internal.h>
#include <hocket/http/file_response.h>

namespace hocket::http {

/// The answer to `request` with a file. Throws HttpError where it is none.
Coro<Response> answer_with_file(const Request& request, FoundFile found, FileResponseOptions options);

}  // namespace hocket::http
