// SPDX-License-Identifier: MIT
// Where bodies go: to standard output, to files that have their name when they are whole, or nowhere.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/core/coro.h>
#include <hocket/os/file.h>
#include <hocket/sync/event.h>

#include <optional>
#include <set>
#include <stdexcept>
#include <string>

/// What came cannot be written; says where, and why.
class WriteError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Takes one body, piece by piece.
class Destination {
public:
    Destination() = default;
    Destination(const Destination&) = delete;
    Destination& operator=(const Destination&) = delete;
    virtual ~Destination() = default;

    // These throw WriteError. Their results are of no use once one has thrown, or was cancelled.
    virtual hocket::Coro<> write(std::string piece) = 0;
    /// The body is whole.
    virtual hocket::Coro<> finish() = 0;
};

/// A file that is written until it fails. Throws WriteError, then and ever after.
class Writer {
public:
    explicit Writer(std::string name) : name_(std::move(name)) {}
    bool is_open() const noexcept { return file_.has_value(); }
    void take(hocket::fs::File file) { file_.emplace(std::move(file)); }
    hocket::Coro<> write(std::string text);
    hocket::Coro<> flush();
    hocket::Coro<> close();

private:
    hocket::Coro<> attempt(hocket::Coro<> operation);

    const std::string name_;
    std::optional<hocket::fs::File> file_;
    std::string failure_;
};

/// Standard output: shared by all that write to it, each in its turn.
class Output {
public:
    Output() : writer_("standard output") { writer_.take(hocket::fs::standard_output("wb")); }
    /// Hands it over. Throws WriteError.
    hocket::Coro<> write(std::string text);

private:
    Writer writer_;
};

/// For what counts its bytes only.
hocket::Unique<Destination> make_nowhere();
/// Waits for `turn`, and keeps a little meanwhile. `refuses_binary`: as a terminal does.
hocket::Unique<Destination> make_to_output(Output& output, hocket::Event& turn, bool refuses_binary);
/// A file. One of that name is replaced when all is there; what is no ordinary file, such as /dev/null, is written to. Throws WriteError.
hocket::Unique<Destination> make_to_file(std::string path);

/// Files in a folder, named after URLs.
class Names {
public:
    explicit Names(std::string folder) : folder_(std::move(folder)) {}
    /// The last part of the path, or `index.html`; where several URLs have the same, `a.txt`, `a-2.txt` and so on.
    std::string next(std::string_view url_path);

private:
    std::string folder_;
    std::set<std::string> taken_;
};
