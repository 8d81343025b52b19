// SPDX-License-Identifier: MIT
// The calls on simulated files: what they do, and their errors.
#include <hocket/io/sim_files_test.h>

#include <sys/socket.h>
#include <algorithm>
#include <climits>

namespace hocket::sim {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

sys::Status status_of(const char* path) {
    sys::Status status{};
    EXPECT_EQ(sys::stat(path, &status), 0) << path;
    return status;
}

TEST(OnceSimFiles, without_a_simulation_the_system_is_asked) {
    EXPECT_FALSE(sys::simulated());
    sys::Status status{};
    EXPECT_EQ(sys::stat("/proc/self", &status), 0);
    const Machine machine;
    EXPECT_TRUE(sys::simulated());
    EXPECT_EQ(error_of(sys::stat("/proc/self", &status)), ENOENT);
}

TEST(OnceSimFiles, a_host_begins_with_a_root_and_what_programs_expect_there) {
    const Machine machine;
    EXPECT_THAT(names_in("/"), UnorderedElementsAre(".", "..", "tmp", "dev"));
    EXPECT_EQ(status_of("/tmp").st_mode, S_IFDIR | 01777U);
    EXPECT_EQ(status_of("/").st_ino, 2U);
    EXPECT_EQ(sys::getcwd(), "/");
}

TEST(OnceSimFiles, what_is_written_is_read_at_the_position) {
    const Machine machine;
    const int fd = open_new("/a");
    put(fd, "0123456789");
    EXPECT_EQ(sys::lseek(fd, 2, SEEK_SET), 2);
    char piece[4];
    EXPECT_EQ(sys::read(fd, piece, 4), 4);
    EXPECT_EQ(std::string_view(piece, 4), "2345");
    EXPECT_EQ(sys::lseek(fd, 0, SEEK_CUR), 6);
    EXPECT_EQ(sys::lseek(fd, -1, SEEK_END), 9);
    EXPECT_EQ(sys::read(fd, piece, 4), 1);
    EXPECT_EQ(sys::read(fd, piece, 4), 0);
}

TEST(OnceSimFiles, duplicates_share_a_position_and_files_opened_twice_do_not) {
    const Machine machine;
    const int fd = open_new("/a"), same = sys::fcntl(fd, F_DUPFD_CLOEXEC), other = open_new("/a");
    put(fd, "abc");
    EXPECT_EQ(sys::lseek(same, 0, SEEK_CUR), 3);
    EXPECT_EQ(sys::lseek(other, 0, SEEK_CUR), 0);
    EXPECT_EQ(sys::close(fd), 0);
    put(same, "d");
    EXPECT_EQ(contents(other), "abcd");
}

TEST(OnceSimFiles, appending_goes_to_the_end_wherever_that_is) {
    const Machine machine;
    const int log = open_new("/log", O_APPEND), other = open_new("/log");
    put(log, "a");
    EXPECT_EQ(sys::lseek(other, 0, SEEK_END), 1);
    put(other, "bb");
    put(log, "c");
    EXPECT_EQ(contents("/log"), "abbc");
}

TEST(OnceSimFiles, holes_read_as_zeros_and_take_no_space) {
    const Machine machine;
    const int fd = open_new("/sparse");
    EXPECT_EQ(sys::lseek(fd, 1 << 20, SEEK_SET), 1 << 20);
    put(fd, "end");
    EXPECT_EQ(status_of("/sparse").st_size, (1 << 20) + 3);
    EXPECT_EQ(status_of("/sparse").st_blocks, 1);
    EXPECT_EQ(contents(fd).substr(0, (1 << 20)), std::string(1 << 20, '\0'));
    EXPECT_EQ(sys::lseek(fd, 0, SEEK_DATA), 1 << 20);
    EXPECT_EQ(sys::lseek(fd, 0, SEEK_HOLE), 0);
    EXPECT_EQ(sys::lseek(fd, 1 << 20, SEEK_HOLE), (1 << 20) + 3);
    EXPECT_EQ(error_of(sys::lseek(fd, (1 << 20) + 3, SEEK_DATA)), ENXIO);
}

TEST(OnceSimFiles, what_is_cut_off_does_not_come_back) {
    const Machine machine;
    const int fd = open_new("/a");
    put(fd, std::string(2000, 'x'));
    EXPECT_EQ(sys::ftruncate(fd, 700), 0);
    EXPECT_EQ(sys::ftruncate(fd, 1500), 0);
    EXPECT_EQ(contents(fd), std::string(700, 'x') + std::string(800, '\0'));
    EXPECT_EQ(error_of(sys::ftruncate(fd, -1)), EINVAL);
    const int reader = sys::open("/a", O_RDONLY);
    EXPECT_EQ(error_of(sys::ftruncate(reader, 0)), EINVAL);
}

TEST(OnceSimFiles, a_file_is_opened_as_its_flags_say) {
    const Machine machine;
    EXPECT_EQ(error_of(sys::open("/a", O_RDWR)), ENOENT);
    make_file("/a", "text");
    EXPECT_EQ(error_of(sys::open("/a", O_RDWR | O_CREAT | O_EXCL, 0600)), EEXIST);
    EXPECT_EQ(error_of(sys::open("/a", O_RDONLY | O_DIRECTORY)), ENOTDIR);
    EXPECT_EQ(error_of(sys::open("/a/", O_RDONLY)), ENOTDIR);
    EXPECT_EQ(error_of(sys::open("/a/b", O_RDONLY)), ENOTDIR);
    EXPECT_EQ(error_of(sys::open("/tmp", O_RDWR)), EISDIR);
    EXPECT_EQ(error_of(open_new("/new/")), EISDIR);
    EXPECT_EQ(error_of(sys::open("", O_RDONLY)), ENOENT);
    EXPECT_EQ(error_of(sys::open(std::string(256, 'n').c_str(), O_RDONLY)), ENAMETOOLONG);
    EXPECT_EQ(error_of(sys::open(std::string(PATH_MAX, '/').c_str(), O_RDONLY)), ENAMETOOLONG);
    const int reader = sys::open("/a", O_RDONLY), writer = sys::open("/a", O_WRONLY);
    char byte = 0;
    EXPECT_EQ(error_of(sys::write(reader, &byte, 1)), EBADF);
    EXPECT_EQ(error_of(sys::read(writer, &byte, 1)), EBADF);
    EXPECT_EQ(contents("/a"), "text");
    sys::close(sys::open("/a", O_WRONLY | O_TRUNC));
    EXPECT_EQ(contents("/a"), "");
}

TEST(OnceSimFiles, a_descriptor_that_is_closed_is_none) {
    const Machine machine;
    const int fd = open_new("/a");
    EXPECT_EQ(sys::close(fd), 0);
    char byte = 0;
    EXPECT_EQ(error_of(sys::close(fd)), EBADF);
    EXPECT_EQ(error_of(sys::read(fd, &byte, 1)), EBADF);
    EXPECT_EQ(error_of(sys::lseek(fd, 0, SEEK_SET)), EBADF);
    EXPECT_EQ(error_of(sys::fsync(fd)), EBADF);
    EXPECT_EQ(error_of(sys::fcntl(fd, F_DUPFD_CLOEXEC)), EBADF);
    EXPECT_EQ(error_of(sys::close(0)), EBADF) << "the real process's are not its own";
}

TEST(OnceSimFiles, files_and_sockets_share_the_limit_of_descriptors) {
    Machine machine;
    machine.network.config.descriptors = 2;
    EXPECT_GE(machine.kernel.install(Shared<Endpoint>::make(machine.kernel, AF_INET, SOCK_STREAM)), 0);
    const int fd = open_new("/a");
    EXPECT_GE(fd, 0);
    EXPECT_EQ(error_of(open_new("/b")), EMFILE);
    EXPECT_EQ(contents("/b"), "none") << "what could not be opened was not made";
    sys::close(fd);
    EXPECT_EQ(error_of(sys::open("/b", O_RDONLY)), ENOENT);
}

TEST(OnceSimFiles, dots_name_folders) {
    const Machine machine;
    ASSERT_EQ(sys::mkdir("/d", 0777), 0);
    make_file("/d/a", "x");
    EXPECT_EQ(contents("/d/./a"), "x");
    EXPECT_EQ(contents("/d/../d//a"), "x");
    EXPECT_EQ(contents("d/a"), "x");
    EXPECT_EQ(contents("/../d/a"), "x");
    EXPECT_EQ(contents("/none/../d/a"), "none");
}

TEST(OnceSimFiles, an_open_file_outlives_its_names) {
    const Machine machine;
    const int fd = open_new("/a");
    put(fd, "kept");
    EXPECT_EQ(sys::unlink("/a"), 0);
    EXPECT_EQ(contents("/a"), "none");
    EXPECT_EQ(contents(fd), "kept");
    sys::Status status{};
    EXPECT_EQ(sys::fstat(fd, &status), 0);
    EXPECT_EQ(status.st_nlink, 0U);
    EXPECT_EQ(error_of(sys::unlink("/a")), ENOENT);
}

TEST(OnceSimFiles, folders_are_made_and_removed) {
    const Machine machine;
    EXPECT_EQ(sys::mkdir("/d", 0777), 0);
    EXPECT_EQ(status_of("/d").st_mode, S_IFDIR | 0755U);
    EXPECT_EQ(error_of(sys::mkdir("/d", 0777)), EEXIST);
    EXPECT_EQ(error_of(sys::mkdir("/", 0777)), EEXIST);
    EXPECT_EQ(error_of(sys::mkdir("/none/d", 0777)), ENOENT);
    EXPECT_EQ(sys::mkdir("/d/e/", 0777), 0);
    EXPECT_EQ(status_of("/d").st_nlink, 3U);
    EXPECT_EQ(error_of(sys::rmdir("/d")), ENOTEMPTY);
    EXPECT_EQ(error_of(sys::unlink("/d/e")), EISDIR);
    EXPECT_EQ(error_of(sys::rmdir("/d/e/.")), EINVAL);
    EXPECT_EQ(error_of(sys::rmdir("/d/e/..")), ENOTEMPTY);
    EXPECT_EQ(error_of(sys::rmdir("/")), EBUSY);
    EXPECT_EQ(error_of(sys::rmdir("/dev/null")), ENOTDIR);
    EXPECT_EQ(sys::rmdir("/d/e"), 0);
    EXPECT_EQ(sys::rmdir("/d"), 0);
    EXPECT_EQ(error_of(sys::rmdir("/d")), ENOENT);
}

TEST(OnceSimFiles, nothing_is_made_in_a_folder_that_was_removed) {
    const Machine machine;
    sys::mkdir("/d", 0777);
    const int folder = sys::open("/d", O_RDONLY | O_DIRECTORY);
    EXPECT_EQ(sys::rmdir("/d"), 0);
    EXPECT_EQ(error_of(sys::openat(folder, "a", O_RDWR | O_CREAT)), ENOENT);
    EXPECT_EQ(error_of(sys::openat(folder, "..", O_RDONLY)), ENOENT);
}

TEST(OnceSimFiles, a_folder_is_listed_in_an_order_that_is_not_that_of_names_and_always_the_same) {
    std::vector<std::string> first, sorted;
    for (int round = 0; round < 2; ++round) {
        const Machine machine;
        for (const char* name : {"/tmp/a", "/tmp/b", "/tmp/c", "/tmp/d", "/tmp/e"}) make_file(name, "");
        const std::vector<std::string> names = names_in("/tmp");
        EXPECT_THAT(names, UnorderedElementsAre(".", "..", "a", "b", "c", "d", "e"));
        if (round == 0) first = names;
        EXPECT_EQ(names, first);
    }
    sorted = first;
    std::ranges::sort(sorted);
    EXPECT_NE(first, sorted);
    const Machine machine;
    sys::FolderReader none("/none"), file("/dev/null");
    EXPECT_FALSE(none.is_open());
    EXPECT_FALSE(file.is_open());
}

TEST(OnceSimFiles, a_rename_takes_the_place_of_what_was_there) {
    const Machine machine;
    make_file("/a", "new");
    make_file("/b", "old");
    const int old = sys::open("/b", O_RDONLY);
    EXPECT_EQ(sys::rename("/a", "/b"), 0);
    EXPECT_EQ(contents("/a"), "none");
    EXPECT_EQ(contents("/b"), "new");
    EXPECT_EQ(contents(old), "old");
}

TEST(OnceSimFiles, a_rename_that_cannot_be_changes_nothing) {
    const Machine machine;
    make_file("/file", "x");
    for (const char* folder : {"/d", "/d/e", "/full", "/full/x"}) sys::mkdir(folder, 0777);
    EXPECT_EQ(error_of(sys::rename("/none", "/b")), ENOENT);
    EXPECT_EQ(error_of(sys::rename("/file", "/none/b")), ENOENT);
    EXPECT_EQ(error_of(sys::rename("/d", "/d/e/f")), EINVAL);
    EXPECT_EQ(error_of(sys::rename("/d", "/file")), ENOTDIR);
    EXPECT_EQ(error_of(sys::rename("/file", "/d")), EISDIR);
    EXPECT_EQ(error_of(sys::rename("/file", "/new/")), ENOTDIR);
    EXPECT_EQ(error_of(sys::rename("/d", "/full")), ENOTEMPTY);
    EXPECT_EQ(error_of(sys::rename("/d/.", "/g")), EBUSY);
    EXPECT_EQ(sys::rename("/file", "/file"), 0);
    EXPECT_EQ(contents("/file"), "x");
}

TEST(OnceSimFiles, a_folder_that_is_moved_has_another_around_it) {
    const Machine machine;
    for (const char* folder : {"/d", "/d/e", "/g"}) sys::mkdir(folder, 0777);
    EXPECT_EQ(sys::rename("/d/e", "/g/e"), 0);
    EXPECT_EQ(status_of("/g/e/..").st_ino, status_of("/g").st_ino);
    EXPECT_EQ(sys::rmdir("/d"), 0);
}

TEST(OnceSimFiles, hard_links_are_names_of_one_file) {
    const Machine machine;
    make_file("/a", "x");
    EXPECT_EQ(sys::link("/a", "/b"), 0);
    EXPECT_EQ(status_of("/a").st_ino, status_of("/b").st_ino);
    EXPECT_EQ(status_of("/a").st_nlink, 2U);
    EXPECT_EQ(error_of(sys::link("/a", "/b")), EEXIST);
    EXPECT_EQ(error_of(sys::link("/tmp", "/t")), EPERM);
    EXPECT_EQ(error_of(sys::link("/none", "/t")), ENOENT);
    EXPECT_EQ(sys::rename("/a", "/b"), 0) << "two names of one file: nothing happens";
    EXPECT_EQ(contents("/a"), "x");
    EXPECT_EQ(sys::unlink("/a"), 0);
    EXPECT_EQ(contents("/b"), "x");
}

TEST(OnceSimFiles, symbolic_links_are_followed_where_they_lead) {
    const Machine machine;
    sys::mkdir("/d", 0777);
    make_file("/d/a", "x");
    EXPECT_EQ(sys::symlink("d", "/to_d"), 0);
    EXPECT_EQ(sys::symlink("../to_d/a", "/d/to_a"), 0);
    EXPECT_EQ(sys::symlink("/nowhere", "/dangling"), 0);
    EXPECT_EQ(contents("/d/to_a"), "x");
    char target[100];
    EXPECT_EQ(sys::readlink("/d/to_a", target, sizeof target), 9);
    EXPECT_EQ(std::string_view(target, 9), "../to_d/a");
    EXPECT_EQ(sys::readlink("/d/to_a", target, 2), 2);
    EXPECT_EQ(error_of(sys::readlink("/d/a", target, sizeof target)), EINVAL);
    sys::Status status{};
    EXPECT_EQ(sys::lstat("/to_d", &status), 0);
    EXPECT_TRUE(S_ISLNK(status.st_mode));
    EXPECT_EQ(status.st_size, 1);
    EXPECT_EQ(sys::lstat("/to_d/", &status), 0);
    EXPECT_TRUE(S_ISDIR(status.st_mode));
    EXPECT_EQ(error_of(sys::open("/d/to_a", O_RDONLY | O_NOFOLLOW)), ELOOP);
    EXPECT_EQ(error_of(sys::open("/to_d", O_RDONLY | O_NOFOLLOW | O_DIRECTORY)), ENOTDIR);
    EXPECT_EQ(error_of(sys::mkdir("/dangling", 0777)), EEXIST);
    EXPECT_EQ(error_of(sys::open("/dangling", O_RDWR | O_CREAT | O_EXCL, 0600)), EEXIST);
    make_file("/dangling", "made through it");
    EXPECT_EQ(contents("/nowhere"), "made through it");
    EXPECT_EQ(sys::unlink("/dangling"), 0);
    EXPECT_EQ(contents("/nowhere"), "made through it");
    EXPECT_EQ(error_of(sys::rmdir("/to_d/")), ENOTDIR);
}

TEST(OnceSimFiles, links_in_a_circle_are_an_error) {
    const Machine machine;
    sys::symlink("/b", "/a");
    sys::symlink("/a", "/b");
    EXPECT_EQ(error_of(sys::open("/a", O_RDONLY)), ELOOP);
    EXPECT_EQ(error_of(sys::open("/a/c", O_RDONLY)), ELOOP);
    EXPECT_EQ(error_of(sys::access("/a", F_OK)), ELOOP);
}

TEST(OnceSimFiles, a_name_beneath_a_folder_does_not_lead_out_of_it) {
    const Machine machine;
    for (const char* folder : {"/d", "/d/e"}) sys::mkdir(folder, 0777);
    make_file("/d/a", "x");
    sys::symlink("../a", "/d/e/inside");
    sys::symlink("../../dev/null", "/d/e/outside");
    sys::symlink("/d/a", "/d/absolute");
    const int folder = sys::open("/d", O_PATH | O_DIRECTORY);
    const auto beneath = [&](const char* path) {
        open_how how{};
        how.flags = O_RDONLY;
        how.resolve = RESOLVE_BENEATH;
        return error_of(sys::openat2(folder, path, how));
    };
    EXPECT_EQ(beneath("a"), 0);
    EXPECT_EQ(beneath("e/../a"), 0);
    EXPECT_EQ(beneath("e/inside"), 0);
    EXPECT_EQ(beneath("../d/a"), EXDEV);
    EXPECT_EQ(beneath("e/outside"), EXDEV);
    EXPECT_EQ(beneath("absolute"), EXDEV);
    EXPECT_EQ(beneath("/d/a"), EXDEV);
}

TEST(OnceSimFiles, the_null_device_takes_everything_and_has_nothing) {
    const Machine machine;
    const int fd = sys::open("/dev/null", O_RDWR);
    char byte = 0;
    EXPECT_EQ(sys::write(fd, "gone", 4), 4);
    EXPECT_EQ(sys::read(fd, &byte, 1), 0);
    EXPECT_EQ(sys::isatty(fd), 0);
    EXPECT_TRUE(S_ISCHR(status_of("/dev/null").st_mode));
    EXPECT_EQ(error_of(sys::fsync(fd)), EINVAL);
}

TEST(OnceSimFiles, a_disk_may_be_full) {
    Machine machine({.capacity = 4096});
    const int fd = open_new("/a");
    EXPECT_EQ(sys::write(fd, std::string(5000, 'x').data(), 5000), 4096);
    EXPECT_EQ(error_of(sys::write(fd, "x", 1)), ENOSPC);
    EXPECT_EQ(error_of(open_new("/b")), ENOSPC);
    EXPECT_EQ(error_of(sys::mkdir("/d", 0777)), ENOSPC);
    sys::Statvfs all{};
    EXPECT_EQ(sys::statvfs("/", &all), 0);
    EXPECT_EQ(all.f_bfree, 0U);
    EXPECT_EQ(sys::ftruncate(fd, 1000), 0);
    EXPECT_EQ(sys::statvfs("/", &all), 0);
    EXPECT_EQ(all.f_bfree, 6U);
    EXPECT_GE(open_new("/b"), 0);
}

TEST(OnceSimFiles, calls_fail_as_often_as_the_configuration_says) {
    Machine machine;
    const int fd = open_new("/a");
    put(fd, "x");
    char byte = 0;
    machine.network.disk.eio = 1;
    EXPECT_EQ(error_of(sys::read(fd, &byte, 1)), EIO);
    EXPECT_EQ(error_of(sys::write(fd, &byte, 1)), EIO);
    EXPECT_EQ(error_of(sys::fsync(fd)), EIO);
    EXPECT_EQ(error_of(sys::ftruncate(fd, 0)), EIO);
    machine.network.disk = {.enospc = 1};
    EXPECT_EQ(error_of(sys::write(fd, &byte, 1)), ENOSPC);
    EXPECT_EQ(error_of(sys::symlink("a", "/b")), ENOSPC);
    machine.network.disk = {};
    machine.network.config.no_descriptors = 1;
    EXPECT_EQ(error_of(sys::open("/a", O_RDONLY)), EMFILE);
    machine.network.config.no_descriptors = 0;
    machine.network.config.short_io = 1;
    EXPECT_EQ(sys::lseek(fd, 0, SEEK_SET), 0);
    std::size_t written = 0, calls = 0;
    for (const std::string data(1000, 'y'); written < data.size(); ++calls)
        written += static_cast<std::size_t>(sys::write(fd, data.data() + written, data.size() - written));
    EXPECT_GT(calls, 1U);
    EXPECT_EQ(contents(fd), std::string(1000, 'y'));
}

TEST(OnceSimFiles, times_are_those_of_the_hosts_clock) {
    Machine machine;
    machine.kernel.skew = std::chrono::hours(1);
    make_file("/a", "x");
    EXPECT_EQ(status_of("/a").st_mtim.tv_sec, 946'684'800 + 3600);
    machine.pass(std::chrono::seconds(5));
    EXPECT_EQ(status_of("/a").st_mtim.tv_sec, 946'684'800 + 3600);
    make_file("/a", "y");
    EXPECT_EQ(status_of("/a").st_mtim.tv_sec, 946'684'800 + 3605);
}

TEST(OnceSimFiles, temporary_names_are_drawn_and_files_may_have_none) {
    const Machine machine;
    char one[] = "/tmp/aXXXXXX.txt", two[] = "/tmp/aXXXXXX.txt", folder[] = "/tmp/dXXXXXX", wrong[] = "/tmp/letters";
    EXPECT_GE(sys::mkostemps(one, 4, O_CLOEXEC), 0);
    EXPECT_GE(sys::mkostemps(two, 4, O_CLOEXEC), 0);
    EXPECT_STRNE(one, two);
    EXPECT_EQ(status_of(one).st_mode, S_IFREG | 0600U);
    EXPECT_EQ(sys::mkdtemp(folder), folder);
    EXPECT_EQ(status_of(folder).st_mode, S_IFDIR | 0700U);
    EXPECT_EQ(error_of(sys::mkostemps(wrong, 0, 0)), EINVAL);
    const int unnamed = sys::open("/tmp", O_TMPFILE | O_RDWR, 0600), memory = sys::memfd_create("m", 0);
    for (const int fd : {unnamed, memory}) {
        put(fd, "text");
        EXPECT_EQ(contents(fd), "text");
    }
    EXPECT_EQ(sys::dup3(unnamed, memory, O_CLOEXEC), memory);
    put(unnamed, "more");
    EXPECT_EQ(contents(memory), "textmore");
    EXPECT_EQ(names_in("/tmp").size(), 5U);
}

TEST(OnceSimFiles, what_is_copied_by_the_system_is_what_was_there) {
    const Machine machine;
    make_file("/a", "0123456789");
    const int from = sys::open("/a", O_RDONLY), to = open_new("/b");
    off_t offset = 2;
    EXPECT_EQ(sys::sendfile(to, from, &offset, 3), 3);
    EXPECT_EQ(offset, 5);
    EXPECT_EQ(sys::sendfile(to, from, nullptr, 2), 2);
    EXPECT_EQ(sys::lseek(from, 0, SEEK_CUR), 2);
    EXPECT_EQ(contents("/b"), "23401");
}

TEST(OnceSimFiles, a_program_that_has_ended_changes_nothing) {
    Machine machine;
    const int fd = open_new("/a");
    machine.calls.end();
    EXPECT_EQ(error_of(sys::write(fd, "x", 1)), EIO);
    EXPECT_EQ(error_of(open_new("/b")), EIO);
    EXPECT_EQ(error_of(sys::unlink("/a")), EIO);
    EXPECT_EQ(sys::close(fd), 0) << "and nobody wants to know";
    EXPECT_TRUE(sys::process_has_ended());
    machine.calls.begin();
    EXPECT_EQ(contents("/a"), "");
    EXPECT_EQ(contents("/b"), "none");
}

}  // namespace
}  // namespace hocket::sim
