// SPDX-License-Identifier: MIT
// Questions about names that are cancelled at any moment: whoever gets an answer gets the right one, and no question stays open.
#include <hocket/flow/gather.h>
#include <hocket/net/names_test.h>
#include <hocket/net/net_test.h>

#include <tests/support/torture.h>
#include <tests/support/trace.h>
#include <string>
#include <vector>

namespace hocket {
namespace {

using testing::all_faults;
using testing::cancels_wanted;
using testing::run_tortured;
using testing::TestNames;
using testing::Torturer;

constexpr std::size_t hosts = 12;
std::string name_of(std::size_t i) { return "host" + std::to_string(i); }
std::string address_of(std::size_t i) { return "10.0.0." + std::to_string(i); }

Coro<> ask_on(std::uint64_t seed, std::size_t cancels) {
    constexpr std::size_t turns_of_an_answer = 40;
    Torturer torturer(seed, turns_of_an_answer);
    while (torturer.cancels() < cancels) {
        const std::size_t i = torturer.below(hosts + 1);
        const auto result = co_await torturer.torture(getaddrinfo(name_of(i), 80));
        if (i == hosts) {
            EXPECT_FALSE(result.ok());
            EXPECT_TRUE(result.cancelled() || result.error().starts_with("hocket::GaiError: resolve host12: "))
                << result.error();
        } else if (testing::only_cancelled(result)) {
            EXPECT_EQ(result->at(0).str(), address_of(i) + ":80");
        }
    }
    // Who is not cancelled is answered, after all that; how many of the others were depends on how busy the machine is.
    EXPECT_EQ((co_await getaddrinfo(name_of(0), 80)).at(0).str(), address_of(0) + ":80");
    const std::string refusal = co_await testing::ending_of(getaddrinfo(name_of(hosts), 80));
    EXPECT_TRUE(refusal.starts_with("hocket::GaiError: resolve host12: ")) << refusal;
}

Coro<> ask_at_once(std::size_t cancels) {
    const auto names = TestNames::install();
    for (std::size_t i = 0; i < hosts; ++i) names->add_host(name_of(i), {address_of(i)});
    std::vector<Coro<>> asking;
    for (std::uint64_t i = 0; i < 4; ++i) asking.push_back(ask_on(101 + i, cancels / 4));
    co_await gather(std::move(asking));
    const Shared<Resolver> resolver = Resolver::of(get_running_loop());
    co_await testing::until([&] { return resolver->open_questions() == 0; });
    EXPECT_LE(resolver->workers(), resolver->most);
}

TEST(RealNamesTorture, answers_are_right_and_no_question_stays_open) {
    run_tortured(all_faults, 101, ask_at_once(cancels_wanted(4'000)));
}

Coro<> ask_the_system(std::size_t cancels) {
    constexpr std::size_t turns_of_an_answer = 200;
    Torturer torturer(105, turns_of_an_answer);
    while (torturer.cancels() < cancels) {
        const auto result = co_await torturer.torture(getaddrinfo("localhost", 80, {.family = AddressFamily::ipv4}));
        if (testing::only_cancelled(result)) {
            EXPECT_EQ(result->at(0).str(), "127.0.0.1:80");
        }
    }
}

TEST(RealNamesTorture, the_system_is_asked_and_left) {
    run_tortured(all_faults, 105, ask_the_system(cancels_wanted(200)));
}

}  // namespace
}  // namespace hocket
