#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sums up meson's test logs: seconds by suite, and a closing line. A skipped test counts as failed.

usage: summary.py LABEL=TESTLOG.json ...
"""
import json
import os
import sys


def read_suites(info):
    """The first suite of each test and benchmark, by its name, as Meson's introspection has it."""
    suite_of = {}
    for part in ("intro-tests.json", "intro-benchmarks.json"):
        with open(os.path.join(info, part), encoding="utf-8") as file:
            for test in json.load(file):
                suite_of[test["name"]] = test["suite"][0].split(":")[-1] if test["suite"] else "-"
    return suite_of


def main(arguments):
    passed = failed = 0
    for argument in arguments:
        label, path = argument.split("=", 1)
        suites, wrong = {}, []
        if not os.path.exists(path):
            print(f"{label}: no log at {path}; the tests did not run")
            failed += 1
            continue
        with open(path, encoding="utf-8") as log:
            tests = [json.loads(line) for line in log if line.strip()]
        suite_of = read_suites(os.path.join(os.path.dirname(path), "..", "meson-info"))
        for test in tests:
            suite = suite_of.get(test["name"].split(" / ")[-1], "-")
            row = suites.setdefault(suite, [0, 0.0])
            row[0] += 1
            row[1] += test["duration"]
            if test["result"] in ("OK", "EXPECTEDFAIL"):
                passed += 1
            else:
                failed += 1
                wrong.append(f"{test['name']}: {test['result']}")
        print(f"{label}: {len(tests)} tests")
        for suite, (count, seconds) in sorted(suites.items()):
            print(f"  {suite:<24}{count:>4} tests {seconds:>8.1f} s")
        for line in wrong:
            print(f"  not passed: {line}")
        if not tests:
            print(f"  not passed: no test was run")
            failed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
