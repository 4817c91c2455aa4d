# SPDX-License-Identifier: LGPL-2.1-or-later
"""The curves as one picture: recall against each condition, a small chart each, readable on light and dark ground."""
import statistics
from xml.sax.saxutils import escape

import sweeps

COLUMNS, CELL, ROW, LEFT, TOP = 6, 158, 118, 14, 44
PLOT_X, PLOT_Y, PLOT_W, PLOT_H = 24, 22, 120, 66  # of a chart within its cell
HEADER = 30  # above each kind's charts
# the last is drawn over the others
METHODS = (("orb", "OpenCV ORB"), ("sift", "OpenCV SIFT"), ("live", "Lince, live"), ("thorough", "Lince, thorough"))
KINDS = {"textured": "Posters, covers, packages", "marks": "Marks: few flat colours on nothing", "bugs": "Bugs: fixed to the screen"}

STYLE = """
text { font: 10px system-ui, sans-serif; fill: #57606a }
.kind { font-size: 13px; font-weight: 600; fill: #1f2328 } .title { fill: #1f2328 }
.value, .tick { font-size: 8.5px } .value { text-anchor: middle } .tick, .right { text-anchor: end }
.grid { stroke: #d0d7de; stroke-width: 1 } path { fill: none; stroke-linejoin: round; stroke-width: 1.5 }
.thorough { stroke: #0969da; stroke-width: 2.5 } .live { stroke: #1a9a8a; stroke-width: 2; stroke-dasharray: 5 2 }
.sift { stroke: #bc6c1a } .orb { stroke: #8c959f }
circle { stroke: none } circle.thorough { fill: #0969da }
@media (prefers-color-scheme: dark) {
text { fill: #9198a1 } .kind, .title { fill: #f0f6fc } .grid { stroke: #3d444d }
.thorough { stroke: #58a6ff } .live { stroke: #3fd0bd } .sift { stroke: #e3954a } .orb { stroke: #848d97 }
circle { stroke: none } circle.thorough { fill: #58a6ff }
}"""


def label(value):
    return f"{value / 1000:g}k" if value >= 1000 else f"{value:g}".replace("0.", ".", 1) if 0 < value < 1 else f"{value:g}"


def curve(sweep, shown, points, method):
    """[(place, recall)] of a method, where it was measured."""
    names = [sweeps.make_point(sweep, shown, value).name for value in sweep.values[shown]]
    rows = [(i, points.get(name, {}).get(method)) for i, name in enumerate(names)]
    return [(i, row["recall"]) for i, row in rows if row and row["recall"] is not None]


def draw_line(method, dots):
    if len(dots) < 2 and method != "thorough":
        return ""
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in dots)
    marks = "".join(f'<circle class="{method}" cx="{x:.1f}" cy="{y:.1f}" r="2.2"/>' for x, y in dots) \
        if method == "thorough" else ""
    return f'<path class="{method}" d="{path}"/>{marks}'


def draw_chart(sweep, shown, points, x, y):
    values = sweep.values[shown]
    step = PLOT_W / max(len(values) - 1, 1)
    parts = [f'<g transform="translate({x} {y})"><text class="title" x="{PLOT_X}" y="14">{escape(sweep.title)}</text>']
    for share in (0, 0.5, 1):
        at = PLOT_Y + PLOT_H * (1 - share)
        parts.append(f'<path class="grid" d="M{PLOT_X} {at}h{PLOT_W}"/><text class="tick" x="{PLOT_X - 4}" y="{at + 3}">{share:g}</text>')
    for i, value in enumerate(values):
        parts.append(f'<text class="value" x="{PLOT_X + i * step:.1f}" y="{PLOT_Y + PLOT_H + 12}">{label(value)}</text>')
    for method, _ in METHODS:
        dots = [(PLOT_X + i * step, PLOT_Y + PLOT_H * (1 - recall)) for i, recall in curve(sweep, shown, points, method)]
        if dots:
            parts.append(draw_line(method, dots))
    return "".join(parts) + "</g>"


def describe(shown, points):
    """Lince's other figures of a kind, of all its points together."""
    rows = [methods["thorough"] for name, methods in points.items() if f"-{shown}" in name and "thorough" in methods]
    if not rows:
        return ""
    detections, false = (sum(row[key] for row in rows) for key in ("detections", "false"))
    corners = [row["corner"] for row in rows if row["corner"] is not None]
    corner = f", corner error {statistics.median(corners):.2f} px" if corners else ""
    return f"precision {1 - false / max(detections, 1):.3f}{corner}, {statistics.median(r['ms'] for r in rows):.1f} ms a frame"


def drawn_sweeps(shown):
    return [sweep for sweep in sweeps.SWEEPS if len(sweep.values.get(shown, ())) > 1]


def place(i, top):
    return LEFT + i % COLUMNS * CELL, top + HEADER + i // COLUMNS * ROW


def draw_negative(points, x, y):
    """How often something was found where nothing may be."""
    rows = [methods for name, methods in points.items() if name.startswith(sweeps.NEGATIVE)]
    parts = [f'<g transform="translate({x} {y})"><text class="title" x="{PLOT_X}" y="14">nothing to find: graphics, stills, '
             "black, other brands; false events</text>"]
    line = PLOT_Y + 12
    for method, name in METHODS[::-1]:
        events = [row[method]["events"] for row in rows if method in row]
        if events:
            parts.append(f'<text x="{PLOT_X}" y="{line}">{name}: {sum(events)} in {sweeps.NEGATIVE_SECONDS * len(events)} s, '
                         f"{sweeps.NEGATIVE_REFERENCES} references</text>")
            line += 15
    return "".join(parts) + "</g>"


def draw_kind(shown, title, points, top):
    """The charts of a kind, and where the next begins."""
    charts = drawn_sweeps(shown)
    width = COLUMNS * CELL
    parts = [f'<text class="kind" x="{LEFT + PLOT_X}" y="{top + 18}">{escape(title)}</text>',
             f'<text class="right" x="{LEFT + width - CELL + PLOT_X + PLOT_W}" y="{top + 18}">{describe(shown, points)}</text>']
    for i, sweep in enumerate(charts):
        parts.append(draw_chart(sweep, shown, points, *place(i, top)))
    return "".join(parts), top + HEADER + -(-len(charts) // COLUMNS) * ROW


def draw_key(methods):
    parts, x = [], LEFT + PLOT_X
    for method, name in METHODS[::-1]:
        if method in methods:
            parts.append(f'<path class="{method}" d="M{x} 20h22"/><text class="title" x="{x + 28}" y="24">{name}</text>')
            x += 56 + 6 * len(name)
    return f'{"".join(parts)}<text x="{x + 10}" y="24">recall, of 1, against each condition; 1280 × 720 unless it says so</text>'


def draw(points, path):
    body, top = "", TOP
    for shown, title in KINDS.items():
        part, next_top = draw_kind(shown, title, points, top)
        body += part
        if shown == "bugs":
            body += draw_negative(points, *place(len(drawn_sweeps(shown)), top))
        top = next_top
    methods = {method for row in points.values() for method in row}
    width, height = LEFT + COLUMNS * CELL, top + 6
    with open(path, "w", encoding="utf-8") as file:
        file.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">\n'
                   f"<style>{STYLE}</style>\n{draw_key(methods)}\n{body}\n</svg>\n")
