# SPDX-License-Identifier: MIT
"""Reads hocket/http/corpus; hocket/http/corpus_test.h says what its files look like."""
import pathlib
import re
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "hocket" / "http" / "corpus"


@dataclass
class Case:
    file: str
    name: str
    rules: list = field(default_factory=list)
    side: str = ""
    bytes: bytes = b""
    accepted: bool = False


def unescaped(text):
    """The bytes that a text with escapes stands for."""
    data, end = _unescaped(text, 0, False)
    assert end == len(text), text
    return data


def _unescaped(text, at, within):
    simple = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}
    data = b""
    while at < len(text):
        c = text[at]
        at += 1
        if c == "}" and within:
            return data, at
        if c != "\\":
            data += c.encode()
            continue
        c = text[at]
        at += 1
        if c in simple:
            data += simple[c]
        elif c == "x":
            data += bytes([int(text[at:at + 2], 16)])
            at += 2
        elif c == "{":
            star = text.index("*", at)
            once, end = _unescaped(text, star + 1, True)
            data += once * int(text[at:star])
            at = end
        else:
            raise ValueError(f"no escape: \\{c} in {text}")
    if within:
        raise ValueError(f"a repetition without }} in {text}")
    return data, at


def cases():
    """All cases, one for each `with`."""
    found = []
    for path in sorted(FOLDER.glob("*.txt")):
        for block in re.split(r"\n(?=[^\s#])", "\n" + path.read_text()):
            lines = [line for line in block.splitlines() if line and not line.startswith("#")]
            if not lines:
                continue
            body = [line[4:] for line in lines[1:]]
            values = [line[5:] for line in body if line == "with" or line.startswith("with ")]
            for value in values or [""]:
                case = Case(path.name, lines[0])
                for line in body:
                    word, _, rest = line.replace("\\{}", value).partition(" ")
                    if word == "rule":
                        case.rules = [int(number) for number in rest.split()]
                    elif word in ("request", "response", "multipart"):
                        case.side = word
                    elif word == "|":
                        case.bytes += unescaped(rest)
                    elif word == "accepted":
                        case.accepted = True
                found.append(case)
    return found
