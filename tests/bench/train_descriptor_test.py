#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The trainer of the descriptor's comparisons: the same arguments give the same file on any number of threads, the
file says what was chosen, and what was chosen parts pairs that it has not seen better than chance.

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
    rows = [line.rsplit(maxsplit=5) for line in run.stdout.splitlines()[2:]]
    return path, {row[0]: [float(value) for value in row[1:]] for row in rows}


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def read_numbers(text):
    return [int(number) for number in re.findall(r"\d+", text.split("lince_pairs = {")[1])]


def frame(text):
    """All but the numbers."""
    return re.sub(r"(\d+[,\s]*)+", "N", text.split("lince_pairs = {")[1]), text.split("lince_pairs = {")[0]


with tempfile.TemporaryDirectory() as folder:
    first, figures = train(folder, "first.c", "--threads", "1", "--judge")
    second, again = train(folder, "second.c", "--threads", "3", first, committed)
    other, _ = train(folder, "other.c", "--threads", "3", "--rate", "0.2")
    assert read(first) == read(second), "another table on three threads"
    assert read(first) != read(other), "the rate makes no difference"
    numbers = read_numbers(read(first))
    assert len(numbers) == 512 and max(numbers) < 64, len(numbers)
    pairs = {frozenset(pair) for pair in zip(numbers[:256], numbers[256:])}
    assert len(pairs) == 256 and all(len(pair) == 2 for pair in pairs), "a comparison twice, or with itself"
    assert again[first] == again["trained"] == figures["trained"], "what is read is not what was written"
    assert figures["trained"][2] < figures["random"][2] and figures["trained"][4] > figures["random"][4], figures
    # the committed table is of this program, and better than what so few pictures teach
    assert frame(read(committed)) == frame(read(first)), "pairs.c is not as the trainer writes it"
    assert again[committed][4] > again["trained"][4], again
