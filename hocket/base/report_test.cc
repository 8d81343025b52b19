// SPDX-License-Identifier: MIT
// The report sink: replaced, restored, broken, and called from several threads.
#include <hocket/base/report.h>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <latch>
#include <string>
#include <thread>
#include <vector>

namespace hocket {
namespace {

class Report : public ::testing::Test {
protected:
    ~Report() override { set_report_sink({}); }
};

TEST_F(Report, goes_to_the_sink) {
    std::string seen;
    set_report_sink([&](std::string_view text) { seen = text; });
    report("one\n  two");
    EXPECT_EQ(seen, "one\n  two");
}

TEST_F(Report, goes_to_standard_error_without_a_sink) {
    ::testing::internal::CaptureStderr();
    report("lost");
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "hocket: lost\n");
}

TEST_F(Report, replacing_the_sink_gives_the_one_before) {
    std::string first, second;
    set_report_sink([&](std::string_view text) { first += text; });
    ReportSink before = set_report_sink([&](std::string_view text) { second += text; });
    report("b");
    set_report_sink(std::move(before));
    report("a");
    EXPECT_EQ(first, "a");
    EXPECT_EQ(second, "b");
}

TEST_F(Report, reaches_standard_error_when_the_sink_throws) {
    set_report_sink([](std::string_view) { throw 1; });
    ::testing::internal::CaptureStderr();
    report("told all the same");
    EXPECT_NE(::testing::internal::GetCapturedStderr().find("hocket: told all the same\n"), std::string::npos);
}

TEST_F(Report, may_be_made_by_the_sink_itself) {
    std::vector<std::string> seen;
    set_report_sink([&](std::string_view text) {
        seen.emplace_back(text);
        if (seen.size() == 1) report("again");
    });
    report("first");
    EXPECT_EQ(seen, (std::vector<std::string>{"first", "again"}));
}

TEST_F(Report, a_sink_may_replace_itself_and_keep_itself) {
    std::string seen;
    ReportSink first;
    set_report_sink([&](std::string_view) {
        first = set_report_sink([&](std::string_view text) { seen += text; });
        seen += "first, ";
    });
    report("one");
    report("two");
    EXPECT_EQ(seen, "first, two");
}

TEST_F(Report, works_in_a_child_that_was_forked_while_another_thread_reported) {
    std::latch inside(1), go(1);
    set_report_sink([&](std::string_view) {
        inside.count_down();
        go.wait();
    });
    std::thread other([] { report("it takes its time"); });
    inside.wait();
    const pid_t child = fork();
    if (child == 0) {
        alarm(10);  // a sink that was locked at the time of the fork would be so for ever
        set_report_sink([](std::string_view text) { _exit(text == "from the child" ? 0 : 1); });
        report("from the child");
        _exit(2);
    }
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    go.count_down();
    other.join();
}

TEST_F(Report, calls_the_sink_from_one_thread_at_a_time) {
    int inside = 0, most = 0, count = 0;
    set_report_sink([&](std::string_view) {
        most = std::max(most, ++inside);
        ++count;
        --inside;
    });
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([] {
            for (int n = 0; n < 1000; ++n) report("x");
        });
    }
    for (std::thread& t : threads) t.join();
    EXPECT_EQ(most, 1);
    EXPECT_EQ(count, 4000);
}

}  // namespace
}  // namespace hocket
