#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The sample programme: frame n, decoded, shows what the truth says of frame n; a seed gives one programme.

usage: programme.py LINCE_PROGRAMME
"""
import json
import os
import subprocess
import sys
import tempfile

from PIL import Image

program = sys.argv[1]
WIDTH, HEIGHT, FPS = 480, 272, 25


def make(folder, *options, seconds="3"):
    subprocess.run([program, "--output", folder, "--width", str(WIDTH), "--height", str(HEIGHT), "--seconds", seconds,
                    *options], check=True, stdout=subprocess.DEVNULL, timeout=100)
    name = options[options.index("--name") + 1] if "--name" in options else "programme"
    with open(os.path.join(folder, name + ".truth.json"), encoding="utf-8") as file:
        return json.load(file)


def decode(folder, name="programme"):
    """Grey frames in the order in which they are shown."""
    raw = os.path.join(folder, "raw")
    subprocess.run(["gst-launch-1.0", "-q", "filesrc", f"location={folder}/{name}.ts", "!", "tsdemux", "!", "h264parse",
                    "!", "avdec_h264", "!", "videoconvert", "!", "video/x-raw,format=GRAY8", "!", "filesink",
                    f"location={raw}"], check=True, timeout=100)
    with open(raw, "rb") as file:
        data = file.read()
    size = WIDTH * HEIGHT
    assert len(data) % size == 0, f"{len(data)} bytes are not whole frames"
    return [Image.frombytes("L", (WIDTH, HEIGHT), data[i:i + size]) for i in range(0, len(data), size)]


def perspective(quad, width, height):
    """Coefficients that take the picture's pixels (edges) to the frame's (Heckbert 1989)."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = quad
    sx, sy = x0 - x1 + x2 - x3, y0 - y1 + y2 - y3
    dx1, dx2, dy1, dy2 = x1 - x2, x3 - x2, y1 - y2, y3 - y2
    det = dx1 * dy2 - dx2 * dy1
    g, h = (sx * dy2 - dx2 * sy) / det, (dx1 * sy - sx * dy1) / det
    a, b, d, e = x1 - x0 + g * x1, x3 - x0 + h * x3, y1 - y0 + g * y1, y3 - y0 + h * y3
    return (a / width, b / height, x0, d / width, e / height, y0, g / width, h / height)


def likeness(frame, quad, reference, mask):
    """Normalised correlation of the reference with the frame's pixels in the quad."""
    width, height = reference.size
    seen = frame.transform((width, height), Image.PERSPECTIVE, perspective(quad, width, height), Image.BILINEAR)
    pairs = [(a, b) for a, b, m in zip(seen.getdata(), reference.getdata(), mask.getdata()) if m > 200]
    mean_a, mean_b = (sum(p[k] for p in pairs) / len(pairs) for k in (0, 1))
    ab = sum((a - mean_a) * (b - mean_b) for a, b in pairs)
    aa, bb = sum((a - mean_a) ** 2 for a, _ in pairs), sum((b - mean_b) ** 2 for _, b in pairs)
    return ab / (aa * bb) ** 0.5 if aa and bb else 0


def load(folder, name):
    picture = Image.open(os.path.join(folder, "collection", name + ".png")).convert("RGBA")
    picture = picture.resize((picture.width // 4, picture.height // 4), Image.BOX)
    return picture.convert("L"), picture.getchannel("A")


def check_truth(folder, truth):
    frames = decode(folder)
    assert len(frames) == len(truth["frames"]) == 3 * FPS, f"{len(frames)} frames, {len(truth['frames'])} in the truth"
    moving, ids = 0, set()
    for n in range(2, len(frames) - 2, 3):
        for entry in truth["frames"][n]:
            ids.add(entry["id"])
            if entry["visible"] < 0.95 or entry["opacity"] < 0.95:
                continue
            reference, mask = load(folder, entry["id"])
            here = likeness(frames[n], entry["quad"], reference, mask)
            assert here > 0.6, f"frame {n}: {entry['id']} is not where the truth says: {here:.2f}"
            x, y = entry["quad"][0]
            others = [o for k in (n - 2, n + 2) for o in truth["frames"][k] if o["id"] == entry["id"]]
            if len(others) != 2 or any(abs(o["quad"][0][0] - x) + abs(o["quad"][0][1] - y) < 4 for o in others):
                continue
            moving += 1
            for k in (n - 2, n + 2):
                there = likeness(frames[k], entry["quad"], reference, mask)
                assert there < here, f"{entry['id']}: frame {k} shows frame {n}'s truth better: {there:.3f} > {here:.3f}"
    assert moving >= 3, f"only {moving} moving placements were compared"
    assert any(len([e for e in row if e["id"].startswith("mark")]) == 2 for row in truth["frames"]), "nothing twice at once"
    for kind in ("bug", "poster", "mark"):
        assert any(name.startswith(kind) for name in ids), f"no {kind} in the programme"


def read(folder):
    with open(os.path.join(folder, "programme.ts"), "rb") as file:
        return file.read()


def difference(a, b, box=None):
    """Mean difference of two frames' pixels, in a box or in all of them."""
    a, b = (list((frame.crop(box) if box else frame).getdata()) for frame in (a, b))
    return sum(abs(p - q) for p, q in zip(a, b)) / len(a)


def sides(quad):
    xs, ys = [p[0] for p in quad], [p[1] for p in quad]
    return max(xs) - min(xs), max(ys) - min(ys)


def sweep(folder, shown, *options, seconds="0.4"):
    truth = make(folder, "--kind", "sweep", "--show", shown, "--references", "24", *options, seconds=seconds)
    return truth["frames"]


def check_conditions(base):
    """Each condition of a sweep is what the clip shows."""
    folder = os.path.join(base, "sweep")
    for shown, words in (("textured", ("poster", "cover", "package")), ("marks", ("mark",)), ("bugs", ("bug",))):
        rows = sweep(folder, shown, "--size", "0.3")
        assert rows[0] and all(e["id"].startswith(words) for row in rows for e in row), f"{shown}: {rows[0]}"
        for entry in rows[1]:
            width, height = sides(entry["quad"])
            fit = max(width / WIDTH, height / HEIGHT)
            assert abs(fit - 0.3) < 0.01, f"{entry['id']} fits into {fit:.3f}, not 0.3"
            reference, mask = load(folder, entry["id"])
            if shown == "textured":
                here = likeness(decode(folder)[1], entry["quad"], reference, mask)
                assert here > 0.6, f"{entry['id']} is not where the truth says: {here:.2f}"
    assert all(row == rows[0] for row in rows[:5]), "a bug moves"
    covered = [e["visible"] for row in sweep(folder, "textured", "--cover", "0.5") for e in row]
    assert covered and all(0.4 < share < 0.6 for share in covered), f"half covered, but visible: {covered[:6]}"
    assert all(e["opacity"] == 0.3 for row in sweep(folder, "bugs", "--opacity", "0.3") for e in row)
    (ax, ay), (bx, by) = sweep(folder, "textured", "--turn", "90")[0][0]["quad"][:2]
    assert abs(bx - ax) < 1 < abs(by - ay), "turned by 90 degrees, but its upper edge is level"
    tilted, upright = (sides(sweep(folder, "textured", "--tilt", tilt)[0][0]["quad"]) for tilt in ("60", "0"))
    assert min(t / u for t, u in zip(tilted, upright)) < 0.7, f"tilted {tilted}, upright {upright}"
    rows = sweep(folder, "marks", "--instances", "3")
    assert len(rows[0]) == 3 and len({e["id"] for e in rows[0]}) == 1, f"three of one: {rows[0]}"
    rows = sweep(folder, "textured", "--cut", "0.2")
    assert rows[4] and rows[5] and {str(e["quad"]) for e in rows[4]} != {str(e["quad"]) for e in rows[5]}


def check_light(base):
    """What changes the pixels, but not the truth."""
    folder = os.path.join(base, "sweep")
    rows = sweep(folder, "bugs", "--size", "0.3")
    (x0, y0), _, (x1, y1), _ = rows[0][0]["quad"]
    box = (int(x0), int(y0), int(x1), int(y1))
    plain = decode(folder)
    for options in (["--blur", "3"], ["--noise", "20"], ["--animated", "1"]):
        assert sweep(folder, "bugs", "--size", "0.3", *options) == rows
        changed = difference(plain[4], decode(folder)[4], box)
        assert changed > 2, f"{options}: the bug's pixels differ by {changed:.2f}"
    motion = []
    for pixels in ("0", "16"):
        sweep(folder, "textured", "--motion", pixels, "--noise", "0")
        frame = decode(folder)[3]
        motion.append(difference(frame, frame.transform(frame.size, Image.AFFINE, (1, 0, 1, 0, 1, 1))))
    assert motion[1] < 0.8 * motion[0], f"motion takes no detail away: {motion}"


def comb(frames):
    """How much more a row differs from the next than from the one after it."""
    rows = [[frame.crop((0, y, WIDTH, y + 1)) for y in range(HEIGHT)] for frame in frames]
    near = sum(difference(r[y], r[y + 1]) for r in rows for y in range(60, 200, 2))
    far = sum(difference(r[y], r[y + 2]) for r in rows for y in range(60, 200, 2))
    return near / far


def check_fields(base):
    folder = os.path.join(base, "sweep")
    combs = []
    for options in ([], ["--interlaced"]):
        sweep(folder, "textured", "--speed", "0.8", "--noise", "0", *options)
        combs.append(comb(decode(folder)[2:5]))
    assert combs[1] > 1.3 * combs[0], f"its fields are not of two times: {combs}"


def check_negative(base):
    folder = os.path.join(base, "negative")
    for shown, most in (("black", 1.5), ("still", 3), ("ticker", None)):
        truth = make(folder, "--kind", "negative", "--graphics", shown, "--name", shown, "--clip-only", seconds="1")
        assert not any(truth["frames"]), f"{shown}: objects in a negative programme"
        first, *_, last = decode(folder, shown)
        changed = difference(first, last)
        assert changed < most if most else changed > 1, f"{shown}: first and last frame differ by {changed:.2f}"
    assert not os.listdir(folder + "/collection"), "--clip-only wrote a collection"


def check_refusals():
    for options in (["--seconds", "1"], ["--output", "x", "--width", "641"], ["--output", "x", "--kind", "other"],
                    ["--output", "x", "--references", "0"], ["--output", "x", "--name", "../y"],
                    ["--output", "x", "--kind", "sweep", "--show", "words"], ["--output", "x", "--motion", "31"],
                    ["--output", "x", "--interlaced", "--height", "542"],
                    ["--output", "x", "--kind", "negative", "--graphics", "words"]):
        done = subprocess.run([program, *options], capture_output=True, text=True, timeout=20)
        assert done.returncode == 64 and done.stderr.startswith("lince-programme: "), (options, done)


with tempfile.TemporaryDirectory() as base:
    first = os.path.join(base, "first")
    truth = make(first)
    check_truth(first, truth)
    assert len([f for f in os.listdir(first + "/collection") if f.endswith(".png")]) == 12
    again, other, empty = (os.path.join(base, name) for name in ("again", "other", "empty"))
    assert make(again, "--threads", "3")["frames"] == truth["frames"] and read(again) == read(first), "not the same again"
    make(other, "--references", "20", seconds="0.2")  # what it leaves must not mix with the next
    assert make(other, "--seed", "2", seconds="1") and read(other)[:4000] != read(first)[:4000], "another seed, the same"
    assert len(os.listdir(other + "/collection")) == 24
    assert not any(make(empty, "--kind", "empty", "--references", "40", seconds="1")["frames"]), "objects in an empty one"
    assert len([f for f in os.listdir(empty + "/collection") if f.endswith(".json")]) == 40
    check_conditions(base)
    check_light(base)
    check_fields(base)
    check_negative(base)
    check_refusals()
