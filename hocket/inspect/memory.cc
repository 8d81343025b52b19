// SPDX-License-Identifier: MIT
// The memory of a live process: process_vm_readv (man 2).
#include <hocket/inspect/memory.h>

#include <hocket/base/errors.h>

#include <sys/uio.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

namespace hocket::inspect {

Memory::~Memory() = default;

bool Memory::is_code(std::uint64_t address) const {
    return std::ranges::any_of(code_, [address](const Range& r) { return address >= r.begin && address < r.end; });
}

std::string Memory::text(std::uint64_t address, std::size_t most) const {
    constexpr std::size_t piece = 64;  // one that begins at its multiple ends in the same page
    std::string result;
    while (result.size() < most) {
        const std::uint64_t begin = address + result.size();
        std::array<char, piece> found{};
        const auto bytes = std::span(found).first(std::min(piece - begin % piece, most - result.size()));
        if (!read(begin, std::as_writable_bytes(bytes))) break;
        const auto end = std::ranges::find(bytes, '\0');
        result.append(bytes.begin(), end);
        if (end != bytes.end()) break;
    }
    return result;
}

namespace {

class ProcessMemory final : public Memory {
public:
    explicit ProcessMemory(int pid) : pid_(pid) {
        const std::string map = "/proc/" + std::to_string(pid) + "/maps";
        std::ifstream lines(map);
        if (!lines) throw OSError(errno, "read " + map);
        for (std::string line; std::getline(lines, line);) add(line);
    }

    // Each try reads anew what it looks at: nothing is kept from one to the next.
    bool read(std::uint64_t address, std::span<std::byte> to) const override {
        iovec here{.iov_base = to.data(), .iov_len = to.size()};
        iovec there{.iov_base = reinterpret_cast<void*>(address), .iov_len = to.size()};
        return process_vm_readv(pid_, &here, 1, &there, 1, 0) == static_cast<ssize_t>(to.size());
    }
    std::vector<Range> variables() const override { return variables_; }
    int pid() const noexcept override { return pid_; }
    std::vector<Thread> threads() const override {
        std::vector<Thread> all;
        std::error_code error;  // it has ended
        std::filesystem::directory_iterator thread("/proc/" + std::to_string(pid_) + "/task", error), end;
        for (; thread != end; thread.increment(error)) {
            if (const int own = own_number(thread->path() / "status"); own != 0)
                all.push_back({own, std::stoi(thread->path().filename())});
        }
        return all;
    }
    std::string name() const override { return "process " + std::to_string(pid_); }
    bool is_live() const noexcept override { return true; }

private:
    // The process may be in a PID namespace of its own: `NSpid:	4711	17` of one that knows itself as 17. Zero: it has ended.
    static int own_number(const std::filesystem::path& status) {
        std::ifstream lines(status);
        for (std::string line; std::getline(lines, line);) {
            if (!line.starts_with("NSpid:")) continue;
            int value = 0;
            std::from_chars(line.data() + line.rfind('\t') + 1, line.data() + line.size(), value);
            return value;
        }
        return 0;
    }
    // `55d0-55e0 rw-p 00001000 08:01 1234 /usr/bin/program`
    void add(std::string_view line) {
        const std::size_t dash = line.find('-'), space = line.find(' ');
        if (dash == line.npos || space == line.npos || line.find('/') == line.npos) return;  // of no file
        const Range range{number(line.substr(0, dash)), number(line.substr(dash + 1, space - dash - 1))};
        const std::string_view mode = line.substr(space + 1, 4);
        if (range.begin >= range.end) return;
        if (mode == "rw-p") variables_.push_back(range);
        if (mode == "r-xp") add_code(range);
    }
    static std::uint64_t number(std::string_view digits) {
        std::uint64_t value = 0;
        std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
        return value;
    }

    int pid_;
    std::vector<Range> variables_;
};

}  // namespace

Unique<Memory> memory_of_process(int pid) {
    auto memory = Unique<ProcessMemory>::make(pid);
    std::byte first{};
    const std::vector<Memory::Range> variables = memory->variables();
    if (!variables.empty() && !memory->get(variables.front().begin, first))
        throw OSError(errno, "read the memory of process " + std::to_string(pid));
    return memory;
}

}  // namespace hocket::inspect
