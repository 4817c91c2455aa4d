#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sums a log up in another way, from its lines alone, and compares the golden figures.

usage: figures.py GOLDEN_FOLDER
"""
import collections
import csv
import datetime
import glob
import json
import sys

folder = sys.argv[1]


def microseconds(text):
    time = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=datetime.timezone.utc)
    return (time - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(microseconds=1)


def union(intervals):
    total, end = 0, -1
    for start, stop in sorted(intervals):
        total += max(0, stop - max(start, end))
        end = max(end, stop)
    return total


HOUR = 3600 * 1000000
MINUTE = 60 * 1000000
rows = collections.defaultdict(lambda: {"exposures": 0, "time": 0, "area": 0, "peak": 0, "frames": 0, "spans": [],
                                        "sights": []})
start_of = {}
number = 0
(segment,) = glob.glob(folder + "/*.jsonl")
with open(segment, encoding="utf-8") as lines:
    header = json.loads(next(lines))
    assert header["lince"] == "log" and header["first"] == 1
    for line in lines:
        event = json.loads(line)
        number += 1
        assert event["seq"] == number
        exposure = event["exposure"]
        if event["type"] == "appeared":
            seen = microseconds(event["seen_utc"])
            row = rows[seen // HOUR, event["stream"], event["object"]]
            row["exposures"] += not event.get("resumed", False)
            row["sights"].append(seen)
            start_of[exposure] = seen
            continue
        minute = microseconds(event["minute"])
        row = rows[minute // HOUR, event["stream"], event["object"]]
        start = max(start_of[exposure], minute)
        stop = start + event["sum_time"] // 1000
        assert stop <= minute + MINUTE
        row["time"] += event["sum_time"]
        row["area"] += event["sum_area_time"]
        row["peak"] = max(row["peak"], event["peak_area"])
        row["frames"] += event["sum_frames"]
        if stop > start:
            row["spans"].append((start, stop))
            row["sights"] += [start, stop]

with open(folder + "/account.csv", encoding="utf-8", newline="") as file:
    golden = list(csv.DictReader(file))
assert len(golden) > 10 and len(golden) == len(rows), (len(golden), len(rows))
for line, (key, row) in zip(golden, sorted(rows.items())):
    hour, stream, name = key
    period = datetime.datetime.fromtimestamp(hour * 3600, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%MZ")
    assert (line["period"], line["stream"], line["object"]) == (period, stream, name), (line, key)
    assert int(line["exposures"]) == row["exposures"], (line, row)
    assert int(line["frames"]) == row["frames"], (line, row)
    assert abs(float(line["seconds"]) - row["time"] / 1e9) <= 0.00051, (line, row)
    assert abs(float(line["seconds_once"]) - union(row["spans"]) / 1e6) <= 0.00051, (line, union(row["spans"]))
    assert abs(float(line["share"]) - (row["area"] / row["time"] if row["time"] else 0)) <= 0.000001, (line, row)
    assert abs(float(line["peak_share"]) - row["peak"]) <= 0.000001, (line, row)
    assert microseconds(line["first"]) == min(row["sights"]), line
    assert microseconds(line["last"]) == max(row["sights"]), line
