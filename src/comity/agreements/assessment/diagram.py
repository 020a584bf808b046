"""The process map as a picture and as a list in words: a lane for each agency, an arrow for each moment. Pure.

The picture is an SVG with a title and a description; it says nothing that the list does not, nor by colour alone.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Final

from comity.agreements.assessment.models import Assessment, Moment
from comity.agreements.assessment.steps import moments
from comity.agreements.phrases import phrase
from comity.vocabulary.models import Label

_LANE, _ROW, _HEAD, _MARGIN = 240, 92, 64, 20  # pixels
_LETTERS_A_LANE: Final = 27  # of the label at 15 pixels, in a wide letter
_LINES: Final = 2  # of a label above its arrow; the list in words says the rest
_INK, _LANE_INK, _FACE = "#0b0c0c", "#8eb8dc", 'font-family="system-ui, sans-serif"'

_TITLE: Final = Label("Who shares what with whom", "Wie deelt wat met wie")
_WITHHELD: Final = Label("confidential", "vertrouwelijk")
_SOMEBODY: Final = Label("an agency", "een organisatie")


def map_in_words(assessment: Assessment, agencies: Mapping[str, Label]) -> tuple[Label, ...]:
    """Return each moment of sharing as a sentence, in their order; the picture's numbers are its places, from 1."""
    return tuple(_sentence(moment, agencies) for moment in moments(assessment))


def _sentence(moment: Moment, agencies: Mapping[str, Label]) -> Label:
    parts = (
        _agency(moment.provider, agencies),
        _agency(moment.recipient, agencies),
        _said(moment.what),
        _said(moment.when),
    )
    return phrase("{0} to {1}: {2}. When: {3}.", "{0} aan {1}: {2}. Wanneer: {3}.", *parts)


def draw_map(assessment: Assessment, agencies: Mapping[str, Label], language: str, *, identity: str = "map") -> str:
    """Return the picture as SVG; ``identity`` begins its ids, so that several can stand in one page."""
    arrows = moments(assessment)
    lanes = list(dict.fromkeys(agency for each in arrows for agency in (each.provider, each.recipient)))
    width, height = _MARGIN * 2 + _LANE * max(len(lanes), 1), _HEAD + _ROW * len(arrows) + _MARGIN
    said = " ".join(
        f"{at}. {label.in_language(language)}" for at, label in enumerate(map_in_words(assessment, agencies), 1)
    )
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" lang="{language}" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" aria-labelledby="{identity}-title {identity}-desc">'
    )
    head = (
        f'<defs><marker id="{identity}-head" viewBox="0 0 10 10" refX="10" refY="5" markerWidth="9" markerHeight="9" '
        f'orient="auto-start-reverse"><path d="M0 0L10 5L0 10z" fill="{_INK}"/></marker></defs>'
    )
    names = [_agency(lane, agencies).in_language(language) for lane in lanes]
    lines = [
        opening,
        f'<title id="{identity}-title">{escape(_TITLE.in_language(language))}</title>',
        f'<desc id="{identity}-desc">{escape(said)}</desc>',
        head,
        *(line for at, name in enumerate(names) for line in _lane(at, name, height)),
        *(line for at, each in enumerate(arrows) for line in _arrow(at, each, lanes, language, identity)),
        "</svg>",
    ]
    return "\n".join(lines)


def _lane(at: int, name: str, height: int) -> Iterator[str]:
    x = _middle(at)
    left = x - _LANE // 2 + 10
    yield f'<rect x="{left}" y="8" width="{_LANE - 20}" height="40" fill="#f4f8fb" stroke="{_LANE_INK}"/>'
    yield _text(x, 33, textwrap.shorten(name, _LETTERS_A_LANE, placeholder="…"), 'font-weight="bold"')
    yield f'<line x1="{x}" y1="48" x2="{x}" y2="{height - 8}" stroke="{_LANE_INK}" stroke-width="2"/>'


def _arrow(at: int, moment: Moment, lanes: Sequence[str], language: str, identity: str) -> Iterator[str]:
    start, end = (_middle(lanes.index(agency)) for agency in (moment.provider, moment.recipient))
    y = _HEAD + _ROW * (at + 1) - 18
    # To itself is wrong, and said so elsewhere; it is drawn all the same.
    path = f"M{start} {y - 14}h40v14H{end + 4}" if start == end else f"M{start} {y}H{end}"
    yield f'<path d="{path}" fill="none" stroke="{_INK}" stroke-width="2" marker-end="url(#{identity}-head)"/>'
    yield f'<circle cx="{start}" cy="{y}" r="13" fill="{_INK}"/>'
    yield f'<text x="{start}" y="{y + 5}" text-anchor="middle" font-size="15" {_FACE} fill="#fff">{at + 1}</text>'
    room = _LETTERS_A_LANE * max(1, abs(start - end) // _LANE)
    words = textwrap.wrap(_said(moment.what).in_language(language), room, max_lines=_LINES, placeholder=" …")
    for line, text in enumerate(words):
        yield _text(
            (start + end) // 2,
            y - 10 - 18 * (len(words) - 1 - line),
            text,
            'paint-order="stroke" stroke="#fff" stroke-width="5"',
        )


def _text(x: int, y: int, text: str, more: str) -> str:
    return (
        f'<text x="{x}" y="{y}" text-anchor="middle" font-size="15" {_FACE} fill="{_INK}" {more}>{escape(text)}</text>'
    )


def _middle(at: int) -> int:
    return _MARGIN + _LANE * at + _LANE // 2


def _agency(name: str, agencies: Mapping[str, Label]) -> Label:
    return agencies.get(name, Label(name, name)) if name else _SOMEBODY


def _said(text: str) -> Label:
    return Label(text.rstrip("."), text.rstrip(".")) if text else _WITHHELD
