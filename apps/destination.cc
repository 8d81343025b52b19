// SPDX-License-Identifier: MIT
// Writing bodies, and what is removed where that fails.
#include "destination.h"

#include <hocket/base/errors.h>
#include <hocket/http/params.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <string_view>
#include <tuple>
#include <utility>

using hocket::Coro;
using hocket::OSError;
using hocket::Unique;

namespace {

constexpr std::size_t kept_before_turn = 1 << 20;
constexpr std::size_t looked_at = 2000;  // bytes, as curl does
constexpr std::size_t longest_name = 200;

[[noreturn]] void throw_write(const std::string& what) { throw WriteError(OSError(errno, what).what()); }

bool is_binary(std::string_view bytes) {
    constexpr std::string_view usual = "\t\n\v\f\r\b\x1b";
    return std::ranges::any_of(bytes.substr(0, looked_at), [usual](char c) {
        return (static_cast<unsigned char>(c) < ' ' && usual.find(c) == std::string_view::npos) || c == '\x7f';
    });
}

class Nowhere final : public Destination {
public:
    Coro<> write(std::string) override { co_return; }
    Coro<> finish() override { co_return; }
};

class ToOutput final : public Destination {
public:
    ToOutput(Output& output, hocket::Event& turn, bool refuses_binary)
        : output_(output), turn_(turn), refuses_binary_(refuses_binary) {}

    Coro<> write(std::string piece) override {
        if (std::exchange(is_first_, false) && refuses_binary_ && is_binary(piece)) {
            throw WriteError(
                "the body is no text, and would spoil the terminal: -o FILE saves it, -o - shows it all the same");
        }
        kept_ += piece;
        if (!turn_.is_set() && kept_.size() < kept_before_turn) co_return;
        co_await finish();
    }
    Coro<> finish() override {
        co_await turn_.wait();
        if (!kept_.empty()) co_await output_.write(std::exchange(kept_, {}));
    }

private:
    Output& output_;
    hocket::Event& turn_;
    const bool refuses_binary_;
    bool is_first_ = true;
    std::string kept_;
};

/// What is no ordinary file, and is written to as it is.
class ToDevice final : public Destination {
public:
    explicit ToDevice(std::string path) : path_(std::move(path)), writer_(path_) {}

    Coro<> write(std::string piece) override {
        if (!writer_.is_open()) co_await open();
        co_await writer_.write(std::move(piece));
    }
    Coro<> finish() override {
        if (!writer_.is_open()) co_await open();
        co_await writer_.close();
    }

private:
    Coro<> open() {
        try {
            writer_.take(co_await hocket::fs::open(path_, "wb"));
        } catch (const OSError& e) {
            throw WriteError(e.what());
        }
    }

    const std::string path_;
    Writer writer_;
};

/// A new name in the same folder, until all is there.
class ToFile final : public Destination {
public:
    ToFile(std::string path, std::optional<mode_t> mode) : path_(std::move(path)), writer_(path_) {
        const std::filesystem::path whole(path_);
        const std::string name = whole.filename().string().substr(0, longest_name);
        for (int n = 0; fd_ < 0; ++n) {
            const std::string part = "." + name + "." + std::to_string(::getpid()) + "-" + std::to_string(n) + ".part";
            part_ = (whole.parent_path() / part).string();
            fd_ = ::open(part_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
            if (fd_ < 0 && errno != EEXIST) throw_write("make " + path_);
        }
        if (mode) std::ignore = ::fchmod(fd_, *mode);  // some systems of files have no modes
    }
    ToFile(const ToFile&) = delete;
    ToFile& operator=(const ToFile&) = delete;
    ~ToFile() override {
        if (is_whole_) return;
        ::unlink(part_.c_str());
        if (!writer_.is_open()) ::close(fd_);
    }

    Coro<> write(std::string piece) override {
        if (!writer_.is_open()) writer_.take(co_await hocket::fs::open(fd_, "wb"));
        co_await writer_.write(std::move(piece));
    }
    Coro<> finish() override {
        co_await write({});
        co_await writer_.close();
        if (std::rename(part_.c_str(), path_.c_str()) != 0) throw_write("rename " + part_ + " to " + path_);
        is_whole_ = true;
    }

private:
    const std::string path_;
    std::string part_;
    int fd_ = -1;  // the writer's, once that is open
    Writer writer_;
    bool is_whole_ = false;
};

}  // namespace

Coro<> Writer::attempt(Coro<> operation) {
    if (failure_.empty()) {
        try {
            co_await std::move(operation);
            co_return;
        } catch (const OSError& e) {
            failure_ = "write to " + name_ + ": " + e.code().message();
        }
        try {
            co_await file_->close();  // what is kept for another attempt is given up
        } catch (const OSError& e) {
            failure_ = "write to " + name_ + ": " + e.code().message();
        }
    }
    throw WriteError(failure_);
}

Coro<> Writer::write(std::string text) {
    co_await attempt([](hocket::fs::File& file, std::string bytes) -> Coro<> { co_await file.write(std::move(bytes)); }(
                                                                       *file_, std::move(text)));
}

Coro<> Writer::flush() { co_await attempt(file_->flush()); }
Coro<> Writer::close() { co_await attempt(file_->close()); }

Coro<> Output::write(std::string text) {
    co_await writer_.write(std::move(text));
    co_await writer_.flush();
}

Unique<Destination> make_nowhere() { return Unique<Destination>(new Nowhere()); }

Unique<Destination> make_to_output(Output& output, hocket::Event& turn, bool refuses_binary) {
    return Unique<Destination>(new ToOutput(output, turn, refuses_binary));
}

Unique<Destination> make_to_file(std::string path) {
    struct stat found{};
    if (::stat(path.c_str(), &found) != 0) return Unique<Destination>(new ToFile(std::move(path), {}));
    if (!S_ISREG(found.st_mode)) return Unique<Destination>(new ToDevice(std::move(path)));
    std::error_code error;
    const std::filesystem::path real = std::filesystem::canonical(path, error);  // a link stays one
    if (error) throw WriteError("write to " + path + ": " + error.message());
    return Unique<Destination>(new ToFile(real.string(), found.st_mode & 07777));
}

std::string Names::next(std::string_view url_path) {
    std::string name = hocket::http::percent_decode(url_path.substr(url_path.rfind('/') + 1)).substr(0, longest_name);
    for (char& c : name) {
        if (c == '/' || static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '_';
    }
    if (name.empty() || name == "." || name == "..") name = "index.html";
    const std::size_t dot = name.rfind('.');
    const std::string ending = dot == std::string::npos || dot == 0 ? std::string() : name.substr(dot);
    const std::string stem = name.substr(0, name.size() - ending.size());
    for (int n = 2; !taken_.insert(name).second; ++n) name = stem + '-' + std::to_string(n) + ending;
    return (std::filesystem::path(folder_) / name).string();
}
