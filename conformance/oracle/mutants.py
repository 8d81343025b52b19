#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plants deliberate bugs in a copy of hocket, one at a time, and tells after how many seeds the oracle finds each.

usage: mutants.py check                   whether each still finds its place in the sources
       mutants.py run --build FOLDER --compiler CXX [NAME...]

What is planted must be found within LIMIT seeds of traces.txt. Exit status: 0 all were, 1 one was not, or did not apply.
"""
import argparse
import dataclasses
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import machines
import oracle
from language import generate

ROOT = machines.HERE.parents[1]
LIMIT = 1000
BATCH = 50


@dataclasses.dataclass
class Mutant:
    name: str
    file: str
    text: str      # stands there once
    planted: str   # takes its place


MUTANTS = [
    Mutant("an_aborted_group_spares_its_first_task", "hocket/flow/task_group.cc",
           "for (GroupChild* child = first_; child; child = child->newer) child->task->cancel();",
           "for (GroupChild* child = first_ ? first_->newer : nullptr; child; child = child->newer) child->task->cancel();"),
    Mutant("a_group_forgets_a_cancel_from_outside", "hocket/flow/task_group.cc",
           "if (parent_.cancelling() > 0) {", "if (parent_.cancelling() > 100) {"),
    Mutant("a_group_takes_a_cancelled_child_for_a_failure", "hocket/flow/task_group.cc",
           "    if (task.cancelled()) return;\n    std::exception_ptr error = task.exception();",
           "    std::exception_ptr error = task.cancelled() ? std::make_exception_ptr(RuntimeError(\"cancelled\")) : task.exception();"),
    Mutant("a_time_limit_forgets_cancels_from_before", "hocket/flow/timeout.cc",
           "cancelling_at_entry_(task.cancelling())", "cancelling_at_entry_(0)"),
    Mutant("a_time_limit_that_was_taken_away_passes", "hocket/flow/timeout.cc",
           "when_ = when ? when->time_since_epoch().count() : never;", "when_ = when ? when->time_since_epoch().count() : when_;"),
    Mutant("wait_takes_a_cancelled_task_for_a_failed_one", "hocket/flow/wait.cc",
           "return_when_ == FIRST_EXCEPTION && !entry.future->cancelled() &&", "return_when_ == FIRST_EXCEPTION &&"),
    Mutant("a_settled_gather_ends_at_the_first_failure", "hocket/flow/gather.cc",
           "if (!settles_ && entry.future->failed()) {", "if ((!settles_ || left_ > 0) && entry.future->failed()) {"),
    Mutant("a_settled_gather_forgets_its_cancel", "hocket/flow/gather.cc",
           "    if (cancel_asked_) {", "    if (cancel_asked_ && !settles_) {"),
    Mutant("as_completed_tells_of_one_late_task_only", "hocket/flow/as_completed.cc",
           "for (; left_ > 0; --left_) put();", "if (left_ > 0) put();\n        to_give_ = 0;"),
    Mutant("a_woken_and_cancelled_acquirer_keeps_the_wakeup", "hocket/sync/permits.cc",
           "    --promised_;\n    wake_waiters();", "    --promised_;"),
    Mutant("a_woken_and_cancelled_getter_keeps_the_wakeup", "hocket/core/gate.cc",
           "    if (!closed()) wake_next();", ""),
    Mutant("a_cancelled_waiter_of_a_condition_keeps_the_notification", "hocket/sync/condition.cc",
           "    if (self) self->waiters_.wake(1);", ""),
    Mutant("a_cancelled_waiter_of_a_condition_comes_back_without_the_lock", "hocket/sync/condition.cc",
           "        } catch (const CancelledError&) {  // thrown on below\n            ended = std::current_exception();",
           "        } catch (const CancelledError&) {  // thrown on below\n            ended = std::current_exception();\n"
           "            acquirable = false;"),
    Mutant("a_cancelled_task_still_counts_at_the_barrier", "hocket/sync/barrier.cc",
           "    if (self) leave();\n    if (ended)", "    if (self && !ended) leave();\n    if (ended)"),
    Mutant("a_draining_barrier_lets_newcomers_in", "hocket/sync/barrier.cc",
           "while (state_ == State::draining || state_ == State::resetting) {", "while (state_ == State::resetting) {"),
    Mutant("an_event_wakes_one_task", "hocket/sync/event.cc", "    waiters_.wake_all();", "    waiters_.wake(1);"),
    Mutant("an_immediate_shutdown_leaves_join_waiting", "hocket/sync/queue.cc",
           "    if (unfinished_ == 0) joiners_.wake_all();\n    getters_", "    getters_"),
    Mutant("notify_wakes_one_task_only", "hocket/sync/condition.cc", "    waiters_.wake(n);", "    waiters_.wake(n > 0 ? 1 : 0);"),
    Mutant("a_group_takes_tasks_while_it_aborts", "hocket/flow/task_group.h",
           "return aborting_ || (exiting_ && size_ == 0);", "return exiting_ && size_ == 0;"),
    Mutant("a_group_forgets_the_error_of_its_body", "hocket/flow/task_group.cc",
           "    if (body_error && !is_cancelled(body_error)) errors_", "    if (body_error && errors_.empty() && !is_cancelled(body_error)) errors_"),
    Mutant("a_group_keeps_the_cancel_that_was_its_own", "hocket/flow/task_group.cc",
           "    if (parent_cancel_requested_) parent_.uncancel();", "    if (parent_cancel_requested_ && errors_.size() > 1) parent_.uncancel();"),
    Mutant("a_barrier_that_was_reset_stays_closed", "hocket/sync/barrier.cc",
           "    state_ = inside_ > 0 ? State::resetting : State::filling;", "    state_ = State::resetting;"),
    Mutant("a_semaphore_lets_newcomers_overtake", "hocket/sync/permits.h",
           "return free_ > 0 && promised_ == 0 && !has_waiters();", "return free_ > promised_;"),
    Mutant("timers_for_one_moment_run_in_reverse", "hocket/core/timer_heap.cc",
           "t.sequence = ++sequence_;", "t.sequence = --sequence_;"),
    Mutant("a_cancelled_wait_forgets_the_message", "hocket/core/task_base.cc",
           "    throw CancelledError(std::move(message));", "    throw CancelledError();"),
]


def source(mutant):
    return (ROOT / mutant.file).read_text()


def misplaced():
    return [mutant for mutant in MUTANTS if source(mutant).count(mutant.text) != 1]


def write_if_other(path, text):
    """Leaves alone what is so already, so that nothing is built again for it."""
    if not path.exists() or path.read_bytes() != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)


def copy_sources(folder):
    for old in [path for path in folder.rglob("*") if path.is_file() and not (ROOT / path.relative_to(folder)).exists()]:
        old.unlink()
    for part in ["CMakeLists.txt", "cmake", "hocket", "conformance/oracle", "tests/support"]:
        for path in sorted((ROOT / part).rglob("*")) if (ROOT / part).is_dir() else [ROOT / part]:
            if path.is_file() and path.suffix != ".pyc":
                write_if_other(folder / path.relative_to(ROOT), path.read_bytes())


def build(folder, compiler):
    """The machine of the copy; raises CalledProcessError with what the compiler said."""
    options = [f"-D{option}=OFF" for option in ("HOCKET_EXAMPLES", "HOCKET_BENCH", "HOCKET_APPS", "HOCKET_INSTALL")]
    commands = [["cmake", "--build", folder / "build", "-j", str(os.cpu_count()), "--target", "oracle_machine"]]
    if not (folder / "build/build.ninja").exists():
        commands.insert(0, ["cmake", "-G", "Ninja", "-S", folder / "source", "-B", folder / "build",
                            f"-DCMAKE_CXX_COMPILER={compiler}", "-DCMAKE_BUILD_TYPE=RelWithDebInfo", *options])
    for command in commands:
        subprocess.run(command, check=True, capture_output=True, text=True)
    return str(folder / "build/conformance/oracle_machine")


def seeds_until_found(machine, expected):
    for first in range(1, LIMIT + 1, BATCH):
        seeds = range(first, min(first + BATCH, LIMIT + 1))
        traces = machines.traces([machine], [generate(seed) for seed in seeds])
        for seed, trace in zip(seeds, traces):
            if oracle.digest(trace) != expected[seed - 1]:
                return seed
    return None


def run(folder, compiler, names):
    unknown = set(names) - {mutant.name for mutant in MUTANTS}
    if unknown:
        raise machines.CannotTell(f"there is no {', '.join(sorted(unknown))}; there are\n  " + "\n  ".join(one.name for one in MUTANTS))
    folder.mkdir(parents=True, exist_ok=True)
    expected = oracle.stored_digests()[:LIMIT]
    copy_sources(folder / "source")
    if found := seeds_until_found(build(folder, compiler), expected):
        print(f"without a planted bug, seed {found} diverges already: ./dev oracle")
        return 1
    missed = 0
    for mutant in [mutant for mutant in MUTANTS if not names or mutant.name in names]:
        path = folder / "source" / mutant.file
        path.write_text(source(mutant).replace(mutant.text, mutant.planted))
        found = seeds_until_found(build(folder, compiler), expected)
        path.write_text(source(mutant))
        missed += found is None
        print(f"{mutant.name:64}{f'found by seed {found}' if found else f'NOT FOUND in {LIMIT} seeds'}", flush=True)
    print(f"{len(MUTANTS)} planted bugs, {missed} not found" if not names else f"{missed} not found")
    return 1 if missed else 0


def main():
    parser = argparse.ArgumentParser(description="Plants bugs, and tells when the oracle finds them.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="whether each bug still finds its place")
    runner = commands.add_parser("run", help="plants one after the other")
    runner.add_argument("--build", type=pathlib.Path, required=True)
    runner.add_argument("--compiler", default=shutil.which("clang++-19") or "g++")
    runner.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    wrong = misplaced()
    for mutant in wrong:
        print(f"{mutant.file}: the text that `{mutant.name}` replaces stands there {source(mutant).count(mutant.text)} times, not once")
    if arguments.command == "check" or wrong:
        return 1 if wrong else 0
    try:
        return run(arguments.build, arguments.compiler, arguments.names)
    except machines.CannotTell as error:
        print(f"mutants: {error}", file=sys.stderr)
        return 2
    except subprocess.CalledProcessError as error:
        print(f"mutants: {' '.join(map(str, error.cmd))}\n{error.stdout[-4000:]}{error.stderr[-4000:]}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
