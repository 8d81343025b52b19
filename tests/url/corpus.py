# SPDX-License-Identifier: MIT
"""Makes URLs from a seed, hostile ones among them, for parsers that should agree.

    corpus.py [--seed 6] [--count 30000]

Prints one a line: the URL in hexadecimal, and the base that it is relative to, or `-`. They are valid UTF-8, without lone surrogates.
"""
import argparse
import random
import sys

SCHEMES = ["http", "https", "ws", "wss", "ftp", "file", "HTTP", "wSs", "http", "https"]
ODD_SCHEMES = ["web+x", "mailto", "data", "javascript", "blob", "about", "", "1http", "ht tp", "h\ttp", "http+x", "-x", "ht\u00e4"]
SEPARATORS = ["://"] * 12 + [":", ":/", ":///", ":////", ":\\\\", ":/\\", ":\\/", ":\t//", ":/\n/", "//", ":///\\"]
USERS = [""] * 12 + ["u@", "u:p@", ":p@", "u:@", ":@", "@", "u@v@", "u%40v:p%3a@", "u:p:q@", "\u00fc:\u00df@", "u|;=@", "a b:c d@", "u^`{}@",
         "u'\"<>:[]@", "%@", "u%zz:%4@", "\tu:p\n@", "u\\@", "u?@", "u#@", "\U0001f600@"]
NAMES = ["a", "example.org", "Example.ORG", "localhost", "LOCALHOST", "a.b.c", "a-b", "-a", "a-", "a--b", "ab--c", "a_b", "_a", "a..b", ".a",
         ".", "..", "a.", "a..", "", "a~b", "a!b", "a$b", "a&b", "a'b", "a(b)", "a*b", "a+b", "a,b", "a;b", "a=b", "a\"b", "a`b", "a{b}",
         "x" * 63 + ".y", "x" * 64 + ".y", "y." * 130 + "z", "xn--bcher-kva.example", "xn--a", "xn--", "xn--zca", "XN--BCHER-KVA",
         "a.xn--fa-hia.b", "xn--a-b", "xn--abc-", "xn--n3h", "xn--1ch", "xn--e1aybc.xn--p1ai", "xn---", "xn--ls8h", "xn--a-ecp.ru", "xn--0000h",
         "xn--iñvalid", "xn--bb-eka.at", "xn--zn7c.com"]
FORBIDDEN = [" ", "\x00", "\x01", "\x1f", "\x7f", "#", "%", "/", ":", "<", ">", "?", "@", "[", "\\", "]", "^", "|", "%00", "%20", "%23", "%25",
             "%2f", "%3a", "%3C", "%40", "%5b", "%5C", "%5e", "%7c", "%7F", "%80", "%ff", "%zz", "\t", "\n", "\r"]
# Letters of several scripts, capitals and other forms that are mapped, characters that are dropped, deviations of IDNA 2003, dots, symbols.
LETTERS = ["a", "B", "z", "0", "9", "-", "\u00e4", "\u00c4", "\u00df", "\u1e9e", "\u03b1", "\u03a3", "\u03c2", "\u0436", "\u0416", "\u4e2d",
           "\u6587", "\u3042", "\u30fb", "\u0e01", "\u0905", "\u0915\u094d\u200d\u0937", "\u0915\u094d\u200c\u0937", "\uac00", "\u1112\u1161\u11ab"]
RIGHT_TO_LEFT = ["\u05d0", "\u05d1", "\u05ea", "\u0627", "\u0628", "\u0661", "\u06f1", "1", "-", "a", "\u05b0", "\u0640"]
MAPPED = ["\uff21", "\uff41", "\uff11", "\u212b", "\u212a", "\u017f", "\u2126", "\u0130", "\u0131", "\u00aa", "\u00b2", "\u2460", "\ufb01", "\u3392",
          "a\u0308", "A\u030a", "\u1e9b\u0323", "\u2024", "\u3002", "\uff0e", "\uff61", "\u2100", "\u2105", "\uff0f", "\uff1a", "\uff05", "\u2488",
          "\u2260", "\u226e", "\ufdfa", "\ufe64", "\u00a0", "\u2003", "\u3000"]
DROPPED = ["\u00ad", "\u200b", "\u2060", "\ufeff", "\ufe0f", "\u180b", "\u200c", "\u200d", "\u034f"]
SYMBOLS = ["\u2665", "\u2603", "\U0001f4a9", "\U0001f600", "\u20ac", "\u2192", "\u00d7", "\u00b7", "\u0375", "\u05f3", "\u2013", "\u2019", "\u00a7"]
REFUSED = ["\ufffd", "\ud7ff", "\ue000", "\uffff", "\U0010ffff", "\u0080", "\u0378", "\u2028", "\u202e", "\u0300", "\u20dd", "\u06dd", "\u2ff0"]
PORTS = [""] * 12 + [":", ":80", ":443", ":21", ":0", ":1", ":8080", ":65535", ":65536", ":00080", ":0443", ":000000000000000000080", ":8a", ":a", ":-1", ":+80",
         ": 80", ":80 ", ":80:81", ":99999999999999999999", "", "", "", "", "", "", "", "", "", "",
         ":4294967376", ":\uff18\uff10", ":%38%30", ":8\t0", ":80\\", ":0x50"]
SEGMENTS = ["", "", ".", "..", ".", "..", "...", "%2e", "%2E", "%2e%2E", ".%2e", "%2e.", "%2e%2e%2e", "%252e", "a", "b", "a b", " ", "\u00e4", "\U0001f600",
            "%zz", "%", "%4", "%41", "%c3%a4", "C:", "C|", "c|x", "D:", "C%3A", "C%7C", "..C:", "^", "`", "{", "}", "|", "'", "\"", "<", ">", ";", "~", "!", "$", "&", "(",
            "*", "+", ",", "=", ":", "@", "[", "]", "\t", "\n", "\r", "\x00", "\x01", "\x1f", "\x7f", "\u0080", "\u2028", "\uffff", "\\", "..\\", "\\..",
            "%00", "%2f", "%5c", "a;b=c", ".a", "a.", "..a", "a..", ". ", ".\t.", "%2\ne"]
TAILS = ["", "", "", "a", "a=b&c=d", "?", "a?b", "/", "..", "\\", "a b", "'", "\"", "<>", "`", "^", "{}", "|", "[]", "#", "%", "%zz", "%27", "\u00e4", "\U0001f600",
         "\t", "\n", "\x00", "\x7f", " ", "+", "@", ":", "~", "\ufffe", "a\\b"]
BASES = ["http://u:p@a:81/b/c?q#f", "http://a", "https://example.org/x/../y/", "ws://a/b?c", "wss://a:444/b/", "ftp://a/b/c/d", "file:///a/b", "file:///C:/x/y",
         "file://server/C|/z", "file:", "mailto:a@b", "data:text/plain,a b ", "web+x:/a/b", "web+x://h:1/a/b?q", "web+x:/.//p", "web+x:", "about:blank?q#f", "http://[::1]/",
         "http://b\u00fccher.example/", "web+x://u@/a", "non:a  ?q", "blob:http://a/1"]
ALPHABET = list("/\\?#@:.%[]|&=;^`{}<>'\" \t\n\r0x7f-_~+*$!") + ["\x00", "\x7f", "\u00e4", "\u00df", "\u3002", "\u00ad", "%2e", "%00", "..", "//", "::", "xn--"]


class Corpus:
    def __init__(self, seed):
        self.r = random.Random(seed)

    def pick(self, items):
        return items[self.r.randrange(len(items))]

    def chance(self, percent):
        return self.r.randrange(100) < percent

    def number(self):
        r = self.r
        value = self.pick([0, 1, 7, 8, 9, 127, 128, 255, r.randrange(256), r.randrange(256), 256, 257, 65535, 65536, 16777215, 16777216, 2130706433, 4294967295, 4294967296,
                           r.randrange(256), r.randrange(1 << 32), r.randrange(1 << 34), 1 << 64, (1 << 64) + 1, 1 << 40])
        form = self.pick(["%d"] * 6 + ["0x%x", "0X%X", "0%o", "00%o", "0x0000000000000000%x", "0%d", "0x%xg", "%dx", "0x", "%d.", "+%d", "%d "])
        return form % value if "%" in form else form

    def numeric_host(self):
        host = ".".join(self.number() for _ in range(self.pick([1, 2, 3, 4, 4, 4, 5])))
        if self.chance(10):
            host = self.pick(["a.", "1.a.", "."]) + host
        if self.chance(15):
            host += self.pick([".", "..", ".a", ".0x", ".\u3002"])
        if self.chance(15):
            host = "".join("%%%02x" % ord(c) if c.isdigit() and self.chance(40) else c for c in host)
        if self.chance(10):
            host = "".join(chr(0xff10 + int(c)) if c in "0123456789" and self.chance(50) else c for c in host)
        return host

    def ipv6(self):
        r = self.r
        pieces = [("%x" % self.pick([0, 0, 0, 1, 0xab, 0xffff, r.randrange(1 << 16)])) for _ in range(self.pick([8, 8, 8, 7, 6, 5, 4, 3, 2, 1, 0, 9]))]
        if self.chance(30):
            pieces = [p.rjust(self.pick([1, 2, 4, 4, 5]), "0") for p in pieces]
        if self.chance(25):
            pieces[6:] = [".".join(self.pick(["0", "1", "127", "255", "256", "01", "", "1e", "00", str(r.randrange(300))]) for _ in range(self.pick([4, 4, 4, 3, 5])))]
        text = ":".join(pieces)
        if self.chance(60):
            pieces = pieces[:6]
            cut = r.randrange(len(pieces) + 1)
            text = ":".join(pieces[:cut]) + "::" + ":".join(pieces[min(cut + r.randrange(3), len(pieces)):])
        if self.chance(8):
            at = r.randrange(len(text) + 1)
            text = text[:at] + self.pick([":", "::", ".", "g", "%25eth0", "%", " ", "[", "]", "0", "%30"]) + text[at:]
        if self.chance(30):
            text = text.upper()
        return self.pick(["[%s]"] * 30 + ["[%s", "%s]", "[%s]]", "[%s]x", "x[%s]", "[[%s]", "%%5b%s%%5d", "[v1.%s]"]) % text

    def international(self):
        kinds = self.pick([LETTERS, LETTERS, LETTERS + MAPPED, LETTERS + DROPPED, RIGHT_TO_LEFT, RIGHT_TO_LEFT + LETTERS, LETTERS + SYMBOLS,
                           LETTERS + REFUSED, MAPPED, DROPPED])
        labels = ["".join(self.pick(kinds) for _ in range(self.pick([1, 2, 3, 4, 5]))) for _ in range(self.pick([1, 1, 2, 3]))]
        if self.chance(30):
            labels.append(self.pick(["example", "com", "-", "1", "xn--p1ai", "", "a" * 64, "\u00e4" * 60]))
        if self.chance(15):
            labels = ["xn--" + l.encode("punycode").decode() if l and self.chance(60) else l for l in labels]
        host = self.pick(["."] * 8 + ["\u3002", "\uff0e"]).join(labels)
        if self.chance(20):
            host = "".join(c if ord(c) < 128 else "".join("%%%02X" % b for b in c.encode()) for c in host)
        return host

    def host(self):
        kind = self.r.randrange(10)
        if kind < 3:
            host = self.pick(NAMES)
        elif kind < 5:
            host = self.numeric_host()
        elif kind < 7:
            host = self.ipv6()
        else:
            host = self.international()
        if self.chance(5):
            at = self.r.randrange(len(host) + 1)
            host = host[:at] + self.pick(FORBIDDEN) + host[at:]
        return host

    def path(self):
        text = ""
        for _ in range(self.pick([0, 1, 1, 2, 3, 4, 6])):
            text += self.pick(["/"] * 8 + ["\\", "//"]) + self.pick(SEGMENTS) + (self.pick(SEGMENTS) if self.chance(15) else "")
        return text

    def tail(self):
        text = ""
        if self.chance(40):
            text += "?" + self.pick(TAILS) + self.pick(TAILS)
        if self.chance(30):
            text += "#" + self.pick(TAILS) + self.pick(TAILS)
        return text

    def authority(self):
        return self.pick(USERS) + self.host() + self.pick(PORTS)

    def absolute(self):
        if self.chance(15):
            scheme = self.pick(ODD_SCHEMES)
            rest = self.pick(["//" + self.authority(), "", "/", "a", " a ", "a@b"]) + self.path() + self.tail()
            return scheme + ":" + rest
        scheme = self.pick(SCHEMES)
        if scheme == "file" and self.chance(60):
            return "file:" + self.pick(["", "/", "//", "///", "////", "\\\\", "/\\"]) + self.pick(["", "C:", "C|", "c:", "/C|", "localhost", "server", "CC:", "C"]) + \
                self.path() + self.tail()
        return scheme + self.pick(SEPARATORS) + self.authority() + self.path() + self.tail()

    def reference(self):
        begin = self.pick(["", "", "a", "..", "../..", ".", "/", "//", "\\", "\\\\", "/\\", "///", "http:", "file:", "web+x:", "ws:", "C:", "C|", "/C:", "//C|", "?", "#"])
        if begin in ("//", "\\\\", "/\\", "///"):
            begin += self.authority()
        return begin + self.path() + self.tail()

    def mutated(self, text):
        for _ in range(self.pick([1, 1, 2, 3])):
            at = self.r.randrange(len(text) + 1)
            kind = self.r.randrange(3)
            if kind == 0:
                text = text[:at] + self.pick(ALPHABET) + text[at:]
            elif kind == 1:
                text = text[:at] + text[at + 1:]
            else:
                text = text[:at] + self.pick(ALPHABET) + text[at + 1:]
        return text

    def line(self):
        base = "-"
        if self.chance(35):
            base = self.pick(BASES)
            text = self.reference() if self.chance(75) else self.absolute()
        else:
            text = self.absolute()
        if self.chance(20):
            text = self.mutated(text)
        if self.chance(4):
            text = self.pick([" ", "\x00", "\n", "\x1f "]) + text + self.pick([" ", "\t", "\x01", ""])
        return text, base


def hexed(text):
    return text.encode("utf-8").hex()


def lines(seed, count):
    corpus = Corpus(seed)
    for _ in range(count):
        text, base = corpus.line()
        yield hexed(text) + " " + (base if base == "-" else hexed(base))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=6)
    parser.add_argument("--count", type=int, default=30000)
    given = parser.parse_args()
    sys.stdout.writelines(line + "\n" for line in lines(given.seed, given.count))
