#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the check of HTTP's features refuses, and which names it finds: a check that cannot fail proves nothing."""
import enum
import pathlib
import sys
import tempfile
import types
import unittest

import http_features
import http_names
from http_features import Row

VERSIONS = {"aiohttp": "3.8", "requests": "2.28"}
GOOD = [
    Row("aiohttp", "ClientSession", "get", "3.8 3.11", "ClientSession::get", "Suite.gets", ""),
    Row("aiohttp", "ClientSession", "loop", "3.8", "-", "", "the running loop is taken"),
    Row("aiohttp", "ClientSession()", "proxy", "3.11", "SessionOptions::proxy", "Suite.gets Suite.proxies", "in one URL"),
    Row("requests", "requests", "get", "2.28 2.32", "sync::get", "Suite.gets", ""),
]
NAMES = [row[:3] for row in GOOD if VERSIONS[row.package] in row.seen.split()]
TESTS = {"Suite.gets": "hocket/http/a_test.cc", "Suite.proxies": "hocket/http/b_test.cc"}
HEADERS = [{"ClientSession", "get"}, {"SessionOptions", "proxy"}, {"sync", "get"}]


def faults(rows, names=NAMES, versions=VERSIONS):
    return [*http_features.faults_of_rows(rows), *http_features.faults_of_tests(rows, TESTS), *http_features.faults_of_ours(rows, HEADERS),
            *http_features.faults_of_names(rows, names, versions)]


class Judgement(unittest.TestCase):
    def refuses(self, rows, words, **others):
        found = faults(rows, **others)
        self.assertEqual(len(found), 1, found)
        self.assertIn(words, found[0])

    def changed(self, number, **changes):
        rows = list(GOOD)
        rows[number] = rows[number]._replace(**changes)
        return rows

    def test_a_whole_table_is_accepted(self):
        self.assertEqual(faults(GOOD), [])

    def test_a_name_without_a_row(self):
        self.refuses(GOOD[1:], "aiohttp: ClientSession: get (3.8) has no row")

    def test_a_row_twice(self):
        self.refuses([*GOOD, GOOD[0]], "aiohttp: ClientSession: get has 2 rows")

    def test_a_row_that_nobody_has_filled_in(self):
        self.refuses(self.changed(0, ours="?", tests="", why="?"), "neither a name of ours nor a reason")

    def test_a_reason_that_is_missing(self):
        self.refuses(self.changed(1, why=""), "what is absent has no test, and a reason")

    def test_something_offered_without_a_test(self):
        self.refuses(self.changed(0, tests=""), "what is offered has a name and a test")

    def test_a_test_that_does_not_exist(self):
        self.refuses(self.changed(0, tests="Suite.gets Suite.gone"), "there is no test Suite.gone")

    def test_a_name_that_no_header_has(self):
        self.refuses(self.changed(0, ours="ClientSession::fetch"), "no public header has ClientSession::fetch")
        self.refuses(self.changed(0, ours="ClientSession::proxy"), "no public header has ClientSession::proxy")  # two headers

    def test_a_name_that_python_does_not_have(self):
        self.refuses([*GOOD, GOOD[0]._replace(name="invented")], "aiohttp: ClientSession: invented is not in aiohttp 3.8")
        self.assertEqual(faults([*GOOD, GOOD[0]._replace(name="later", seen="3.11")]), [])

    def test_a_name_that_python_has_though_its_row_denies_it(self):
        self.refuses(self.changed(1, seen="3.11"), "loop is in aiohttp 3.8, and its row does not say so")

    def test_of_an_unknown_version_only_new_names_count(self):
        later = {"aiohttp": "3.12", "requests": "2.28"}
        self.assertEqual(faults(GOOD, names=[GOOD[0][:3], GOOD[3][:3]], versions=later), [])
        self.refuses(GOOD, "new (3.12) has no row", names=[*NAMES, ("aiohttp", "ClientSession", "new")], versions=later)

    def test_new_names_are_taken_over_and_answers_kept(self):
        names = [GOOD[0][:3], ("aiohttp", "ClientSession", "new"), GOOD[2][:3], GOOD[3][:3]]
        rows = http_features.merged(GOOD, names, {"aiohttp": "3.12", "requests": "2.28"})
        self.assertEqual([(row.name, row.seen, row.ours) for row in rows if row.package == "aiohttp"],
                         [("get", "3.8 3.11 3.12", "ClientSession::get"), ("new", "3.12", "?"), ("loop", "3.8", "-"),
                          ("proxy", "3.11 3.12", "SessionOptions::proxy")])

    def test_what_is_written_is_read(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "features.tsv")
            http_features.write(GOOD, path)
            self.assertEqual(http_features.read(path), GOOD)


class Page(unittest.TestCase):
    def test_names_with_one_answer_share_a_line(self):
        rows = [GOOD[1], GOOD[1]._replace(name="old"), GOOD[0]]
        self.assertEqual(list(http_features.lines_of(rows, TESTS)),
                         ["| **ClientSession** | `loop`, `old` | | the running loop is taken |",
                          "|  | `get` | `ClientSession::get` | [gets](../hocket/http/a_test.cc) |"])

    def test_it_counts_what_is_offered_and_what_is_not(self):
        text = http_features.page(GOOD, TESTS)
        self.assertIn("| aiohttp: the client | 3 | 2 | 1 | 3.8, 3.11 |", text)
        self.assertIn("| all | 4 | 3 | 1 |  |", text)
        self.assertIn("2 tests show what is offered.", text)


class Base:
    def of_the_base(self):
        self.is_set = 1


class Derived(Base):
    noted: int

    def __init__(self, url, *rest, limit=1, _hidden=None, **others):
        self.url, self._private = url, rest

    def of_the_base(self):
        pass


class Numbers(enum.IntEnum):
    ONE = 1
    one = 1

    def is_odd(self):
        return True


class Names(unittest.TestCase):
    def test_members_are_those_that_classes_define_or_set(self):
        package = http_names.package_of(Derived)
        self.assertEqual(http_names.members(Derived, package, set()), ["is_set", "noted", "of_the_base", "url"])
        self.assertEqual(http_names.members(Derived, package, {Base}), ["noted", "url"])

    def test_second_names_of_a_value_do_not_count(self):
        self.assertEqual(http_names.own_members(Numbers), {"ONE", "is_odd"})

    def test_parameters_are_those_that_have_a_name(self):
        self.assertEqual(http_names.parameters(Derived), ["url", "limit"])

    def test_a_module_says_what_is_public_or_has_what_it_defines(self):
        module = types.ModuleType("package")
        module.Own, module.number, module._hidden, module.os = type("Own", (), {"__module__": "package.part"}), 1, 2, sys
        self.assertEqual(http_names.module_names(module), ["Own"])
        module.__all__ = ["number"]
        self.assertEqual(http_names.module_names(module), ["number"])


if __name__ == "__main__":
    unittest.main()
