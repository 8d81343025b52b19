// SPDX-License-Identifier: MIT
// The memory of a process, live or dead, read from outside.
#pragma once

#include <hocket/base/config.h>
#include <hocket/base/owners.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace hocket::inspect {

class HOCKET_EXPORT Memory {
public:
    struct Thread {
        int number;       ///< as the process knows it
        int number_here;  ///< another where the process is in a PID namespace of its own
    };
    struct Range {
        std::uint64_t begin, end;
    };

    virtual ~Memory();
    /// Fills `to` with what stands at `address`. False: some of it cannot be read.
    virtual bool read(std::uint64_t address, std::span<std::byte> to) const = 0;
    /// Where programs and libraries have their variables.
    virtual std::vector<Range> variables() const = 0;
    /// Whether functions stand there.
    bool is_code(std::uint64_t address) const;
    virtual int pid() const noexcept = 0;
    /// Those that the process has, or had when it ended, as `gettid` tells each of them. Empty: that is not known.
    virtual std::vector<Thread> threads() const = 0;
    /// `process 4711`, for errors.
    virtual std::string name() const = 0;
    /// Whether it may change between two reads.
    virtual bool is_live() const noexcept = 0;

    template <class T>
    bool get(std::uint64_t address, T& value) const {
        return read(address, std::as_writable_bytes(std::span(&value, 1)));
    }
    /// Up to a zero, or `most` bytes.
    std::string text(std::uint64_t address, std::size_t most) const;

protected:
    void add_code(Range range) { code_.push_back(range); }

private:
    std::vector<Range> code_;
};

/// Of a live process, which goes on meanwhile: each read is of its own moment. Throws OSError: there is no such process, or it is not allowed
/// (ptrace (man 2), "Ptrace access mode checking").
HOCKET_EXPORT Unique<Memory> memory_of_process(int pid);
/// Of a core file (man 5). What is not in it, since it stands in the program's file, is read from there. Throws OSError; ValueError where the
/// file is no core of this kind of machine.
HOCKET_EXPORT Unique<Memory> memory_of_core(const std::string& path);

}  // namespace hocket::inspect
