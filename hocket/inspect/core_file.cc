// SPDX-License-Identifier: MIT
// The memory that a core file (man 5) holds: an ELF file whose segments are the process's pages, and whose notes say which files were mapped.
#include <hocket/inspect/memory.h>

#include <hocket/base/errors.h>

#include <elf.h>
#include <fcntl.h>
#include <sys/procfs.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <string_view>
#include <utility>

namespace hocket::inspect {

namespace {

// In one segment, what the core says it holds apart: a hostile one may say that it has no end.
constexpr std::uint64_t most_variables = std::uint64_t{1} << 30;

class File {
public:
    explicit File(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
        struct stat found{};
        if (fd_ < 0 || ::fstat(fd_, &found) < 0) {
            error_ = errno;
        } else if (!S_ISREG(found.st_mode)) {
            error_ = EINVAL;  // a device or a pipe may make who reads it wait
        } else {
            size_ = static_cast<std::uint64_t>(found.st_size);
        }
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() {
        if (fd_ >= 0) ::close(fd_);
    }
    int error() const noexcept { return error_; }
    std::uint64_t size() const noexcept { return size_; }
    bool read(std::uint64_t offset, std::span<std::byte> to) const {
        if (error_ != 0 || offset > size_ || to.size() > size_ - offset) return false;
        while (!to.empty()) {
            const ssize_t n = ::pread(fd_, to.data(), to.size(), static_cast<off_t>(offset));
            if (n <= 0) return false;
            offset += static_cast<std::uint64_t>(n);
            to = to.subspan(static_cast<std::size_t>(n));
        }
        return true;
    }
    template <class T>
    bool get(std::uint64_t offset, T& value) const {
        return read(offset, std::as_writable_bytes(std::span(&value, 1)));
    }

private:
    int fd_;
    int error_ = 0;
    std::uint64_t size_ = 0;
};

// So many bytes at an address are those at an offset of a file.
struct Piece {
    std::uint64_t begin, end, offset;
    std::string file;  // empty: the core itself
};

class CoreMemory final : public Memory {
public:
    explicit CoreMemory(const std::string& path) : path_(path), core_(path) {
        if (core_.error() != 0) throw OSError(core_.error(), "read the core file " + path);
        Elf64_Ehdr head{};
        if (!core_.get(0, head) || std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
            head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_type != ET_CORE)
            refuse("it is no core file of a 64-bit program");
        if (head.e_phnum == PN_XNUM) refuse("it has more than 65,534 segments");
        std::vector<Elf64_Phdr> segments(head.e_phnum);
        if (!core_.read(head.e_phoff, std::as_writable_bytes(std::span(segments)))) refuse("its head is cut off");
        for (const Elf64_Phdr& segment : segments) {
            if (segment.p_type == PT_NOTE) take_notes(segment);
        }
        for (const Elf64_Phdr& segment : segments) {
            if (segment.p_type == PT_LOAD) take_pages(segment);
        }
        std::ranges::sort(pieces_, {}, &Piece::begin);
        // The notes do not tell which pages are code: taken for it are the mapped files' pages that were not writable.
        for (const Range& m : mapped_) {
            const auto is_in = [&m](const Range& v) { return v.begin >= m.begin && v.begin < m.end; };
            if (std::ranges::none_of(variables_, is_in)) add_code(m);
        }
    }

    bool read(std::uint64_t address, std::span<std::byte> to) const override {
        while (!to.empty()) {
            const Piece* const piece = piece_at(address);
            if (piece == nullptr) return false;
            const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(to.size(), piece->end - address));
            if (!file(piece->file).read(piece->offset + (address - piece->begin), to.first(count))) return false;
            address += count;
            to = to.subspan(count);
        }
        return true;
    }
    std::vector<Range> variables() const override { return variables_; }
    int pid() const noexcept override { return pid_; }
    std::vector<Thread> threads() const override { return threads_; }
    std::string name() const override {
        return "the core file " + path_ + (is_cut_off_ ? ", whose end is cut off," : "");
    }
    bool is_live() const noexcept override { return false; }

private:
    [[noreturn]] void refuse(const char* why) const { throw ValueError("read the core file " + path_ + ": " + why); }

    // Those in the core go before those of files, of which they are newer copies.
    const Piece* piece_at(std::uint64_t address) const {
        const Piece* found = nullptr;
        for (auto p = std::ranges::upper_bound(pieces_, address, {}, &Piece::begin); p != pieces_.begin();) {
            --p;
            if (address < p->end && (found == nullptr || p->file.empty())) found = &*p;
            if (found != nullptr && found->file.empty()) break;
            if (p->begin + longest_ <= address) break;
        }
        return found;
    }

    const File& file(const std::string& name) const {
        if (name.empty()) return core_;
        return files_.try_emplace(name, name).first->second;
    }

    void add(Piece piece) {
        if (piece.begin >= piece.end) return;
        longest_ = std::max(longest_, piece.end - piece.begin);
        pieces_.push_back(std::move(piece));
    }

    void take_pages(const Elf64_Phdr& segment) {
        if (std::max(segment.p_filesz, segment.p_memsz) > UINT64_MAX - segment.p_vaddr) refuse("a segment has no end");
        add({segment.p_vaddr, segment.p_vaddr + segment.p_filesz, segment.p_offset, {}});
        if (segment.p_filesz > core_.size() || segment.p_offset > core_.size() - segment.p_filesz) is_cut_off_ = true;
        const std::uint64_t most = std::max(std::min(segment.p_filesz, core_.size()), most_variables);
        const bool of_file = std::ranges::any_of(
            mapped_, [&](const Range& m) { return segment.p_vaddr >= m.begin && segment.p_vaddr < m.end; });
        if (of_file && (segment.p_flags & PF_W) != 0)
            variables_.push_back({segment.p_vaddr, segment.p_vaddr + std::min(segment.p_memsz, most)});
    }

    void take_notes(const Elf64_Phdr& segment) {
        if (segment.p_filesz > core_.size()) refuse("its notes are cut off");
        std::string notes(segment.p_filesz, '\0');
        if (!core_.read(segment.p_offset, std::as_writable_bytes(std::span(notes)))) refuse("its notes are cut off");
        const auto rounded = [](std::size_t size) { return (size + 3) & ~std::size_t{3}; };
        for (std::size_t at = 0; at + sizeof(Elf64_Nhdr) <= notes.size();) {
            Elf64_Nhdr note{};
            std::memcpy(&note, notes.data() + at, sizeof note);
            at += sizeof note + rounded(note.n_namesz);
            if (at > notes.size() || note.n_descsz > notes.size() - at) return;
            const std::string_view content = std::string_view(notes).substr(at, note.n_descsz);
            if (note.n_type == NT_FILE) take_files(content);
            if (note.n_type == NT_PRPSINFO && content.size() >= sizeof(prpsinfo_t)) {
                prpsinfo_t process{};
                std::memcpy(&process, content.data(), sizeof process);
                pid_ = process.pr_pid;
            }
            if (note.n_type == NT_PRSTATUS && content.size() >= sizeof(prstatus_t)) {
                prstatus_t thread{};
                std::memcpy(&thread, content.data(), sizeof thread);
                threads_.push_back({thread.pr_pid, thread.pr_pid});
            }
            at += rounded(note.n_descsz);
        }
    }

    // How many, the size of a page; begin, end and offset in pages of each; then their names.
    void take_files(std::string_view content) {
        const auto word = [&](std::size_t i) {
            std::uint64_t value = 0;
            if ((i + 1) * sizeof value > content.size()) refuse("its list of files is cut off");
            std::memcpy(&value, content.data() + i * sizeof value, sizeof value);
            return value;
        };
        const std::uint64_t count = word(0), page = word(1);
        if (count > content.size()) refuse("its list of files is cut off");
        std::size_t name = static_cast<std::size_t>(2 + 3 * count) * sizeof(std::uint64_t);
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t end = content.find('\0', name);
            if (end == content.npos) refuse("its list of files is cut off");
            const Range range{word(2 + 3 * i), word(3 + 3 * i)};
            mapped_.push_back(range);
            add({range.begin, range.end, word(4 + 3 * i) * page, std::string(content.substr(name, end - name))});
            name = end + 1;
        }
    }

    std::string path_;
    File core_;
    mutable std::map<std::string, File> files_;
    std::vector<Piece> pieces_;
    std::vector<Range> mapped_, variables_;
    std::uint64_t longest_ = 0;
    int pid_ = 0;
    std::vector<Thread> threads_;
    bool is_cut_off_ = false;
};

}  // namespace

Unique<Memory> memory_of_core(const std::string& path) { return Unique<CoreMemory>::make(path); }

}  // namespace hocket::inspect
