# SPDX-License-Identifier: MIT
"""Making a program smaller for as long as something holds for it."""
import copy

from language import MS, Node

WHOLE = {"try", "wait_for", "shield"}  # whose children cannot be spared


def smaller(node, whole=False):
    """Every program that comes of one cut: a part left out, in the place of a part its children, a number made simple."""
    for i, child in enumerate(node.children):
        def instead(*others):
            return Node(node.op, node.numbers, [*node.children[:i], *others, *node.children[i + 1:]])

        if not (node.op in WHOLE and child.op == "do"):
            yield instead()
            if child.op != "do":
                yield instead(*[line for part in child.children for line in (part.children if part.op == "do" else [part])])
        for cut in smaller(child):
            yield instead(cut)
    for i, number in enumerate(node.numbers):
        simple = [0, 1] if number < MS else [0, MS, number // MS * MS]
        for other in simple:
            if abs(other) < abs(number):
                yield Node(node.op, [*node.numbers[:i], other, *node.numbers[i + 1:]], node.children)


def shrink(program, holds):
    """The smallest program that cuts lead to and that `holds` is true for; `holds(programs)` judges many at once."""
    program = copy.deepcopy(program)
    while True:
        cuts = sorted(smaller(program), key=lambda cut: (cut.size(), len(str(cut))))
        for i in range(0, len(cuts), 200):
            batch = cuts[i:i + 200]
            kept = next((cut for cut, yes in zip(batch, holds(batch)) if yes), None)
            if kept:
                program = kept
                break
        else:
            return program
