"""``comity people quality|sample``: how good linking is, and a sample of links that somebody looks at."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from cyclopts import Parameter, validators

from comity.cli.failing import NO_INPUT, Failed, Misused
from comity.cli.linking import Json
from comity.cli.opening import node, now
from comity.intake import watching
from comity.intake.watching import AGES, Drift, Drifted, Quality, Sample, UnknownSampleError
from comity.store import Role

SAMPLE = 200  # links: of each of four strata fifty, which bounds a share of 0.95 within some six points

DRIFT = {
    Drifted.TOO_FEW: "Too few pairs were scored since to say whether weights have drifted.",
    Drifted.LITTLE: "The weights of pairs scored since are spread as those of training: little drift.",
    Drifted.SOME: "The weights of pairs scored since are spread somewhat otherwise than those of training: look at "
    "what sources changed.",
    Drifted.MUCH: "The weights of pairs scored since are spread much otherwise than those of training: look at what "
    "sources changed, and consider comity people train.",
}


def quality(*, as_json: Json = False) -> None:
    """Say how good linking is: links by band, reviews open, drift, sizes of persons, precision by sample.

    Parameters
    ----------
    as_json
        Print one JSON document, for programs.
    """
    with node() as opened, opened.store.connect(Role.INTAKE) as conn:
        found = watching.quality(conn, now())
    if as_json:
        print(json.dumps(_plain(asdict(found)), indent=2))
        return
    for line in _lines(found):
        print(line)


def sample(
    sample_id: UUID | None = None,
    *,
    by: str,
    size: Annotated[int, Parameter(validator=validators.Number(gte=4, lte=10_000))] = SAMPLE,
    place: int | None = None,
    said: Literal["same", "different", "cannot tell"] | None = None,
) -> None:
    """Draw a sample of links for somebody to look at, show its next pair, or answer one. The score is not shown.

    Parameters
    ----------
    sample_id
        Of a sample that was drawn before; without it a new one is drawn.
    by
        The opaque staff id of whoever looks.
    size
        About how many links to draw.
    place
        Of the pair that is answered.
    said
        What its two records are: of one human being, of two, or nobody can tell.
    """
    if not by.strip():
        raise Misused("Say who looks: --by cannot be empty.")
    if (place is None) != (said is None) or (place is not None and sample_id is None):
        raise Misused("To answer a pair, give the sample, --place and --said together.")
    with node() as opened, opened.store.connect(Role.INTAKE, autocommit=True) as conn:
        try:
            if place is not None and said is not None and sample_id is not None:
                watching.answer(conn, sample_id, place, said, now(), by=by)
            chosen = sample_id or watching.draw(conn, size, now(), by=by)
            told, pair = watching.of(conn, chosen), watching.next_of(conn, chosen)
        except UnknownSampleError as error:
            print(f"{error}.")
            raise Failed(NO_INPUT) from None
    print(f"Sample {chosen}: {sum(told.answered.values()):,} of {told.drawn:,} looked at. {_precision(told)}")
    if pair is not None:
        where = f", both in person {pair.person}" if pair.person else ", parted since"
        one, other = (agency or "nobody any more" for agency in pair.agencies)
        print(f"Place {pair.place}: records {pair.a} of {one} and {pair.b} of {other}{where}.")


def _lines(found: Quality) -> Iterator[str]:
    yield f"{found.source_persons:,} records of people are {found.persons:,} persons."
    for each in found.links:
        yield f"Pairs, {each.band.value}: {each.together:,} in one person, {each.apart:,} in two."
    yield f"Decisions of people: {found.judged['same']:,} same, {found.judged['different']:,} different."
    yield from _reviews(found)
    if found.drift:
        yield _drift(found.drift)
    large = {size: n for size, n in found.sizes.items() if size > 1}
    most = max(found.sizes, default=0)
    yield f"Persons of one record: {found.sizes.get(1, 0):,}; of more: {sum(large.values()):,}, at most {most:,}."
    if found.evaluation and found.evaluation.precision is not None and found.evaluation.recall is not None:
        yield (
            f"Expected when the model was trained: precision {found.evaluation.precision:.4f}, "
            f"recall {found.evaluation.recall:.4f}."
        )
    yield _precision(found.sample) if found.sample else "No sample was looked at: comity people sample --by ..."


def _reviews(found: Quality) -> Iterator[str]:
    held = sum(found.reviews.held.values())
    yield f"Reviews open: {found.reviews.near:,} because two are near, {held:,} because of a limit."
    if found.reviews.oldest is not None:
        ages = zip((*(f"under {days} days" for days in AGES), "longer"), found.reviews.ages, strict=True)
        yield f"Open for: {', '.join(f'{words} {n:,}' for words, n in ages)}."


def _drift(found: Drift) -> str:
    index = "" if found.index is None else f" (stability index {found.index:.3f}, {found.scored:,} pairs)"
    return f"{DRIFT[found.verdict]}{index}"


def _precision(found: Sample) -> str:
    if found.precision is None:
        return "Not yet enough was looked at to estimate the precision."
    it = found.precision
    return f"Precision by sample: {it.share:.4f}, between {it.low:.4f} and {it.high:.4f} with a chance of 95 per cent."


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, datetime) else str(value) if isinstance(value, UUID) else value
