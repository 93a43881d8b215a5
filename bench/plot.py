"""Lines over two logarithmic axes, as SVG."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

COLOURS = ("#2563a8", "#b4431f", "#3f7d3a", "#7a4fa3", "#8a6d1d", "#333")
WIDE, HIGH, EDGE, LEGEND = 520, 320, 54, 230


@dataclass(frozen=True, slots=True)
class Line:
    """A name and its points; all values above 0."""

    name: str
    across: Sequence[float]
    up: Sequence[float]


def log_plot(lines: Sequence[Line], label: str) -> str:
    """The lines with a tick at every power of ten, a legend beside them, and `label` below."""
    across = _decades([value for line in lines for value in line.across])
    up = _decades([value for line in lines for value in line.up])

    def place(x: float, y: float) -> tuple[float, float]:
        return (
            EDGE + (math.log10(x) - across[0]) / (across[1] - across[0]) * WIDE,
            EDGE / 2 + HIGH - (math.log10(y) - up[0]) / (up[1] - up[0]) * HIGH,
        )

    width, height = WIDE + EDGE + LEGEND, HIGH + EDGE * 1.5
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" font-family="sans-serif" '
        'font-size="12">',
        f'<rect width="{width:g}" height="{height:g}" fill="#fff"/>',
    ]
    for power in range(across[0], across[1] + 1):
        x, y = place(10.0**power, 10.0 ** up[0])
        parts.append(f'<path d="M{x:.1f} {EDGE / 2}V{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{y + 18:.1f}" text-anchor="middle">{10**power:,}</text>')
    for power in range(up[0], up[1] + 1):
        x, y = place(10.0 ** across[0], 10.0**power)
        parts.append(f'<path d="M{x:.1f} {y:.1f}H{EDGE + WIDE}" stroke="#ddd"/>')
        parts.append(f'<text x="{x - 6:.1f}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g}</text>')
    for number, line in enumerate(lines):
        colour = COLOURS[number % len(COLOURS)]
        points = [place(x, y) for x, y in zip(line.across, line.up, strict=True)]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in points]
        parts.append(
            f'<text x="{EDGE + WIDE + 14}" y="{EDGE / 2 + 16 + 20 * number}" fill="{colour}">{line.name}</text>'
        )
    parts.append(f'<text x="{EDGE + WIDE / 2}" y="{height - 6:g}" text-anchor="middle">{label}</text></svg>')
    return "\n".join(parts) + "\n"


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """The powers of ten around all values, at least one decade apart."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)
