#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every symbol that a shared library exports carries the project's prefix.

usage: exported_symbols.py LIBRARY ...
"""
import subprocess
import sys

bad = []
count = 0
for library in sys.argv[1:]:
    text = subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True).stdout
    names = [line.split()[-1].split("@")[0] for line in text.splitlines()]
    # what a sanitizer adds of its own does not count
    names = [n for n in names if not n.startswith(("__asan", "__odr_asan", "__ubsan", "_init", "_fini"))]
    count += len(names)
    bad += [f"{library}: {name}" for name in names if not name.startswith(("lince_", "Lince"))]
if not count:
    sys.exit("no exported symbol found: is the library linked?")
if bad:
    sys.exit("symbols without the prefix:\n" + "\n".join(bad))
