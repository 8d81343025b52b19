// SPDX-License-Identifier: MIT
// From addresses to functions, files and lines: in coroutines, templates, lambdas and inlined functions, on several threads.
#include <hocket/base/symbols.h>

#include <hocket/core/coro.h>
#include <hocket/io/runner.h>

#include <tests/support/trace.h>

#include <gtest/gtest.h>

#include <time.h>

#include <cstdlib>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace hocket {
namespace {

// The line where the macro stands, as code_location writes it.
#define PLACE(function) (std::string(function " (base/symbols_test.cc:") + std::to_string(__LINE__) + ")")

bool has_line_tables() { return !code_locations(here()).empty() && code_locations(here())[0].line != 0; }

class Symbols : public ::testing::Test {
protected:
    void SetUp() override {
        if (!has_line_tables()) GTEST_SKIP() << "built without libdw, or without line tables";
    }
};

// What a report says of a coroutine that is dropped.
template <class T>
std::string said_of(Coro<T> coro) {
    testing::Reports reports;
    {
        const Coro<T> dropped = std::move(coro);
    }
    return reports.taken();
}

std::pair<const void*, std::string> here_and_place() { return {here(), PLACE("here_and_place")}; }

TEST_F(Symbols, name_function_file_and_line) {
    const auto [address, place] = here_and_place();
    const std::string found = code_location(address);
    EXPECT_TRUE(found.ends_with(place)) << found;
}

HOCKET_INLINE const void* inlined() { return here(); }

TEST_F(Symbols, list_inlined_functions_the_innermost_first) {
    std::vector<std::string> names;
    for (const CodeLocation& c : code_locations(inlined()))
        names.push_back(c.function.substr(c.function.rfind(':') + 1));
    ASSERT_GE(names.size(), 3U);
    EXPECT_EQ(names[0], "here");
    EXPECT_EQ(names[1], "inlined");
    EXPECT_EQ(names[2], "TestBody");
}

TEST_F(Symbols, skip_the_librarys_own_functions) {
    const std::string said = code_location(here());
    EXPECT_NE(said.find("TestBody (base/symbols_test.cc:"), std::string::npos) << said;
}

Coro<int> plain(std::string text, int n) {
    co_await hocket::sleep(0);
    co_return n + static_cast<int>(text.size());
}

template <class T>
Coro<T> templated(T x) {
    co_return x;
}

struct Reader {
    Coro<> read() const { co_await hocket::sleep(0); }
};

TEST_F(Symbols, name_a_coroutine_as_its_function) {
    EXPECT_NE(said_of(plain("a", 1)).find("plain (base/symbols_test.cc:"), std::string::npos);
    EXPECT_NE(said_of(templated(1.5)).find("templated (base/symbols_test.cc:"), std::string::npos);
    EXPECT_NE(said_of(Reader().read()).find("read (base/symbols_test.cc:"), std::string::npos);
}

Coro<> keeps_where_it_stands(const void*& address, std::string& place) {
    co_await hocket::sleep(0);
    address = here(), place = PLACE("keeps_where_it_stands");
}

// What follows an await is a function of its own: `f(...) [clone .resume]`, `f(f(...)::_Z1f.Frame*)`.
TEST_F(Symbols, name_a_resumed_coroutine_as_its_function) {
    const void* address = nullptr;
    std::string place;
    run(keeps_where_it_stands(address, place));
    const std::string found = code_location(address);
    EXPECT_TRUE(found.ends_with(place)) << found;
}

TEST_F(Symbols, know_addresses_in_shared_libraries) {
    const std::vector<CodeLocation> found = code_locations(reinterpret_cast<const void*>(&std::free));
    ASSERT_FALSE(found.empty());
    EXPECT_NE(found.back().function.find("free"), std::string::npos) << found.back().function;
    // Of which version it is belongs to the linker.
    EXPECT_EQ(code_locations(reinterpret_cast<const void*>(&clock_nanosleep)).back().function.find('@'),
              std::string::npos);
}

TEST_F(Symbols, are_found_by_several_threads_at_once) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([] {
            for (int n = 0; n < 20; ++n) {
                const auto [address, place] = here_and_place();
                EXPECT_TRUE(code_location(address).ends_with(place));
            }
        });
    }
    for (std::thread& t : threads) t.join();
}

TEST(SymbolsOfNothing, are_the_address_itself) {
    EXPECT_EQ(code_location(reinterpret_cast<const void*>(0x10)), "0x10");
    EXPECT_TRUE(code_locations(reinterpret_cast<const void*>(0x10)).empty());
}

TEST(SymbolsOfNothing, are_empty_for_no_address) {
    EXPECT_EQ(code_location(nullptr), "");
    EXPECT_TRUE(code_locations(nullptr).empty());
}

}  // namespace
}  // namespace hocket
