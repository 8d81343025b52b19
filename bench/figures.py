# SPDX-License-Identifier: MIT
"""What all benchmarks share: the figures of several rounds, their medians and ratios, and how they are printed."""
import statistics
import sys


class Rounds:
    """values[program][figure] is a list with one value a round, None where nothing was measured."""

    def __init__(self, programs):
        self.values = {program: {} for program in programs}

    def add(self, program, workload, lines):
        """Lines of `unit value`, as the programs print them."""
        for line in lines:
            unit, value = line.split()
            self.values[program].setdefault(f"{workload}.{unit}", []).append(float(value))

    def end_round(self, number):
        for figures in self.values.values():
            for values in figures.values():
                values.extend([None] * (number + 1 - len(values)))

    def median(self, program, figure):
        return median(self.values[program].get(figure, []))

    def ratio(self, subject, figure, against, other):
        """The median of the rounds' ratios."""
        pairs = zip(self.values[subject].get(figure, []), self.values[against].get(other, []))
        return median([quotient(a, b) for a, b in pairs])


def median(values):
    there = [v for v in values if v is not None]
    return statistics.median(there) if there else None


def quotient(a, b):
    return None if a is None or not b else a / b


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def number(value):
    """Three digits that count."""
    if value is None:
        return "-"
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3f}" if abs(value) < 1 else f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"
