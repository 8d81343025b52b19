// SPDX-License-Identifier: MIT
// Questions about names: which are asked, by whom, in which order, and what becomes of those that have no answer.
#include <hocket/net/names_test.h>
#include <hocket/net/net_test.h>
#include <hocket/os/executor.h>

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace hocket {
namespace {

using testing::TestNames, testing::ending_of, testing::turns, testing::a_while;
using Addresses = std::vector<Address>;
using Words = std::vector<std::string>;

TEST(Resolver, equal_questions_are_asked_once) {
    run([]() -> Coro<> {
        const auto names = TestNames::install();
        names->add_host("a.test", {"192.0.2.1", "2001:db8::1"});
        names->hold("a.test");
        const Task<Addresses> first = create_task(getaddrinfo("a.test", 1));
        co_await names->until_asked(1);
        const Task<Addresses> second = create_task(getaddrinfo("a.test", 2));
        co_await turns(3);
        names->release("a.test");
        const Addresses one{Address::parse("192.0.2.1:1"), Address::parse("[2001:db8::1]:1")},
            two{Address::parse("192.0.2.1:2"), Address::parse("[2001:db8::1]:2")};
        EXPECT_EQ(co_await first, one);
        EXPECT_EQ(co_await second, two);
        EXPECT_EQ(names->asked(), Words{"a.test"});
    }());
}

TEST(Resolver, what_was_answered_is_asked_again) {
    run([]() -> Coro<> {
        const auto names = TestNames::install();
        names->add_host("a.test", {"192.0.2.1"});
        co_await getaddrinfo("a.test", 1);
        co_await getaddrinfo("a.test", 1);
        const Words twice{"a.test", "a.test"};
        EXPECT_EQ(names->asked(), twice);
    }());
}

TEST(Resolver, questions_for_several_families_are_several) {
    run([]() -> Coro<> {
        const auto names = TestNames::install();
        names->add_host("a.test", {"192.0.2.1"});
        names->hold("a.test");
        const Task<Addresses> any = create_task(getaddrinfo("a.test", 1)),
                              four = create_task(getaddrinfo("a.test", 1, {.family = AddressFamily::ipv4}));
        co_await names->until_asked(2);
        names->release("a.test");
        co_await any;
        co_await four;
    }());
}

TEST(Resolver, a_failure_is_everybodys) {
    run([]() -> Coro<> {
        const auto names = TestNames::install();
        names->hold("a.test");
        const Task<Addresses> first = create_task(getaddrinfo("a.test", 1));
        co_await names->until_asked(1);
        const Task<Addresses> second = create_task(getaddrinfo("a.test", 2));
        co_await turns(3);
        names->release("a.test");
        const std::string error = co_await ending_of(first);
        EXPECT_TRUE(error.starts_with("hocket::GaiError: resolve a.test: ")) << error;
        EXPECT_EQ(co_await ending_of(second), error);
    }());
}

TEST(Resolver, a_service_is_a_question_of_its_own) {
    run([]() -> Coro<> {
        const auto names = TestNames::install();
        names->add_host("a.test", {"192.0.2.1"});
        names->add_service("tune", 4711);
        EXPECT_EQ((co_await getaddrinfo("a.test", "tune")).at(0).str(), "192.0.2.1:4711");
        const Words both{"tune", "a.test"};
        EXPECT_EQ(names->asked(), both);
    }());
}

TEST(Resolver, a_cancel_abandons_the_question_and_leaves_it_to_the_others) {
    run([]() -> Coro<> {
        const auto names = TestNames::install();
        names->add_host("a.test", {"192.0.2.1"});
        names->hold("a.test");
        const Task<Addresses> one = create_task(getaddrinfo("a.test", 1)),
                              other = create_task(getaddrinfo("a.test", 1));
        co_await names->until_asked(1);
        one.cancel();
        EXPECT_EQ(co_await ending_of(one), "hocket::CancelledError");
        EXPECT_FALSE(other.done());
        names->release("a.test");
        EXPECT_EQ((co_await other).size(), 1U);
    }());
}

TEST(Resolver, so_many_are_asked_at_once_and_the_others_in_turn) {
    run([]() -> Coro<> {
        const auto names = TestNames::install();
        Resolver::of(get_running_loop())->at_once = 2;
        Words hosts{"a.test", "b.test", "c.test", "d.test"};
        std::vector<Task<Addresses>> tasks;
        for (const std::string& host : hosts) {
            names->add_host(host, {"192.0.2.1"});
            names->hold(host);
            tasks.push_back(create_task(getaddrinfo(host, 1)));
        }
        co_await names->until_asked(2);
        co_await turns(5);
        EXPECT_EQ(names->asked().size(), 2U);
        names->release("a.test");
        co_await names->until_asked(3);
        EXPECT_EQ(names->asked().at(2), "c.test");
        for (const std::string& host : hosts) names->release(host);
        for (const auto& t : tasks) co_await t;
        EXPECT_EQ(names->asked().at(3), "d.test");
    }());
}

TEST(Resolver, a_question_that_nobody_waits_for_any_more_is_not_asked) {
    run([]() -> Coro<> {
        const auto names = TestNames::install();
        const auto resolver = Resolver::of(get_running_loop());
        resolver->at_once = 1;
        names->add_host("a.test", {"192.0.2.1"});
        names->hold("a.test");
        const Task<Addresses> first = create_task(getaddrinfo("a.test", 1)),
                              second = create_task(getaddrinfo("b.test", 1));
        co_await names->until_asked(1);
        EXPECT_EQ(resolver->open_questions(), 2U);
        second.cancel();
        EXPECT_EQ(co_await ending_of(second), "hocket::CancelledError");
        EXPECT_EQ(resolver->open_questions(), 1U);
        names->release("a.test");
        co_await first;
        co_await turns(3);
        EXPECT_EQ(names->asked(), Words{"a.test"});
    }());
}

TEST(RealResolver, a_slow_name_keeps_nobody_waiting) {
    run([]() -> Coro<> {
        const auto names = TestNames::install();
        const auto resolver = Resolver::of(get_running_loop());
        resolver->at_once = 1;
        resolver->slow_after = 1ms;
        names->add_host("quick.test", {"192.0.2.1"});
        names->hold("slow.test");
        const Task<Addresses> slow = create_task(getaddrinfo("slow.test", 1));
        co_await names->until_asked(1);
        EXPECT_EQ((co_await getaddrinfo("quick.test", 1)).size(), 1U);
        EXPECT_FALSE(slow.done());
        EXPECT_EQ(resolver->workers(), 2U);
        names->release("slow.test");
        EXPECT_NE((co_await ending_of(slow)).find("GaiError"), std::string::npos);
    }());
}

TEST(RealResolver, there_is_a_limit_to_the_threads_that_wait_for_slow_names) {
    run([]() -> Coro<> {
        const auto names = TestNames::install();
        const auto resolver = Resolver::of(get_running_loop());
        resolver->at_once = 1;
        resolver->most = 2;
        resolver->slow_after = 1ms;
        names->add_host("quick.test", {"192.0.2.1"});
        names->hold("slow.test");
        names->hold("dead.test");
        const Task<Addresses> slow = create_task(getaddrinfo("slow.test", 1)),
                              dead = create_task(getaddrinfo("dead.test", 1)),
                              quick = create_task(getaddrinfo("quick.test", 1));
        co_await names->until_asked(2);
        co_await a_while();
        EXPECT_FALSE(quick.done());
        names->release("slow.test");
        EXPECT_EQ((co_await quick).size(), 1U);
        names->release("dead.test");
        EXPECT_NE((co_await ending_of(slow)).find("GaiError"), std::string::npos);
        EXPECT_NE((co_await ending_of(dead)).find("GaiError"), std::string::npos);
        EXPECT_EQ(resolver->workers(), 2U);
    }());
}

TEST(Resolver, names_take_nothing_of_the_default_executor) {
    run([]() -> Coro<> {
        const auto names = TestNames::install();
        names->add_host("a.test", {"192.0.2.1"});
        co_await getaddrinfo("a.test", 1);
        EXPECT_EQ(default_executor().workers(), 0U);
    }());
}

TEST(Resolver, the_end_of_the_loop_does_not_wait_for_an_answer) {
    testing::Reports reports;
    Shared<TestNames> names;
    run([](Shared<TestNames>& used) -> Coro<> {
        used = TestNames::install();
        Resolver::of(get_running_loop())->patience = 1ms;
        used->hold("slow.test");
        const Task<Addresses> slow = create_task(getaddrinfo("slow.test", 1));
        co_await used->until_asked(1);
        slow.cancel();
    }(names));
    EXPECT_EQ(
        reports.taken(),
        "the loop ends while the system looks up a name: the thread that waits for it ends when the answer comes");
    names->release("slow.test");
}

TEST(Resolver, a_loop_may_be_closed_while_a_task_asks) {
    testing::Reports reports;
    Shared<TestNames> names;
    const auto loop = new_event_loop();
    const testing::LoopErrors errors(*loop);  // "Task was destroyed but it is pending!"
    const Task<Addresses> asking = loop->create_task(
        [](Shared<TestNames>& used) -> Coro<Addresses> {
            used = TestNames::install();
            Resolver::of(get_running_loop())->patience = 1ms;
            used->hold("slow.test");
            co_return co_await getaddrinfo("slow.test", 1);
        }(names),
        {});
    while (!names || names->asked().empty()) loop->run_once(0s);
    loop->close();
    names->release("slow.test");
}

}  // namespace
}  // namespace hocket
