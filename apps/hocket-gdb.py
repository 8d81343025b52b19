# SPDX-License-Identifier: MIT
"""The command hocket-tasks for gdb: the tasks of a program written with hocket, of a live process or a core file.

    (gdb) source hocket-gdb.py
    (gdb) hocket-tasks
    (gdb) hocket-tasks Task-7

It reads hocket's one table of offsets (hocket/core/layout.h), and so needs no debugging information of the library. Functions, files and lines are
known where the program was compiled with -g1 or -g.
"""
import struct

import gdb

MAGIC = b"hocket layout\x1a\n\0"
VERSION = 1
FIELDS = ["loop_count", "loop_tasks", "loop_current", "loop_backend", "loop_mark", "loop_thread", "node_flags", "node_cancels", "task_frame", "task_waiting",
          "task_older", "task_newer", "task_label", "task_created_at", "frame_parent", "frame_pc", "operation_code", "operation_fd", "wait_point_what",
          "flag_done", "flag_task", "flag_first", "flag_recheck", "flag_interposed"]
OPERATIONS = ["poll", "accept", "connect", "recv", "send", "recvmsg", "sendmsg", "read", "write"]
WAIT_POINTS = {"WaitPoint", "Gate", "Lock", "Semaphore", "Permits", "Barrier", "QueueBase::Side", "QueueBase::Finish"}
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


def place(address):
    """`fetch (src/crawler.cc:12)`: the function that all others are inlined in, and the line of its own file that comes before the address."""
    if not address:
        return ""
    block = gdb.block_for_pc(address)
    while block and (not block.function or block.function.symtab is None or is_inlined(block)):
        block = block.superblock
    if not block:
        symbol = gdb.execute(f"info symbol {address:#x}", to_string=True)
        return f"{address:#x}" if symbol.startswith("No symbol") else name_of(symbol.split(" + ")[0].split(" in section")[0])
    symtab, line = block.function.symtab, 0
    for entry in symtab.linetable() or []:
        if block.start <= entry.pc <= address and entry.line >= block.function.line:
            line = entry.line or line
    return f"{name_of(block.function.print_name)} ({'/'.join(symtab.filename.split('/')[-2:])}:{line})"


def is_inlined(block):
    """Whether its function stands within another one here."""
    outer = block.superblock
    while outer and not outer.is_global and not outer.is_static:
        if outer.function:
            return True
        outer = outer.superblock
    return False


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


class Task:
    def __init__(self, layout, address, current):
        self.address = address
        flags = read(address + layout.node_flags, "H")
        label = read(address + layout.task_label, "Q")
        self.name = f"Task-{label >> 1}" if label & 1 else text(label)
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
    if kind in ("TaskState", "FutureState"):
        if read(leaf + layout.node_flags, "H") & layout.flag_done:
            return "ready"
        if kind == "FutureState":
            return "waits for a future"
        label = read(leaf + layout.task_label, "Q")
        return "waits for " + (f"Task-{label >> 1}" if label & 1 else text(label))
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
        for loop, number, thread in loops(layout):
            print(f"loop {number}, " + (f"on thread {thread}" if thread else "not running"))
            for task in tasks(layout, loop):
                if name and name != task.name:
                    continue
                shown += 1
                print(f"{task.name}: {task.state}")
                for frame in task.frames:
                    print(f"  at {place(frame)}")
                if task.created_at:
                    print(f"  created at {place(task.created_at)}")
        if name and not shown:
            raise gdb.GdbError(f"hocket-tasks: there is no task {name}")


HocketTasks()
