// SPDX-License-Identifier: MIT
// Users, posts and comments of nobody: made of words by arithmetic, the same in every run.
#pragma once

#include <string>
#include <vector>

/// Each as JSON text, the first has the id 1. Lists are given whole as well, since that is what is asked for most.
struct DemoData {
    std::vector<std::string> users, posts, comments;
    std::string all_users, all_posts, all_comments;

    static constexpr int user_count = 10;
    static constexpr int posts_of_a_user = 10;
    static constexpr int comments_on_a_post = 5;

    /// The posts of one user, the comments on one post; an empty list for one that does not exist.
    std::string posts_of(int user) const;
    std::string comments_on(int post) const;
};

DemoData make_demo_data();
