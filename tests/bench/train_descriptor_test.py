#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The trainer of the descriptor's comparisons: the same arguments give the same file on any number of threads, the
file says what was chosen, and what was chosen, now and in the committed table, parts pairs not seen better than chance.

usage: train_descriptor_test.py TRAINER PAIRS.C
"""
import os
import re
import subprocess
import sys
import tempfile

trainer, committed = sys.argv[1:]
REDUCED = ["--pictures", "24", "--held-out", "16", "--pairs", "1500", "--rounds", "0"]


def train(folder, name, *arguments):
    """The table's file and the figures by the table's name."""
    path = os.path.join(folder, name)
    run = subprocess.run([trainer, *REDUCED, "--output", path, *arguments], check=True, capture_output=True, text=True)
    rows = [line.rsplit(maxsplit=6) for line in run.stdout.splitlines()[2:]]
    return path, {row[0]: [float(value) for value in row[1:]] for row in rows}


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def read_numbers(text):
    return [int(number) for number in re.findall(r"\d+", text.split("lince_pairs = {")[1])]


def read_comparisons(path):
    """The pairs of samples, each once and none with itself."""
    numbers = read_numbers(read(path))
    assert len(numbers) == 512 and max(numbers) < 64, f"{path}: {len(numbers)} numbers"
    pairs = {frozenset(pair) for pair in zip(numbers[:256], numbers[256:])}
    assert len(pairs) == 256 and all(len(pair) == 2 for pair in pairs), f"{path}: a comparison twice, or with itself"
    return pairs


with tempfile.TemporaryDirectory() as folder:
    material = os.path.join(folder, "pairs")
    first, figures = train(folder, "first.c", "--threads", "1", "--judge")
    second, again = train(folder, "second.c", "--threads", "3", "--material", material, first, committed)
    other, _ = train(folder, "other.c", "--material", material, "--rate", "0.2")
    alike, _ = train(folder, "alike.c", "--material", material, "--correlation", "1")
    assert read(first) == read(second), "another table on three threads"
    assert read(first) != read(other), "the rate makes no difference"
    assert read(first) != read(alike), "the limit of correlation makes no difference"
    assert read_comparisons(first) != read_comparisons(committed)
    assert again[first] == again["trained"] == figures["trained"], "what is read is not what was written"
    assert figures["trained"][2] < figures["random"][2] and figures["trained"][5] > figures["random"][5], figures
    assert again[committed][3] < again["random"][3] and again[committed][5] > again["random"][5], again
    for bad in (["--rate", "2"], ["--pictures", "1"], ["--nothing"]):
        assert subprocess.run([trainer, *bad], capture_output=True).returncode == 2, bad
    few = subprocess.run([trainer, *REDUCED, "--material", material, "--correlation", "0.1"], capture_output=True, text=True)
    assert few.returncode != 0 and "no comparison is left" in few.stderr, few
