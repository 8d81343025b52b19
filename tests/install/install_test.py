#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Installs hocket into a folder and builds a program against it: find_package, static and shared, and
pkg-config after the folder was moved.

usage: install_test.py --build FOLDER --compiler PROGRAM
"""
import argparse
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
EXPECTED = "42\n"
EXPECTED_HTTP = "400 http://xn--b-eha/ 1\n"


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"{shlex.join(map(str, command))}\nended with status {done.returncode}:\n{done.stdout}")
    return done.stdout


def expect(what, output, expected=EXPECTED):
    if output != expected:
        sys.exit(f"{what}: printed {output!r}, not {expected!r}")
    print(f"{what}: ok")


def check_headers(include):
    """What is installed includes only what is installed, and holds no tests."""
    for header in include.rglob("*"):
        if header.is_file():
            if header.suffix != ".h" or header.stem.endswith(("_test", "_internal")):
                sys.exit(f"{header} should not be installed")
            for name in re.findall(r"^\s*#\s*include <(hocket/[^>]+)>", header.read_text(), re.MULTILINE):
                if not (include / name).exists():
                    sys.exit(f"{header} includes {name}, which is not installed")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--compiler", required=True)
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="hocket-install-") as folder:
        folder = pathlib.Path(folder)
        prefix = folder / "prefix"
        run("cmake", "--install", arguments.build, "--prefix", prefix)
        check_headers(prefix / "include")

        for kind, shared in (("static", "OFF"), ("shared", "ON")):
            build = folder / kind
            run("cmake", "-G", "Ninja", "-S", HERE / "consumer", "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}",
                f"-DCMAKE_CXX_COMPILER={arguments.compiler}", f"-DBUILD_SHARED_LIBS={shared}")
            run("cmake", "--build", build)
            expect(f"find_package, {kind}", run(build / "consumer"))
            expect(f"find_package, {kind}, simulation", run(build / "consumer_sim"))
            expect(f"find_package, {kind}, http", run(build / "consumer_http"), EXPECTED_HTTP)
            if ("libhocket.so" in run("ldd", build / "consumer")) != (kind == "shared"):
                sys.exit(f"find_package, {kind}: linked the other library")

        prefix = prefix.rename(folder / "moved")
        library = next(prefix.rglob("hocket.pc")).parent.parent
        flags = run("pkg-config", "--cflags", "--libs", "hocket",
                    env={**os.environ, "PKG_CONFIG_PATH": str(library / "pkgconfig")})
        program = folder / "by_pkg_config"
        run(arguments.compiler, "-std=c++20", HERE / "consumer/main.cc", "-o", program, *shlex.split(flags))
        expect("pkg-config, moved", run(program, env={**os.environ, "LD_LIBRARY_PATH": str(library)}))


if __name__ == "__main__":
    main()
