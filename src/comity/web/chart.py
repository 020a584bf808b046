"""A bar chart with its bounds, as SVG made by the server: a picture of a table that stands below it. Pure.

No script and no style of its own: the security policy forbids both, and a chart needs neither. Colours keep a contrast
of at least 3 to 1 against white (WCAG 2.2, 1.4.11).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

MOST_BARS: Final = 40  # more do not fit on a screen, and nobody reads them: the table has them all

_WIDTH, _LABELS, _RIGHT, _ROW, _BAR = 760, 260, 20, 28, 16
_FILL, _LINE, _AXIS = "#5694ca", "#0b0c0c", "#505a5f"
_LETTERS: Final = 34  # of a label that fits beside the bars


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
    head = Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img" '
        'aria-labelledby="{4}-title {4}-description"><title id="{4}-title">{2}</title>'
        '<desc id="{4}-description">{3}</desc>'
    ).format(_WIDTH, height, title, description, name)
    axis = Markup('<line x1="{0}" y1="0" x2="{0}" y2="{1}" stroke="{2}" stroke-width="1"/>').format(
        across(0), height, _AXIS
    )
    return head + Markup("").join(rows) + axis + Markup("</svg>")


def _bar(bar: Bar, top: int, end: float, nought: float, bounds: tuple[float, float]) -> Markup:
    middle = top + _BAR // 2
    start, width = min(nought, end), round(abs(end - nought), 1)
    short = bar.label if len(bar.label) <= _LETTERS else f"{bar.label[: _LETTERS - 1]}…"
    text = Markup(
        '<text x="{}" y="{}" text-anchor="end" font-family="arial, sans-serif" font-size="15" fill="{}">{}</text>'
    ).format(_LABELS - 10, middle + 5, _LINE, short)
    body = Markup('<rect x="{}" y="{}" width="{}" height="{}" fill="{}"/>').format(start, top, width, _BAR, _FILL)
    line = Markup('<path d="M{0} {2}V{3}M{0} {4}H{1}M{1} {2}V{3}" stroke="{5}" stroke-width="2" fill="none"/>').format(
        bounds[0], bounds[1], middle - 5, middle + 5, middle, _LINE
    )
    return text + body + line
