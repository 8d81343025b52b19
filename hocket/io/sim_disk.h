// SPDX-License-Identifier: MIT
// How well a simulated host's disk is.
#pragma once

#include <hocket/base/clock.h>

#include <chrono>
#include <cstdint>

namespace hocket::sim {

/// What a crash does to what was not synced, and what calls on files do. Probabilities are those of one sector, one operation or one call.
///
/// Files are written in sectors of 512 bytes. A write is safe from a crash once `fsync` or `fdatasync` has returned; until then each of its
/// sectors survives or not, and so does the growth of the file. What changes names (making, renaming, linking, removing) is safe once
/// its folder was synced; until then it survives or not, in order: of the operations on one folder, the first ones. As on
/// ext4, syncing a file also saves the operations that gave it the names it has, and the folders around it; so a program that makes or
/// renames a file and then syncs it keeps it under that name. Removing a name is not saved by that. What is older than `writeback` is
/// safe in any case. A program that ends, or is killed, loses nothing.
struct DiskConfig {
    double lost =
        1;  ///< at a crash: a sector, the growth or cutting of a file, an operation on a name, that was not synced
    double torn = 0;  ///< of a sector that is not lost, only the first bytes get there
    double eio =
        0;  ///< a call that reads, writes or syncs fails; what a sync that failed was to save, no later one saves, as on Linux
    double enospc = 0;                                ///< a call that writes, or makes a name, finds no space
    Duration writeback = std::chrono::seconds(30);    ///< so long after its first change, the system has written a file
    std::uint64_t capacity = std::uint64_t{1} << 30;  ///< bytes of all files of a host
};

}  // namespace hocket::sim
