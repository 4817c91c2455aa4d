#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the C writer writes is valid by event.schema.json, and the C reader refuses what the schema refuses.

usage: schema.py SCHEMA WIRE_LINES
"""
import copy
import json
import subprocess
import sys

from jsonschema import Draft202012Validator

schema = json.load(open(sys.argv[1], encoding="utf-8"))
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)
program = sys.argv[2]


def is_valid(value):
    return validator.is_valid(value)


def read_in_c(values):
    text = "".join(json.dumps(value) + "\n" for value in values)
    done = subprocess.run([program, "read"], input=text, capture_output=True, text=True, check=True, timeout=60)
    answers = done.stdout.splitlines()
    assert len(answers) == len(values), (len(answers), len(values))
    return answers


def mutations(value):
    """Variants of a message, each with one thing changed."""
    for name in value:
        without = copy.deepcopy(value)
        del without[name]
        yield without
        for other in (None, True, -1, 0, 1, 1 << 60, 1 << 64, 0.5, 1.5, "", "x", "a b", ".a", "é", "x" * 600, [],
                      [1, 2], [[0, 0]] * 4, [[0, 0]] * 5, [{}], {}, {"a": 1}, "2026-11-23T05:42:06.123456Z",
                      "2026-11-23T05:42:00.000000Z", "0" * 32, "0" * 32 + "-4", "stream", "running", "ntp"):
            changed = copy.deepcopy(value)
            changed[name] = other
            yield changed
    more = copy.deepcopy(value)
    more["unknown"] = {"deep": [1, {"x": None}]}
    yield more
    for number in range(len(value.get("placements", []))):
        for name in value["placements"][number]:
            changed = copy.deepcopy(value)
            del changed["placements"][number][name]
            yield changed
            for other in (None, -1, 2, "x", ""):
                changed = copy.deepcopy(value)
                changed["placements"][number][name] = other
                yield changed


written = subprocess.run([program, "write"], capture_output=True, text=True, check=True, timeout=60).stdout
samples = [json.loads(line) for line in written.splitlines()]
assert len(samples) == 17, len(samples)
assert {sample["type"] for sample in samples} == set(schema["properties"]["type"]["enum"])
for sample in samples:
    errors = [error.message for error in validator.iter_errors(sample)]
    assert not errors, (sample, errors)
assert read_in_c(samples) == ["ok"] * len(samples)

# what a reader in C is right to refuse beyond the schema: relations between fields, and integers as 1.0
stricter = ("is before gap_first", "of another run", "of different runs", "is not a whole number")
wrong = []
counts = {True: 0, False: 0}
for sample in samples:
    variants = list(mutations(sample))
    for variant, answer in zip(variants, read_in_c(variants)):
        valid = is_valid(variant)
        counts[valid] += 1
        if valid != (answer == "ok") and not (valid and any(word in answer for word in stricter)):
            wrong.append(f"schema says {valid}, the reader: {answer}: {json.dumps(variant)[:1000]}")
print(counts)
assert min(counts.values()) > 500, counts
if wrong:
    sys.exit(f"{len(wrong)} differ\n" + "\n".join(wrong[:20]))
