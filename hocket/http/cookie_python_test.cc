// SPDX-License-Identifier: MIT
// Cookie jars beside Python's http.cookiejar: the same random exchanges, and a named rule for each deliberate difference.
#include <gtest/gtest.h>
#include <hocket/http/cookie_store_internal.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace hocket::http {
namespace {

/// Reads exchanges, and prints what goes out by Python's jar and the rules that it lacks, then for each rule whether it can be done without.
/// Times are seconds. Each rule is listed in docs/http-client.md.
constexpr const char* program = R"PYTHON(
import calendar, email.utils, http.cookiejar, re, sys, urllib.request

NOW = 0
http.cookiejar.time.time = lambda: NOW
SUFFIXES = {"com", "uk", "co.uk", "io", "github.io", "test", "localhost"}

def host_of(url): return urllib.request.urlparse(url).hostname
def is_address(host): return host.rsplit(".", 1)[-1].isdigit()

# ---- Rules that rewrite the attributes of a field: [name, value or None]

def ages_are_numbers(attributes):
    return [a for a in attributes if a[0] != "max-age" or re.fullmatch("-?[0-9]+", a[1] or "")]

def cookie_date(text):
    time = day = month = year = None
    months = "jan feb mar apr may jun jul aug sep oct nov dec".split()
    for token in re.split(r"[\t\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+", text):
        if time is None and (m := re.match(r"(\d\d?):(\d\d?):(\d\d?)(?!\d)", token)):
            time = [int(n) for n in m.groups()]
        elif day is None and (m := re.match(r"(\d\d?)(?!\d)", token)):
            day = int(m[1])
        elif month is None and token[:3].lower() in months:
            month = months.index(token[:3].lower()) + 1
        elif year is None and (m := re.match(r"(\d{2,4})(?!\d)", token)):
            year = int(m[1])
            year += 1900 if 70 <= year <= 99 else 2000 if year <= 69 else 0
    if None in (time, day, month, year) or year < 1601 or time[0] > 23 or max(time) > 59: return None
    if not 1 <= day <= calendar.monthrange(year, month)[1]: return None
    return max(0, calendar.timegm((year, month, day, *time)))

def dates_are_found_in_any_text(attributes):
    result = []
    for name, value in attributes:
        if name == "expires":
            date = cookie_date(value or "")
            if date is None: continue
            value = email.utils.formatdate(date, usegmt=True)
        result.append([name, value])
    return result

def the_last_attribute_counts(attributes): return [[n, v] for n, v in dict(attributes).items()]

def paths_begin_with_a_slash(attributes): return [a for a in attributes if a[0] != "path" or (a[1] or "").startswith("/")]

def an_empty_domain_is_none(attributes): return [a for a in attributes if a[0] != "domain" or (a[1] or "").removeprefix(".")]

def secure_is_a_word(attributes): return [[n, None if n == "secure" else v] for n, v in attributes]

def old_attributes_mean_nothing(attributes):
    return [a for a in attributes if a[0] not in ("version", "port", "comment", "discard")]

ATTRIBUTE_RULES = [ages_are_numbers, dates_are_found_in_any_text, the_last_attribute_counts, paths_begin_with_a_slash,
                   an_empty_domain_is_none, secure_is_a_word, old_attributes_mean_nothing]

# ---- Rules that refuse a cookie

def is_secure(jar, url):
    return url.startswith("https") or ("localhost_is_trusted" in jar.rules and host_of(url) == "localhost")

def secure_cookies_come_by_https(jar, cookie, url): return not cookie.secure or is_secure(jar, url)

def http_hides_no_secure_cookie(jar, cookie, url):
    def below(a, b): return a == b or (a.endswith("." + b) and not is_address(a))
    if cookie.secure or is_secure(jar, url): return True
    domain = cookie.domain.removeprefix(".")
    for old in jar:
        other = old.domain.removeprefix(".")
        path = cookie.path == old.path or (cookie.path.startswith(old.path) and
                                           (old.path.endswith("/") or cookie.path[len(old.path)] == "/"))
        if old.secure and old.name == cookie.name and path and (below(domain, other) or below(other, domain)): return False
    return True

def names_keep_their_promises(jar, cookie, url):
    full = (cookie.name or cookie.value or "").lower()
    if not full.startswith(("__host-", "__secure-")): return True
    if not cookie.name or not cookie.secure: return False
    if full.startswith("__secure-"): return True
    return not cookie.has_domain and cookie.path_specified and cookie.path == "/"

def same_site_none_is_secure(jar, cookie, url): return cookie.secure or not cookie.same_site_none

def domains_are_no_public_suffixes(jar, cookie, url):
    domain = cookie.domain.removeprefix(".")
    if not cookie.domain_specified or not (domain in SUFFIXES or is_address(host_of(url))): return True
    cookie.domain_specified = False
    cookie.domain = domain if "." in domain else domain + ".local"
    return domain == host_of(url)

def nothing_lives_longer_than_400_days(jar, cookie, url):
    if cookie.expires is not None: cookie.expires = min(cookie.expires, NOW + 400 * 86400)
    return True

COOKIE_RULES = [domains_are_no_public_suffixes, secure_cookies_come_by_https, http_hides_no_secure_cookie, names_keep_their_promises,
                same_site_none_is_secure, nothing_lives_longer_than_400_days]

# ---- Rules in the jar itself

JAR_RULES = ["a_cookie_may_have_no_name", "whoever_deletes_may_set", "without_a_domain_it_is_the_hosts_only",
             "the_oldest_goes_first", "localhost_is_trusted", "cookies_are_limited_to_4096_bytes"]
ALL = [f.__name__ for f in ATTRIBUTE_RULES + COOKIE_RULES] + JAR_RULES

class Fields:
    def __init__(self, field): self.field = field
    def info(self): return self
    def get_all(self, name, default): return [self.field] if name == "Set-Cookie" else default

class Policy(http.cookiejar.DefaultCookiePolicy):
    def return_ok_secure(self, cookie, request): return not cookie.secure or is_secure(self.jar, request.get_full_url())

class Jar(http.cookiejar.CookieJar):
    def __init__(self, rules):
        strict = "without_a_domain_it_is_the_hosts_only" in rules
        policy = Policy(strict_ns_domain=Policy.DomainStrictNonDomain if strict else Policy.DomainLiberal)
        super().__init__(policy)
        policy.jar, self.rules, self.count = self, rules, 0

    def _cookie_from_cookie_tuple(self, tup, request):
        # What has ended becomes a cookie, too: it is taken away where it would be put.
        if "whoever_deletes_may_set" in self.rules: self._now = -1
        try: return super()._cookie_from_cookie_tuple(tup, request)
        finally: self._now = NOW

    def receive(self, url, field):
        self.clear_expired_cookies()
        pair, *attributes = field.split(";")
        nameless = "a_cookie_may_have_no_name" in self.rules and not pair.partition("=")[0 if "=" in pair else 1].strip()
        if nameless: pair = "x=" + pair.split("=", 1)[-1].strip()
        if nameless and pair == "x=": return
        if "cookies_are_limited_to_4096_bytes" in self.rules and len(pair.replace("=", "", 1)) - nameless > 4096: return
        split = [[part.strip() for part in (a.split("=", 1) if "=" in a else [a])] for a in attributes]
        split = [[s[0].lower(), s[1] if len(s) > 1 else None] for s in split]
        for f in ATTRIBUTE_RULES:
            if f.__name__ in self.rules: split = f(split)
        names = dict(split)
        field = "; ".join([pair] + [n if v is None else n + "=" + v for n, v in split])
        request = urllib.request.Request(url)
        for cookie in self.make_cookies(Fields(field), request):
            cookie.has_domain = "domain" in names
            cookie.same_site_none = (names.get("samesite") or "").lower() == "none"
            if nameless: cookie.name = ""
            if not all(f(self, cookie, url) for f in COOKIE_RULES if f.__name__ in self.rules): continue
            if not self._policy.set_ok(cookie, request): continue
            old = self._cookies.get(cookie.domain, {}).get(cookie.path, {}).get(cookie.name)
            if cookie.is_expired(NOW):
                if old: self.clear(cookie.domain, cookie.path, cookie.name)
                continue
            self.count += 1
            cookie.made = old.made if old else self.count
            self.set_cookie(cookie)

    def sent(self, url):
        self.clear_expired_cookies()
        self._policy._now = self._now = NOW
        cookies = self._cookies_for_request(urllib.request.Request(url))
        if "the_oldest_goes_first" in self.rules: cookies.sort(key=lambda c: c.made)
        return "; ".join(attribute.removeprefix("=") for attribute in self._cookie_attrs(cookies))

def answers(script, rules):
    global NOW
    jar = Jar(rules)
    for kind, now, url, *field in script:
        NOW = int(now)
        if kind == "set": jar.receive(url, field[0])
        else: yield jar.sent(url)

scripts = [[]]
for line in open(sys.argv[1], newline="\n"):
    step = line.rstrip("\n").split(" ", 3)
    if step[0] == "new": scripts.append([])
    else: scripts[-1].append(step)
expected = [list(answers(script, set(ALL))) for script in scripts]
for script in expected: print(*script, sep="\n", end="\n" if script else "")
for rule in ALL:
    without = set(ALL) - {rule}
    needed = any(list(answers(script, without)) != right for script, right in zip(scripts, expected))
    print("rule", rule, "is needed" if needed else "is not needed")
)PYTHON";

/// Random numbers from a seed.
class Dice {
public:
    explicit Dice(std::uint64_t seed) : state_(seed) {}
    std::size_t below(std::size_t n) {
        state_ += 0x9E3779B97F4A7C15U;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
        return static_cast<std::size_t>((z ^ (z >> 31)) % n);
    }
    std::string of(std::initializer_list<const char*> choices) { return *(choices.begin() + below(choices.size())); }

private:
    std::uint64_t state_;
};

std::string some_url(Dice& dice) {
    return dice.of({"http", "https", "https"}) + "://" +
           dice.of({"example.com", "www.example.com", "www.example.com", "a.www.example.com", "other.com", "co.uk",
                    "shop.co.uk", "github.io", "me.github.io", "localhost", "127.0.0.1"}) +
           dice.of({"/", "/a", "/a/", "/a/b", "/ab", "/a/b/c"});
}

std::string some_attribute(Dice& dice) {
    switch (dice.below(8)) {
        case 0: return "Path=" + dice.of({"/", "/", "/a", "/a/", "/a/b", "a", ""});
        case 1:
        case 2:
            return "Domain=" + dice.of({"example.com", ".example.com", "WWW.example.com", "com", "co.uk", "shop.co.uk",
                                        "github.io", "localhost", "127.0.0.1", "0.0.1", "other.com", "", "."});
        case 3: return "max-age=" + dice.of({"0", "-1", "5", "20", "100", "99999999999", "x", "", "+5", "1_0"});
        case 4:
            return "Expires=" + dice.of({"Sat, 01 Jan 2000 00:00:30 GMT", "Saturday, 01-Jan-00 00:01:00 GMT",
                                         "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 2049 23:59:59 GMT",
                                         "00:00:40 1 jan 00", "1 Jan 2000 0:1:0 or later",
                                         "Mon, 01 Jan 1900 00:00:00 GMT", "32 Jan 2000 00:00:00", "soon", ""});
        case 5: return dice.of({"Secure", "secure", "Secure=", "Secure=no"});
        case 6: return dice.of({"HttpOnly", "SameSite=Lax", "SameSite=None", "samesite=none", "SameSite=x"});
        default:
            return dice.of(
                {"Version=1", "Version=x", "Port=\"81\"", "Discard", "Comment=c", "Priority=High", "", "=x"});
    }
}

std::string some_field(Dice& dice) {
    std::string field =
        dice.of({"a=", "b=", "b=", "sid=", "sid=", "__Host-s=", "__Secure-s=", "=", "", " a = ", "=__Host-"}) +
        dice.of({"1", "2", "3", "\"q\"", "x y", "a=b", ""});
    if (dice.below(200) == 0) field += std::string(4'095 + dice.below(3), 'x');
    for (std::size_t i = dice.below(5); i > 0; --i) field += dice.of({";", "; ", " ; "}) + some_attribute(dice);
    return field;
}

struct Step {
    bool asks;
    std::int64_t now;
    std::string url, field;
};

/// What happens to one jar.
std::vector<Step> some_script(std::uint64_t seed) {
    Dice dice(seed);
    std::int64_t now = 946'684'800;  // 2000-01-01
    std::vector<Step> steps;
    for (int i = 0; i < 16; ++i) {
        now += static_cast<std::int64_t>(dice.below(12));
        if (dice.below(200) == 0) now += 401 * 86'400;
        const bool asks = dice.below(3) == 0;
        std::string url = some_url(dice);
        steps.push_back({asks, now, std::move(url), asks ? std::string() : some_field(dice)});
    }
    for (const char* scheme : {"http", "https"}) {
        for (const char* host :
             {"example.com", "a.www.example.com", "shop.co.uk", "me.github.io", "localhost", "127.0.0.1"}) {
            steps.push_back({true, now, std::string(scheme) + "://" + host + "/a/b", {}});
        }
    }
    return steps;
}

TEST(OnceCookiePython, jars_differ_from_pythons_by_these_rules_only) {
    constexpr std::uint64_t scripts = 1'500;
    std::string folder = std::filesystem::temp_directory_path() / "hocket-cookies-XXXXXX";
    ASSERT_TRUE(::mkdtemp(folder.data()));
    std::ofstream(folder + "/jars.py") << program;
    std::ofstream steps(folder + "/steps");
    for (std::uint64_t seed = 1; seed <= scripts; ++seed) {
        for (const Step& step : some_script(seed)) {
            steps << (step.asks ? "ask " : "set ") << step.now << ' ' << step.url << (step.asks ? "" : " ")
                  << step.field << '\n';
        }
        steps << "new\n";
    }
    steps.close();

    FILE* const python = popen(("exec python3 '" + folder + "/jars.py' '" + folder + "/steps'").c_str(), "r");
    ASSERT_TRUE(python);
    std::array<char, 20'000> line{};
    const auto next_line = [&] {
        std::string text = std::fgets(line.data(), line.size(), python) ? line.data() : "(nothing)\n";
        text.pop_back();
        return text;
    };
    int differences = 0;
    for (std::uint64_t seed = 1; seed <= scripts && differences < 5; ++seed) {
        CookieStore store({});
        std::string story;
        for (const Step& step : some_script(seed)) {
            const Url url = Url::parse(step.url);
            const std::int64_t now = step.now * 1'000'000'000;
            story += "\n  " + std::to_string(step.now) + " " + step.url + " " + step.field;
            if (!step.asks) {
                if (const auto cookie = parse_set_cookie(step.field)) store.set(*cookie, url, now);
                continue;
            }
            const std::string ours = write_cookies(store.matching(url, now));
            const std::string theirs = next_line();
            EXPECT_EQ(ours, theirs) << "seed " << seed << story;
            differences += ours != theirs;
        }
    }
    int rules = 0;
    for (std::string text = next_line(); text.starts_with("rule "); text = next_line()) {
        EXPECT_TRUE(text.ends_with(" is needed")) << text;
        ++rules;
    }
    EXPECT_EQ(rules, 19);
    while (std::fgets(line.data(), line.size(), python)) {
    }
    EXPECT_EQ(pclose(python), 0);
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace hocket::http
