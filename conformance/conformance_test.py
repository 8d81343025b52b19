#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the map's check refuses: a check that cannot fail proves nothing."""
import collections
import pathlib
import tempfile
import unittest

from conformance import HERE, Row, faults_of_rows, faults_of_tests, group_of, rows_of, table

KINDS = {
    ("test_locks.py", "LockTests", "test_lock"): "A",
    ("test_ssl.py", "SSLTests", "test_start"): "A",
    ("test_streams.py", "StreamTests", "test_feed"): "B",
    ("test_locks.py", "LockTests", "test_repr"): "X",
    ("test_queues.py", "QueueTests", "test_float"): "T",
}
GOOD = [
    Row("test_locks.py", "LockTests", "test_lock", "Lock.is_held_by_one Lock.is_fair", ""),
    Row("test_ssl.py", "SSLTests", "test_start", "open", "TLS is to come"),
    Row("test_streams.py", "StreamTests", "test_feed", "n/a", "kind B is X: it looks at a private member"),
    Row("test_locks.py", "LockTests", "test_repr", "n/a", "a lock has no repr"),
    Row("test_queues.py", "QueueTests", "test_float", "compile_fail.sync.queue_size", ""),
]


class Yardstick(unittest.TestCase):
    def test_the_list_of_cpythons_tests_is_whole(self):
        rows = table(HERE / "cpython-3.13.tsv", 4)
        self.assertEqual(len({row[:3] for row in rows}), 1266)
        self.assertEqual(collections.Counter(group_of(file, kind) for file, _, _, kind in rows),
                         {"core": 376, "io": 259, "tls": 28, "white-box": 257, "compile-fail": 47, "no meaning": 299})

    def test_a_row_with_a_column_too_few_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "map.tsv")
            path.write_text("file\tclass\ttest\tours\twhy\na\tb\tc\tn/a\n")
            with self.assertRaisesRegex(SystemExit, "map.tsv:2: 4 columns, not 5"):
                rows_of(path)


class Map(unittest.TestCase):
    def refuses(self, number, row, words):
        rows = list(GOOD)
        if row is None:
            del rows[number]
        else:
            rows[number] = row
        found = list(faults_of_rows(KINDS, rows))
        self.assertEqual(len(found), 1, found)
        self.assertIn(words, found[0])

    def test_a_whole_map_is_accepted(self):
        self.assertEqual(list(faults_of_rows(KINDS, GOOD)), [])

    def test_a_row_that_is_missing(self):
        self.refuses(0, None, "test_locks.py::LockTests::test_lock has no row")

    def test_a_row_twice(self):
        self.assertEqual(list(faults_of_rows(KINDS, GOOD + GOOD[:1])), ["test_locks.py::LockTests::test_lock has 2 rows"])

    def test_a_row_of_no_test(self):
        rows = GOOD + [Row("test_locks.py", "LockTests", "test_invented", "Lock.is_fair", "")]
        self.assertEqual(list(faults_of_rows(KINDS, rows)), ["test_locks.py::LockTests::test_invented is no test of CPython's"])

    def test_a_reason_that_is_missing(self):
        self.refuses(3, GOOD[3]._replace(why=""), "does not say why")
        self.refuses(1, GOOD[1]._replace(why=""), "does not say why")

    def test_a_kind_that_is_changed_without_a_word(self):
        self.refuses(2, GOOD[2]._replace(why="it looks at a private member"), "begins with `kind B is X: `")
        self.refuses(0, GOOD[0]._replace(ours="n/a", why="locks are hard"), "begins with `kind A is X: `")

    def test_an_open_row_where_all_are_settled(self):
        self.refuses(0, GOOD[0]._replace(ours="open", why="to come"), "is open, and must not be")
        self.refuses(4, GOOD[4]._replace(ours="open", why="to come"), "is open, and must not be")

    def test_a_test_that_does_not_exist(self):
        tests = {"Lock.is_held_by_one": [1], "compile_fail.sync.queue_size": [2]}
        self.assertEqual(list(faults_of_tests(GOOD, tests)), ["test_locks.py::LockTests::test_lock: there is no test Lock.is_fair"])

    def test_groups(self):
        self.assertEqual(group_of("test_locks.py", "A"), "core")
        self.assertEqual(group_of("test_ssl.py", "A"), "tls")
        self.assertEqual(group_of("test_streams.py", "A"), "io")
        self.assertEqual(group_of("test_locks.py", "T"), "compile-fail")


if __name__ == "__main__":
    unittest.main()
