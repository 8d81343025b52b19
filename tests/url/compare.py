# SPDX-License-Identifier: MIT
"""Compares hocket's URLs with those of Node: the test http.urls.

    compare.py PARSED [--node node] [--seed 6] [--count 30000]

PARSED is the program of parsed.cc. Each difference must have a reason among RULES, or the test fails and shows it. Another seed makes
another corpus.
"""
import argparse
import os
import re
import subprocess
import sys
import unicodedata
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import corpus  # noqa: E402

PARTS = ["href", "scheme", "username", "password", "host", "authority", "path", "query", "fragment", "origin"]
SPECIAL = {"http", "https", "ws", "wss", "ftp", "file"}


class Case:
    """One URL, with the two answers: a dictionary of parts, or None for what is no URL."""

    def __init__(self, line, node, ours):
        reference, base = line.split(" ")
        self.text = bytes.fromhex(reference).decode("utf-8")
        self.base = None if base == "-" else bytes.fromhex(base).decode("utf-8")
        self.node = parts_of(node)
        self.ours = parts_of(ours)
        self.why = ours.partition("\t")[2] if self.ours is None else ""

    def __str__(self):
        at = "" if self.base is None else " at %a" % self.base
        shown = [answer["href"] if answer else "invalid" for answer in (self.node, self.ours)]
        different = [p for p in PARTS if self.node and self.ours and self.node[p] != self.ours[p]]
        return "%a%s\n  node:   %a\n  hocket: %a %s" % (self.text, at, *shown, self.why or ", ".join(different))


def parts_of(answer):
    fields = answer.split("\t")
    return None if fields[0] == "invalid" else dict(zip(PARTS, fields))


def same(a, b, but=()):
    return all(a[part] == b[part] for part in PARTS if part not in but)


def has_capital_sharp_s(case):
    return "\u1e9e" in urllib.parse.unquote(case.text + (case.base or ""))


# ---- Names that hocket refuses on purpose

# RFC 5892, 2.6: exceptions among the letters.
NO_LETTERS = set("\u0640\u07fa\u302e\u302f\u3031\u3032\u3033\u3034\u3035\u303b")
OLD_HANGUL = [("\u1100", "\u11ff"), ("\ua960", "\ua97f"), ("\ud7b0", "\ud7ff")]
# RFC 5892, appendix A: allowed in some contexts only.
IN_CONTEXT = set("\u00b7\u0375\u05f3\u05f4\u30fb\u200c\u200d")


def unicode_of(label):
    try:
        return label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return ""


def is_registrable(label):
    """Whether IDNA 2008 has such a label, as far as categories of characters say it."""
    text = unicode_of(label) if label.startswith("xn--") else label
    if len(label) > 63:
        return False
    if label.startswith("xn--") and (not text or text.isascii() or text.encode("punycode").decode() != label[4:]):
        return False
    if text.startswith("-") or text.endswith("-") or text[2:4] == "--" or unicodedata.category(text[:1] or "a").startswith("M"):
        return False
    if set(text) & (NO_LETTERS | IN_CONTEXT) or any(first <= c <= last for c in text for first, last in OLD_HANGUL):
        return False
    if any(unicodedata.bidirectional(c) in ("R", "AL", "AN") for c in text):
        return False  # RFC 5893 decides, which Node does not apply as strictly
    if text.isascii():
        return True
    return all(c == "-" or unicodedata.category(c) in ("Ll", "Lo", "Lm", "Mn", "Mc", "Nd") for c in text)


def refused_name(case):
    if case.ours is not None or case.node is None or "is no international name" not in case.why:
        return False
    if "unassigned code point" in case.why:  # libidn2's Unicode may be older than Node's
        return True
    labels = case.node["host"].split(".")
    if has_capital_sharp_s(case):  # which may be `ss` to Node alone
        labels += [(unicode_of(label) if label.startswith("xn--") else label).replace("ss", "\xdf") for label in labels]
    return any(not is_registrable(label) for label in labels)


# ---- Where Node is older than the standard, or differs from it

def caret(case):
    """The standard encodes ^ in paths since 2024."""
    if not (case.node and case.ours):
        return False
    node = dict(case.node)
    node["path"] = node["path"].replace("^", "%5E")
    return "^" in case.node["path"] and same(node, case.ours, but=("href",))


def is_opaque(parts):
    return parts["scheme"] not in SPECIAL and not parts["host"] and not parts["path"].startswith("/")


def space_before_the_query(case):
    """The standard keeps a space at the end of an opaque path, encoded, since 2025."""
    if not (case.node and case.ours and is_opaque(case.ours)):
        return False
    node, ours = case.node["path"], case.ours["path"]
    return ours.endswith("%20") and node.rstrip(" ") == ours[:-3].rstrip(" ") and same(case.node, case.ours, but=("href", "path", "origin"))


def opaque_base(case):
    """Nothing but a fragment is relative to an opaque path; old Nodes take all that has a fragment somewhere."""
    return case.ours is None and case.node is not None and "#" in case.text and "nothing that a relative URL could be relative to" in case.why


def dots_alone(case):
    """A path that `..` empties is `/`; old Nodes drop it in schemes that are not of the web."""
    return bool(case.node and case.ours and case.ours["scheme"] not in SPECIAL and case.ours["path"] == "/" and
                case.node["path"] == "" and same(case.node, case.ours, but=("href", "path")))


def without_dots(path):
    kept = []
    segments = path.split("/")[1:]
    for i, segment in enumerate(segments):
        if segment in (".", ".."):
            del kept[len(kept) - (segment == ".." and len(kept) > 0):]
            kept += [""] if i + 1 == len(segments) else []
        else:
            kept.append(segment)
    return "/" + "/".join(kept)


def dots_left(case):
    """The standard leaves no `/./` and `/../`; old Nodes do behind segments such as `.a`."""
    if not (case.node and case.ours):
        return False
    node = case.node["path"]
    return without_dots(node) != node and without_dots(node).replace("^", "%5E") == case.ours["path"] and same(case.node, case.ours, but=("href", "path"))


def no_drive(case):
    """`..` removes `/c:x`, which is no drive; old Nodes take it for one."""
    return bool(case.node and case.ours and case.ours["scheme"] == "file" and re.match("/[A-Za-z]:[^/]", case.node["path"]) and
                same(case.node, case.ours, but=("href", "path")))


def origin_of_a_blob(case):
    """What a blob: URL holds is another URL's business: such is not fetched."""
    return bool(case.node and case.ours and case.ours["scheme"] == "blob" and case.ours["origin"] == "null" and
                same(case.node, case.ours, but=("origin", "href", "path")))


def capital_sharp_s(case):
    """Unicode 15.1 maps the letter to the small one; before, it stood for `ss`. Node and libidn2 each have a version of it."""
    if not (case.node and case.ours and has_capital_sharp_s(case)):
        return False

    def spelt(host):
        labels = (unicode_of(label) if label.startswith("xn--") else label for label in host.split("."))
        return ".".join(labels).replace("\xdf", "ss")

    node = dict(case.node, path=case.node["path"].replace("^", "%5E"))  # there may be another reason in the same URL
    return spelt(node["host"]) == spelt(case.ours["host"]) and same(node, case.ours, but=("href", "host", "authority", "origin"))


def right_to_left(case):
    """Rules of RFC 5893 that libidn2 does not apply: Latin and Arabic digits in one label, and what a label ends in."""
    if case.node is not None or case.ours is None:
        return False
    labels = [unicode_of(label) for label in case.ours["host"].split(".") if label.startswith("xn--")]
    return any(unicodedata.bidirectional(c) in ("R", "AL", "AN") for label in labels for c in label)


# Those of hocket must occur, or the corpus does not show them; those of Node depend on its version.
OURS = {"a name that IDNA 2008 forbids is refused": refused_name, "a blob has no origin": origin_of_a_blob}
NODES = {"^ in a path": caret, "a space at the end of an opaque path": space_before_the_query, "relative to an opaque path": opaque_base,
         "a path of dots": dots_alone, "what begins like a drive": no_drive,
         "a name from right to left": right_to_left, "dots in a path": dots_left, "\u1e9e in a name": capital_sharp_s}
RULES = {**OURS, **NODES}


def answers(command, text):
    done = subprocess.run(command, input=text.encode("ascii"), stdout=subprocess.PIPE, check=True)
    return done.stdout.decode("utf-8", "backslashreplace").split("\n")[:-1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("parsed")
    parser.add_argument("--node", default="node")
    parser.add_argument("--seed", type=int, default=6)
    parser.add_argument("--count", type=int, default=30000)
    given = parser.parse_args()
    lines = list(corpus.lines(given.seed, given.count))
    text = "".join(line + "\n" for line in lines)
    try:
        node = answers([given.node, os.path.join(HERE, "peer.js")], text)
    except FileNotFoundError:
        sys.exit("there is no program %s (Debian: nodejs)" % given.node)
    ours = answers([given.parsed], text)
    if not len(lines) == len(node) == len(ours):
        sys.exit("%d URLs, %d answers of Node, %d of hocket" % (len(lines), len(node), len(ours)))
    cases = [Case(*three) for three in zip(lines, node, ours)]
    valid = sum(1 for case in cases if case.node)
    counts = dict.fromkeys(RULES, 0)
    unexplained = []
    for case in cases:
        if (case.node is None and case.ours is None) or (case.node and case.ours and same(case.node, case.ours)):
            continue
        reason = next((name for name, rule in RULES.items() if rule(case)), None)
        if reason:
            counts[reason] += 1
        else:
            unexplained.append(case)
    print("%d URLs, of which Node takes %d; different with a reason: %d" % (len(cases), valid, sum(counts.values())))
    for name, count in counts.items():
        print("%6d  %s" % (count, name))
    for case in unexplained[:20]:
        print(case)
    missing = [name for name in OURS if counts[name] == 0]
    if missing:
        print("the corpus does not show: " + ", ".join(missing))
    if unexplained:
        print("different without a reason: %d" % len(unexplained))
    sys.exit(1 if unexplained or missing else 0)


if __name__ == "__main__":
    main()
