#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How long a channel bug stands before it is reported, and how long it is reported after it has gone.

Draws bugs of several opacities and heights over moving footage with a cut every 0.9 seconds, at rest and with a short
animation, lets `lincerecognize` analyse every frame, and takes the times from its messages: from the first frame that
shows a bug to the one that decides `appeared` (which must have stood for the minimum duration, 0.2 s), and from the
first frame on which its opacity is below 0.1 to the one that decides `vanished`. Prints and never judges.

    bug_times.py LINCE LINCE_PROGRAMME                 all, under the plan `live`
    bug_times.py LINCE LINCE_PROGRAMME --quick         a few
    bug_times.py LINCE LINCE_PROGRAMME --fade 0.2      bugs that fade in and out

Needs gst-launch-1.0, and GST_PLUGIN_PATH where the plugin is not installed.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile

import sweeps

OPACITIES, HEIGHTS = (.3, .5, .8, 1), (.03, .04, .06, .08)
MOTIONS = {"static": "0", "animated": "0.3"}  # share of the time
SECONDS, GAP, GONE = 8, 1.6, .1  # of a clip; without bugs between groups; opacity
SHOT = 0.9  # seconds; no cut falls together with a bug that comes or goes
OBJECTS = 8  # in two groups, one in each corner
# Times in seconds, sorted; `missed`: never reported; `false`: reported where none stood.
Times = collections.namedtuple("Times", "shown found gone missed false")
FIELD = r'{}=\((?:string|guint64)\)"?([^,;"]+)'


def make_clip(programme, folder, name, opacity, height, animated, fade):
    base = os.path.join(folder, "clips")
    clip, truth = (os.path.join(base, name + ending) for ending in (".ts", ".truth.json"))
    if not os.path.exists(truth):
        subprocess.run([programme, "--output", base, "--name", name, "--clip-only", *sweeps.COMMON, "--references",
                        str(sweeps.REFERENCES), "--show", "bugs", "--objects", str(OBJECTS), "--seconds", str(SECONDS),
                        "--gap", str(GAP), "--cut", str(SHOT), "--tall", str(height), "--opacity", str(opacity), "--animated",
                        animated, "--fade", str(fade)], check=True, stdout=subprocess.DEVNULL)
    with open(truth, encoding="utf-8") as file:
        return clip, json.load(file)


def stays(truth):
    """[(id, first frame, frame from which on it is gone)], by time; one that has gone is none while it fades out."""
    found = []
    for name in {entry["id"] for entries in truth["frames"] for entry in entries}:
        opacities = [max([entry["opacity"] for entry in entries if entry["id"] == name], default=0)
                     for entries in truth["frames"]] + [0]
        first, shown = None, False
        for number, opacity in enumerate(opacities):
            if opacity > 0 and (number == 0 or opacities[number - 1] == 0):
                first, shown = number, False
            shown = shown or opacity >= GONE
            if first is not None and shown and opacity < GONE:
                found.append((name, first, number))
                first = None
    return sorted(found, key=lambda stay: (stay[1], stay[0]))


def read_changes(text):
    """[(type, id, running time of the frame that decided it, seconds)]"""
    found = []
    for line in text.splitlines():
        kind = re.search(r"recognition, type=\(string\)(appeared|vanished)", line)
        if kind:
            name, decided = (re.search(FIELD.format(field), line.replace("\\", "")) for field in (r"\bid", r"\bdecided"))
            found.append((kind.group(1), name.group(1).strip(), int(decided.group(1)) / 1e9))
    return found


def analyse(clip, index, plan):
    done = subprocess.run(["gst-launch-1.0", "-m", "filesrc", "location=" + clip, "!", "decodebin", "!", "lincerecognize",
                           "collection=" + index, "plan=" + plan, "!", "fakesink", "sync=false"],
                          capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{clip}: gst-launch-1.0 ended with {done.returncode}: {done.stderr.strip()[-1000:]}")
    return read_changes(done.stdout)


def rate(truth, changes):
    """What of the changes belongs to which stay: the first `appeared` during it, the last `vanished` before the next."""
    fps, end = truth["fps"], len(truth["frames"])
    every = stays(truth)
    found, gone, missed = [], [], 0
    right = 0
    for name, first, after in every:
        later = min([f for n, f, _ in every if n == name and f > first], default=end + fps * 10) / fps
        mine = [(kind, time) for kind, n, time in changes if n == name and first / fps - .02 <= time < later]
        right += len(mine)
        appeared = [time for kind, time in mine if kind == "appeared" and time <= after / fps + .5]
        if not appeared:
            missed += 1
            continue
        found.append(appeared[0] - first / fps)
        last = [time for kind, time in mine if kind == "vanished"]
        if after < end and last:
            gone.append(max(0, last[-1] - after / fps))
    return Times(len(every), sorted(found), sorted(gone), missed, len(changes) - right)


def number(values, form=".2f"):
    return format(statistics.median(values), form) if values else "-"


def print_row(name, times):
    most = [f"{max(values):.2f}" if values else "-" for values in (times.found, times.gone)]
    print(f"{name:26}{times.shown:7}{len(times.found):7}{number(times.found):>9}{most[0]:>7}"
          f"{sum(t <= .5 for t in times.found):>9}{sum(t <= 2 for t in times.found):>7}"
          f"{number(times.gone):>9}{most[1]:>7}{sum(t <= .2 for t in times.gone):>5}/{len(times.gone)}"
          f"{times.false:>7}", flush=True)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lince")
    parser.add_argument("programme")
    parser.add_argument("--quick", action="store_true", help="opacity 0.5 and 1 at 4 and 6 %% only")
    parser.add_argument("--motion", action="append", choices=MOTIONS, help="only this")
    parser.add_argument("--plan", default="live", help="the plan of work (live)")
    parser.add_argument("--fade", type=float, default=0, help="seconds in which a bug comes and goes (0)")
    parser.add_argument("--work", metavar="FOLDER", help="where clips and the collection are made, and stay")
    parser.add_argument("--workers", type=int, default=2, help="clips at a time (2)")
    return parser.parse_args()


def measure(options, folder):
    collection = sweeps.make_collection(options.programme, folder, sweeps.REFERENCES)
    index = os.path.join(folder, "bug-times.lince")
    done = subprocess.run([options.lince, "index", collection, "-o", index], capture_output=True, text=True)
    if done.returncode not in (0, 1):  # 1: a picture that cannot be recognised
        sys.exit(f"lince index ended with {done.returncode}: {done.stderr.strip()}")

    def one(point):
        motion, opacity, height = point
        name = f"{motion}-{opacity:g}-{height:g}-{options.fade:g}"
        clip, truth = make_clip(options.programme, folder, name, opacity, height, MOTIONS[motion], options.fade)
        return rate(truth, analyse(clip, index, options.plan))

    points = [(motion, opacity, height) for motion in options.motion or MOTIONS for opacity in OPACITIES for height in HEIGHTS
              if not options.quick or (opacity in (.5, 1) and height in (.04, .06))]
    print(f"{'':26}{'shown':>7}{'found':>7}{'median':>9}{'most':>7}{'<=0.5 s':>9}{'<=2 s':>7}"
          f"{'gone':>9}{'most':>7}{'<=0.2 s':>7}{'false':>7}")
    with concurrent.futures.ThreadPoolExecutor(options.workers) as pool:
        for point, times in zip(points, pool.map(one, points)):
            print_row(f"{point[0]}, opacity {point[1]:g}, {point[2] * 100:g} %", times)


def main():
    options = parse()
    options.lince, options.programme = os.path.abspath(options.lince), os.path.abspath(options.programme)
    with tempfile.TemporaryDirectory(prefix="lince-bug-times-") as temporary:
        os.environ.setdefault("LINCE_CACHE_DIR", os.path.join(options.work or temporary, "cache"))
        measure(options, options.work or temporary)


if __name__ == "__main__":
    main()
