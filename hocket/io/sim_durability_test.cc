// SPDX-License-Identifier: MIT
// What a crash of a simulated host leaves of its files.
#include <hocket/io/sim_files_test.h>

#include <algorithm>
#include <chrono>
#include <set>

namespace hocket::sim {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

constexpr auto synced = Synced::yes;

TEST(OnceSimDurability, what_was_not_synced_is_lost) {
    Machine machine;
    make_file("/a", "text");
    machine.crash();
    EXPECT_EQ(contents("/a"), "none");
}

TEST(OnceSimDurability, a_synced_file_is_there_with_its_name_and_the_folders_around_it) {
    Machine machine;
    sys::mkdir("/d", 0777);
    sys::mkdir("/d/e", 0777);
    make_file("/d/e/a", "text", synced);
    machine.crash();
    EXPECT_EQ(contents("/d/e/a"), "text");
}

TEST(OnceSimDurability, syncing_only_the_data_saves_as_much) {
    Machine machine;
    const int fd = open_new("/a");
    put(fd, "text");
    EXPECT_EQ(sys::fdatasync(fd), 0);
    machine.crash();
    EXPECT_EQ(contents("/a"), "text");
}

TEST(OnceSimDurability, what_is_written_after_the_sync_is_lost) {
    Machine machine;
    make_file("/a", std::string(1000, 'a'), synced);
    const int fd = open_new("/a");
    put(fd, "bbb");
    EXPECT_EQ(sys::lseek(fd, 0, SEEK_END), 1000);
    put(fd, "ccc");
    EXPECT_EQ(contents(fd), "bbb" + std::string(997, 'a') + "ccc");
    machine.crash();
    EXPECT_EQ(contents("/a"), std::string(1000, 'a'));
}

TEST(OnceSimDurability, descriptors_are_gone) {
    Machine machine;
    const int fd = open_new("/a");
    machine.crash();
    EXPECT_EQ(error_of(sys::write(fd, "x", 1)), EBADF);
}

TEST(OnceSimDurability, calls_on_a_machine_that_is_down_fail) {
    Machine machine;
    make_file("/a", "x", synced);
    machine.kernel.crash();
    EXPECT_EQ(error_of(sys::open("/a", O_RDONLY)), EIO);
    EXPECT_EQ(error_of(sys::unlink("/a")), EIO);
    machine.kernel.boot();
    EXPECT_EQ(contents("/a"), "x");
}

TEST(OnceSimDurability, a_program_that_ends_loses_nothing) {
    Machine machine;
    make_file("/a", "text");
    machine.kernel.close_all();
    EXPECT_EQ(contents("/a"), "text");
}

TEST(OnceSimDurability, a_file_that_is_opened_to_sync_each_write_does) {
    Machine machine;
    const int fd = open_new("/a", O_DSYNC);
    put(fd, "text");
    machine.crash();
    EXPECT_EQ(contents("/a"), "text");
}

TEST(OnceSimDurability, what_is_old_enough_has_been_written_by_the_system) {
    Machine machine;
    make_file("/old", "old");
    machine.pass(20s);
    make_file("/new", "new");
    machine.pass(11s);
    machine.crash();
    EXPECT_EQ(contents("/old"), "old");
    EXPECT_EQ(contents("/new"), "none");
}

// ---- Names

TEST(OnceSimDurability, removing_is_safe_when_the_folder_is_synced) {
    Machine machine;
    make_file("/a", "x", synced);
    make_file("/b", "x", synced);
    sys::unlink("/a");
    sync_folder("/");
    sys::unlink("/b");
    machine.crash();
    EXPECT_EQ(contents("/a"), "none");
    EXPECT_EQ(contents("/b"), "x");
}

TEST(OnceSimDurability, a_rename_is_safe_when_the_folder_or_the_file_is_synced) {
    for (const bool by_folder : {true, false}) {
        Machine machine;
        make_file("/a", "old", synced);
        make_file("/b", "new", synced);
        EXPECT_EQ(sys::rename("/b", "/a"), 0);
        if (by_folder) {
            sync_folder("/");
        } else {
            const int fd = sys::open("/a", O_RDONLY);
            EXPECT_EQ(sys::fsync(fd), 0);
        }
        machine.crash();
        EXPECT_EQ(contents("/a"), "new");
        EXPECT_EQ(contents("/b"), "none");
    }
}

TEST(OnceSimDurability, a_rename_that_was_not_synced_leaves_what_was) {
    Machine machine;
    make_file("/a", "old", synced);
    make_file("/b", "new", synced);
    EXPECT_EQ(sys::rename("/b", "/a"), 0);
    machine.crash();
    EXPECT_EQ(contents("/a"), "old");
    EXPECT_EQ(contents("/b"), "new");
}

TEST(OnceSimDurability, a_rename_may_survive_without_the_data) {
    Machine machine;
    make_file("/a", "old", synced);
    make_file("/b", "new");
    EXPECT_EQ(sys::rename("/b", "/a"), 0);
    sync_folder("/");
    machine.crash();
    EXPECT_EQ(contents("/a"), "");
}

TEST(OnceSimDurability, a_rename_to_another_folder_happens_in_both_or_in_none) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        Machine machine({.lost = 0.5}, seed);
        sys::mkdir("/d", 0777);
        make_file("/a", "x", synced);
        sync_folder("/");
        EXPECT_EQ(sys::rename("/a", "/d/a"), 0);
        machine.crash();
        EXPECT_NE(contents("/a") == "x", contents("/d/a") == "x");
    }
}

TEST(OnceSimDurability, of_the_operations_on_a_folder_the_first_survive) {
    std::set<std::size_t> counts;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        Machine machine({.lost = 0.2}, seed);
        const std::vector<std::string> names = {"/a", "/b", "/c", "/d", "/e"};
        for (const std::string& name : names) make_file(name.c_str(), "");
        machine.crash();
        std::size_t there = 0;
        while (there < names.size() && contents(names[there].c_str()) != "none") ++there;
        for (std::size_t i = there; i < names.size(); ++i) EXPECT_EQ(contents(names[i].c_str()), "none");
        counts.insert(there);
    }
    EXPECT_THAT(counts, ElementsAre(0, 1, 2, 3, 4, 5));
}

TEST(OnceSimDurability, folders_are_never_in_each_other) {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        Machine machine({.lost = 0.5}, seed);
        for (const char* folder : {"/x", "/x/a", "/x/a/c", "/y"}) {
            sys::mkdir(folder, 0777);
            sync_folder(folder);
        }
        EXPECT_EQ(sys::rename("/x/a/c", "/y/c"), 0);
        EXPECT_EQ(sys::rename("/x/a", "/y/c/a"), 0);
        machine.crash();
        sys::Status status{};
        EXPECT_TRUE(sys::stat("/x/a", &status) == 0 || sys::stat("/y/c/a", &status) == 0) << seed;
        EXPECT_TRUE(sys::stat("/x/a/c", &status) == 0 || sys::stat("/y/c", &status) == 0) << seed;
    }
}

TEST(OnceSimDurability, links_and_folders_are_names_as_well) {
    Machine machine;
    make_file("/a", "x", synced);
    sys::link("/a", "/hard");
    sys::symlink("a", "/soft");
    sys::mkdir("/d", 0777);
    sync_folder("/");
    sys::link("/a", "/hard_2");
    sys::symlink("a", "/soft_2");
    sys::mkdir("/d_2", 0777);
    machine.crash();
    EXPECT_THAT(names_in("/"), UnorderedElementsAre(".", "..", "tmp", "dev", "a", "hard", "soft", "d"));
    EXPECT_EQ(contents("/soft"), "x");
    sys::Status status{};
    EXPECT_EQ(sys::stat("/a", &status), 0);
    EXPECT_EQ(status.st_nlink, 2U);
    EXPECT_EQ(sys::stat("/d/..", &status), 0);
    EXPECT_EQ(status.st_ino, 2U);
}

TEST(OnceSimDurability, what_has_no_name_takes_no_space_after_a_crash) {
    Machine machine;
    sys::Statvfs before{}, after{};
    sys::statvfs("/", &before);
    const int fd = sys::open("/tmp", O_TMPFILE | O_RDWR, 0600);
    put(fd, std::string(10'000, 'x'));
    make_file("/a", std::string(10'000, 'x'));
    machine.crash();
    sys::statvfs("/", &after);
    EXPECT_EQ(before.f_bfree, after.f_bfree);
    EXPECT_EQ(before.f_ffree, after.f_ffree);
}

TEST(OnceSimDurability, the_space_of_a_removed_file_is_free_once_that_is_durable) {
    Machine machine;
    sys::Statvfs before{}, after{};
    sys::statvfs("/", &before);
    make_file("/a", std::string(10'000, 'x'), synced);
    sys::unlink("/a");
    machine.pass(31s);
    make_file("/b", "");
    sys::statvfs("/", &after);
    EXPECT_EQ(before.f_bfree, after.f_bfree);
}

// ---- Data

/// What a crash may make of 2000 bytes `a` over which `b` was written, by sectors: `-` is a hole.
std::string sectors_of(const std::string& data) {
    std::string all;
    for (std::size_t i = 0; i < data.size(); i += sector_size) {
        const std::string sector = data.substr(i, sector_size);
        const bool whole = std::ranges::all_of(sector, [&](char c) { return c == sector[0]; });
        all += !whole ? '?' : sector[0] == '\0' ? '-' : sector[0];
    }
    return all;
}

TEST(OnceSimDurability, each_sector_survives_or_not) {
    std::set<std::string> seen;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        Machine machine({.lost = 0.5}, seed);
        make_file("/a", std::string(1536, 'a'), synced);
        put(open_new("/a"), std::string(1536, 'b'));
        machine.crash();
        seen.insert(sectors_of(contents("/a")));
    }
    EXPECT_THAT(seen, ElementsAre("aaa", "aab", "aba", "abb", "baa", "bab", "bba", "bbb"));
}

TEST(OnceSimDurability, a_file_may_have_grown_without_its_data) {
    std::set<std::string> seen;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        Machine machine({.lost = 0.5}, seed);
        make_file("/a", std::string(512, 'a'), synced);
        put(open_new("/a", O_APPEND), std::string(1024, 'b'));
        machine.crash();
        seen.insert(sectors_of(contents("/a")));
    }
    EXPECT_THAT(seen, ElementsAre("a", "a--", "a-b", "ab-", "abb"));
}

TEST(OnceSimDurability, a_file_that_did_not_grow_has_nothing_behind_its_end) {
    std::set<std::string> seen;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        Machine machine({.lost = 0.5}, seed);
        make_file("/a", "aaa", synced);
        put(open_new("/a"), "bbbbbb");
        machine.crash();
        EXPECT_EQ(sys::ftruncate(open_new("/a"), 6), 0);
        seen.insert(contents("/a"));
    }
    const std::string zeros(3, '\0');
    EXPECT_THAT(seen, ElementsAre("aaa" + zeros, "bbb" + zeros, "bbbbbb"));
}

TEST(OnceSimDurability, a_sector_may_be_torn) {
    std::set<std::string> seen;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        Machine machine({.lost = 0, .torn = 0.5}, seed);
        make_file("/a", std::string(512, 'a'), synced);
        put(open_new("/a"), std::string(512, 'b'));
        machine.crash();
        const std::string left = contents("/a");
        EXPECT_EQ(left.find_first_not_of('b'), left.find('a'));
        seen.insert(sectors_of(left));
    }
    EXPECT_THAT(seen, ElementsAre("?", "b"));
}

TEST(OnceSimDurability, a_file_that_is_written_anew_may_be_the_old_one_or_empty_or_new) {
    std::set<std::string> seen;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        Machine machine({.lost = 0.5}, seed);
        make_file("/a", std::string(1024, 'a'), synced);
        make_file("/a", std::string(512, 'b'));
        machine.crash();
        seen.insert(sectors_of(contents("/a")));
    }
    EXPECT_THAT(seen, ElementsAre("", "-", "aa", "b"));
}

TEST(OnceSimDurability, what_was_cut_off_stays_away_once_it_is_synced) {
    Machine machine;
    const int fd = open_new("/a");
    put(fd, std::string(2000, 'x'));
    sys::fsync(fd);
    EXPECT_EQ(sys::ftruncate(fd, 600), 0);
    EXPECT_EQ(sys::ftruncate(fd, 1000), 0);
    sys::fsync(fd);
    machine.crash();
    EXPECT_EQ(contents("/a"), std::string(600, 'x') + std::string(400, '\0'));
}

TEST(OnceSimDurability, what_a_failed_sync_was_to_save_no_later_one_saves) {
    Machine machine;
    make_file("/a", std::string(512, 'a'), synced);
    const int fd = open_new("/a");
    put(fd, std::string(512, 'b'));
    machine.network.disk.eio = 1;
    EXPECT_EQ(error_of(sys::fsync(fd)), EIO);
    machine.network.disk.eio = 0;
    EXPECT_EQ(sys::fsync(fd), 0);
    EXPECT_EQ(contents(fd), std::string(512, 'b')) << "which programs do not see";
    machine.crash();
    EXPECT_EQ(contents("/a"), std::string(512, 'a'));
}

// ---- All together

// What a program that replaces a file as one should leaves behind, whatever is lost.
TEST(OnceSimDurability, a_file_that_is_replaced_with_care_is_the_old_or_the_new) {
    std::set<std::string> seen;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        Machine machine({.lost = 0.5, .torn = 0.5}, seed);
        make_file("/a", std::string(1000, 'a'), synced);
        make_file("/a.new", std::string(1000, 'b'), synced);
        sys::rename("/a.new", "/a");
        machine.crash();
        seen.insert(contents("/a"));
    }
    EXPECT_THAT(seen, ElementsAre(std::string(1000, 'a'), std::string(1000, 'b')));
}

std::string after_a_crash(std::uint64_t seed) {
    Machine machine({.lost = 0.5, .torn = 0.2}, seed);
    for (const char* folder : {"/x", "/y"}) sys::mkdir(folder, 0777);
    for (const char* name : {"/x/a", "/x/b", "/y/c"}) {
        make_file(name, std::string(3000, name[3]));
        sync_folder(name[1] == 'x' ? "/x" : "/y");
    }
    sys::rename("/x/a", "/y/d");
    sys::unlink("/x/b");
    machine.crash();
    std::string all;
    for (const char* folder : {"/", "/x", "/y"}) {
        for (const std::string& name : names_in(folder)) all += name + " ";
    }
    for (const char* name : {"/x/a", "/x/b", "/y/c", "/y/d"}) all += sectors_of(contents(name)) + " ";
    return all;
}

TEST(OnceSimDurability, a_crash_is_the_same_for_the_same_seed) {
    std::set<std::string> seen;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const std::string left = after_a_crash(seed);
        EXPECT_EQ(left, after_a_crash(seed));
        seen.insert(left);
    }
    EXPECT_GT(seen.size(), 10U);
}

TEST(OnceSimDurability, a_second_crash_takes_nothing_more) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        Machine machine({.lost = 0.5}, seed);
        make_file("/a", std::string(3000, 'a'));
        sync_folder("/");
        machine.crash();
        const std::string left = contents("/a");
        machine.crash();
        EXPECT_EQ(contents("/a"), left);
    }
}

TEST(OnceSimDurability, where_nothing_can_be_lost_nothing_is) {
    Machine machine({.lost = 0});
    make_file("/a", "text");
    const std::size_t before = machine.choices.made().size();
    machine.crash();
    EXPECT_EQ(contents("/a"), "text");
    EXPECT_EQ(machine.choices.made().size(), before) << "what has no alternative is no choice";
}

}  // namespace
}  // namespace hocket::sim
