"""Drawings of accuracy-TASK.json on logarithmic scales: test error against megabytes, seconds and epochs; batch and step size
against epochs.

    curves.py RESULTS.json        writes RESULTS-bytes.svg, -seconds.svg, -epochs.svg, -batch.svg and -step.svg beside it
"""

import json
import math
import sys
from pathlib import Path

COLOURS = ["#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"]
AXES = {"bytes": ("megabytes into reductions", 1e-6), "seconds": ("seconds", 1), "epochs": ("epochs", 1)}
# What is drawn upwards: its name, its unit, and its value at a point; None where it has none.
ERROR = "test error", " %", lambda point: 100 * (1 - point["testAccuracy"]) if "testAccuracy" in point else None
BATCH = "batch size", "", lambda point: point.get("batchSize")
STEP = "step size", "", lambda point: point.get("stepSize")
DRAWINGS = {
    "bytes": ("bytes", ERROR), "seconds": ("seconds", ERROR), "epochs": ("epochs", ERROR), "batch": ("epochs", BATCH),
    "step": ("epochs", STEP),
}  # fmt: skip
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 640, 400, 60, 20, 44


def ticks(low, high):
    """1, 2 and 5 times powers of ten."""
    for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1):
        yield from (m * 10.0**power for m in (1, 2, 5) if low <= m * 10.0**power <= high)


def drawing(curves, axis, upwards):
    label, unit = AXES[axis]
    title, mark, value_of = upwards
    lines = [
        (c["name"], COLOURS[i % len(COLOURS)],
         [(p[axis] * unit, value_of(p)) for p in c["points"] if p.get(axis, 0) > 0 and value_of(p)])
        for i, c in enumerate(curves)
    ]  # fmt: skip
    lines = [line for line in lines if line[2]]
    points = [point for *_, line in lines for point in line]
    if not points:
        return
    (left, right), (low, high) = ((min(v) / 1.1, max(v) * 1.1) for v in zip(*points))

    def x(value):
        return LEFT + (WIDTH - LEFT - 10) * math.log(value / left) / math.log(right / left)

    def y(value):
        return TOP + (HEIGHT - TOP - BOTTOM) * math.log(high / value) / math.log(high / low)

    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" '
        'font-size="12"><rect width="100%" height="100%" fill="white"/>'
    )
    for value in ticks(left, right):
        yield f'<path d="M{x(value):.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#ddd"/>'
        yield f'<text x="{x(value):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{value:g}</text>'
    for value in ticks(low, high):
        yield f'<path d="M{LEFT} {y(value):.1f}H{WIDTH - 10}" stroke="#ddd"/>'
        yield f'<text x="{LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{value:g}{mark}</text>'
    yield f'<text x="{(LEFT + WIDTH) / 2}" y="{HEIGHT - 8}" text-anchor="middle">{label}; vertically: {title}</text>'
    for index, (name, colour, line) in enumerate(lines):
        path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in line)
        width = 2.5 if name.startswith("Crescendo") else 1.2
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>'
        yield f'<text x="{LEFT + 8}" y="{HEIGHT - BOTTOM - 8 - 15 * (len(lines) - 1 - index)}" fill="{colour}">{name}</text>'
    yield "</svg>"


def draw(results, path):
    for name, (axis, upwards) in DRAWINGS.items():
        if text := "\n".join(drawing(results["curves"], axis, upwards)):
            Path(f"{path.with_suffix('')}-{name}.svg").write_text(text + "\n")


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[1]))
