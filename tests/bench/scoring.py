# SPDX-License-Identifier: LGPL-2.1-or-later
"""Detections against the truth of a clip: recall, precision, corner error.

Truth is lince-programme's file, detections are the lines of `lince scan --frames`. A detection is right where its
object stands in that frame and the outlines' intersection over union is at least LEAST_OVERLAP. An outline is four
corners in pixels, clockwise from the reference's own top left, in pixel-edge coordinates.
"""
import collections
import json
import statistics

LEAST_OVERLAP = 0.5
NEARLY = 0.3  # overlap from which a false detection counts as late

# Sums over frames, so that several clips can be added. `expected`: what stood there and counts; `found`: of those;
# `late`: false, but the object stood there within the second before or after; `errors`: pixels, every corner of every
# right detection; `false_at`: (frame, id).
Score = collections.namedtuple("Score", "frames expected found detections right late errors false_at")


def signed_area(points):
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(points, points[1:] + points[:1])) / 2


def crossing(p, q, side_p, side_q):
    share = side_p / (side_p - side_q)
    return (p[0] + share * (q[0] - p[0]), p[1] + share * (q[1] - p[1]))


def clip(polygon, convex):
    """The part of a polygon within a convex one (Sutherland, Hodgman 1974)."""
    if signed_area(convex) < 0:
        convex = convex[::-1]
    for a, b in zip(convex, convex[1:] + convex[:1]):
        sides = [(b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]) for p in polygon]
        kept = []
        for i, (q, side_q) in enumerate(zip(polygon, sides)):
            p, side_p = polygon[i - 1], sides[i - 1]
            if (side_p >= 0) != (side_q >= 0):
                kept.append(crossing(p, q, side_p, side_q))
            if side_q >= 0:
                kept.append(q)
        polygon = kept
        if not polygon:
            break
    return polygon


def overlap(a, b):
    """Intersection over union of two quads."""
    a, b = [tuple(p) for p in a], [tuple(p) for p in b]
    shared = clip(a, b)
    inner = abs(signed_area(shared)) if shared else 0.0
    union = abs(signed_area(a)) + abs(signed_area(b)) - inner
    return inner / union if union > 0 else 0.0


def corner_errors(a, b):
    return [((p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2) ** 0.5 for p, q in zip(a, b)]


def match(entries, objects):
    """Pairs (entry, object) of one frame, the best overlap first, each used once."""
    pairs = sorted(((-overlap(entry["quad"], found["quad"]), i, k) for i, entry in enumerate(entries)
                    for k, found in enumerate(objects) if entry["id"] == found["id"]))
    matched = {}
    for negative, i, k in pairs:
        if -negative >= LEAST_OVERLAP and i not in matched and k not in matched.values():
            matched[i] = k
    return matched


def stood_near(truth, frame, found):
    reach = int(truth["fps"])
    near = truth["frames"][max(0, frame - reach):frame + reach + 1]
    return any(entry["id"] == found["id"] and overlap(entry["quad"], found["quad"]) >= NEARLY
               for entries in near for entry in entries)


def score(truth, detections, every=1, least_visible=0.6, least_opacity=0.3):
    """`detections`: {frame: objects}; every frame that is a multiple of `every` counts. An entry of the truth counts
    where that much of it is visible and it is that opaque; finding one that does not count is not false."""
    unknown = sorted(set(detections) - set(range(len(truth["frames"]))))
    if unknown:
        raise ValueError(f"{truth['clip']}: frame {unknown[0]} is not in the truth")
    expected = found = seen = right = late = frames = 0
    errors, false_at = [], []
    for number in range(0, len(truth["frames"]), every):
        entries, objects = truth["frames"][number], detections.get(number, [])
        matched = match(entries, objects)
        frames += 1
        seen += len(objects)
        right += len(matched)
        for i, entry in enumerate(entries):
            if entry["visible"] >= least_visible and entry["opacity"] >= least_opacity:
                expected += 1
                found += i in matched
            if i in matched:
                errors += corner_errors(entry["quad"], objects[matched[i]]["quad"])
        for k, thing in enumerate(objects):
            if k not in matched.values():
                false_at.append((number, thing["id"]))
                late += stood_near(truth, number, thing)
    return Score(frames, expected, found, seen, right, late, errors, false_at)


def add(scores):
    """One score of several clips."""
    scores = list(scores)
    return Score(*(sum((list(s[i]) if isinstance(s[i], list) else s[i] for s in scores[1:]), scores[0][i])
                   for i in range(len(Score._fields))))


def summary(s):
    """What is kept of a score; None where there is nothing to divide by."""
    return {"recall": round(s.found / s.expected, 4) if s.expected else None,
            "precision": round(s.right / s.detections, 4) if s.detections else None,
            "corner": round(statistics.median(s.errors), 3) if s.errors else None,
            "expected": s.expected, "detections": s.detections, "false": s.detections - s.right, "late": s.late}


def events(false_at, gap):
    """How many separate times something false stood: the same id in frames at most `gap` apart is one."""
    last, count = {}, 0
    for frame, name in sorted(false_at):
        count += name not in last or frame - last[name] > gap
        last[name] = frame
    return count


def read_detections(lines):
    """{frame: objects} of the lines of `lince scan --frames`."""
    rows = (json.loads(line) for line in lines if line.strip())
    return {row["frame"]: row["objects"] for row in rows}
