// SPDX-License-Identifier: MIT
// Reads the debugging information of a process (elfutils' libdw), and words the names that it finds there.
#include <hocket/base/symbols.h>

#include <hocket/base/errors.h>
#include <hocket/base/readable_name_internal.h>

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#ifndef HOCKET_WITH_LIBDW
#define HOCKET_WITH_LIBDW __has_include(<elfutils/libdwfl.h>)
#endif
#if HOCKET_WITH_LIBDW
#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#endif

namespace hocket {

namespace {

std::string hexadecimal(std::uint64_t address) {
    char text[2 + 2 * sizeof(address) + 1];
    std::snprintf(text, sizeof text, "0x%" PRIx64, address);
    return text;
}

/// Without debugging information: what the dynamic linker knows.
std::vector<CodeLocation> exported_symbol(const void* address) {
    Dl_info info{};
    if (dladdr(address, &info) == 0 || !info.dli_sname) return {};
    return {{readable_name(info.dli_sname), {}, 0}};
}

}  // namespace

#if HOCKET_WITH_LIBDW

/// A process's modules and what was read of them; read at the first use and kept.
class DebugInformation {
public:
    /// The own process's.
    static DebugInformation& get() {
        static auto* information = new DebugInformation(getpid());  // never destroyed: static destructors may report
        return *information;
    }

    explicit DebugInformation(pid_t pid) : pid_(pid) { begin(); }
    /// Of the process that has left this core file.
    explicit DebugInformation(const std::string& core) {
        begin();
        elf_version(EV_CURRENT);
        core_file_ = open(core.c_str(), O_RDONLY | O_CLOEXEC);
        core_ = core_file_ >= 0 ? elf_begin(core_file_, ELF_C_READ_MMAP, nullptr) : nullptr;
        dwfl_report_begin(dwfl_);
        const int modules = core_ ? dwfl_core_file_report(dwfl_, core_, nullptr) : -1;
        dwfl_report_end(dwfl_, nullptr, nullptr);
        if (modules > 0) return;
        end();
        throw ValueError("read the core file " + core + ": no program or library can be found by it");
    }
    /// Of the process whose /proc/PID/maps this was.
    explicit DebugInformation(std::FILE* map) {
        begin();
        dwfl_report_begin(dwfl_);
        dwfl_linux_proc_maps_report(dwfl_, map);
        dwfl_report_end(dwfl_, nullptr, nullptr);
    }
    DebugInformation(const DebugInformation&) = delete;
    DebugInformation& operator=(const DebugInformation&) = delete;
    ~DebugInformation() { end(); }

    std::vector<CodeLocation> at(std::uint64_t pc) {
        const std::lock_guard lock(mutex_);
        Dwfl_Module* module = module_at(pc);
        if (!module) return {};
        const char* name = dwfl_module_addrname(module, pc);
        CodeLocation outermost{name ? readable_name(name) : std::string(), {}, 0};
        std::vector<CodeLocation> found;
        Dwarf_Addr bias = 0;
        if (Dwarf_Die* unit = unit_at(module, pc, bias)) {
            if (Dwarf_Line* line = dwarf_getsrc_die(unit, pc - bias)) {
                int number = 0;
                if (dwarf_lineno(line, &number) == 0) outermost.line = static_cast<unsigned>(number);
                if (const char* file = dwarf_linesrc(line, nullptr, nullptr)) outermost.file = file;
            }
            unfold(*unit, pc - bias, outermost, found);
        }
        if (!outermost.function.empty() || outermost.line != 0) found.push_back(std::move(outermost));
        return found;
    }

    void walk_stack(pid_t thread, const Function<bool(const StackFrame&)>& visit) {
        const std::lock_guard lock(mutex_);
        if (pid_ != 0) (void)module_at(0);  // lists the modules
        if (!attached_)
            attached_ =
                core_ ? dwfl_core_file_attach(dwfl_, core_) > 0 : dwfl_linux_proc_attach(dwfl_, pid_, false) == 0;
        if (!attached_) return;
        Walk walk{visit};
        dwfl_getthread_frames(dwfl_, thread, pass_on, &walk);
        for (int i = 0; i < 100 && !walk.has_begun && pid_ != 0 && is_traced(thread); ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
            dwfl_getthread_frames(dwfl_, thread, pass_on, &walk);
        }
        if (walk.error) std::rethrow_exception(walk.error);
    }

private:
    // As DWARF numbers them (System V ABI for AMD64, figure 3.36; DWARF for the Arm 64-bit Architecture, 4.1).
#if defined(__aarch64__)
    static constexpr unsigned stack_pointer = 31;
    static constexpr std::array kept_registers{19U, 20U, 21U, 22U, 23U, 24U, 25U, 26U, 27U, 28U, 29U};
#else
    static constexpr unsigned stack_pointer = 7;
    static constexpr std::array kept_registers{3U, 6U, 12U, 13U, 14U, 15U};
#endif
    static std::optional<std::uint64_t> register_of(Dwfl_Frame* frame, unsigned number) {
        Dwarf_Word value = 0;
        return dwfl_frame_reg(frame, number, &value) == 0 ? std::optional<std::uint64_t>(value) : std::nullopt;
    }
    // Another may look at it, too, and only one can at a time (ptrace (man 2)).
    static bool is_traced(pid_t thread) {
        std::ifstream status("/proc/" + std::to_string(thread) + "/status");
        for (std::string line; std::getline(status, line);) {
            if (line.starts_with("TracerPid:")) return line != "TracerPid:\t0";
        }
        return false;
    }
    struct Walk {
        const Function<bool(const StackFrame&)>& visit;
        bool has_begun = false;
        std::exception_ptr error = nullptr;  // none goes through libdw, which would not let go of the thread
    };
    static int pass_on(Dwfl_Frame* frame, void* to) noexcept {
        auto& walk = *static_cast<Walk*>(to);
        walk.has_begun = true;
        try {
            Dwarf_Addr pc = 0;
            bool is_next_instruction = false;
            if (!dwfl_frame_pc(frame, &pc, &is_next_instruction)) return DWARF_CB_ABORT;
            StackFrame f{.address = is_next_instruction ? pc : pc - 1,
                         .stack_pointer = register_of(frame, stack_pointer).value_or(0)};
            for (const unsigned number : kept_registers) {
                if (const std::optional<std::uint64_t> value = register_of(frame, number))
                    f.registers.push_back(*value);
            }
            return walk.visit(f) ? DWARF_CB_OK : DWARF_CB_ABORT;
        } catch (...) {
            walk.error = std::current_exception();
            return DWARF_CB_ABORT;
        }
    }

    void begin() {
        static const Dwfl_Callbacks callbacks{.find_elf = open_module,
                                              .find_debuginfo = dwfl_build_id_find_debuginfo,
                                              .section_address = nullptr,
                                              .debuginfo_path = nullptr};
        dwfl_ = dwfl_begin(&callbacks);
    }
    void end() {
        if (dwfl_) dwfl_end(dwfl_);
        if (core_) elf_end(core_);
        if (core_file_ >= 0) close(core_file_);
    }

    // Files are opened here, so that no child process inherits them, and only files on this machine are asked.
    static int open_module(Dwfl_Module*, void**, const char* name, Dwarf_Addr, char** file_name, Elf**) {
        if (name[0] != '/') return -1;
        const int fd = open(name, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) *file_name = strdup(name);
        return fd;
    }

    // A library may have been loaded since the modules were listed.
    Dwfl_Module* module_at(Dwarf_Addr pc) {
        if (!dwfl_) return nullptr;
        if (Dwfl_Module* known = dwfl_addrmodule(dwfl_, pc)) return known;
        if (pid_ == 0) return nullptr;
        dwfl_report_begin(dwfl_);
        dwfl_linux_proc_report(dwfl_, pid_);
        dwfl_report_end(dwfl_, nullptr, nullptr);
        return dwfl_addrmodule(dwfl_, pc);
    }

    // Clang writes no index from addresses to units: then each is asked.
    static Dwarf_Die* unit_at(Dwfl_Module* module, Dwarf_Addr pc, Dwarf_Addr& bias) {
        if (Dwarf_Die* unit = dwfl_module_addrdie(module, pc, &bias)) return unit;
        Dwarf_Die* unit = nullptr;
        while ((unit = dwfl_module_nextcu(module, unit, &bias))) {
            if (dwarf_haspc(unit, pc - bias) > 0) return unit;
        }
        return nullptr;
    }

    /// Puts the functions that are inlined at `pc` into `found`, the innermost first. `place`, where `pc` stands in its own source line,
    /// becomes the place in the function that all are inlined in.
    static void unfold(Dwarf_Die& unit, Dwarf_Addr pc, CodeLocation& place, std::vector<CodeLocation>& found) {
        Dwarf_Die *lexical = nullptr, *scopes = nullptr;
        if (dwarf_getscopes(&unit, pc, &lexical) > 0) {
            const int count = dwarf_getscopes_die(&lexical[0], &scopes);
            for (int i = 0; i < count; ++i) {
                const int tag = dwarf_tag(&scopes[i]);
                if (tag == DW_TAG_inlined_subroutine) {
                    found.push_back({name_of(scopes[i]), std::move(place.file), place.line});
                    move_to_call(unit, scopes[i], place);
                } else if (tag == DW_TAG_subprogram) {
                    if (place.function.empty()) place.function = name_of(scopes[i]);
                    break;
                }
            }
        }
        std::free(scopes);
        std::free(lexical);
    }

    static std::string name_of(Dwarf_Die& function) {
        Dwarf_Attribute attribute;
        const char* name = nullptr;
        if (dwarf_attr_integrate(&function, DW_AT_linkage_name, &attribute)) name = dwarf_formstring(&attribute);
        if (!name) name = dwarf_diename(&function);
        return name ? readable_name(name) : std::string();
    }

    static void move_to_call(Dwarf_Die& unit, Dwarf_Die& inlined, CodeLocation& place) {
        const auto number = [&](unsigned name) {
            Dwarf_Attribute attribute;
            Dwarf_Word value = 0;
            if (dwarf_attr(&inlined, name, &attribute)) dwarf_formudata(&attribute, &value);
            return value;
        };
        Dwarf_Files* files = nullptr;
        const char* file = nullptr;
        if (dwarf_getsrcfiles(&unit, &files, nullptr) == 0)
            file = dwarf_filesrc(files, number(DW_AT_call_file), nullptr, nullptr);
        place.file = file ? file : "";
        place.line = static_cast<unsigned>(number(DW_AT_call_line));
    }

    std::mutex mutex_;
    pid_t pid_ = 0;
    Dwfl* dwfl_ = nullptr;
    int core_file_ = -1;
    Elf* core_ = nullptr;
    bool attached_ = false;
};

#endif

// ---- Places

namespace {

/// Whether `file` is one of the library's own: `.../hocket/core/task.h`, but no test.
bool is_own(std::string_view file) {
    if (file.ends_with("_test.cc") || file.ends_with("_test.h")) return false;
    for (const std::string_view room :
         {"base", "core", "io", "sync", "flow", "os", "net", "process", "db", "http", "sim", "inspect"}) {
        const std::string folder = "hocket/" + std::string(room) + "/";
        const std::size_t at = file.rfind(folder);
        if (at == std::string_view::npos || (at > 0 && file[at - 1] != '/')) continue;
        return file.find('/', at + folder.size()) == std::string_view::npos;
    }
    return false;
}

/// `src/crawler.cc`: enough to know the file by, and to click on in an editor.
std::string_view short_path(std::string_view file) {
    const std::size_t name = file.rfind('/');
    if (name == std::string_view::npos || name == 0) return file;
    const std::size_t folder = file.rfind('/', name - 1);
    return folder == std::string_view::npos ? file : file.substr(folder + 1);
}

/// The first function that is not the library's own.
std::string words_for(std::uint64_t address, const std::vector<CodeLocation>& all) {
    if (all.empty()) return hexadecimal(address);
    auto place = std::find_if(all.begin(), all.end(), [](const CodeLocation& c) { return !is_own(c.file); });
    if (place == all.end()) --place;
    if (!place->function.empty()) return hocket::words_for(*place);
    return hocket::words_for({hexadecimal(address), place->file, place->line});
}

}  // namespace

std::string words_for(const CodeLocation& place) {
    if (place.line == 0) return place.function;
    return place.function + " (" + std::string(short_path(place.file)) + ":" + std::to_string(place.line) + ")";
}

std::vector<CodeLocation> code_locations(const void* address) {
    if (!address) return {};
#if HOCKET_WITH_LIBDW
    const auto pc = reinterpret_cast<std::uint64_t>(address);
    if (std::vector<CodeLocation> found = DebugInformation::get().at(pc); !found.empty()) return found;
#endif
    return exported_symbol(address);
}

std::string code_location(const void* address) {
    if (!address) return {};
    return words_for(reinterpret_cast<std::uint64_t>(address), code_locations(address));
}

// ---- Those of others

#if HOCKET_WITH_LIBDW

Symbols Symbols::of_process(int pid) {
    const std::string map = "/proc/" + std::to_string(pid) + "/maps";
    if (::access(map.c_str(), R_OK) < 0) throw OSError(errno, "read " + map);
    return Symbols(new DebugInformation(pid));
}

Symbols Symbols::of_core(const std::string& path) { return Symbols(new DebugInformation(path)); }

Symbols Symbols::of_map(std::string map) {
    std::FILE* const file = ::fmemopen(map.data(), map.size(), "r");
    if (!file) throw OSError(errno, "read the map of a process's memory");
    auto* const information = new DebugInformation(file);
    std::fclose(file);
    return Symbols(information);
}

Symbols::~Symbols() { delete information_; }

void Symbols::walk_stack(int thread, const Function<bool(const StackFrame&)>& visit) const {
    information_->walk_stack(thread, visit);
}

std::vector<CodeLocation> Symbols::code_locations(std::uint64_t address) const {
    return address == 0 ? std::vector<CodeLocation>() : information_->at(address);
}

#else

Symbols Symbols::of_process(int) { return Symbols(nullptr); }
Symbols Symbols::of_core(const std::string&) { return Symbols(nullptr); }
Symbols Symbols::of_map(std::string) { return Symbols(nullptr); }
void Symbols::walk_stack(int, const Function<bool(const StackFrame&)>&) const {}
Symbols::~Symbols() = default;
std::vector<CodeLocation> Symbols::code_locations(std::uint64_t) const { return {}; }

#endif

Symbols::Symbols(DebugInformation* information) noexcept : information_(information) {}
Symbols::Symbols(Symbols&& other) noexcept
    : information_(std::exchange(other.information_, nullptr)), known_(std::move(other.known_)) {}
Symbols& Symbols::operator=(Symbols&& other) noexcept {
    std::swap(information_, other.information_);
    std::swap(known_, other.known_);
    return *this;
}

std::string Symbols::code_location(std::uint64_t address) const {
    if (address == 0) return {};
    std::string& known = known_[address];
    if (known.empty()) known = words_for(address, code_locations(address));
    return known;
}

}  // namespace hocket
