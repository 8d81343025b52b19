// SPDX-License-Identifier: MIT
// The choice of a backend, and what is said when the one that was asked for cannot work.
#include <hocket/io/backend_factory.h>
#include <hocket/io/operations_test.h>

#include <sys/syscall.h>
#include <tests/support/refused_calls.h>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

namespace hocket {

namespace {

using testing::refuse;

bool names_reason(const std::exception& e, std::string_view reason) {
    const std::string_view what = e.what();
    return what.find("io_uring") != what.npos && what.find(reason) != what.npos &&
           what.find("HOCKET_BACKEND=epoll") != what.npos;
}

int choice_is(std::string_view expected) { return make_backend()->name() == expected ? 0 : 10; }

TEST(OnceFactory, a_name_chooses) {
    EXPECT_STREQ(make_backend("epoll")->name(), "epoll");
    EXPECT_STREQ(make_backend("virtual")->name(), "virtual");
}

TEST(OnceFactory, the_environment_chooses_when_no_name_does) {
    const int status = in_child([] {
        setenv("HOCKET_BACKEND", "epoll", 1);
        if (make_backend()->name() != std::string_view("epoll")) return 1;
        if (make_backend("virtual")->name() != std::string_view("virtual")) return 2;
        setenv("HOCKET_BACKEND", "", 1);
        make_backend();
        setenv("HOCKET_BACKEND", "kqueue", 1);
        try {
            make_backend();
        } catch (const ValueError& e) {
            return e.what() == std::string_view("HOCKET_BACKEND=kqueue: not one of uring, epoll, virtual, sim") ? 0 : 3;
        }
        return 4;
    });
    EXPECT_EQ(status, 0);
}

TEST(OnceFactory, an_unknown_name_is_an_error_that_lists_the_known) {
    try {
        make_backend("select");
        FAIL();
    } catch (const ValueError& e) {
        EXPECT_STREQ(e.what(), "backend select: not one of uring, epoll, virtual, sim");
    }
}

TEST(OnceFactory, where_the_kernel_lets_it_io_uring_is_chosen) {
    try {
        UringBackend::probe();
    } catch (const OSError& e) {
        GTEST_SKIP() << e.what();
    }
    EXPECT_EQ(in_child([] {
                  unsetenv("HOCKET_BACKEND");
                  return choice_is("uring");
              }),
              0);
    EXPECT_STREQ(make_backend("uring")->name(), "uring");
}

TEST(OnceFactory, where_no_ring_can_be_made_epoll_is_chosen_and_forcing_says_why) {
    for (const auto& [error, reason] :
         {std::pair{EPERM, "Operation not permitted"}, std::pair{ENOSYS, "Function not implemented"},
          std::pair{ENOMEM, "Cannot allocate memory"}, std::pair{EMFILE, "Too many open files"}}) {
        const int status = in_child([e = error, why = reason] {
            unsetenv("HOCKET_BACKEND");
            if (!refuse({{__NR_io_uring_setup, e}})) return 1;
            if (const int wrong = choice_is("epoll")) return wrong;
            try {
                make_backend("uring");
            } catch (const OSError& thrown) {
                return thrown.error_number() == e && names_reason(thrown, why) ? 0 : 2;
            }
            return 3;
        });
        EXPECT_EQ(status, 0);
    }
}

TEST(OnceFactory, where_only_entering_the_ring_is_forbidden_epoll_is_chosen) {
    const int status = in_child([] {
        unsetenv("HOCKET_BACKEND");
        if (!refuse({{__NR_io_uring_enter, EPERM}, {__NR_io_uring_register, EPERM}})) return 1;
        return choice_is("epoll");
    });
    EXPECT_EQ(status, 0);
}

TEST(OnceFactory, epoll_works_where_its_newer_calls_are_forbidden) {
    const int status = in_child([] {
        if (!refuse({{__NR_epoll_pwait2, EPERM}})) return 1;
        const auto backend = make_backend("epoll");
        const std::int64_t begun = backend->now();
        backend->poll(begun + 3'000'000);
        return backend->now() - begun >= 3'000'000 ? 0 : 2;
    });
    EXPECT_EQ(status, 0);
}

TEST(OnceFactory, little_locked_memory_is_no_obstacle) {
    const int status = in_child([] {
        unsetenv("HOCKET_BACKEND");
        const rlimit none{.rlim_cur = 0, .rlim_max = 0};
        setrlimit(RLIMIT_MEMLOCK, &none);
        if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0) return 1;
        for (int i = 0; i < 10; ++i) make_backend()->poll(0);
        return 0;
    });
    EXPECT_EQ(status, 0);
}

}  // namespace

}  // namespace hocket
