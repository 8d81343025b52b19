#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each house rule, on a file that breaks it and on one that does not: a rule that cannot fail is no rule."""
import unittest

from rules import Source, broken

HEADER = "// SPDX-License-Identifier: MIT\n// What it holds.\n#pragma once\n"
SOURCE = "// SPDX-License-Identifier: MIT\n// What it holds.\n"


class Rules(unittest.TestCase):
    def breaks(self, path, text, words):
        problems = broken(Source(path, text))
        self.assertEqual(len(problems), 1, problems)
        self.assertIn(words, problems[0])

    def keeps(self, path, text):
        self.assertEqual(broken(Source(path, text)), [])

    def test_layering(self):
        self.breaks("hocket/core/task.h", HEADER + "#include <hocket/flow/gather.h>\n", "hocket/core/task.h:4: core may not include flow")
        self.breaks("hocket/base/a.h", HEADER + "#include <hocket/core/task.h>\n", "base may not include core")
        self.breaks("hocket/net/a.cc", SOURCE + "#include <hocket/hocket.h>\n", "is for users")
        self.breaks("hocket/misc/a.cc", SOURCE, "misc is not a room")
        self.keeps("hocket/flow/a.cc", SOURCE + "#include <hocket/io/run.h>\n#include <hocket/flow/b.h>\n")
        self.keeps("hocket/hocket.h", HEADER + "#include <hocket/http/client.h>\n")
        self.keeps("hocket/core/task_test.cc", SOURCE + "#include <hocket/flow/gather.h>\n")

    def test_own_headers_by_full_name(self):
        self.breaks("hocket/core/a.cc", SOURCE + '#include "task.h"\n', "as <hocket/...>")
        self.keeps("bench/a.cc", SOURCE + '#include "measure.h"\n')

    def test_system_headers_stay_out(self):
        for name in ("sys/epoll.h", "unistd.h", "liburing.h", "openssl/ssl.h", "linux/io_uring.h", "iostream"):
            self.breaks("hocket/io/a.h", HEADER + f"#include <{name}>\n", "in a public header")
        self.keeps("hocket/io/a_internal.h", HEADER + "#include <liburing.h>\n")
        self.keeps("hocket/io/a.cc", SOURCE + "#include <unistd.h>\n")
        self.keeps("hocket/io/a.h", HEADER + "#include <system_error>\n#include <signal_names>\n")

    def test_internal_headers_stay_inside(self):
        self.breaks("hocket/io/a.h", HEADER + "#include <hocket/io/ring_internal.h>\n", "not installed")
        self.keeps("hocket/io/a.cc", SOURCE + "#include <hocket/io/ring_internal.h>\n")

    def test_included_once(self):
        self.breaks("hocket/io/a.h", SOURCE + "#ifndef A_H\n", "#pragma once")

    def test_licence_and_purpose(self):
        self.breaks("hocket/io/a.cc", "// What it holds.\nint x;\n", "the first line must be")
        self.breaks("hocket/io/a.cc", "// SPDX-License-Identifier: MIT\nint x;\n", "no comment says")
        self.breaks("hocket/io/a.cc", "// SPDX-License-Identifier: MIT\n//\nint x;\n", "must say what")
        self.breaks("tests/a.py", '"""What it holds."""\n', "the first line must be")
        self.keeps("tests/a.py", '#!/usr/bin/env python3\n# SPDX-License-Identifier: MIT\n"""What it holds."""\n')
        self.keeps("hocket/io/a.h", "// SPDX-License-Identifier: MIT\n#pragma once\n\n/// A flag that tasks wait for.\nclass A;\n")

    def test_nothing_unfinished(self):
        self.breaks("hocket/io/a.cc", SOURCE + "// TODO: finish\n", "hocket/io/a.cc:3: TODO")
        self.keeps("hocket/io/a.cc", SOURCE + "int TODOS;\n")

    def test_library_does_not_print(self):
        for line in ('std::printf("x");', 'printf("x");', "std::cout << 1;", "std::cerr << 1;", 'std::fputs("x", stderr);', 'puts("x");'):
            self.breaks("hocket/io/a.cc", SOURCE + line + "\n", "go through hocket/base/report")
        self.keeps("hocket/io/a.cc", SOURCE + 'std::snprintf(b, n, "x"); x.puts(1); // printf("x")\nf("printf(1)");\n')
        self.keeps("hocket/base/report.cc", SOURCE + 'std::fputs("x", stderr);\n')
        self.keeps("hocket/io/a_test.cc", SOURCE + 'printf("x");\n')

    def test_library_does_not_exit(self):
        for line in ("std::exit(1);", "exit(1);", "quick_exit(1);"):
            self.breaks("hocket/io/a.cc", SOURCE + line + "\n", "does not end the process")
        self.keeps("hocket/io/a.cc", SOURCE + "co_await stack.exit(1); scope_exit(f); _exit(1); int at_exit(int);\n")

    def test_no_await_behind_a_condition(self):
        self.breaks("examples/a.cc", SOURCE + "C f() {\n    co_return a ? 0 : co_await g();\n}\n", "examples/a.cc:4: co_await behind")
        self.breaks("examples/a.cc", SOURCE + "C f() { while (a && co_await g()) h(); }\n", "write an if")
        self.breaks("examples/a.cc", SOURCE + "C f() { use(a ||\n co_await g()); }\n", "write an if")
        self.breaks("examples/a.cc", SOURCE + "C f() { x += a ? co_await g() : 1; }\n", "write an if")
        self.breaks("examples/a.cc", SOURCE + "C f() { x = h(a() ? co_await g() : 1); }\n", "write an if")
        self.keeps("examples/a.cc", SOURCE + "C f() { x = a() ? co_await g() : 1; }\n")
        self.keeps("examples/a.cc", SOURCE + "C f() { if (a && co_await g()) h(); auto&& x = co_await g(); while (a && b) co_await g(); use(co_await g() && a); a ? b() : c(); co_await g(); }\n")

    def test_readme_is_short(self):
        self.breaks("README.md", "x\n" * 121, "121 lines")
        self.keeps("README.md", "x\n" * 120)


class Code(unittest.TestCase):
    def test_literals_and_comments_are_blank_and_lines_stay(self):
        code = Source("a.cc", "int a; /* b\n c */ auto s = R\"(x\"y)\"; char q = '\"'; int n = 1'000; f(); // g\n").code
        self.assertEqual(code.count("\n"), 2)
        self.assertNotIn("b", code)
        self.assertNotIn("y", code)
        self.assertNotIn("g", code)
        self.assertIn("f();", code)


if __name__ == "__main__":
    unittest.main()
