#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Recognition against size, tilt, turn, blur, motion, cover, noise, bit rate, opacity, references, and in hard scenes.

Draws clips in which one condition is changed, lets Lince scan them, and prints for each recall, precision, the median
error of the corners in pixels and milliseconds of CPU a frame. Fails where recall, precision or corner error is worse
than the baseline by more than its margins; milliseconds are printed and never judged.

    curves.py LINCE LINCE_PROGRAMME                       all points against tests/bench/baseline.json
    curves.py LINCE LINCE_PROGRAMME --quick               a few points of each curve
    curves.py LINCE LINCE_PROGRAMME --write-baseline      measure, and keep the figures as the new baseline
    curves.py LINCE LINCE_PROGRAMME --write-baseline --peers   the peers' too (python3-opencv; half an hour)
    curves.py --picture FILE.svg                          draw the baseline, without measuring
    curves.py --compare FILE                              judge what --output has written, without measuring
    curves.py LINCE LINCE_PROGRAMME --hour 60             minutes of programme against 300 references: false events an hour
"""
import argparse
import concurrent.futures
import json
import os
import statistics
import subprocess
import sys
import tempfile

import chart
import scoring
import sweeps

HERE = os.path.dirname(os.path.abspath(__file__))
BASELINE = os.path.join(HERE, "baseline.json")
PLANS = ("thorough", "live")
PEERS = {"orb": 10, "sift": 25}  # every how many frames are searched
# what a figure may be worse than the baseline's: shares, pixels, events
MARGINS = {"recall": 0.05, "precision": 0.05, "corner": 0.3, "events": 0}
SHARE_OF_CORNER = 0.15  # and so much of its own, where the error is large


def run(*command, good=(0,)):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode not in good:
        sys.exit(f"{' '.join(command)}\nended with {done.returncode}: {done.stderr.strip()[-2000:]}")
    return done


# --- measuring ---


class Bench:
    def __init__(self, lince, programme, folder, methods):
        self.lince, self.programme, self.folder = lince, programme, folder
        listed = {command: run(lince, command, "--help").stdout for command in ("scan", "bench")}
        self.named = {command: "--plan" in text for command, text in listed.items()}
        known = PLANS if self.named["scan"] else PLANS[:1]
        self.plans = [method for method in methods if method in known]
        self.peers = [method for method in methods if method in PEERS]

    def plan_option(self, command, plan):
        return ("--plan", plan) if self.named[command] else ()

    def make_collections(self, points):
        """Draws and compiles each once, before several workers want it."""
        for references in sorted({point.references for point in points}):
            folder = sweeps.make_collection(self.programme, self.folder, references)
            index = os.path.join(self.folder, f"references-{references}.lince")
            if self.plans:
                run(self.lince, "index", folder, "-o", index, good=(0, 1))  # 1: a picture that cannot be recognised

    def index(self, point):
        return os.path.join(self.folder, f"references-{point.references}.lince")

    def scan(self, point, clip, plan):
        return run(self.lince, "scan", "--frames", "--threads", "1", *self.plan_option("scan", plan), "--collection",
                   self.index(point), clip).stdout.splitlines()

    def milliseconds(self, point, clip, plan):
        text = run(self.lince, "bench", "--json", "--threads", "1", "--frames", "50", *self.plan_option("bench", plan),
                   "--collection", self.index(point), clip).stdout
        return json.loads(text)["milliseconds"]["total"]["mean"]

    def measure_peer(self, point, clip, truth, peer):
        done = run("/usr/bin/python3", os.path.join(HERE, "peers.py"), peer,
                   sweeps.make_collection(self.programme, self.folder, point.references), clip, str(PEERS[peer]))
        return rate(point, truth, done.stdout.splitlines(), float(done.stderr.split()[-1]), PEERS[peer])

    def measure(self, point, keep=False):
        """{method: figures} of a point."""
        clip, truth_path = sweeps.make_clip(self.programme, self.folder, point)
        truth = sweeps.read_truth(point, truth_path)
        figures = {plan: rate(point, truth, self.scan(point, clip, plan), self.milliseconds(point, clip, plan))
                   for plan in self.plans}
        figures |= {peer: self.measure_peer(point, clip, truth, peer) for peer in self.peers}
        if not keep:
            os.unlink(clip)
            os.unlink(truth_path)
        return figures


def rate(point, truth, lines, milliseconds, every=1):
    counted = sweeps.COUNTED.get(point.sweep, {})
    score = scoring.score(truth, scoring.read_detections(lines), every, **counted)
    figures = scoring.summary(score)
    figures["events"] = scoring.events(score.false_at, truth["fps"])
    figures["ms"] = round(milliseconds, 2)
    return figures


# --- judging ---


def worse(before, now, margins):
    """What of one point and method is worse than its margin allows, as texts."""
    found = []
    for name in ("recall", "precision"):
        # where nothing was detected nothing was wrong; where nothing is expected there is no recall
        a, b = (1 if f[name] is None and name == "precision" else f[name] for f in (before, now))
        if a is not None and b is not None and b < a - margins[name] - 1e-9:
            found.append(f"{name} {b:.3f}, was {a:.3f}")
    a, b = before["corner"], now["corner"]
    if a is not None and b is not None and b > a + max(margins["corner"], SHARE_OF_CORNER * a) + 1e-9:
        found.append(f"corner error {b:.2f} px, was {a:.2f}")
    if before["expected"] == 0 and now["events"] > before["events"] + margins["events"]:
        found.append(f"{now['events']} false events, were {before['events']}")
    return found


def compare(baseline, results):
    """Texts of what is worse; raises where there is nothing to compare."""
    found, compared = [], 0
    for name, methods in results.items():
        for method, figures in methods.items():
            before = baseline["points"].get(name, {}).get(method)
            if before is None or method in PEERS:
                continue
            compared += 1
            found += [f"{name}, {method}: {text}" for text in worse(before, figures, baseline["margins"])]
    if not compared:
        raise ValueError("no point is in the baseline: write one with --write-baseline")
    return found


# --- files and print ---


def read_results(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def write_results(path, points):
    """A line a point and method, so that a change can be read."""
    lines = []
    for name in sorted(points):
        methods = ",\n".join(f'    "{m}": {json.dumps(points[name][m])}' for m in sorted(points[name]))
        lines.append(f'  "{name}": {{\n{methods}\n  }}')
    with open(path, "w", encoding="utf-8") as file:
        file.write(f'{{"margins": {json.dumps(MARGINS)},\n"points": {{\n' + ",\n".join(lines) + "\n}}\n")


def shown_number(value, form):
    return "-" if value is None else format(value, form)


def print_point(name, methods):
    for method, f in methods.items():
        print(f"{name:32}{method:10}{shown_number(f['recall'], '.3f'):>8}{shown_number(f['precision'], '.3f'):>10}"
              f"{shown_number(f['corner'], '.2f'):>9}{f['ms']:>9.2f}{f['false']:>7}{f['events']:>7}", flush=True)


def print_means(points, results):
    """Each kind's mean over its points: one figure to follow."""
    for shown in sweeps.SHOWN + (sweeps.NEGATIVE,):
        names = [point.name for point in points if point.shown == shown and point.name in results]
        for method in sorted({m for name in names for m in results[name]}):
            row = [results[name][method] for name in names if method in results[name]]
            mean = {key: statistics.mean([f[key] for f in row if f[key] is not None] or [0]) for key in ("recall", "corner", "ms")}
            detections, false = (sum(f[key] for f in row) for key in ("detections", "false"))
            print(f"{'mean of ' + shown:32}{method:10}{mean['recall']:8.3f}{1 - false / max(detections, 1):10.3f}"
                  f"{mean['corner']:9.2f}{mean['ms']:9.2f}{false:7}{sum(f['events'] for f in row):7}")


# --- an hour ---


def hour_point(number, minutes_left):
    """A minute of programme; every third shows a few of the references, the others none."""
    seconds = f"{60 * min(1, minutes_left):g}"
    common = ("--seed", str(1000 + number), "--seconds", seconds)
    shown = sweeps.SHOWN[number // 3 % 3]
    ways = (("--kind", "negative"), ("--show", shown, "--artwork-seed", sweeps.OTHER_BRANDS, "--cut", "4"),
            ("--show", shown, "--artwork-seed", "1", "--objects", "3", "--cut", "6"))
    way = number % 3
    return sweeps.Point(f"minute-{number:03}", sweeps.NEGATIVE if way < 2 else shown, "hour", number, ways[way] + common,
                        sweeps.NEGATIVE_REFERENCES)


def measure_hour(bench, minutes, workers):
    points = [hour_point(i, minutes - i) for i in range(int(-(-minutes // 1)))]
    bench.make_collections(points)
    total = {}
    print(f"{'':32}{'method':10}{'recall':>8}{'precision':>10}{'corner':>9}{'ms':>9}{'false':>7}{'events':>7}")
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for point, methods in zip(points, pool.map(bench.measure, points)):
            print_point(point.name, methods)
            for method, figures in methods.items():
                total[method] = total.get(method, 0) + figures["events"]
    for method, events in total.items():
        print(f"{method}: {events} false events in {minutes:g} minutes, {events * 60 / minutes:.1f} an hour")


# --- the command ---


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lince", nargs="?")
    parser.add_argument("programme", nargs="?")
    parser.add_argument("--quick", action="store_true", help="a few points of each curve")
    parser.add_argument("--sweep", action="append", help="only this curve", choices=[s.name for s in sweeps.SWEEPS] + [sweeps.NEGATIVE])
    parser.add_argument("--show", action="append", help="only this kind", choices=sweeps.SHOWN + (sweeps.NEGATIVE,))
    parser.add_argument("--method", action="append", help="only this: a plan of work or a peer", choices=PLANS + tuple(PEERS))
    parser.add_argument("--peers", action="store_true", help="run OpenCV's ORB and SIFT too")
    parser.add_argument("--baseline", default=BASELINE, help="what is compared with (tests/bench/baseline.json)")
    parser.add_argument("--write-baseline", action="store_true", help="put what was measured into it instead")
    parser.add_argument("--picture", metavar="SVG", help="draw the baseline and do nothing else")
    parser.add_argument("--output", metavar="FILE", help="write what was measured")
    parser.add_argument("--compare", metavar="FILE", help="judge this instead of measuring")
    parser.add_argument("--hour", metavar="MINUTES", type=float, help="count false events in so much programme")
    parser.add_argument("--work", metavar="FOLDER", help="where clips and collections are made, and stay")
    parser.add_argument("--workers", type=int, default=2, help="clips at a time (2)")
    options = parser.parse_args()
    if not options.programme and not options.picture and not options.compare:
        parser.error("to measure, the programs lince and lince-programme are needed")
    options.method = options.method or PLANS + (tuple(PEERS) if options.peers else ())
    return options


def measure_all(bench, points, workers, keep):
    bench.make_collections(points)
    results = {}
    print(f"{'':32}{'method':10}{'recall':>8}{'precision':>10}{'corner':>9}{'ms':>9}{'false':>7}{'events':>7}")
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for point, methods in zip(points, pool.map(lambda p: bench.measure(p, keep), points)):
            results[point.name] = methods
            print_point(point.name, methods)
    print_means(points, results)
    return results


def write_baseline(path, results):
    """What was not measured this time stays as it was."""
    points = read_results(path)["points"] if os.path.exists(path) else {}
    known = {point.name for point in sweeps.points()}
    points = {name: points.get(name, {}) | results.get(name, {}) for name in known if name in points or name in results}
    write_results(path, points)


def judge(baseline, results):
    """The exit status."""
    new = [name for name in results if name not in baseline["points"]]
    if new:
        print(f"{len(new)} points are not in the baseline and were not compared: {', '.join(new[:9])} ...")
    found = compare(baseline, results)
    for text in found:
        print(f"worse: {text}", file=sys.stderr)
    return 1 if found else 0


def measure(options, folder):
    """The results of the points; of an hour none, it only prints."""
    os.environ.setdefault("LINCE_CACHE_DIR", os.path.join(folder, "cache"))
    bench = Bench(os.path.abspath(options.lince), os.path.abspath(options.programme), folder, options.method)
    if options.hour:
        return measure_hour(bench, options.hour, options.workers)
    points = sweeps.points(options.quick, options.sweep, options.show)
    return measure_all(bench, points, options.workers, bool(options.work))


def main():
    options = parse()
    if options.picture:
        chart.draw(read_results(options.baseline)["points"], options.picture)
        return 0
    if options.compare:
        return judge(read_results(options.baseline), read_results(options.compare)["points"])
    with tempfile.TemporaryDirectory(prefix="lince-curves-") as temporary:
        results = measure(options, options.work or temporary)
    if options.hour:
        return 0
    if options.output:
        write_results(options.output, results)
    if options.write_baseline:
        write_baseline(options.baseline, results)
        return 0
    return judge(read_results(options.baseline), results)


if __name__ == "__main__":
    sys.exit(main())
