// SPDX-License-Identifier: MIT
// B3: two awaits in sequence, their data put together.
#include <hocket/hocket.h>

#include <cstdio>
#include <string>
#include <vector>

using namespace std::chrono_literals;

struct Post {
    int id;
    std::string title;
};

struct User {
    int id;
    std::string name;
    std::vector<Post> posts;
};

hocket::Coro<User> fetch_user(int id) {
    co_await hocket::sleep(500ms);
    co_return User{id, "User " + std::to_string(id), {}};
}

hocket::Coro<std::vector<Post>> fetch_posts(int /*user_id*/) {
    co_await hocket::sleep(500ms);
    co_return std::vector<Post>{{1, "Post 1"}, {2, "Post 2"}};
}

hocket::Coro<User> get_user_with_posts(int id) {
    User user = co_await fetch_user(id);
    user.posts = co_await fetch_posts(id);
    co_return user;
}

int main() {
    const User user = hocket::run(get_user_with_posts(123));
    std::printf("%d %s\n", user.id, user.name.c_str());
    for (const Post& post : user.posts) std::printf("  %d %s\n", post.id, post.title.c_str());
}
