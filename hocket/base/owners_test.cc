// SPDX-License-Identifier: MIT
// Each object is destroyed once, by its last owner.
#include <hocket/base/owners.h>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace hocket {
namespace {

struct Base {
    virtual ~Base() = default;
};
struct Counted : Base {
    int& live;
    explicit Counted(int& count) : live(count) { ++live; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() override { --live; }
};

TEST(OnceUnique, destroys_what_it_owns) {
    int live = 0;
    {
        auto a = Unique<Counted>::make(live);
        Unique<Counted> b(std::move(a));
        EXPECT_FALSE(a);  // NOLINT(bugprone-use-after-move)
        EXPECT_TRUE(b);
        EXPECT_EQ(live, 1);
        b = Unique<Counted>::make(live);
        EXPECT_EQ(live, 1);
        b.reset();
        EXPECT_EQ(live, 0);
        b = nullptr;
        EXPECT_EQ(b.get(), nullptr);
    }
    EXPECT_EQ(live, 0);
}

TEST(OnceUnique, is_made_from_owners_of_derived_classes) {
    int live = 0;
    {
        const Unique<Base> ours = Unique<Counted>::make(live);
        const Unique<Base> standard = std::make_unique<Counted>(live);
        EXPECT_EQ(live, 2);
    }
    EXPECT_EQ(live, 0);
    static_assert(!std::is_constructible_v<Unique<Counted>, Unique<Base>>);
    static_assert(!std::is_constructible_v<Unique<Base>, std::unique_ptr<int>>);
    static_assert(!std::is_copy_constructible_v<Unique<Base>>);
}

TEST(OnceUnique, gives_up_what_it_releases) {
    int live = 0;
    auto a = Unique<Counted>::make(live);
    const std::unique_ptr<Counted> other(a.release());
    EXPECT_FALSE(a);
    EXPECT_EQ(live, 1);
}

TEST(OnceShared, the_last_owner_destroys_it) {
    int live = 0;
    Shared<Counted> last;
    {
        const auto a = Shared<Counted>::make(live);
        Shared<Counted> b = a, c = std::move(b);
        EXPECT_FALSE(b);  // NOLINT(bugprone-use-after-move)
        EXPECT_EQ(c.get(), a.get());
        last = c;
        last = *&last;
        EXPECT_EQ(live, 1);
    }
    EXPECT_EQ(live, 1);
    last = nullptr;
    EXPECT_EQ(live, 0);
}

TEST(OnceShared, is_made_from_other_owners) {
    int live = 0;
    {
        const Shared<Counted> first = Unique<Counted>::make(live);
        const Shared<Base> second = std::make_unique<Counted>(live), copy = second;
        const auto standard = std::make_shared<Counted>(live);
        const Shared<Base> third = standard, fourth = first;
        EXPECT_EQ(third.get(), standard.get());
        EXPECT_EQ(fourth.get(), first.get());
        EXPECT_EQ(live, 3);
    }
    EXPECT_EQ(live, 0);
    EXPECT_FALSE(Shared<Base>(std::unique_ptr<Base>()));
    static_assert(!std::is_constructible_v<Shared<Counted>, Shared<Base>>);
    static_assert(!std::is_constructible_v<Shared<Base>, std::unique_ptr<int>>);
    static_assert(!std::is_constructible_v<Shared<Base>, Base*>);
}

struct Later;
TEST(OnceShared, may_be_copied_and_dropped_where_the_type_is_incomplete) {
    const Shared<Later> none;
    const Shared<Later> copy = none;  // NOLINT(performance-unnecessary-copy-initialization)
    EXPECT_FALSE(copy);
}

TEST(OnceShared, owners_may_be_on_different_threads) {
    const auto text = Shared<const std::string>::make("shared");
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
        threads.emplace_back([text] {
            for (int n = 0; n < 1000; ++n) {
                const Shared<const std::string> copy = text;
                EXPECT_EQ(copy->size(), 6U);
            }
        });
    }
    for (std::thread& t : threads) t.join();
    EXPECT_EQ(*text, "shared");
}

}  // namespace
}  // namespace hocket
