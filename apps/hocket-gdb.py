# SPDX-License-Identifier: MIT
"""The command hocket-tasks for gdb: the tasks of a program written with hocket, of a live process or a core file.

    (gdb) source hocket-gdb.py
    (gdb) hocket-tasks
    (gdb) hocket-tasks Task-7

It reads hocket's one table of offsets (hocket/core/layout.h), and so needs no debugging information of the library. Functions, files and lines are
known where the program was compiled with -g1 or -g.
"""
import re
import struct

import gdb

MAGIC = b"hocket layout\x1a\n\0"
VERSION = 1
FIELDS = ["loop_count", "loop_tasks", "loop_current", "loop_backend", "loop_mark", "loop_thread", "node_flags", "node_cancels", "task_frame", "task_waiting",
          "task_older", "task_newer", "task_label", "task_created_at", "frame_parent", "frame_pc", "operation_code", "operation_fd", "wait_point_what",
          "flag_done", "flag_task", "flag_first", "flag_recheck", "flag_interposed"]
OPERATIONS = ["poll", "accept", "connect", "recv", "send", "recvmsg", "sendmsg", "read", "write"]
# Both as in hocket/inspect/read_snapshot.cc.
WAIT_POINTS = {"WaitPoint", "Gate", "Lock", "Semaphore", "BoundedSemaphore", "Permits", "Barrier", "QueueBase::Side", "QueueBase::Finish",
               "AsCompletedBase::State::Door", "SocketTransport::Outgoing::Point", "ServerState::AllOver", "Resolver::Asked::Answered", "Child::Ended",
               "http::HttpServerState::Ended"}
FUTURES = {"TaskState": "a task", "GroupTask": "a task", "FutureState": "a future", "GatherState": "gather", "ShieldState": "shield",
           "WaitBase::State": "wait", "ServerState::Serving": "Server.serve_forever", "http::PoolTurn::Coming": "a connection of a client session"}
# The library's own files; its tests are none.
OWN = re.compile(r"(^|/)hocket/(base|core|io|sync|flow|os|net|process|db|http|sim|inspect)/[^/]*(?<!_test)\.(h|cc)$")
MOST_TASKS = 1_000_000
MOST_FRAMES = 1000


def read(address, form):
    """What stands at the address, as `struct` names its kind."""
    data = gdb.selected_inferior().read_memory(address, struct.calcsize("<" + form)).tobytes()
    return struct.unpack("<" + form, data)[0]


def text(address, most=1000):
    result = b""
    while len(result) < most and (byte := gdb.selected_inferior().read_memory(address + len(result), 1).tobytes()) != b"\0":
        result += byte
    return result.decode(errors="replace")


def printable(words):
    """Names may be made of what others sent: nothing of them is for the terminal to obey."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in words)


def place(address):
    """`fetch (src/crawler.cc:12)`: of the functions that are inlined in one another there, the first that is not the library's own."""
    if not address:
        return ""
    block = gdb.block_for_pc(address)
    here = gdb.find_pc_line(address)
    file, line, found = here.symtab.filename if here.symtab else "", here.line, None
    while block and not block.is_global and not block.is_static:
        function = block.function
        if function:
            found = f"{name_of(function.print_name)} ({'/'.join(file.split('/')[-2:])}:{line})"
            if not OWN.search(file):
                return found
            # Of one that is inlined gdb gives file and line of the call, and of another those of the function.
            file, line = function.symtab.filename if function.symtab else "", function.line
        block = block.superblock
    if found:
        return found
    symbol = gdb.execute(f"info symbol {address:#x}", to_string=True)
    return f"{address:#x}" if symbol.startswith("No symbol") else name_of(symbol.split(" + ")[0].split(" in section")[0])


def name_of(function):
    """Without parameters, and without what compilers add to the name of a coroutine."""
    return function.split("(")[0].split(" [")[0].split(".")[0]


class Layout:
    """The table, as this program was compiled with it."""

    def __init__(self):
        if not gdb.selected_inferior().pid:
            raise gdb.GdbError("hocket-tasks: there is no process: attach to one, or open a core file")
        try:
            address = int(gdb.parse_and_eval("(long)&hocket_layout"))
        except gdb.error as error:
            raise gdb.GdbError(f"hocket-tasks: this program has no hocket in it, or no symbols ({error})")
        head = gdb.selected_inferior().read_memory(address, 24).tobytes()
        if head[:16] != MAGIC or struct.unpack("<I", head[16:20])[0] != VERSION:
            raise gdb.GdbError("hocket-tasks: the program has a hocket whose memory is laid out in another way: take the hocket-gdb.py of that version")
        self.loops = read(address + 24, "Q")
        for i, name in enumerate(FIELDS):
            setattr(self, name, read(address + 32 + 4 * i, "I"))


def task_name(layout, task):
    label = read(task + layout.task_label, "Q")
    return f"Task-{label >> 1}" if label & 1 else text(label)


class Task:
    def __init__(self, layout, address, current):
        self.address = address
        flags = read(address + layout.node_flags, "H")
        self.name = task_name(layout, address)
        self.created_at = read(address + layout.task_created_at, "Q")
        self.frames = []
        waiting = read(address + layout.task_waiting, "Q")
        if address == current or flags & layout.flag_interposed:
            self.state = "running"
            return
        frame = read(address + layout.task_frame, "Q")
        while frame and len(self.frames) < MOST_FRAMES:
            self.frames.append(read(frame + layout.frame_pc, "Q"))
            frame = read(frame + layout.frame_parent, "Q")
        if flags & layout.flag_first:
            self.state = "not started"
        elif not waiting or flags & layout.flag_recheck:
            self.state = "ready"
        else:
            self.state = awaited(layout, waiting)


def awaited(layout, leaf):
    kind = gdb.execute(f"info symbol {read(leaf, 'Q'):#x}", to_string=True)
    if not kind.startswith("vtable for "):
        return "waits for something unknown"
    kind = kind.removeprefix("vtable for ").split(" + ")[0].split(" in section")[0].removeprefix("hocket::").split("<")[0]
    if kind in FUTURES:
        flags = read(leaf + layout.node_flags, "H")
        if flags & layout.flag_done:
            return "ready"
        return "waits for " + (task_name(layout, leaf) if flags & layout.flag_task else FUTURES[kind])
    if kind == "PendingOperation":
        code = read(leaf + layout.operation_code, "B")
        operation = OPERATIONS[code] if code < len(OPERATIONS) else "an operation"
        return f"waits for {operation} on descriptor {read(leaf + layout.operation_fd, 'i')}"
    if kind in WAIT_POINTS:
        return "waits for " + text(read(leaf + layout.wait_point_what, "Q"))
    return "waits for " + ("sleep" if kind == "SleepTimer" else kind)


def loops(layout):
    """(address, number, thread) of each."""
    for i in range(layout.loop_count):
        loop = read(layout.loops + 8 * i, "Q")
        if loop:
            yield loop, read(loop + layout.loop_mark, "Q") >> 8, read(loop + layout.loop_thread, "i")


def tasks(layout, loop):
    """The oldest first."""
    current, found, task = read(loop + layout.loop_current, "Q"), [], read(loop + layout.loop_tasks, "Q")
    while task and len(found) < MOST_TASKS:
        found.append(Task(layout, task, current))
        task = read(task + layout.task_older, "Q")
    return found[::-1]


class HocketTasks(gdb.Command):
    """hocket-tasks [NAME]: the tasks of all loops, or those of that name, with what each waits for and where."""

    def __init__(self):
        super().__init__("hocket-tasks", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        layout, name, shown = Layout(), argument.strip(), 0
        if not any(loops(layout)):
            print("the process has no loop")
        for loop, number, thread in loops(layout):
            print(f"loop {number}, " + (f"on thread {thread}" if thread else "not running"))
            for task in tasks(layout, loop):
                if name and name != task.name:
                    continue
                shown += 1
                print(printable(f"{task.name}: {task.state}"))
                for frame in task.frames:
                    print(f"  at {place(frame)}")
                if task.created_at:
                    print(f"  created at {place(task.created_at)}")
        if name and not shown:
            raise gdb.GdbError(f"hocket-tasks: there is no task {name}")


HocketTasks()
