// SPDX-License-Identifier: MIT
// The files of a simulated host: what programs see, and what of it the disk has.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/io/choices.h>
#include <hocket/io/file_calls_internal.h>
#include <hocket/io/sim_disk.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace hocket::sim {

class Kernel;
class FileSystem;

constexpr std::uint64_t sector_size = 512;
constexpr mode_t umask = 022;

/// The bytes of a file, in sectors; those that are missing are holes.
struct Contents {
    using Sector = std::array<char, sector_size>;
    std::map<std::uint64_t, Sector> sectors;
    std::uint64_t size = 0;

    void read(std::uint64_t offset, char* to, std::size_t count) const;
    /// What lies behind is gone.
    void cut(std::uint64_t to);
};

/// A file, a folder, a symbolic link, the name of a socket, or the null device.
class Inode {
public:
    Inode(FileSystem& files, mode_t mode);
    ~Inode();
    Inode(const Inode&) = delete;
    Inode& operator=(const Inode&) = delete;

    bool is_folder() const noexcept { return S_ISDIR(mode); }
    bool is_link() const noexcept { return S_ISLNK(mode); }
    bool is_file() const noexcept { return S_ISREG(mode); }

    FileSystem& files;
    const std::uint64_t number;
    const mode_t mode;
    unsigned names = 0;  ///< that lead here
    std::int64_t modified, changed;

    // A folder.
    using Names = std::map<std::string, Shared<Inode>, std::less<>>;
    Names entries, durable_entries;
    Shared<Inode> parent;  ///< null: the root, or removed

    std::string target;  ///< of a link

    // A file. The disk has `durable`, and for sectors that are not in `dirty`, nothing else will get there.
    Contents now, durable;
    std::set<std::uint64_t> dirty;
    std::optional<std::uint64_t> cut;         ///< the least size since it was synced, if that is below the durable one
    std::optional<std::int64_t> dirty_since;  ///< the first change that the system has not written

    /// The number of bytes, or -ENOSPC.
    std::int64_t write(std::uint64_t offset, const char* data, std::size_t count);
    void truncate(std::uint64_t size);
    void save();
    /// The machine has crashed: what is left is what the disk has.
    void settle();

private:
    void about_to_change();
    void write_back();
};

/// What a descriptor of a file stands for; duplicates share it.
struct OpenFile {
    Shared<Inode> inode;
    int flags = 0;
    std::int64_t position = 0;

    bool readable() const noexcept { return (flags & O_ACCMODE) != O_WRONLY && (flags & O_PATH) == 0; }
    bool writable() const noexcept { return (flags & O_ACCMODE) != O_RDONLY && (flags & O_PATH) == 0; }
};

/// One host's file system. It outlives the programs, and crashes: DiskConfig says how. Functions return what the system call of that name does,
/// or -errno.
class HOCKET_EXPORT FileSystem {
public:
    explicit FileSystem(Kernel& kernel);
    ~FileSystem();
    FileSystem(const FileSystem&) = delete;
    FileSystem& operator=(const FileSystem&) = delete;

    const Shared<Inode>& root() const noexcept { return root_; }

    // ---- By name, from the folder `from`

    /// `beneath`: EXDEV where the name leads out of `from`.
    int open(const Shared<Inode>& from, std::string_view path, int flags, mode_t mode, bool beneath,
             Shared<OpenFile>& opened);
    int status(const Shared<Inode>& from, std::string_view path, bool follow, sys::Status& status);
    int access(std::string_view path, int mode);
    int remove(const Shared<Inode>& from, std::string_view path, bool folder);
    int rename(std::string_view from, std::string_view to);
    int link(std::string_view path, std::string_view other);
    int symlink(std::string_view target, std::string_view path);
    std::int64_t readlink(std::string_view path, char* to, std::size_t size);
    int mkdir(std::string_view path, mode_t mode);
    int mknod(std::string_view path, mode_t mode);
    /// Six letters that no other call has drawn.
    std::string draw_letters();

    // ---- By what is open; an offset of -1 is the file's position, which moves then

    std::int64_t read(OpenFile& file, char* to, std::size_t size, std::int64_t offset = -1);
    std::int64_t write(OpenFile& file, const char* data, std::size_t size, std::int64_t offset = -1);
    std::int64_t seek(OpenFile& file, std::int64_t offset, int whence);
    int truncate(OpenFile& file, std::int64_t size);
    int sync(OpenFile& file);
    void status_of(const Inode& inode, sys::Status& status) const;
    int list(const OpenFile& file, std::vector<sys::FileCalls::Item>& items) const;
    void status_of_all(sys::Statvfs& status) const;
    /// A file without a name.
    Shared<OpenFile> make_unnamed(int flags, mode_t mode);

    // ---- From outside: nothing goes wrong, and all is durable

    /// Null: there is no file of that name.
    Shared<Inode> file_at(std::string_view path);
    /// Makes the folders around it. A negative error: something else is in the way.
    int put(std::string_view path, std::string_view data);

    /// The machine crashes. Nothing is open any more.
    void crash();

    std::int64_t wall_time() const noexcept;
    Choices& choices() const noexcept;
    const DiskConfig& config() const noexcept;
    /// Whether the system has written by now, unasked, what was to be written since `when`.
    bool is_written_back(std::int64_t when) const noexcept;
    /// Whether something that was neither synced nor written back is lost in the crash.
    bool is_lost();
    std::int64_t now() const noexcept;

private:
    friend class Inode;
    /// Where a name leads.
    struct Place {
        Shared<Inode> folder;  // null: the root, or what `.` or `..` names
        std::string name;
        Shared<Inode> inode;  // null: nothing has that name
        bool slash = false;   // behind the name
    };
    /// What becomes of a symbolic link at the end.
    enum class Last : std::uint8_t { followed, followed_with_slash, itself };
    struct Change {
        Shared<Inode> folder;
        std::string name;
        Shared<Inode> inode;  // that has the name now; null: none
    };
    struct Operation {
        std::vector<Change> changes;
        std::int64_t when = 0;
        bool moves_folder =
            false;  // into another: it survives with all that came before, lest folders be in each other
    };

    int look_up(const Shared<Inode>& from, std::string_view path, Last last, bool beneath, Place& place);
    int look_up(std::string_view path, Last last, Place& place) { return look_up(root_, path, last, false, place); }
    int check_new(const Place& place) const;
    int make(const Place& place, Shared<Inode> inode);
    void record(std::vector<Change> changes, bool moves_folder = false);
    void save_names_of(const Inode& inode);
    static void apply(const Operation& operation);
    void forget(Inode& inode);
    void take_over_names();
    bool has_room(std::uint64_t sectors) const noexcept;
    int fails();     // for no reason, as the configuration says
    bool is_full();  // the same
    Shared<Inode> make_inode(mode_t mode) { return Shared<Inode>::make(*this, mode); }

    Kernel& kernel_;
    std::map<std::uint64_t, Inode*> all_;
    std::uint64_t last_number_ = 1;  // the root's is 2, as on ext4
    std::uint64_t sectors_ = 0;      // that all files have now
    std::size_t lost_ = 0;           // in this crash
    Random letters_;
    bool made_ = false;                  // no disk fails while its host is being made
    std::vector<Operation> operations_;  // that are not durable
    Shared<Inode> root_;
};

}  // namespace hocket::sim
