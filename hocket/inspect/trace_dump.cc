// SPDX-License-Identifier: MIT
// Writes traces: where the program wants them, and for HOCKET_TRACE at a signal, a crash, a stall and the end.
#include <hocket/inspect/trace.h>

#include <hocket/base/errors.h>
#include <hocket/base/report.h>
#include <hocket/base/symbols.h>
#include <hocket/base/thread_id.h>
#include <hocket/inspect/trace_internal.h>

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <unordered_map>
#include <utility>

namespace hocket::inspect {

// ---- Everywhere

void write_rings(TraceOutput& output, std::string_view reason, PlaceOf* place_of) noexcept {
    TraceWriter writer(output, getpid(), program_invocation_short_name, place_of);
    for (const TraceRing* r = TraceRing::first(); r; r = r->next()) {
        TraceMemory memory(r->size() * sizeof(TraceEvent));
        TracedLoop loop;
        const std::span<const TraceEvent> events = r->copy(memory.take<TraceEvent>(r->size()), loop);
        if (!events.empty()) writer.put(events, loop);
    }
    writer.finish(reason);
}

namespace {

// A file that appears when it is whole. It is made beside: `PATH.<thread>.part`.
class FileOutput final : public TraceOutput {
public:
    void open(const char* path) noexcept {
        discard();  // what a child of fork finds in it
        path_ = path;
        fd_ = -1;
        const std::size_t size = std::strlen(path);
        if (size + 32 > sizeof part_) {
            error_ = ENAMETOOLONG;
            return;
        }
        std::memcpy(part_, path, size);
        part_[size] = '.';
        char* const end = std::to_chars(part_ + size + 1, std::end(part_), this_thread_id()).ptr;
        std::memcpy(end, ".part", sizeof ".part");
        ::unlink(part_);  // of a thread that had this number, and crashed while it wrote; or somebody's link
        fd_ = ::open(part_, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        error_ = fd_ < 0 ? errno : 0;
    }
    /// What went wrong; 0: nothing.
    int close() noexcept {
        if (fd_ < 0) return error_;
        if (::close(fd_) < 0 && error_ == 0) error_ = errno;
        if (error_ == 0 && ::rename(part_, path_) < 0) error_ = errno;
        if (error_ != 0) ::unlink(part_);
        return error_;
    }

private:
    void write(std::string_view text) noexcept override {
        while (!text.empty() && error_ == 0) {
            const ssize_t n = ::write(fd_, text.data(), text.size());
            if (n < 0 && errno != EINTR) error_ = errno;
            if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
        }
    }

    const char* path_ = nullptr;
    char part_[PATH_MAX] = {};
    int fd_ = -1;
    int error_ = 0;
};

// 0, or what went wrong.
int write_file(FileOutput& file, const char* path, const char* reason, PlaceOf* place_of) noexcept {
    file.open(path);
    write_rings(file, reason, place_of);
    return file.close();
}

// Many steps go on at the same place.
PlaceOf places_here() {
    return [known = std::unordered_map<std::uint64_t, std::string>()](std::uint64_t address) mutable {
        const auto [found, is_new] = known.try_emplace(address);
        if (is_new) found->second = code_location(reinterpret_cast<const void*>(address));
        return found->second;
    };
}

}  // namespace

std::string format_trace() {
    TraceText output;
    PlaceOf places = places_here();
    write_rings(output, "asked for", &places);
    return std::move(output.text);
}

void write_trace(const std::string& path) {
    FileOutput file;
    PlaceOf places = places_here();
    if (const int error = write_file(file, path.c_str(), "asked for", &places))
        throw OSError(error, "write a trace to " + path);
}

// ---- HOCKET_TRACE

namespace {

constexpr std::array crashes{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

// What it asks this process for. A child of a fork is another: it has its own when it makes a loop.
struct Asked {
    std::atomic<pid_t> process = 0;
    std::atomic<bool> is_ready = false;
    char path[PATH_MAX] = {};
    std::array<struct sigaction, crashes.size()> former{};
    unsigned written = 0;         // PATH.1, PATH.2 ...
    std::atomic<int> writer = 0;  // the thread that writes; one does at a time
    // The writer's, whose stack may be a small one.
    FileOutput file;
    char next_path[PATH_MAX] = {};

    bool applies() const noexcept { return is_ready && process == getpid(); }
};
constinit Asked asked;

// False: this thread is at it already, and has crashed there, or another has been for a second.
bool begin_writing() noexcept {
    constexpr timespec millisecond{0, 1'000'000};
    for (int i = 0; i < 1000; ++i) {
        int nobody = 0;
        if (asked.writer.compare_exchange_strong(nobody, this_thread_id())) return true;
        if (nobody == this_thread_id()) return false;
        ::nanosleep(&millisecond, nullptr);
    }
    return false;
}

const char* next_path() noexcept {
    const std::size_t size = std::strlen(asked.path);
    std::memcpy(asked.next_path, asked.path, size);
    asked.next_path[size] = '.';
    *std::to_chars(asked.next_path + size + 1, std::end(asked.next_path) - 1, ++asked.written).ptr = '\0';
    return asked.next_path;
}

// 0, or what went wrong. It `is_last`: to PATH, else to the next of PATH.1, PATH.2.
int write_asked(bool is_last, const char* reason, PlaceOf* place_of) noexcept {
    if (!begin_writing()) return 0;
    const int error = write_file(asked.file, is_last ? asked.path : next_path(), reason, place_of);
    asked.writer = 0;
    return error;
}

const char* name_of_signal(int number) noexcept {
    switch (number) {
        case SIGSEGV: return "SIGSEGV";
        case SIGBUS: return "SIGBUS";
        case SIGFPE: return "SIGFPE";
        case SIGILL: return "SIGILL";
        case SIGABRT: return "SIGABRT";
        default: return "SIGUSR2";
    }
}

// What the signal did before follows: it is sent to this thread again as it was, and comes when this returns, so that a core file, or the
// program's own handler, sees the place of the crash.
void crashed(int number, siginfo_t* info, void*) noexcept {
    const int error = errno;
    if (asked.applies()) write_asked(true, name_of_signal(number), nullptr);
    const auto* const at = std::ranges::find(crashes, number);
    ::sigaction(number, &asked.former[static_cast<std::size_t>(at - crashes.begin())], nullptr);
    ::syscall(SYS_rt_tgsigqueueinfo, getpid(), ::syscall(SYS_gettid), number, info);
    errno = error;
}

void was_asked(int) noexcept {
    const int error = errno;
    if (asked.applies()) write_asked(false, "SIGUSR2", nullptr);
    errno = error;
}

void report_failure(int error, const char* path) noexcept {
    if (error != 0) report("HOCKET_TRACE: write a trace to " + std::string(path) + ": " + std::strerror(error));
}

void at_end() noexcept {
    if (!asked.applies()) return;
    PlaceOf places = places_here();
    report_failure(write_asked(true, "the process's end", &places), asked.path);
}

// A handler needs a stack where the thread's own has run over: its thread's, as long as it lives, if it has none.
class AlternateStack {
public:
    AlternateStack() noexcept {
        stack_t there{};
        if (::sigaltstack(nullptr, &there) < 0 || !(there.ss_flags & SS_DISABLE)) return;
        memory_ = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
        if (memory_ == MAP_FAILED) return;
        stack_t ours{};
        ours.ss_sp = memory_;
        ours.ss_size = size;
        ::sigaltstack(&ours, nullptr);
    }
    AlternateStack(const AlternateStack&) = delete;
    AlternateStack& operator=(const AlternateStack&) = delete;
    ~AlternateStack() {
        if (memory_ == MAP_FAILED) return;
        stack_t there{};
        if (::sigaltstack(nullptr, &there) < 0) return;
        if (there.ss_sp == memory_) {
            there.ss_flags = SS_DISABLE;
            ::sigaltstack(&there, nullptr);
        }
        ::munmap(memory_, size);
    }

private:
    static constexpr std::size_t size = 1 << 16;
    void* memory_ = MAP_FAILED;
};

bool set_path(std::string_view pattern) noexcept {
    std::size_t size = 0;
    const auto append = [&](std::string_view text) {
        text.copy(asked.path + size, sizeof asked.path - 1 - size);
        size = std::min(size + text.size(), sizeof asked.path - 1);
    };
    char pid[16];
    const std::string_view number(pid, std::to_chars(pid, std::end(pid), getpid()).ptr);
    for (std::size_t at = 0; (at = pattern.find("%p")) != pattern.npos; pattern.remove_prefix(at + 2)) {
        append(pattern.substr(0, at));
        append(number);
    }
    append(pattern);
    asked.path[size] = '\0';
    return size + 64 < sizeof asked.path;
}

void set_handlers() noexcept {
    struct sigaction ours{}, there{};
    sigfillset(&ours.sa_mask);
    ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
    ours.sa_sigaction = crashed;
    for (std::size_t i = 0; i < crashes.size(); ++i) {
        ::sigaction(crashes[i], nullptr, &there);
        if (there.sa_sigaction == crashed) continue;  // from the parent of this process
        asked.former[i] = there;
        ::sigaction(crashes[i], &ours, nullptr);
    }
    ::sigaction(SIGUSR2, nullptr, &there);
    if (there.sa_handler != SIG_DFL) return;  // the program's, or ignored
    ours.sa_flags = SA_RESTART;               // on the thread's own stack, which has not run over
    ours.sa_handler = was_asked;
    ::sigaction(SIGUSR2, &ours, nullptr);
}

// Once in a process.
void prepare(const char* pattern) noexcept {
    const pid_t before = asked.process.exchange(getpid());
    if (before == getpid()) return;
    asked.is_ready = false;
    asked.writer = 0;
    asked.written = 0;
    if (before == 0) {
        std::atexit(at_end);
    } else {
        TraceRing::forget_all();
    }
    if (!set_path(pattern)) return report_failure(ENAMETOOLONG, pattern);
    set_handlers();
    asked.is_ready = true;
}

}  // namespace

void start_tracing_if_asked(EventLoop& loop) noexcept {
    const char* const pattern = ::secure_getenv("HOCKET_TRACE");
    if (pattern == nullptr || *pattern == '\0') return;
    prepare(pattern);
    thread_local const AlternateStack stack;
    try {
        TraceRing::begin(loop, TraceRing::environment, TraceOptions().events);
    } catch (const std::exception& e) {
        report("HOCKET_TRACE: " + std::string(e.what()));
    }
}

void write_trace_if_asked(const char* reason) noexcept {
    if (!asked.applies()) return;
    PlaceOf places = places_here();
    report_failure(write_asked(false, reason, &places), asked.path);
}

}  // namespace hocket::inspect
