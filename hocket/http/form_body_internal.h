// SPDX-License-Identifier: MIT
// What a form with files becomes when it is sent.
#pragma once

#include <hocket/core/coro.h>
#include <hocket/http/body_stream.h>
#include <hocket/http/form_data.h>

#include <cstdint>
#include <string>

namespace hocket::http {

struct FormBody {
    std::string content_type = {};
    std::string whole = {};  // if no file is read
    BodyStream stream = {};  // else
    std::uint64_t length = 0;
};

/// Looks at the files: throws OSError for what is none, and ValueError for a name or field that cannot be written. The boundary is random.
Coro<FormBody> make_form_body(FormData form);

}  // namespace hocket::http
