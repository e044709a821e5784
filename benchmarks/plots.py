"""Draws two kinds of plots as SVG."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

WIDTH = 720
_COLORS = ("#9aa5b1", "#1f6feb", "#d29922", "#cf222e")
_FONT = 'font-family="system-ui, sans-serif"'
_LABELS = 140
"""Room for the labels left of the bars."""


def bars(title: str, groups: Mapping[str, Mapping[str, float]]) -> str:
    """Return horizontal bars in groups, all on one scale that begins at 0.

    Args:
        title: What the numbers are.
        groups: By group, the numbers by label.
    """
    most = max(number for group in groups.values() for number in group.values())
    scale = (WIDTH - _LABELS - 70) / most
    parts, top = [_text(12, 24, title, 15)], 44
    for name, group in groups.items():
        parts.append(_text(12, top + 14, name, 13))
        top += 22
        for place, (label, number) in enumerate(group.items()):
            color, length = _COLORS[place % len(_COLORS)], max(number * scale, 1)
            parts += [
                _text(_LABELS - 8, top + 12, label, 12, "end"),
                f'<rect x="{_LABELS}" y="{top}" width="{length:.1f}" height="15" fill="{color}"/>',
                _text(_LABELS + length + 6, top + 12, f"{number:.1f}", 12),
            ]
            top += 19
        top += 12
    return _svg(top, parts)


def line(title: str, below: str, points: Mapping[int, float]) -> str:
    """Return a line through points, with the vertical scale from 0.

    Args:
        title: What the numbers are.
        below: What the points' places are.
        points: Numbers by place.
    """
    left, right, top, bottom = 60, WIDTH - 60, 60, 300
    most, first, last = max(points.values()), min(points), max(points)
    at = {
        place: (
            left + (right - left) * (place - first) / max(last - first, 1),
            bottom - (bottom - top) * number / most,
        )
        for place, number in sorted(points.items())
    }
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in at.values())
    axes = f"{left},{top - 10} {left},{bottom} {right + 20},{bottom}"
    parts = [
        _text(12, 24, title, 15),
        f'<polyline points="{axes}" fill="none" stroke="#57606a"/>',
        f'<polyline points="{path}" fill="none" stroke="{_COLORS[1]}" stroke-width="2"/>',
        _text((left + right) / 2, bottom + 40, below, 12, "middle"),
    ]
    for place, (x, y) in at.items():
        parts += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{_COLORS[1]}"/>',
            _text(x + 8, y - 8, f"{points[place]:.1f}", 12),
            _text(x, bottom + 18, f"{place}", 12, "middle"),
        ]
    return _svg(bottom + 56, parts)


def _text(x: float, y: float, text: str, size: int, anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" {_FONT}'
        f' fill="#24292f">{escape(text)}</text>'
    )


def _svg(height: float, parts: Iterable[str]) -> str:
    content = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:.0f}"'
        f' viewBox="0 0 {WIDTH} {height:.0f}">\n'
        f'<rect width="100%" height="100%" fill="#ffffff"/>\n{content}\n</svg>\n'
    )
