"""A bar chart with its bounds, as SVG made by the server: a picture of a table that stands below it. Pure.

No script and no style of its own: the security policy forbids both, and a chart needs neither. Colours keep a contrast
of at least 3 to 1 against white (WCAG 2.2, 1.4.11).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from markupsafe import Markup

MOST_BARS: Final = 40  # more do not fit on a screen, and nobody reads them: the table has them all

_WIDTH, _LABELS, _RIGHT, _ROW, _BAR = 760, 260, 20, 28, 16
_FILL, _LINE, _AXIS = "#5694ca", "#0b0c0c", "#505a5f"
_AGAINST: Final = "#b10e1e"  # what goes down; that it does is also seen from where it begins, and stands in the table
_RECT: Final = Markup('<rect x="{}" y="{}" width="{}" height="{}" fill="{}"/>')
_LETTERS: Final = 29  # of a label that fits beside the bars


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: what it is of, how long it is, and between which bounds the exact number lies."""

    label: str
    number: float
    low: float
    high: float


def chart(bars: Sequence[Bar], title: str, description: str, name: str = "chart") -> Markup:
    """Return the chart of the bars; nothing, if there are none or too many. ``name`` is its own on the page."""
    if not 0 < len(bars) <= MOST_BARS:
        return Markup("")
    low, high = min(0.0, *(it.low for it in bars)), max(0.0, *(it.high for it in bars))
    scale = (_WIDTH - _LABELS - _RIGHT) / ((high - low) or 1)
    height = _ROW * len(bars) + 12

    def across(value: float) -> float:
        return round(_LABELS + (value - low) * scale, 1)

    rows = [_bar(bar, at * _ROW + 6, across(bar.number), across(0), (across(bar.low), across(bar.high)))
            for at, bar in enumerate(bars)]  # fmt: skip
    head = _head(height, title, description, name)
    return head + Markup("").join(rows) + _axis(across(0), height) + Markup("</svg>")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a waterfall: what it is of, and by how much it goes up or down."""

    label: str
    number: float


def waterfall(steps: Sequence[Step], total: str, title: str, description: str) -> Markup:
    """Return the chart of steps that each begin where the one before ended, and of the total that they add up to."""
    ends = list(accumulate(it.number for it in steps))
    if not ends or len(ends) >= MOST_BARS:
        return Markup("")
    spans = [*zip([0.0, *ends], ends, strict=False), (0.0, ends[-1])]
    low, high = min(0.0, *ends), max(0.0, *ends)
    scale = (_WIDTH - _LABELS - _RIGHT) / ((high - low) or 1)

    def across(value: float) -> float:
        return round(_LABELS + (value - low) * scale, 1)

    rows = []
    for at, (label, (begin, end)) in enumerate(zip([*(it.label for it in steps), total], spans, strict=True)):
        left, right = sorted((across(begin), across(end)))
        fill = _LINE if at == len(steps) else _FILL if end >= begin else _AGAINST
        rows.append(
            _label(label, at * _ROW + 6 + _BAR // 2)
            + _RECT.format(left, at * _ROW + 6, max(right - left, 1.0), _BAR, fill)
        )
    height = _ROW * len(rows) + 12
    return _head(height, title, description) + Markup("").join(rows) + _axis(across(0), height) + Markup("</svg>")


def _head(height: int, title: str, description: str, name: str = "chart") -> Markup:
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img" '
        'aria-labelledby="{4}-title {4}-description"><title id="{4}-title">{2}</title>'
        '<desc id="{4}-description">{3}</desc>'
    ).format(_WIDTH, height, title, description, name)


def _axis(nought: float, height: int) -> Markup:
    return Markup('<line x1="{0}" y1="0" x2="{0}" y2="{1}" stroke="{2}" stroke-width="1"/>').format(
        nought, height, _AXIS
    )


def _label(label: str, middle: int) -> Markup:
    short = label if len(label) <= _LETTERS else f"{label[: _LETTERS - 1]}…"
    return Markup(
        '<text x="{}" y="{}" text-anchor="end" font-family="arial, sans-serif" font-size="15" fill="{}">{}</text>'
    ).format(_LABELS - 10, middle + 5, _LINE, short)


def _bar(bar: Bar, top: int, end: float, nought: float, bounds: tuple[float, float]) -> Markup:
    middle = top + _BAR // 2
    start, width = min(nought, end), round(abs(end - nought), 1)
    body = _RECT.format(start, top, width, _BAR, _FILL)
    if bounds[0] == bounds[1]:  # the number is exact, as a count is
        return _label(bar.label, middle) + body
    line = Markup('<path d="M{0} {2}V{3}M{0} {4}H{1}M{1} {2}V{3}" stroke="{5}" stroke-width="2" fill="none"/>').format(
        bounds[0], bounds[1], middle - 5, middle + 5, middle, _LINE
    )
    return _label(bar.label, middle) + body + line
