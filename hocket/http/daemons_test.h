// SPDX-License-Identifier: MIT
// What the tests with other people's HTTP programs share: these programs as children, with a folder and a port of their own.
#pragma once

#include <gtest/gtest.h>
#include <hocket/net/net_test.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hocket::http::testing {

/// Whether a program, or another file of a Debian package, is not on this machine. `./dev interop` installs them all: there it is a failure.
///
///     if (lacks("/usr/sbin/nginx")) GTEST_SKIP() << "nginx is not installed";
inline bool lacks(const std::string& file) {
    if (access(file.c_str(), R_OK) == 0) return false;
    if (std::getenv("HOCKET_INTEROP")) [&] { FAIL() << file << " is not installed"; }();
    return true;
}

/// Debian's interpreter, which has Debian's packages.
inline constexpr const char* debians_python = "/usr/bin/python3";

inline bool lacks_module(const std::string& name) {
    return lacks(debians_python) || lacks("/usr/lib/python3/dist-packages/" + name);
}

inline std::string contents(const std::string& path) {
    const std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return std::move(text).str();
}

/// A folder for one test, which goes with it. Who looks into it may be another user: what root starts gives up root's rights.
class Folder {
public:
    Folder() {
        std::string name = "/tmp/hocket-test-XXXXXX";
        if (!mkdtemp(name.data())) ADD_FAILURE() << "mkdtemp: " << errno;
        path_ = name;
        chmod(path_.c_str(), 0755);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() {
        std::error_code error;
        std::filesystem::remove_all(path_, error);
    }

    const std::string& path() const { return path_; }
    std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }
    /// Its path.
    std::string write(std::string_view name, std::string_view text) const {
        const std::string path = *this / name;
        std::filesystem::create_directories(std::filesystem::path(path).parent_path());
        std::ofstream(path, std::ios::binary) << text;
        return path;
    }
    /// One into which everybody may write.
    std::string open_folder(std::string_view name) const {
        const std::string path = *this / name;
        std::filesystem::create_directories(path);
        chmod(path.c_str(), 0777);
        return path;
    }

private:
    std::string path_;
};

inline sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

/// A port of 127.0.0.1 for a program that cannot choose a free one itself. It is bound here as long as this lives, so that nobody else is given it;
/// the program can still bind to it, since SO_REUSEADDR on both sides allows that while this one does not listen.
class HeldPort {
public:
    HeldPort() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const int on = 1;
        setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        sockaddr_in address = loopback(0);
        socklen_t size = sizeof address;
        auto* const raw = reinterpret_cast<sockaddr*>(&address);
        if (bind(fd_, raw, size) != 0 || getsockname(fd_, raw, &size) != 0) ADD_FAILURE() << "no free port: " << errno;
        number_ = ntohs(address.sin_port);
    }
    HeldPort(const HeldPort&) = delete;
    HeldPort& operator=(const HeldPort&) = delete;
    ~HeldPort() { close(fd_); }

    std::uint16_t number() const { return number_; }
    std::string text() const { return std::to_string(number_); }
    /// `127.0.0.1:8080`
    std::string address() const { return "127.0.0.1:" + text(); }

    bool accepts() const {
        const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const sockaddr_in address = loopback(number_);
        const bool is_there = connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
        close(client);
        return is_there;
    }

private:
    int fd_;
    std::uint16_t number_ = 0;
};

/// A program that serves until its test ends; what it says is in a file of the folder. It ends with this process, however that does.
class Daemon {
public:
    Daemon(const Folder& folder, std::vector<std::string> command) : said_(folder / "said") {
        command.insert(command.begin(), {"/usr/bin/setpriv", "--pdeathsig", "TERM"});
        std::vector<char*> arguments;
        for (std::string& argument : command) arguments.push_back(argument.data());
        arguments.push_back(nullptr);
        posix_spawn_file_actions_t files;
        posix_spawn_file_actions_init(&files);
        posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_addopen(&files, 1, said_.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
        posix_spawn_file_actions_adddup2(&files, 1, 2);
        posix_spawnattr_t attributes;
        posix_spawnattr_init(&attributes);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);  // some end their whole group
        const int error = posix_spawn(&id_, arguments[0], &files, &attributes, arguments.data(), environ);
        if (error != 0) ADD_FAILURE() << arguments[3] << ": " << error;
        if (error != 0) id_ = 0;
        posix_spawnattr_destroy(&attributes);
        posix_spawn_file_actions_destroy(&files);
    }
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;
    ~Daemon() { end(); }

    pid_t id() const { return id_; }
    std::string said() const { return contents(said_); }
    bool runs() {
        if (id_ > 0 && waitpid(id_, nullptr, WNOHANG) == id_) id_ = 0;
        return id_ > 0;
    }
    /// Waits until somebody answers at the port.
    Coro<> listens(const HeldPort& port) {
        co_await hocket::testing::until([&] { return port.accepts() || !runs(); });
        EXPECT_TRUE(runs()) << said();
    }
    /// Waits for a line that has `words`, and gives what follows them in it.
    Coro<std::string> says(std::string words) {
        std::string text;
        std::size_t at = std::string::npos;
        co_await hocket::testing::until([&] {
            text = said();
            at = text.find(words);
            return (at != std::string::npos && text.find('\n', at) != std::string::npos) || !runs();
        });
        EXPECT_NE(at, std::string::npos) << text;
        if (at == std::string::npos) co_return std::string();
        at += words.size();
        co_return text.substr(at, text.find('\n', at) - at);
    }
    /// Ends it, politely if it can be, and waits for that.
    void end() {
        using namespace std::chrono_literals;
        if (!runs()) return;
        kill(id_, SIGTERM);
        for (int i = 0; i < 2000 && runs(); ++i) usleep(5000);
        if (!runs()) return;
        kill(-id_, SIGKILL);
        waitpid(std::exchange(id_, 0), nullptr, 0);
    }

private:
    std::string said_;
    pid_t id_ = 0;
};

/// Starts a program in Python; it prints `port N` when it serves.
inline std::vector<std::string> python_daemon(const Folder& folder, std::string_view program,
                                              const std::vector<std::string>& arguments = {}) {
    std::vector<std::string> command{debians_python, "-u", folder.write("server.py", program)};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return command;
}

}  // namespace hocket::http::testing
