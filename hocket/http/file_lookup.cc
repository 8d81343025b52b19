// SPDX-License-Identifier: MIT
// Which file it is, and what is known of it when it is open.
#include <hocket/http/file_lookup_internal.h>

#include <hocket/base/errors.h>
#include <hocket/http/content_encoding.h>
#include <hocket/io/file_calls_internal.h>
#include <hocket/os/buffered_file_internal.h>
#include <hocket/os/executor.h>
#include <hocket/os/open_beneath_internal.h>
#include <hocket/os/served_internal.h>
#include <hocket/os/temporary_internal.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <utility>

namespace hocket::http {

namespace {

using fs::Looking, fs::ScopedDescriptor;
using Kind = FoundFile::Kind;

// What compresses best stands first.
constexpr std::array siblings = {ContentCoding::br, ContentCoding::zstd, ContentCoding::gzip};

std::string_view ending_of(ContentCoding coding) noexcept {
    return coding == ContentCoding::br ? ".br" : coding == ContentCoding::zstd ? ".zst" : ".gz";
}

/// What is known of a name, without having opened the file.
struct Seen {
    int error = 0;  // negative
    Kind kind = Kind::nothing;
    std::int64_t modified = 0;
    bool by_kernel = false;
};

/// One search. What `at_hand` does not tell is thrown as NotAtHand.
class Search {
public:
    struct NotAtHand {};

    Search(const FileQuery& query, Looking looking)
        : query_(query), looking_(looking), folder_(query.folder.empty() ? -1 : open_folder()) {}

    FoundFile find() {
        if (!query_.folder.empty() && folder_.fd < 0) return of_error(folder_error_, query_.folder);
        const Seen seen = look_at(query_.path);
        if (seen.kind == Kind::folder && query_.is_folder && !query_.index.empty()) {
            const std::string index = query_.path + '/' + query_.index;
            const Seen inside = look_at(index);
            if (inside.kind == Kind::file) return of_file(index, inside);
        }
        if (seen.kind == Kind::folder) return of_folder();
        if (seen.error != 0) return of_error(seen.error, shown(query_.path));
        return seen.kind == Kind::file && !query_.is_folder ? of_file(query_.path, seen) : FoundFile();
    }

private:
    bool at_hand() const noexcept { return looking_ == Looking::at_hand; }
    std::string shown(const std::string& path) const {
        return query_.folder.empty() ? path : query_.folder + '/' + path;
    }

    int open_folder() {
        const int fd = fs::open_anywhere(query_.folder, O_PATH | O_DIRECTORY, looking_);
        if (fd == -EAGAIN && at_hand()) throw NotAtHand();
        if (fd < 0) folder_error_ = fd;
        return fd;
    }
    int open(const std::string& path, int flags) {
        const int fd = query_.folder.empty() ? fs::open_anywhere(path, flags, looking_)
                                             : fs::open_beneath(folder_.fd, path, flags, looking_);
        if (at_hand() && fd < 0 && fd != -ENOENT && fd != -ENOTDIR) throw NotAtHand();
        return fd;
    }

    // A device or a FIFO would notice that it is opened: so this is not done to find out what it is.
    Seen look_at(const std::string& path) {
        const ScopedDescriptor place(open(path, O_PATH));
        if (place.fd < 0) return {.error = place.fd};
        struct statx status{};
        if (fs::status_at_hand(place.fd, STATX_TYPE | STATX_MTIME, status) < 0) return {.error = -errno};
        Seen seen{.modified = time_of(status)};
        if (S_ISREG(status.stx_mode)) seen.kind = Kind::file;
        if (S_ISDIR(status.stx_mode)) seen.kind = Kind::folder;
        const dev_t device = fs::device_of(status);
        seen.by_kernel = fs::served(device) == fs::Served::by_kernel;
        if (at_hand() && !seen.by_kernel) throw NotAtHand();
        return seen;
    }
    static std::int64_t time_of(const struct statx& status) noexcept {
        return time_after(status.stx_mtime.tv_nsec, Duration(std::chrono::seconds(status.stx_mtime.tv_sec)).count());
    }

    // An older sibling has been compressed from another version.
    FoundFile of_file(const std::string& path, const Seen& plain) {
        for (const FileCoding& coding : query_.codings) {
            const std::string sibling = path + std::string(coding.ending);
            const Seen seen = look_at(sibling);
            if (seen.kind != Kind::file || seen.modified < plain.modified) continue;
            FoundFile found = opened(sibling);
            if (found.kind != Kind::file) continue;
            found.coding = coding.name;
            found.type_path = path;
            return found;
        }
        return opened(path);
    }

    FoundFile opened(const std::string& path) {
        constexpr int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
        ScopedDescriptor file(open(path, flags));
        if (file.fd < 0) return of_error(file.fd, shown(path));
        struct statx status{};
        constexpr unsigned wanted = STATX_TYPE | STATX_SIZE | STATX_MTIME;
        const int result = at_hand() ? fs::status_at_hand(file.fd, wanted, status)
                                     : sys::statx(file.fd, "", AT_EMPTY_PATH, wanted, &status);
        if (result < 0) return of_error(-errno, shown(path));
        if (!S_ISREG(status.stx_mode)) return {};
        const dev_t device = fs::device_of(status);
        const fs::Served by = at_hand() ? fs::served(device) : fs::learn_served(file.fd, device);
        FoundFile found{.kind = Kind::file,
                        .path = shown(path),
                        .type_path = path,
                        .size = status.stx_size,
                        .modified = time_of(status),
                        .by_kernel = by == fs::Served::by_kernel};
        fs::OpenMode mode = fs::parse_mode(found.path, "rb");
        found.opened = Shared<fs::BufferedFile>::make(found.path, file.fd, std::move(mode), fs::OpenOptions(), true);
        file.release();
        return found;
    }

    FoundFile of_folder() {
        FoundFile found{.kind = Kind::folder, .path = shown(query_.path)};
        if (!query_.lists || !query_.is_folder) return found;
        if (at_hand()) throw NotAtHand();
        const int fd = open(query_.path, O_RDONLY | O_DIRECTORY);
        if (fd < 0) return of_error(fd, found.path);
        sys::FolderReader entries(fd);
        if (!entries.is_open()) {
            const int error = -errno;
            sys::close(fd);
            return of_error(error, found.path);
        }
        while (const sys::FolderItem* const entry = entries.next()) {
            const std::string name = entry->name;
            if (name == "." || name == "..") continue;
            const Kind kind = look_at(query_.path + '/' + name).kind;
            if (kind != Kind::nothing) found.entries.push_back({name, kind == Kind::folder});
        }
        std::ranges::sort(found.entries, {}, [](const FolderEntry& e) { return std::pair(!e.is_folder, e.name); });
        return found;
    }

    FoundFile of_error(int error, const std::string& path) const {
        switch (-error) {
            case ENOENT:
            case ENOTDIR:
            case ENAMETOOLONG:
            case ELOOP:
            case EXDEV:
            case EINVAL:  // a name that this file system cannot have
            case ENXIO: return {};
            case EACCES:
            case EPERM: return {.kind = Kind::forbidden};
            default: throw OSError(-error, "open " + path);
        }
    }

    const FileQuery& query_;
    const Looking looking_;
    int folder_error_ = 0;
    ScopedDescriptor folder_;
};

std::optional<FoundFile> look_at_once(const FileQuery& query) {
    try {
        return Search(query, Looking::at_hand).find();
    } catch (const Search::NotAtHand&) {
        return std::nullopt;
    }
}

}  // namespace

std::vector<FileCoding> file_codings(const Headers& request) {
    std::vector<FileCoding> codings;
    for (const ContentCoding coding : accepted_codings(request, siblings))
        codings.push_back({coding_name(coding), ending_of(coding)});
    return codings;
}

Coro<FoundFile> look_for_file(FileQuery query) {
    std::optional<FoundFile> found = look_at_once(query);
    if (found) co_return *std::move(found);
    co_return co_await run_in_executor([query = std::move(query)] { return Search(query, Looking::anywhere).find(); });
}

}  // namespace hocket::http
