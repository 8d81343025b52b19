# SPDX-License-Identifier: MIT
"""CPython's asyncio as the judge: runs programs of the oracle's language in virtual time, and prints their traces.

usage: reference.py < PROGRAMS > TRACES      Python 3.13 or later; a program a line, after each trace a line with a dot

conformance/oracle/machine.cc does the same with hocket. Where CPython's own order depends on addresses (its sets) or is not
specified (timers for the same moment), this harness makes it the order of insertion, which hocket promises.
"""
import asyncio
import asyncio.base_events
import asyncio.tasks
import asyncio.taskgroups
import contextvars
import dataclasses
import sys
import typing

from language import BARRIERS, CONDITIONS, EVENTS, FUTURES, LOCKS, numbered, parse

LONG = 1 << 50      # longer than all that a program can sleep
RESOLUTION = 1 << 20  # a moment has room for so many timers, which are due in the order in which they were made


class InsertionSet(dict):
    """As much of `set` as asyncio uses, in the order of insertion."""

    def __init__(self, items=()):
        super().__init__((item, None) for item in items)

    def add(self, item):
        self[item] = None

    def discard(self, item):
        self.pop(item, None)


asyncio.tasks.set = InsertionSet
asyncio.taskgroups.set = InsertionSet
asyncio.base_events.MAXIMUM_SELECT_TIMEOUT = 1 << 200


class NoSelector:
    """Nothing is ever readable: waiting moves the clock."""

    def __init__(self, loop):
        self.loop = loop

    def select(self, timeout):
        if timeout is None:
            raise SystemError("deadlock: nothing can wake the loop")
        self.loop.moment += timeout // RESOLUTION
        return []


class VirtualLoop(asyncio.base_events.BaseEventLoop):
    """Time in nanoseconds, each worth RESOLUTION: whole numbers, so that nothing is rounded."""

    def __init__(self):
        super().__init__()
        self.moment = 0
        self.timers = 0
        self._selector = NoSelector(self)
        self._clock_resolution = RESOLUTION

    def time(self):
        return self.moment * RESOLUTION

    def call_at(self, when, callback, *args, context=None):
        self.timers += 1
        return super().call_at(when // RESOLUTION * RESOLUTION + self.timers, callback, *args, context=context)

    def _process_events(self, events):
        pass

    def _write_to_self(self):
        pass


VARIABLE = contextvars.ContextVar("variable", default=0)
ERRORS = [RuntimeError, ValueError, TimeoutError]
# asyncio gives the message of a task's cancel to the first that asks for its outcome, hocket to all: the traces leave it out.
WAITS_FOR_A_TASK = {"await_task", "wait_for_task", "shield_task", "shield", "gather_tasks", "gather"}
RETURN_WHEN = [asyncio.FIRST_COMPLETED, asyncio.FIRST_EXCEPTION, asyncio.ALL_COMPLETED]


def words(error):
    """An exception as both sides write it: its type, what a program said, its members."""
    if isinstance(error, BaseExceptionGroup):
        return "Group[" + ",".join(map(words, error.exceptions)) + "]"
    name = type(error).__name__
    said = str(error.args[0]) if error.args else ""
    if isinstance(error, asyncio.CancelledError):
        return name + (":" + said if said else "")
    return name + (":" + said if said[:1] == "e" and said[1:].isdigit() else "")


def ending(task):
    """How a task stands, in a letter."""
    if not task.done():
        return "P"
    if task.cancelled():
        return "C"
    return "E" if task.exception() else "D"


def ticks(limit):
    """A time limit as asyncio takes it."""
    return None if limit < 0 else limit * RESOLUTION


@dataclasses.dataclass
class Body:
    """A coroutine of the program: the number of the task that runs it, and what it has returned."""

    task: int
    returned: int | None = None


@dataclasses.dataclass
class Frame:
    """Where a statement stands: in which body, task group and time limit."""

    body: Body
    group: typing.Any = None
    limit: typing.Any = None


class Machine:
    def __init__(self, program, trace):
        self.loop = asyncio.get_running_loop()
        self.write = trace
        self.number = {id(node): number for number, node in enumerate(numbered(program))}
        self.program = program
        self.bodies = 0
        self.spawned = []  # (number, task), what references mean
        self.watched = InsertionSet()
        self.locks = [asyncio.Lock() for _ in range(LOCKS)]
        self.semaphores = [asyncio.Semaphore(1), asyncio.Semaphore(2), asyncio.BoundedSemaphore(1)]
        self.own_lock = asyncio.Lock()
        self.conditions = [asyncio.Condition(self.locks[0]), asyncio.Condition(self.own_lock)]
        self.events = [asyncio.Event() for _ in range(EVENTS)]
        self.barriers = [asyncio.Barrier(2 + i) for i in range(BARRIERS)]
        self.queues = [asyncio.Queue(1), asyncio.Queue(), asyncio.LifoQueue(3), asyncio.PriorityQueue(3)]
        self.futures = [self.loop.create_future() for _ in range(FUTURES)]
        assert len(self.conditions) == CONDITIONS

    async def main(self):
        self.spawn(self.program.children)
        while left := [task for task in self.watched if not task.done()]:
            _, pending = await asyncio.wait(left, timeout=LONG * RESOLUTION)
            if pending:
                self.note("watch", f"{len(pending)} left")
                for task in left:
                    task.cancel()
                # A task that waits in a condition ends only with the lock, which nobody may be left to release.
                for lock in self.locks + [self.own_lock]:
                    if lock.locked():
                        lock.release()
        await asyncio.sleep(LONG * RESOLUTION)  # callbacks that are still to come
        self.note("end", " ".join(f"{number}={self.outcome(task)}" for number, task in self.spawned))
        for future in self.futures:
            if future.done() and not future.cancelled():
                future.exception()

    def note(self, what, said):
        self.write(f"{self.loop.moment} {what} {said}\n")

    def outcome(self, task):
        if not task.done():
            return "pending"
        if task.cancelled():
            return "cancelled"
        return words(task.exception()) if task.exception() else str(task.result())

    def coroutine(self, statements, task=None, group=None):
        """A body, and the number that it goes by; `task` runs it, or one of its own."""
        self.bodies += 1
        frame = Frame(Body(task or self.bodies), group)
        return self.bodies, self.run_body(self.bodies, frame, statements)

    def spawn(self, statements, make=asyncio.create_task, group=None):
        number, coroutine = self.coroutine(statements, group=group)
        task = make(coroutine)
        self.spawned.append((number, task))
        self.watched.add(task)
        return number, task

    async def run_body(self, number, frame, statements):
        self.watched.add(asyncio.current_task())
        self.note(f"t{number}", "begins")
        try:
            await self.run_all(frame, statements)
        except BaseException as error:
            self.note(f"t{number}", "ends " + words(error))
            raise
        self.note(f"t{number}", f"ends {frame.body.returned or 0}")
        return frame.body.returned or 0

    async def run_all(self, frame, statements):
        for node in statements:
            await self.run_node(frame, node)
            if frame.body.returned is not None:
                return

    async def run_node(self, frame, node):
        number = self.number[id(node)]
        where = f"t{frame.body.task} n{number}"
        method = getattr(self, "do_" + node.op, None)
        if method is None:
            self.note(where, self.at_once(frame, node))
            return
        try:
            said = await method(frame, node, *node.numbers)
        except BaseException as error:
            if node.op in WAITS_FOR_A_TASK and isinstance(error, asyncio.CancelledError):
                error = asyncio.CancelledError()
            self.note(where, "! " + words(error))
            raise error
        self.note(where, "" if said is None else str(said))

    # What does not wait. An error of its own is part of the trace, and the program goes on.

    def at_once(self, frame, node):
        try:
            said = getattr(self, "now_" + node.op)(frame, *node.numbers)
        except Exception as error:
            return "! " + words(error)
        return "" if said is None else str(said)

    def referred(self, reference):
        """One that is not done, if there is one: what is done shows little."""
        candidates = [entry for entry in self.spawned if not entry[1].done()] or self.spawned
        return candidates[reference % len(candidates)]

    def younger(self, frame, references):
        """The tasks that may be waited for: made after the one that waits, so that no circle comes about."""
        candidates = [entry for entry in self.spawned if entry[0] > frame.body.task]
        return [candidates[reference % len(candidates)] for reference in references] if candidates else []

    def now_cancel(self, frame, reference):
        number, task = self.referred(reference)
        return f"t{number} {int(task.cancel(f'm{reference}') if reference % 2 else task.cancel())}"

    def now_uncancel(self, frame, reference):
        number, task = self.referred(reference)
        return f"t{number} {task.uncancel()}"

    def now_self_cancel(self, frame):
        return int(asyncio.current_task().cancel())

    def now_self_uncancel(self, frame):
        return asyncio.current_task().uncancel()

    def now_return(self, frame, value):
        frame.body.returned = value

    def now_set_context(self, frame, value):
        VARIABLE.set(value)

    def now_get_context(self, frame):
        return VARIABLE.get()

    def now_release(self, frame, i):
        self.locks[i].release()

    def now_semaphore_release(self, frame, i):
        self.semaphores[i].release()

    def now_notify(self, frame, i, n):
        self.conditions[i].notify(n)

    def now_notify_all(self, frame, i):
        self.conditions[i].notify_all()

    def now_set_event(self, frame, i):
        self.events[i].set()

    def now_clear_event(self, frame, i):
        self.events[i].clear()

    def now_put_nowait(self, frame, i, item):
        self.queues[i].put_nowait(item)

    def now_get_nowait(self, frame, i):
        return self.queues[i].get_nowait()

    def now_task_done(self, frame, i):
        self.queues[i].task_done()

    def now_shutdown(self, frame, i, immediate):
        self.queues[i].shutdown(bool(immediate))

    def now_set_future(self, frame, i, value):
        self.futures[i].set_result(value)

    def now_fail_future(self, frame, i, error):
        self.futures[i].set_exception(ERRORS[error % 3](f"e{error}"))

    def now_cancel_future(self, frame, i):
        return int(self.futures[i].cancel())

    def now_reschedule(self, frame, limit):
        if frame.limit is None:
            return "no limit"
        frame.limit.reschedule(None if limit < 0 else self.loop.time() + limit * RESOLUTION)
        return "no limit" if frame.limit.when() is None else frame.limit.when() // RESOLUTION

    def now_probe(self, frame):
        task = asyncio.current_task()
        return " ".join([
            "L" + "".join(str(int(lock.locked())) for lock in [*self.locks, self.own_lock]),
            "S" + "".join(str(int(semaphore.locked())) for semaphore in self.semaphores),
            "E" + "".join(str(int(event.is_set())) for event in self.events),
            "B" + ",".join(f"{barrier.n_waiting}{'x' if barrier.broken else ''}" for barrier in self.barriers),
            "Q" + ",".join(f"{queue.qsize()}{'f' if queue.full() else ''}" for queue in self.queues),
            "F" + "".join(map(ending, self.futures)),
            "T" + "".join(ending(task) for _, task in self.spawned),
            f"c{task.cancelling()}" if task else "-",
        ])

    # What waits, or holds something while its children run.

    async def do_spawn(self, frame, node):
        number, _ = self.spawn(node.children)
        return f"t{number}"

    async def do_spawn_eager(self, frame, node):
        number, _ = self.spawn(node.children, lambda coroutine: asyncio.Task(coroutine, loop=self.loop, eager_start=True))
        return f"t{number}"

    async def do_group_spawn(self, frame, node):
        if frame.group is None:
            return "no group"
        number, _ = self.spawn(node.children, frame.group.create_task, frame.group)
        return f"t{number}"

    def call(self, node):
        for child in node.children:
            self.note(f"call n{self.number[id(child)]}", self.at_once(Frame(Body(0)), child))

    async def do_later(self, frame, node, delay):
        self.loop.call_later(delay * RESOLUTION, self.call, node)

    async def do_soon(self, frame, node):
        self.loop.call_soon(self.call, node)

    async def do_sleep(self, frame, node, delay):
        await asyncio.sleep(delay * RESOLUTION)

    async def do_raise(self, frame, node, error):
        raise ERRORS[error % 3](f"e{error}")

    async def do_raise_cancelled(self, frame, node):
        raise asyncio.CancelledError

    async def do_await_task(self, frame, node, reference):
        for number, task in self.younger(frame, [reference]):
            return f"t{number} {await task}"
        return "none"

    async def do_await_future(self, frame, node, i):
        return await self.futures[i]

    async def do_try(self, frame, node, kind):
        body, handler, cleanup = node.children
        caught = [(Exception,), (asyncio.CancelledError,), (Exception, asyncio.CancelledError), ()][kind]
        try:
            try:
                await self.run_all(frame, body.children)
            except caught as error:
                self.note(f"t{frame.body.task} n{self.number[id(node)]}", "caught " + words(error))
                await self.run_all(frame, handler.children)
        finally:
            before, frame.body.returned = frame.body.returned, None
            await self.run_all(frame, cleanup.children)
            frame.body.returned = before  # a return in the clean-up ends that, and does not swallow the exception

    async def do_gather(self, frame, node, settles):
        coroutines = [self.coroutine(child.children)[1] for child in node.children]
        return self.listed(await asyncio.gather(*coroutines, return_exceptions=bool(settles)))

    async def do_gather_tasks(self, frame, node, settles, *references):
        tasks = [task for _, task in self.younger(frame, references)]
        return self.listed(await asyncio.gather(*tasks, return_exceptions=bool(settles)))

    def listed(self, results):
        results = [asyncio.CancelledError() if isinstance(one, asyncio.CancelledError) else one for one in results]
        return ",".join(words(one) if isinstance(one, BaseException) else str(one) for one in results)

    def numbers_of(self, tasks):
        return ",".join(str(number) for number in sorted(number for number, task in self.spawned if task in tasks))

    async def do_wait(self, frame, node, return_when, limit, *references):
        tasks = [task for _, task in self.younger(frame, references)]
        if not tasks:
            return "none"
        done, pending = await asyncio.wait(tasks, timeout=ticks(limit), return_when=RETURN_WHEN[return_when])
        return f"{self.numbers_of(done)}|{self.numbers_of(pending)}"

    async def do_as_completed(self, frame, node, limit):
        await self.take_completed(frame, node, limit, [self.coroutine(child.children)[1] for child in node.children])

    async def do_as_completed_tasks(self, frame, node, limit, *references):
        tasks = [task for _, task in self.younger(frame, references)]
        # The order of those that are done already is that of a set: one of them is enough.
        done = [task for task in tasks if task.done()][:1]
        await self.take_completed(frame, node, limit, [task for task in tasks if not task.done() or task in done])

    async def take_completed(self, frame, node, limit, awaitables):
        iterator = asyncio.as_completed(awaitables, timeout=ticks(limit))
        where = f"t{frame.body.task} n{self.number[id(node)]}"
        while True:
            try:
                task = await anext(iterator)
            except StopAsyncIteration:
                return
            except TimeoutError:
                self.note(where, "late")
            else:
                self.note(where, "next " + self.outcome(task))

    async def do_wait_for(self, frame, node, limit):
        return await asyncio.wait_for(self.coroutine(node.children[0].children, frame.body.task)[1], ticks(limit))

    async def do_wait_for_task(self, frame, node, limit, reference):
        for number, task in self.younger(frame, [reference]):
            return f"t{number} {await asyncio.wait_for(task, ticks(limit))}"
        return "none"

    async def do_timeout(self, frame, node, limit):
        async with asyncio.timeout(ticks(limit)) as scope:
            await self.run_all(Frame(frame.body, frame.group, scope), node.children)

    async def do_shield(self, frame, node):
        _, task = self.spawn(node.children[0].children)
        return await asyncio.shield(task)

    async def do_shield_task(self, frame, node, reference):
        for number, task in self.younger(frame, [reference]):
            return f"t{number} {await asyncio.shield(task)}"
        return "none"

    async def do_group(self, frame, node):
        async with asyncio.TaskGroup() as group:
            await self.run_all(Frame(frame.body, group, frame.limit), node.children)

    async def do_lock(self, frame, node, i):
        async with self.locks[i]:
            await self.run_all(frame, node.children)

    async def do_acquire(self, frame, node, i):
        await self.locks[i].acquire()

    async def do_semaphore(self, frame, node, i):
        async with self.semaphores[i]:
            await self.run_all(frame, node.children)

    async def do_semaphore_acquire(self, frame, node, i):
        await self.semaphores[i].acquire()

    async def do_condition(self, frame, node, i):
        async with self.conditions[i]:
            await self.run_all(frame, node.children)

    async def do_condition_wait(self, frame, node, i):
        await self.conditions[i].wait()

    async def do_wait_event(self, frame, node, i):
        await self.events[i].wait()

    async def do_barrier(self, frame, node, i):
        return await self.barriers[i].wait()

    async def do_barrier_reset(self, frame, node, i):
        await self.barriers[i].reset()

    async def do_barrier_abort(self, frame, node, i):
        await self.barriers[i].abort()

    async def do_put(self, frame, node, i, item):
        await self.queues[i].put(item)

    async def do_get(self, frame, node, i):
        return await self.queues[i].get()

    async def do_join(self, frame, node, i):
        await self.queues[i].join()


def run(text):
    """The trace of a program."""
    trace = []

    async def main():
        await Machine(parse(text), trace.append).main()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.get_loop().set_exception_handler(lambda loop, context: None)
        runner.run(main())
    return "".join(trace)


def main():
    for text in sys.stdin:
        sys.stdout.write(run(text) + ".\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
