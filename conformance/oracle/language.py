# SPDX-License-Identifier: MIT
"""The oracle's language: programs of tasks that wait for each other, how they are written, and how a seed gives one.

A program is a tree, written `(op number... child...)`. Every node runs at most once, so that a part can be cut off and the rest still
means what it did. Nodes are numbered in the order in which they are written. docs/conformance.md lists what each does.
"""
import dataclasses
import re

TOKEN = re.compile(r"[()]|[^\s()]+")

# The objects that every program has. Where there are several, they differ: conformance/oracle/reference.py makes them.
LOCKS, SEMAPHORES, CONDITIONS, EVENTS, BARRIERS, QUEUES, FUTURES = 2, 3, 2, 2, 2, 4, 4

MS = 1_000_000  # a program's times are in nanoseconds


@dataclasses.dataclass
class Node:
    op: str
    numbers: list
    children: list

    def __str__(self):
        return "(" + " ".join([self.op, *map(str, self.numbers), *map(str, self.children)]) + ")"

    def size(self):
        return 1 + sum(child.size() for child in self.children)


def parse(text):
    """The tree of a program's text."""
    stack = [Node("", [], [])]
    tokens = TOKEN.findall(text)
    for i, token in enumerate(tokens):
        if token == "(":
            stack.append(Node(tokens[i + 1], [], []))
        elif token == ")":
            node = stack.pop()
            stack[-1].children.append(node)
        elif tokens[i - 1] != "(":
            stack[-1].numbers.append(int(token))
    (program,) = stack.pop().children
    return program


def numbered(program):
    """Every node in the order in which they are written, the first with the number 0."""
    nodes = [program]
    for child in program.children:
        nodes += numbered(child)
    return nodes


def story(node, depth=0, count=None):
    """The program for a person: a line for each node, with its number, indented under the one that it belongs to."""
    count = count if count is not None else iter(range(node.size()))
    line = f"{next(count):4} {'  ' * depth}{' '.join([node.op, *map(str, node.numbers)])}"
    return "\n".join([line, *(story(child, depth + 1, count) for child in node.children)])


class Random:
    """SplitMix64: the same numbers whatever Python runs it."""

    def __init__(self, seed):
        self.state = seed

    def bits(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        return z ^ (z >> 31)

    def below(self, n):
        return self.bits() % n

    def one_in(self, n):
        return self.below(n) == 0

    def choose(self, weighted):
        """A key of `{key: weight}`."""
        at = self.below(sum(weighted.values()))
        for key, weight in weighted.items():
            at -= weight
            if at < 0:
                return key
        raise AssertionError("the weights do not add up")


# What a task of a program is likely to do, by the theme of the program. Everything else has the weight of `always`.
ALWAYS = {"sleep": 10, "spawn": 6, "spawn_eager": 1, "probe": 4, "cancel": 5, "raise": 2, "try": 5, "await_task": 4, "self_cancel": 1,
          "self_uncancel": 1, "uncancel": 1, "raise_cancelled": 1, "return": 1, "later": 5, "soon": 2, "set_context": 1, "get_context": 1}
THEMES = [
    {"gather": 8, "gather_tasks": 6, "shield": 4, "shield_task": 4, "await_future": 3, "set_future": 2, "fail_future": 1,
     "cancel_future": 1},
    {"wait": 10, "as_completed": 5, "as_completed_tasks": 5, "await_future": 2, "set_future": 2},
    {"timeout": 10, "wait_for": 6, "wait_for_task": 5, "reschedule": 4, "shield": 2},
    {"group": 14, "group_spawn": 12, "timeout": 3, "try": 8, "raise": 4, "cancel": 6, "later": 5},
    {"lock": 10, "acquire": 3, "release": 5, "timeout": 2},
    {"semaphore": 10, "semaphore_acquire": 6, "semaphore_release": 5, "timeout": 2},
    {"condition": 10, "condition_wait": 8, "notify": 6, "notify_all": 2, "lock": 3, "timeout": 2},
    {"set_event": 5, "clear_event": 4, "wait_event": 9, "timeout": 2},
    {"barrier": 14, "barrier_reset": 2, "barrier_abort": 1, "timeout": 2},
    {"put": 9, "get": 9, "put_nowait": 4, "get_nowait": 3, "task_done": 4, "join": 8, "shutdown": 2, "timeout": 2},
]

# What a callback of the loop can do: it does not wait.
CALLBACK = {"cancel": 10, "set_event": 2, "clear_event": 1, "set_future": 3, "fail_future": 1, "cancel_future": 2, "release": 1,
            "semaphore_release": 2, "put_nowait": 2, "get_nowait": 2, "shutdown": 1, "probe": 2,
            "uncancel": 1}

WAKES = {"set_event", "set_future", "release", "semaphore_release", "put_nowait", "get_nowait", "task_done", "notify", "notify_all",
         "shutdown"}
# What means tasks that were made before.
NAMES_TASKS = {"await_task", "gather_tasks", "wait", "as_completed_tasks", "wait_for_task", "shield_task"}
NEEDS_CONDITION = {"condition_wait", "notify", "notify_all"}


class Generator:
    def __init__(self, seed):
        self.random = Random(seed)
        self.left = 15 + self.random.below(75)  # nodes
        themes = [self.random.below(len(THEMES)) for _ in range(1 + self.random.below(2))]
        self.weights = dict(ALWAYS)
        for theme in themes:
            loved = self.random.choose(THEMES[theme])  # five getters and no putter: what waits long is seen from all sides
            for op, weight in THEMES[theme].items():
                factor = 8 if op == loved else self.random.below(5)
                self.weights[op] = self.weights.get(op, 0) + weight * factor
        own = {op for theme in themes for op in THEMES[theme]}
        self.callback_weights = {op: weight * (10 if op in own and op in WAKES else 1) for op, weight in CALLBACK.items()}
        # Objects that nobody contends for show little.
        self.only = None if self.random.one_in(3) else self.random.below(4)
        self.made = 0
        self.limits = 0  # around the statement that is made
        self.held = []   # the conditions around it

    def program(self):
        # What comes from outside, when tasks wait already.
        body = [self.make_later("later", 0, False) for _ in range(self.random.below(5))]
        while self.left > 0:
            body += self.step(0, grouped=False, spawn=4)
        return Node("program", [], body)

    def object(self, n):
        return (self.only if self.only is not None else self.random.below(n)) % n

    def time(self):
        """On a grid, so that several things happen at one moment, or anywhere."""
        if self.random.one_in(5):
            return 0
        if self.random.one_in(4):
            return 1 + self.random.below(30 * MS)
        return (1 + self.random.below(12)) * MS

    def limit(self):
        """A time limit: sometimes none, over before it began, or long."""
        kind = self.random.below(16)
        return -1 if kind == 0 else 0 if kind == 1 else (1 + self.random.below(10)) * MS

    def block(self, depth, grouped=False):
        return Node("do", [], self.statements(depth, grouped))

    def blocks(self, depth, most=3):
        return [self.block(depth) for _ in range(1 + self.random.below(most))]

    def statements(self, depth, grouped=False):
        body = self.step(depth, grouped)
        while self.left > 0 and not self.random.one_in(3):
            body += self.step(depth, grouped)
        return body

    def step(self, depth, grouped, spawn=0):
        """A statement, and what gives it a meaning: tasks to name, several items in a queue."""
        statement = self.statement(depth, grouped, spawn)
        before = []
        if statement.op in NAMES_TASKS and depth < 5 and not self.random.one_in(3):
            before = [self.make_spawn("spawn", depth, grouped) for _ in range(1 + self.random.below(3))]
        elif statement.op == "put_nowait" and self.random.one_in(2):
            before = [Node("put_nowait", [statement.numbers[0], self.random.below(10)], []) for _ in range(1 + self.random.below(2))]
        return [*before, statement]

    def reference(self):
        return self.random.below(16)

    def references(self):
        return [self.reference() for _ in range(1 + self.random.below(3))]

    def statement(self, depth, grouped, spawn=0):
        self.left -= 1
        weights = self.weights
        if spawn and self.random.below(5) < spawn:
            op = "spawn"
        else:
            op = self.random.choose(weights)
        if op == "group_spawn" and not grouped:
            op = "group"
        if op == "reschedule" and self.limits == 0:
            op = "timeout"
        if depth > 5 and op in COMPOUND:
            op = "sleep"
        self.made += 1
        made = getattr(self, "make_" + op, self.make_plain)(op, depth, grouped)
        if op in NEEDS_CONDITION and made.numbers[0] not in self.held and not self.random.one_in(8):
            return Node("condition", made.numbers[:1], [made])
        return made

    def make_plain(self, op, depth, grouped):
        return Node(op, self.numbers(op), [])

    def numbers(self, op):
        random = self.random
        if op == "sleep":
            return [self.time()]
        if op == "reschedule":
            return [-1 if random.one_in(4) else self.limit()]
        if op in ("cancel", "uncancel", "await_task"):
            return [self.reference()]
        if op == "raise":
            return [self.made]
        if op in ("return", "set_context"):
            return [self.made]
        if op in ("acquire", "release"):
            return [self.object(LOCKS)]
        if op in ("semaphore_acquire", "semaphore_release"):
            return [self.object(SEMAPHORES)]
        if op in ("condition_wait", "notify_all"):
            return [self.object(CONDITIONS)]
        if op == "notify":
            return [self.object(CONDITIONS), 1 + random.below(3)]
        if op in ("set_event", "clear_event", "wait_event"):
            return [self.object(EVENTS)]
        if op in ("barrier", "barrier_reset", "barrier_abort"):
            return [self.object(BARRIERS)]
        if op in ("put", "put_nowait"):
            return [self.object(QUEUES), random.below(10)]
        if op in ("get", "get_nowait", "task_done", "join"):
            return [self.object(QUEUES)]
        if op == "shutdown":
            return [self.object(QUEUES), random.below(2)]
        if op in ("set_future", "fail_future"):
            return [random.below(FUTURES), self.made]
        if op in ("cancel_future", "await_future"):
            return [random.below(FUTURES)]
        return []

    def make_spawn(self, op, depth, grouped):
        return Node(op, [], self.statements(depth + 1))

    make_spawn_eager = make_spawn

    def make_group_spawn(self, op, depth, grouped):
        body = self.statements(depth + 1, grouped=True)
        if self.random.one_in(3):  # a task that fails when it is cancelled
            handler = self.block(depth + 2, grouped=True).children if self.random.one_in(2) else []
            body = [Node("try", [1], [Node("do", [], body), Node("do", [], [*handler, self.failure()]), Node("do", [], [])])]
        elif self.random.one_in(4):
            body.append(self.failure())
        return Node(op, [], body)

    def failure(self):
        self.made += 1
        return Node("raise", [self.made], [])

    def make_group(self, op, depth, grouped):
        body = self.statements(depth + 1, grouped=True)
        if self.random.one_in(4):
            body.append(self.failure())
        if self.random.one_in(3):
            body.insert(0, Node("later", [self.time() or MS], [Node("cancel", [self.reference()], [])]))
        group = Node(op, [], body)
        if self.random.one_in(2):  # whose errors are caught, so that what comes behind it shows how it left the task
            return Node("try", [0], [Node("do", [], [group]), self.block(depth + 1), Node("do", [], [])])
        return group

    def make_try(self, op, depth, grouped):
        """What is caught (0 ordinary exceptions, 1 a cancel, 2 both, 3 nothing), the body, the handler, the clean-up."""
        kind = self.random.below(4)
        handler = self.block(depth + 1, grouped) if kind < 3 else Node("do", [], [])
        if kind in (1, 2) and self.random.one_in(3):
            handler.children.insert(0, Node("self_uncancel", [], []))
        cleanup = self.block(depth + 1, grouped) if kind == 3 or self.random.one_in(3) else Node("do", [], [])
        return Node(op, [kind], [self.block(depth + 1, grouped), handler, cleanup])

    def make_gather(self, op, depth, grouped):
        return Node(op, [self.random.below(2)], self.blocks(depth + 1))

    def make_gather_tasks(self, op, depth, grouped):
        return Node(op, [self.random.below(2), *self.references()], [])

    def make_wait(self, op, depth, grouped):
        return Node(op, [self.random.below(3), self.limit(), *self.references()], [])

    def make_as_completed(self, op, depth, grouped):
        return Node(op, [self.limit()], self.blocks(depth + 1))

    def make_as_completed_tasks(self, op, depth, grouped):
        return Node(op, [self.limit(), *self.references()], [])

    def make_wait_for(self, op, depth, grouped):
        return Node(op, [self.limit()], [self.block(depth + 1)])

    def make_wait_for_task(self, op, depth, grouped):
        return Node(op, [self.limit(), self.reference()], [])

    def make_timeout(self, op, depth, grouped):
        self.limits += 1
        body = self.statements(depth + 1, grouped)
        self.limits -= 1
        if self.random.one_in(3):
            body.insert(self.random.below(len(body) + 1), Node("reschedule", self.numbers("reschedule"), []))
        return Node(op, [self.limit()], body)

    def make_shield(self, op, depth, grouped):
        return Node(op, [], [self.block(depth + 1)])

    def make_shield_task(self, op, depth, grouped):
        return Node(op, [self.reference()], [])

    def make_lock(self, op, depth, grouped):
        return Node(op, [self.object(LOCKS)], self.statements(depth + 1, grouped))

    def make_semaphore(self, op, depth, grouped):
        return Node(op, [self.object(SEMAPHORES)], self.statements(depth + 1, grouped))

    def make_condition(self, op, depth, grouped):
        self.held.append(self.object(CONDITIONS))
        body = self.statements(depth + 1, grouped)
        return Node(op, [self.held.pop()], body)

    def callbacks(self):
        """What happens at one moment: often a wake and a cancel of somebody who may be the one that was woken."""
        made = []
        for _ in range(1 + self.random.below(3)):
            op = self.random.choose(self.callback_weights)
            self.made += 1
            made.append(Node(op, self.numbers(op), []))
            if op in WAKES and self.random.one_in(2):
                made += [Node("cancel", [self.reference()], []) for _ in range(1 + self.random.below(2))]
        return made

    def make_later(self, op, depth, grouped):
        return Node(op, [self.time() or MS], self.callbacks())

    def make_soon(self, op, depth, grouped):
        return Node(op, [], self.callbacks())


COMPOUND = {name[len("make_"):] for name in vars(Generator) if name.startswith("make_")} - {"plain"}


def generate(seed):
    """The program of a seed."""
    return Generator(seed).program()
