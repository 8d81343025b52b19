#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of the table of HTTP's rules: what it must notice."""
import unittest

import corpus
import rules


class Escapes(unittest.TestCase):
    def test_escapes_are_undone(self):
        self.assertEqual(corpus.unescaped("a\\r\\n\\t\\0\\\\\\x41{}"), b"a\r\n\t\0\\A{}")

    def test_repetitions_may_hold_repetitions(self):
        self.assertEqual(corpus.unescaped("\\{3*a\\{2*b}}c"), b"abbabbabbc")

    def test_what_is_no_escape_is_refused(self):
        for text in ("\\q", "\\{3*a"):
            with self.assertRaises(ValueError):
                corpus.unescaped(text)


class Table(unittest.TestCase):
    def problems(self, made_of_rules):
        before = rules.rules
        rules.rules = lambda: made_of_rules
        try:
            found = []
            rules.table(found)
            return "\n".join(found)
        finally:
            rules.rules = before

    def rows(self, **changes):
        return [(number, rule, changes.get("names", names) if number == 26 else names, missing)
                for number, rule, names, missing in rules.rules()]

    def test_what_stands_is_in_order(self):
        self.assertEqual(self.problems(list(rules.rules())), "")

    def test_a_test_that_is_gone_is_noticed(self):
        self.assertIn("rule 26: there is no test Once.gone", self.problems(self.rows(names=["Once.gone"])))

    def test_a_rule_that_is_gone_is_noticed(self):
        text = self.problems([row for row in rules.rules() if row[0] != 7])
        self.assertIn("has not the rules 1 to 50", text)
        self.assertIn("there is no rule 7", text)

    def test_a_rule_with_nothing_is_noticed(self):
        rows = [(number, rule, [], "") if number == 35 else (number, rule, names, missing)
                for number, rule, names, missing in rules.rules()]
        self.assertIn("rule 35 has neither a case, nor a test, nor a reason", self.problems(rows))


if __name__ == "__main__":
    unittest.main()
