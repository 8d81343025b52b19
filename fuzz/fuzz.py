#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fuzzing the parsers: see ./dev --help, fuzz.

usage: fuzz.py run FOLDER [TARGET] [SECONDS]   runs the targets, each a program FOLDER/fuzz_TARGET, each for so long (60)
       fuzz.py replay PROGRAM TARGET           gives the target's seeds to a program that was built with replay.cc

The seeds of a target: the lines of fuzz/seeds/TARGET.txt, and of http1_requests and http1_responses the corpus of hostile bytes too. What a
run finds to be new stays in FOLDER/corpus/TARGET; an input that fails, in FOLDER/failed-TARGET-...: it becomes a line of the seeds, or a case of
the corpus.
"""
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "security"))
from corpus import cases, unescaped  # noqa: E402


def targets():
    return sorted(path.stem for path in (ROOT / "fuzz").glob("*.cc") if path.stem != "replay")


def seeds(target):
    """The inputs that are known."""
    file = ROOT / "fuzz" / "seeds" / f"{target}.txt"
    lines = file.read_text().splitlines() if file.exists() else []
    found = [unescaped(line) for line in lines if line and not line.startswith("#")]
    side = {"http1_requests": "request", "http1_responses": "response", "multipart": "multipart"}.get(target)
    return found + [case.bytes for case in cases() if case.side == side and len(case.bytes) <= 4096]


def write_seeds(target, folder):
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, seed in enumerate(seeds(target)):
        path = folder / f"seed-{number:04}"
        path.write_bytes(seed)
        paths.append(path)
    return paths


def replay(program, target):
    with tempfile.TemporaryDirectory() as folder:
        paths = write_seeds(target, pathlib.Path(folder))
        if not paths:
            sys.exit(f"{target} has no seeds: fuzz/seeds/{target}.txt")
        return subprocess.run([program, *paths]).returncode


def run(folder, wanted, seconds):
    failed = []
    for target in [wanted] if wanted else targets():
        if target not in targets():
            sys.exit(f"there is no target {target}: {' '.join(targets())}")
        corpus = folder / "corpus" / target
        corpus.mkdir(parents=True, exist_ok=True)
        known = folder / "seeds" / target
        write_seeds(target, known)
        print(f"fuzz: {target}, {seconds} s", flush=True)
        command = [folder / f"fuzz_{target}", f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048", "-max_len=16384",
                   "-print_final_stats=1", "-verbosity=0", f"-artifact_prefix={folder}/failed-{target}-", corpus, known]
        if subprocess.run(command).returncode != 0:
            failed.append(target)
    if failed:
        print("fuzz: failed:", *failed)
    return 1 if failed else 0


def main(arguments):
    if len(arguments) == 3 and arguments[0] == "replay":
        return replay(arguments[1], arguments[2])
    if len(arguments) >= 2 and arguments[0] == "run":
        rest = arguments[2:]
        seconds = int(rest.pop()) if rest and rest[-1].isdigit() else 60
        if len(rest) <= 1:
            return run(pathlib.Path(arguments[1]), rest[0] if rest else None, seconds)
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
