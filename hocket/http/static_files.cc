// SPDX-License-Identifier: MIT
// From a path of a client's to a name beneath a folder, and the page that lists one.
#include <hocket/http/static_files.h>

#include <hocket/base/errors.h>
#include <hocket/http/errors.h>
#include <hocket/http/file_answer_internal.h>
#include <hocket/http/params.h>
#include <hocket/http/percent_internal.h>
#include <hocket/http/request.h>
#include <hocket/os/file_system_internal.h>
#include <hocket/os/open_beneath_internal.h>
#include <hocket/os/temporary_internal.h>

#include <fcntl.h>
#include <algorithm>
#include <optional>
#include <utility>

namespace hocket::http {

namespace {

/// A name beneath the folder, and whether it was asked for as a folder's.
struct FileName {
    std::string path;
    bool is_folder;
};

// Each segment is decoded once. Nothing for a path that would not mean the same to everybody: with `..`, an empty segment, an encoded slash.
std::optional<FileName> name_of(std::string_view path) {
    if (path == "/") return std::nullopt;
    FileName name{.path = {}, .is_folder = path.empty() || path.ends_with('/')};
    if (path.ends_with('/')) path.remove_suffix(1);
    while (!path.empty()) {
        const std::size_t end = std::min(path.find('/'), path.size());
        const std::string segment = percent_decode(path.substr(0, end));
        const bool is_plain = !segment.empty() && segment != "." && segment != ".." &&
                              segment.find_first_of(std::string_view("/\0", 2)) == std::string::npos;
        if (!is_plain) return std::nullopt;
        name.path.append(name.path.empty() ? "" : "/").append(segment);
        path.remove_prefix(end);
        if (path == "/") return std::nullopt;
        if (!path.empty()) path.remove_prefix(1);
    }
    if (name.path.empty()) name.path = ".";
    return name;
}

void append_html(std::string& to, std::string_view text) {
    for (const char c : text) {
        switch (c) {
            case '&': to += "&amp;"; break;
            case '<': to += "&lt;"; break;
            case '>': to += "&gt;"; break;
            case '"': to += "&quot;"; break;
            case '\'': to += "&#39;"; break;
            default: to += c;
        }
    }
}

constexpr std::string_view list_style =
    ":root{color-scheme:light dark}body{font:1rem/1.6 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 "
    "1rem}"
    "h1{font-size:1.25rem;overflow-wrap:anywhere}ul{list-style:none;padding:0}li{overflow-wrap:anywhere}";

/// `has_parent`: the folder above is shown, too.
Response page_of(std::string_view path, const std::vector<FolderEntry>& entries, bool has_parent) {
    std::string title;
    append_html(title, percent_decode(path));
    std::string page =
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">"
        "<title>Index of " +
        title + "</title><style>";
    page.append(list_style).append("</style></head>\n<body><h1>Index of ").append(title).append("</h1>\n<ul>\n");
    if (has_parent) page += "<li><a href=\"../\">../</a></li>\n";
    for (const FolderEntry& entry : entries) {
        const std::string_view slash = entry.is_folder ? "/" : "";
        page += "<li><a href=\"./";  // so that a colon in a name ends no scheme
        append_encoded(page, entry.name, component_set);
        page.append(slash).append("\">");
        append_html(page, entry.name);
        page.append(slash).append("</a></li>\n");
    }
    page += "</ul></body></html>\n";
    return html_response(
        std::move(page),
        {.headers = {{"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'"}}});
}

}  // namespace

class StaticFiles final : public Handler {
public:
    StaticFiles(std::string folder, StaticFilesOptions options)
        : folder_(std::move(folder)), options_(std::move(options)) {}

    std::optional<Coro<Response>> call(Request& request, Response&) override {
        return answer(request, name_of(request.path_values_.front()));
    }
    std::vector<Parameter> parameters() const override { return {}; }
    Produces produces() const noexcept override { return Produces::response; }

private:
    Coro<Response> answer(const Request& request, std::optional<FileName> name) const {
        if (!name) throw HttpError(404);
        const bool is_beneath = name->path != ".";
        FileQuery query{.folder = folder_,
                        .path = std::move(name->path),
                        .is_folder = name->is_folder,
                        .index = options_.index,
                        .lists = options_.show_index};
        if (options_.precompressed) query.codings = file_codings(request.headers());
        FoundFile found = co_await look_for_file(std::move(query));
        if (found.kind == FoundFile::Kind::folder && (options_.show_index || !options_.index.empty())) {
            if (!name->is_folder) co_return to_folder(request.path());
            if (options_.show_index) co_return page_of(request.path(), found.entries, is_beneath);
        }
        FileResponseOptions about{.headers = options_.headers, .precompressed = options_.precompressed};
        co_return co_await answer_with_file(request, std::move(found), std::move(about));
    }

    // What a folder's page names is relative to the folder. The location is relative, too: it leads to no other host.
    static Response to_folder(std::string_view path) {
        const std::string_view last = path.substr(path.rfind('/') + 1);
        return redirect_response("./" + std::string(last) + '/', {.status = 301});
    }

    const std::string folder_;
    const StaticFilesOptions options_;
};

Unique<Handler> make_static_files(std::string folder, StaticFilesOptions options) {
    fs::check_name(folder, "static_files");
    folder = fs::absolute_path(folder);
    const fs::ScopedDescriptor opened(fs::open_anywhere(folder, O_PATH | O_DIRECTORY));
    if (opened.fd < 0) throw OSError(-opened.fd, "static_files: open " + folder);
    if (options.index.find_first_of(std::string_view("/\0", 2)) != std::string::npos) {
        throw ValueError("static_files: the index " + in_quotes(options.index) + " is no name of a file in the folder");
    }
    return Unique<Handler>(new StaticFiles(std::move(folder), std::move(options)));
}

}  // namespace hocket::http
