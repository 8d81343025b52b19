// SPDX-License-Identifier: MIT
// The words, and the arithmetic that chooses among them.
#include "demo_data.h"

#include <hocket/http/json.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace {

using Json = nlohmann::ordered_json;  // fields in the order in which they are written here

constexpr std::array<std::string_view, 12> given_names = {"Ada",   "Bruno", "Clara", "Dimitri", "Elif",  "Farid",
                                                          "Greta", "Hugo",  "Ines",  "Jonas",   "Kirsi", "Luca"};
constexpr std::array<std::string_view, 11> family_names = {"Abel",   "Brandt", "Castro", "Dorn",   "Eriksen", "Fuchs",
                                                           "Girard", "Hollis", "Ito",    "Jansen", "Kowal"};
constexpr std::array<std::string_view, 9> towns = {"Northbridge",  "Eastwick",   "Millbrook",
                                                   "Harrow Point", "Stonefield", "Lakeview",
                                                   "Amberley",     "Port Selda", "Fairhollow"};
constexpr std::array<std::string_view, 8> streets = {"Mill Lane",  "Station Road", "Harbour Street", "Elm Walk",
                                                     "Bridge Row", "Chapel Hill",  "Orchard Way",    "Quay Street"};
constexpr std::array<std::string_view, 7> trades = {"Instruments", "Lighting", "Maps", "Paper",
                                                    "Clocks",      "Sails",    "Glass"};
constexpr std::array<std::string_view, 32> words = {
    "melody", "voice",  "measure", "pause",  "canon",  "round", "chord",  "echo",    "verse",  "tempo",  "phrase",
    "string", "singer", "organ",   "bell",   "choir",  "note",  "answer", "silence", "rhythm", "page",   "letter",
    "garden", "river",  "winter",  "window", "bridge", "lamp",  "table",  "journey", "market", "morning"};
constexpr std::array<std::string_view, 12> verbs = {"follows", "answers", "carries",   "leaves",
                                                    "opens",   "repeats", "turns",     "holds",
                                                    "finds",   "crosses", "waits for", "returns to"};

/// A sequence that looks like chance (the minimal standard generator).
class Chance {
public:
    explicit Chance(std::uint64_t seed) : state_(seed % 2'147'483'646 + 1) { next(); }

    std::uint64_t next() { return state_ = state_ * 48'271 % 2'147'483'647; }
    std::size_t below(std::size_t n) { return static_cast<std::size_t>(next() / 7 % n); }
    std::string one_of(std::span<const std::string_view> texts) { return std::string(texts[below(texts.size())]); }

private:
    std::uint64_t state_;
};

std::string in_lower_case(std::string text) {
    for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return text;
}

// One draw a statement: in which order the operands of a + are evaluated, each compiler decides.

std::string title(Chance& chance) {
    const std::string subject = chance.one_of(words);
    const std::string verb = chance.one_of(verbs);
    return "the " + subject + " " + verb + " the " + chance.one_of(words);
}

std::string two_words(Chance& chance, const std::string& between) {
    const std::string first = chance.one_of(words);
    return first + between + chance.one_of(words);
}

std::string sentences(Chance& chance, int count) {
    std::string text;
    for (int i = 0; i < count; ++i) {
        std::string sentence = title(chance);
        sentence[0] = 'T';
        sentence += " and the " + two_words(chance, " of the ");
        text += (i > 0 ? "\n" : "") + sentence + ".";
    }
    return text;
}

std::string decimal(Chance& chance, int most) {
    const int hundredths = static_cast<int>(chance.below(static_cast<std::size_t>(most) * 200)) - most * 100;
    std::string fraction = std::to_string(hundredths < 0 ? -hundredths % 100 : hundredths % 100);
    if (fraction.size() < 2) fraction.insert(0, "0");
    return (hundredths < 0 ? "-" : "") + std::to_string((hundredths < 0 ? -hundredths : hundredths) / 100) + "." +
           fraction;
}

Json user(int id) {
    Chance chance(static_cast<std::uint64_t>(id) * 7'919);
    const auto place = static_cast<std::size_t>(id - 1);
    const std::string given(given_names[place % given_names.size()]);
    const std::string family(family_names[(place * 3 + 1) % family_names.size()]);
    const std::string trade = chance.one_of(trades);
    const std::string domain = in_lower_case(family + trade) + ".example";
    return {{"id", id},
            {"name", given + " " + family},
            {"username", given + std::to_string(10 + chance.below(90))},
            {"email", in_lower_case(given) + "@" + domain},
            {"address",
             {{"street", chance.one_of(streets)},
              {"suite", "Apt. " + std::to_string(100 + chance.below(900))},
              {"city", chance.one_of(towns)},
              {"zipcode", std::to_string(10'000 + chance.below(90'000))},
              {"geo", {{"lat", decimal(chance, 90)}, {"lng", decimal(chance, 180)}}}}},
            {"phone", "555-01" + std::to_string(10 + chance.below(90))},
            {"website", domain},
            {"company",
             {{"name", family + " " + trade},
              {"catchPhrase", "Where " + title(chance)},
              {"bs", two_words(chance, " and ")}}}};
}

Json post(int id) {
    Chance chance(static_cast<std::uint64_t>(id) * 104'729);
    const int user_id = (id - 1) / DemoData::posts_of_a_user + 1;
    std::string heading = title(chance);
    return {{"userId", user_id}, {"id", id}, {"title", std::move(heading)}, {"body", sentences(chance, 3)}};
}

Json comment(int id) {
    Chance chance(static_cast<std::uint64_t>(id) * 1'299'709);
    const int post_id = (id - 1) / DemoData::comments_on_a_post + 1;
    std::string name = title(chance);
    std::string email = in_lower_case(chance.one_of(given_names)) + ".";
    email += in_lower_case(chance.one_of(family_names)) + "@";
    email += chance.one_of(words) + ".example";
    return {{"postId", post_id},
            {"id", id},
            {"name", std::move(name)},
            {"email", std::move(email)},
            {"body", sentences(chance, 2)}};
}

std::vector<std::string> written(Json (*make)(int), int count) {
    std::vector<std::string> texts;
    for (int id = 1; id <= count; ++id) texts.push_back(make(id).dump(2));
    return texts;
}

std::string list_of(std::span<const std::string> texts) {
    std::string list = "[";
    for (const std::string& text : texts) list.append(list.size() > 1 ? ",\n" : "\n").append(text);
    return list + "\n]";
}

// The elements that belong to the owner with this id, of whom each has `each`.
std::string share_of(const std::vector<std::string>& texts, int owner, int each) {
    const auto count = static_cast<std::size_t>(each);
    if (owner < 1 || static_cast<std::size_t>(owner) > texts.size() / count) return "[]";
    return list_of(std::span(texts).subspan(static_cast<std::size_t>(owner - 1) * count, count));
}

}  // namespace

std::string DemoData::posts_of(int user) const { return share_of(posts, user, posts_of_a_user); }
std::string DemoData::comments_on(int post) const { return share_of(comments, post, comments_on_a_post); }

DemoData make_demo_data() {
    constexpr int posts = DemoData::user_count * DemoData::posts_of_a_user;
    DemoData data;
    data.users = written(user, DemoData::user_count);
    data.posts = written(post, posts);
    data.comments = written(comment, posts * DemoData::comments_on_a_post);
    data.all_users = list_of(data.users);
    data.all_posts = list_of(data.posts);
    data.all_comments = list_of(data.comments);
    return data;
}
