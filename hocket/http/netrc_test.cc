// SPDX-License-Identifier: MIT
// A .netrc: its words, its hosts, and whether it is trusted.
#include <gtest/gtest.h>
#include <hocket/base/errors.h>
#include <hocket/http/netrc_internal.h>
#include <hocket/io/runner.h>
#include <hocket/os/temporary.h>
#include <tests/support/trace.h>

#include <sys/stat.h>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

namespace hocket::http {
namespace {

using hocket::testing::ending_of, hocket::testing::thrown_by;

std::string shown(const std::optional<BasicAuth>& auth) { return auth ? auth->user + "|" + auth->password : "nothing"; }

std::string found(std::string_view text, std::string_view host) { return shown(find_netrc(parse_netrc(text), host)); }

TEST(OnceNetrc, a_host_has_its_entry_and_others_the_default) {
    constexpr std::string_view text =
        "machine a.test login ada password secret\n"
        "machine b.test\n\tlogin bob\n\taccount x\n\tpassword p\n"
        "machine a.test login other password other\n"
        "default user anybody password anything\n";
    EXPECT_EQ(found(text, "a.test"), "ada|secret");
    EXPECT_EQ(found(text, "A.TEST"), "ada|secret");
    EXPECT_EQ(found(text, "b.test"), "bob|p");
    EXPECT_EQ(found(text, "c.test"), "anybody|anything");
    EXPECT_EQ(found(text, "sub.a.test"), "anybody|anything");
    EXPECT_EQ(found("machine a.test login ada password secret", "b.test"), "nothing");
    EXPECT_EQ(found("machine a.test login ada", "a.test"), "nothing");
    EXPECT_EQ(found("machine a.test password p", "a.test"), "|p");
    EXPECT_EQ(found("", "a.test"), "nothing");
}

TEST(OnceNetrc, words_may_be_quoted_and_comments_and_macros_are_skipped) {
    EXPECT_EQ(found("machine a login \"a b\" password \"p \\\"q\\\" #\"", "a"), "a b|p \"q\" #");
    EXPECT_EQ(found("machine a login x password #hash", "a"), "x|#hash");
    EXPECT_EQ(found("machine a login x password a\\ b", "a"), "x|a b");
    EXPECT_EQ(found("# machine a login evil\nmachine a # login evil\nlogin x #\n#y\npassword p # machine b", "a"),
              "x|p");
    EXPECT_EQ(
        found("machine a login x password p\nmacdef init\nmachine a login evil\npassword evil\n\nmachine b password q",
              "b"),
        "|q");
    EXPECT_EQ(found("macdef m\r\nx\r\n\r\nmachine a\r\nlogin x\r\npassword p\r\n", "a"), "x|p");
    EXPECT_EQ(found("machine a login \"\" password p", "a"), "|p");
}

TEST(OnceNetrc, what_is_malformed_is_named_by_its_line_only) {
    const auto refusal = [](std::string_view text) { return thrown_by([&] { static_cast<void>(parse_netrc(text)); }); };
    EXPECT_EQ(refusal("machine a login x\nhunter2 p"), "hocket::ValueError: line 2: no keyword");
    EXPECT_EQ(refusal("login x"), "hocket::ValueError: line 1: no keyword");
    EXPECT_EQ(refusal("machine a login x password"), "hocket::ValueError: line 1: it ends where a word is missing");
    EXPECT_EQ(refusal("machine a\nmacdef m\nx\n\npassword p"), "hocket::ValueError: line 5: no keyword");
    EXPECT_EQ(refusal("machine"), "hocket::ValueError: line 1: it ends where a word is missing");
    EXPECT_EQ(refusal("\"\" x"), "hocket::ValueError: line 1: no keyword");
    EXPECT_EQ(refusal("macdef"), "hocket::ValueError: line 1: it ends where a word is missing");
}

/// A variable of the environment, for a while.
class Variable {
public:
    Variable(const char* name, const std::string& value) : name_(name) {
        if (const char* before = std::getenv(name)) before_ = before;
        ::setenv(name, value.c_str(), 1);
    }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;
    ~Variable() {
        if (before_) {
            ::setenv(name_, before_->c_str(), 1);
        } else {
            ::unsetenv(name_);
        }
    }

private:
    const char* name_;
    std::optional<std::string> before_;
};

void write_file(const std::string& path, std::string_view text, unsigned mode) {
    std::ofstream(path) << text;
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
}

TEST(Netrc, the_file_is_the_one_that_is_named_or_the_users) {
    run([]() -> Coro<> {
        auto folder = co_await fs::temporary_directory();
        const std::string home = folder.name();
        const Variable home_is("HOME", home);
        const Variable named("NETRC", "");
        EXPECT_EQ(shown(co_await read_netrc("", "a")), "nothing");
        write_file(home + "/.netrc", "machine a login home password p", 0600);
        EXPECT_EQ(shown(co_await read_netrc("", "a")), "home|p");
        write_file(home + "/other", "machine a login other password p", 0644);
        EXPECT_EQ(shown(co_await read_netrc(home + "/other", "a")), "other|p");
        const Variable named_so("NETRC", home + "/other");
        EXPECT_EQ(shown(co_await read_netrc("", "a")), "other|p");
        const Variable nowhere("NETRC", home + "/nowhere");
        EXPECT_EQ(shown(co_await read_netrc("", "a")), "nothing");
        EXPECT_EQ(co_await ending_of(read_netrc(home + "/nowhere", "a")),
                  "hocket::OSError: stat " + home + "/nowhere: No such file or directory");
        co_await folder.cleanup();
    }());
}

TEST(Netrc, one_that_others_may_read_is_refused) {
    run([]() -> Coro<> {
        auto folder = co_await fs::temporary_directory();
        const std::string home = folder.name();
        const Variable home_is("HOME", home);
        const Variable named("NETRC", "");
        for (const unsigned mode : {0640U, 0604U, 0620U}) {
            write_file(home + "/.netrc", "machine a login x password p", mode);
            EXPECT_EQ(
                co_await ending_of(read_netrc("", "a")),
                "hocket::ValueError: read " + home + "/.netrc: others may have it: chmod 600 " + home + "/.netrc");
        }
        EXPECT_EQ(co_await ending_of(read_netrc(home, "a")),
                  "hocket::ValueError: read " + home + ": no file of at most 1 MiB");
        write_file(home + "/bad", "machine a hunter2", 0600);
        EXPECT_EQ(co_await ending_of(read_netrc(home + "/bad", "a")),
                  "hocket::ValueError: read " + home + "/bad: line 1: no keyword");
        co_await folder.cleanup();
    }());
}

}  // namespace
}  // namespace hocket::http
