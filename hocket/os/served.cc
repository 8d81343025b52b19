// SPDX-License-Identifier: MIT
// The types of file systems that are served by others, and the devices whose type was asked for.
#include <hocket/os/served_internal.h>

#include <hocket/io/file_calls_internal.h>

#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <array>
#include <atomic>

namespace hocket::fs {

namespace {

// Beside the caches of frames the one thing that outlives a loop: it is a fact about the machine, and asking costs what is to be spared. One word
// a device, so no lock.
//
// A number that is given to another file system later tells wrong of it: those without a device of their own get the smallest that is free, so
// that a FUSE mount may have the number of a tmpfs that is gone. Then the loop waits for its server, until another device takes the place here.
// So it is with the root after a chroot or pivot_root (man 2): whether it is another one cannot be asked more cheaply than what is spared.
constinit std::array<std::atomic<std::uint64_t>, 64> known{};
constinit std::atomic<dev_t> root{0};  // the device of /, when it is known

constexpr std::uint64_t kind_bits = 3;
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

std::uint64_t key_of(dev_t device) noexcept { return std::uint64_t{device} << 2; }
std::atomic<std::uint64_t>& place_of(dev_t device) noexcept { return known[device % known.size()]; }

}  // namespace

// The numbers are those of linux/magic.h, where it has them, else those of stat (coreutils). Overlayfs does not tell who serves what lies under it:
// it is taken for the kernel's, since it is the root of most containers and its layers are nearly always on a disk of the machine. With a
// layer on a network, the loop waits for that one's server.
Served served_of_type(long type) noexcept {
    switch (static_cast<std::uint32_t>(type)) {
        case 0x6969:      // NFS
        case 0x517B:      // SMB
        case 0xFF534D42:  // CIFS
        case 0xFE534D42:  // SMB 2 and 3
        case 0x65735546:  // FUSE
        case 0x01021997:  // 9P
        case 0x00C36400:  // Ceph
        case 0x5346414F:  // OpenAFS
        case 0x6B414653:  // kAFS
        case 0x73757245:  // Coda
        case 0x564C:      // NCP
        case 0x0187:      // autofs
        case 0x0BD00BD0:  // Lustre
        case 0x47504653:  // GPFS
        case 0x20030528:  // OrangeFS
        case 0x01161970:  // GFS2
        case 0x7461636F:  // OCFS2
        case 0x786F4256:  // VirtualBox's shared folders
        case 0xBACBACBC:  // VMware's
        case 0x00C0FFEE:  // User-mode Linux's
        case 0x19830326:  // BeeGFS
        case 0xAAD7AAEA:  // PanFS
        case 0xBEEFDEAD:  // StorNext
        case 0xF15F:      // eCryptfs, on top of any of these
            return Served::by_others;
        default: return Served::by_kernel;
    }
}

Served served(dev_t device) noexcept {
    if (sys::simulated()) return Served::by_kernel;  // and nothing is kept from one run to the next
    const std::uint64_t word = place_of(device).load(std::memory_order_relaxed);
    return (word & ~kind_bits) == key_of(device) ? Served{static_cast<std::uint8_t>(word & kind_bits)}
                                                 : Served::unknown;
}

void remember_served(dev_t device, Served by) noexcept {
    place_of(device).store(key_of(device) | static_cast<std::uint64_t>(by), std::memory_order_relaxed);
}

Served served_root() noexcept {
    if (sys::simulated()) return Served::by_kernel;
    const dev_t device = root.load(std::memory_order_relaxed);
    return device == 0 ? Served::unknown : served(device);
}

Served learn_served(int fd, dev_t device) noexcept {
    if (sys::simulated()) return Served::by_kernel;
    if (served_root() == Served::unknown) {
        struct stat status{};
        struct statfs type{};
        if (::stat("/", &status) == 0 && ::statfs("/", &type) == 0) {
            if (served(status.st_dev) == Served::unknown)
                remember_served(status.st_dev, served_of_type(static_cast<long>(type.f_type)));
            root.store(status.st_dev, std::memory_order_relaxed);
        }
    }
    if (const Served by = served(device); by != Served::unknown) return by;
    struct statfs status{};
    if (::fstatfs(fd, &status) < 0) return Served::unknown;
    const Served by = served_of_type(static_cast<long>(status.f_type));
    remember_served(device, by);
    return by;
}

int status_at_hand(int fd, unsigned mask, struct statx& status) noexcept {
    return sys::statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, mask, &status);
}

dev_t device_of(const struct statx& status) noexcept { return makedev(status.stx_dev_major, status.stx_dev_minor); }

}  // namespace hocket::fs
