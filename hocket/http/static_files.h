// SPDX-License-Identifier: MIT
// A folder whose files an application shows.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/http/headers.h>
#include <hocket/http/route.h>

#include <string>

namespace hocket::http {

/// `app.static_files("/assets", "public", {.headers = {{"Cache-Control", "max-age=3600"}}})`
struct StaticFilesOptions {
    Headers headers = {};       ///< of each answer with a file
    bool precompressed = true;  ///< send `a.css.br`, `.zst` or `.gz` for `a.css`: see FileResponseOptions
    std::string index = {};     ///< the file that stands for a folder, such as `index.html`; empty: none
    bool show_index = false;    ///< show a list of what is in a folder, where it has no index
};

/// Who answers for a folder: see Application::static_files.
Unique<Handler> make_static_files(std::string folder, StaticFilesOptions options);

}  // namespace hocket::http
