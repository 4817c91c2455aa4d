#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The scorer gives what a count by hand gives, and the comparison fails when a figure drops beyond its margin.

usage: curves_test.py CURVES.PY
"""
import copy
import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

sys.path.insert(0, os.path.dirname(os.path.abspath(sys.argv[1])))
import bug_times
import chart
import curves
import scoring
import sweeps


def square(x, y, side=10):
    return [[x, y], [x + side, y], [x + side, y + side], [x, y + side]]


def entry(name, quad, visible=1.0, opacity=1.0):
    return {"id": name, "quad": quad, "visible": visible, "opacity": opacity}


def thing(name, quad):
    return {"id": name, "quad": quad, "confidence": 0.9}


def truth(*frames):
    return {"clip": "hand.ts", "fps": 2, "frames": list(frames)}


def check_overlap():
    for a, b, wanted in ((square(0, 0), square(0, 0), 1), (square(0, 0), square(5, 0), 50 / 150),
                         (square(0, 0), square(20, 0), 0), (square(0, 0), square(2, 2, 6), 36 / 100),
                         # an outline that runs the other way covers the same; a diamond covers half its square
                         (square(0, 0), square(0, 0)[::-1], 1), (square(0, 0), [[5, 0], [10, 5], [5, 10], [0, 5]], 0.5),
                         (square(0, 0), [[3, 3]] * 4, 0)):
        for one, other in ((a, b), (b, a)):
            got = scoring.overlap(one, other)
            assert abs(got - wanted) < 1e-9, f"{one} and {other}: {got}, not {wanted}"


def check_counts():
    rows = truth(
        [entry("a", square(0, 0)), entry("b", square(50, 50))],       # a found, b missed
        [entry("a", square(0, 0))],                                   # found twice: one is false
        [entry("a", square(0, 0), visible=0.4)],                      # found, but does not count
        [entry("a", square(0, 0), opacity=0.2)],                      # missed, but does not count
        [], [], [], [])
    found = {0: [thing("a", square(1, 0))], 1: [thing("a", square(0, 2)), thing("a", square(0, 1))],
             2: [thing("a", square(0, 0))],
             4: [thing("a", square(0, 0))],    # a second after it stood there: late
             7: [thing("a", square(0, 0))]}    # long after
    s = scoring.score(rows, found)
    assert (s.frames, s.expected, s.found, s.detections, s.right) == (8, 3, 2, 6, 3), s
    assert s.late == 2 and s.false_at == [(1, "a"), (4, "a"), (7, "a")], s
    # the better of the two counts: errors of 1, 1 and 0 pixels at four corners each
    assert sorted(s.errors) == [0] * 4 + [1] * 8, s.errors
    f = scoring.summary(s)
    assert (f["recall"], f["precision"], f["corner"], f["false"]) == (0.6667, 0.5, 1, 3), f
    again = scoring.score(rows, found, least_visible=0.3, least_opacity=0.1)
    assert (again.expected, again.found) == (5, 3), again
    second = scoring.score(rows, found, every=2)
    assert (second.frames, second.expected, second.detections) == (4, 2, 3), second
    both = scoring.add([s, s])
    assert (both.expected, both.found, len(both.errors), len(both.false_at)) == (6, 4, 24, 6), both


def check_siblings():
    rows = truth([entry("a-news", square(0, 0))])
    s = scoring.score(rows, {0: [thing("a-sport", square(0, 0))]})
    assert (s.found, s.right, s.late) == (0, 0, 0), f"a sibling counts: {s}"
    turned = square(0, 0)[1:] + square(0, 0)[:1]
    s = scoring.score(rows, {0: [thing("a-news", turned)]})
    assert s.found == 1 and s.errors == [10] * 4, f"corners are compared in their order: {s}"
    two = truth([entry("a", square(0, 0)), entry("a", square(4, 0))])
    s = scoring.score(two, {0: [thing("a", square(4, 0)), thing("a", square(1, 0))]})
    assert s.found == 2 and sorted(s.errors) == [0] * 4 + [1] * 4, f"two instances: {s}"
    one = scoring.score(truth([entry("a", square(0, 0)), entry("a", square(2, 0))]), {0: [thing("a", square(1, 0))]})
    assert (one.found, one.right) == (1, 1), f"one detection counts for two instances: {one}"
    try:
        scoring.score(rows, {1: []})
    except ValueError:
        return
    raise AssertionError("a frame beyond the clip's end was taken")


def check_empty():
    f = scoring.summary(scoring.score(truth([], []), {}))
    assert f["recall"] is None and f["precision"] is None and f["corner"] is None, f
    assert scoring.events([(0, "a"), (1, "a"), (1, "b"), (30, "a")], gap=25) == 3
    lines = ['{"frame": 3, "objects": []}\n', "\n"]
    assert scoring.read_detections(lines) == {3: []}


def figures(**changed):
    return {"recall": 0.9, "precision": 0.98, "corner": 0.5, "expected": 100, "detections": 90, "false": 2, "late": 0,
            "events": 0, "ms": 5.0} | changed


def check_margins():
    within = [figures(recall=0.86), figures(precision=0.94), figures(corner=0.79), figures(ms=5000.0), figures(recall=1.0),
              figures(precision=None), figures(corner=None)]
    beyond = [figures(recall=0.84), figures(precision=0.92), figures(corner=0.81), figures(recall=0.0, precision=None, corner=None)]
    for now in within:
        assert not curves.worse(figures(), now, curves.MARGINS), now
    for now in beyond:
        assert len(curves.worse(figures(), now, curves.MARGINS)) == 1, now
    # an error that is large may grow by a share of its own
    assert not curves.worse(figures(corner=10), figures(corner=11.4), curves.MARGINS)
    assert curves.worse(figures(corner=10), figures(corner=11.6), curves.MARGINS)
    none = figures(recall=None, precision=None, corner=None, expected=0)
    assert not curves.worse(none, none, curves.MARGINS)
    # what was silent must not begin to err
    assert curves.worse(figures(precision=None), figures(precision=0.5), curves.MARGINS)
    assert len(curves.worse(none, none | {"events": 1, "detections": 1, "precision": 0}, curves.MARGINS)) == 2


def judge(folder, results):
    path = os.path.join(folder, "results.json")
    curves.write_results(path, results)
    return subprocess.run([sys.executable, sys.argv[1], "--compare", path], capture_output=True, text=True, timeout=60)


def check_process(folder):
    """The command itself, on the committed baseline."""
    baseline = curves.read_results(curves.BASELINE)
    points = {name: {m: f for m, f in methods.items() if m not in curves.PEERS} for name, methods in baseline["points"].items()}
    done = judge(folder, points)
    assert done.returncode == 0 and not done.stderr, f"the baseline is worse than itself: {done.stderr}"
    name, method = next((n, m) for n in sorted(points) for m, f in points[n].items() if f["recall"] and f["recall"] > 0.5)
    dropped = copy.deepcopy(points)
    dropped[name][method]["recall"] -= baseline["margins"]["recall"] + 0.01
    done = judge(folder, dropped)
    assert done.returncode == 1 and f"worse: {name}, {method}: recall" in done.stderr, done
    assert judge(folder, {"unknown": {"thorough": figures()}}).returncode not in (0, None), "nothing was compared"


def check_table():
    """The committed baseline has no other points than the table's, and some of each kind."""
    points = sweeps.points()
    names = [point.name for point in points]
    assert len(set(names)) == len(names) > 100
    baseline = curves.read_results(curves.BASELINE)
    assert set(baseline["points"]) <= set(names), sorted(set(baseline["points"]) - set(names))[:9]
    assert {p.shown for p in points if p.name in baseline["points"]} >= set(sweeps.SHOWN)
    assert baseline["margins"] == curves.MARGINS, baseline["margins"]
    quick = sweeps.points(quick=True)
    assert {p.sweep for p in quick} == {p.sweep for p in points} - {"references", "plain"} and len(quick) < len(points) / 3


def check_picture(folder):
    path = os.path.join(folder, "curves.svg")
    points = {point.name: {"thorough": figures(), "sift": figures(recall=0.5)} for point in sweeps.points()}
    chart.draw(points, path)
    root = xml.etree.ElementTree.parse(path).getroot()
    lines = [e for e in root.iter("{http://www.w3.org/2000/svg}path") if e.get("class") == "thorough"]
    charts = sum(len(values) > 1 for sweep in sweeps.SWEEPS for values in sweep.values.values())
    assert len(lines) == charts + 1, f"{len(lines)} lines, {charts} charts and the key"
    height = chart.PLOT_Y + chart.PLOT_H * 0.1
    drawn = re.findall(r"[\d.]+ ([\d.]+)", lines[-1].get("d"))
    assert drawn and all(abs(float(y) - height) < 0.1 for y in drawn), f"recall 0.9 is drawn at {drawn}, not {height}"
    assert os.path.getsize(path) < 100000


def check_bug_times():
    """One that fades in and out, comes again and is missed then; one that stands at the end."""
    faint, full = entry("a", square(0, 0), opacity=.05), entry("a", square(0, 0), opacity=.6)
    last = entry("b", square(50, 50))
    rows = truth([], [faint], [full], [full], [faint], [], [], [full], [last], [last])
    assert bug_times.stays(rows) == [("a", 1, 4), ("a", 7, 8), ("b", 8, 10)], bug_times.stays(rows)
    message = ('Got message #7 from element "x" (element): recognition, type=(string){}, running-time=(guint64)1, '
               'objects=(structure){{ "object\\,\\ id\\=\\(string\\){}\\,\\ exposure\\=\\(guint64\\)3\\,'
               '\\ decided\\=\\(guint64\\){}\\;" }};\n')
    text = "".join(message.format(*change) for change in (
        ("appeared", "a", 1500000000), ("moved", "a", 9), ("vanished", "a", 2500000000),
        ("appeared", "b", 4500000000), ("appeared", "c", 1000000000)))
    changes = bug_times.read_changes(text)
    assert changes == [("appeared", "a", 1.5), ("vanished", "a", 2.5), ("appeared", "b", 4.5), ("appeared", "c", 1)], changes
    # two frames a second
    assert bug_times.rate(rows, changes) == bug_times.Times(3, [.5, 1], [.5], 1, 1), bug_times.rate(rows, changes)


with tempfile.TemporaryDirectory() as work:
    check_overlap()
    check_bug_times()
    check_counts()
    check_siblings()
    check_empty()
    check_margins()
    check_table()
    check_process(work)
    check_picture(work)
