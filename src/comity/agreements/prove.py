"""What can be proved of an agreement before it is signed: that no row, on no day, makes it do what it should not. Pure.

Questions, each decided for all rows there can be (:mod:`comity.agreements.smt` says what is known of every row):

1. **Can it apply?** An ``about`` or a ``where`` that is never true; a clause of which everything leaves under earlier
   clauses already.
2. **Do two clauses overlap?** They release a field of one row in different forms; then both leave.
3. **Does the new version release no more than the old?** A row and a field of it that leaves under the new, and under
   the old does not, or only in a form that tells less (:func:`tells_no_more`). One clause of the old version must
   release as much: what several release in part is not added up, so it counts as more.
4. **Does it let out what is sealed?** A row of which a field of a given sensitivity leaves as it is.
5. **Does a lawful basis carry it?** No solver is needed for that: :mod:`comity.agreements.carried`.

What the answers rest on: a clause without ``of`` releases only rows of the person's own, as the gate does, but for the
types of :data:`~comity.agreements.related.SHARED` and :data:`~comity.agreements.related.OF_THE_CASE`; and a version is
asked about on the days on which it may be in force.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Final, NamedTuple

from comity.agreements.carried import uncarried
from comity.agreements.claims import (
    Answer,
    Claim,
    Every,
    Example,
    Holds,
    NotSo,
    Own,
    Prover,
    Refers,
    Some,
    Verdict,
    tried,
)
from comity.agreements.meaning import joins, records_named
from comity.agreements.minimisers import tells_no_more
from comity.agreements.models import Agreement, Column, Condition, In, Literal, Release
from comity.agreements.related import OF_THE_CASE, SHARED
from comity.agreements.smt import Scene, Sketch
from comity.vocabulary.models import Field, Sensitivity, Vocabulary

SEALED: Final = frozenset({Sensitivity.SEALED})
ROW: Final = "0"  # the row that is released; the rows that an `about` chooses are numbered from 1


class Kind(StrEnum):
    """What was found."""

    COVERS_NOBODY = "covers-nobody"
    NEVER_APPLIES = "never-applies"
    ADDS_NOTHING = "adds-nothing"
    OVERLAP = "overlap"
    SEALED_LEAVES = "sealed-leaves"
    NOT_CARRIED = "not-carried"
    NEVER_ALONE = "never-alone"
    RELEASES_MORE = "releases-more"
    OPENS_WIDER = "opens-wider"
    UNDECIDED = "undecided"


#: What an agreement cannot mean: it says something that is never so, says it twice, or rests on no law.
CONTRADICTIONS: Final = frozenset(
    {Kind.COVERS_NOBODY, Kind.NEVER_APPLIES, Kind.ADDS_NOTHING, Kind.NOT_CARRIED, Kind.NEVER_ALONE}
)

#: What is asked of an agreement by itself, and what of it beside an older version.
ALONE: Final = (
    Kind.COVERS_NOBODY,
    Kind.NEVER_APPLIES,
    Kind.ADDS_NOTHING,
    Kind.OVERLAP,
    Kind.SEALED_LEAVES,
    Kind.NOT_CARRIED,
    Kind.NEVER_ALONE,
)
COMPARED: Final = (Kind.RELEASES_MORE, Kind.OPENS_WIDER)


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer that somebody has to look at.

    ``clause`` is the file's key or the clause's name; ``fields`` are those it is about; ``others`` the clauses, terms
    or words that it is found against; ``example`` a case in which it is so, where there can be one.
    """

    kind: Kind
    clause: str
    fields: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    example: Example | None = None


class _Question(NamedTuple):
    """A claim, and what is found if it is so (``so`` True) or if it never is (False)."""

    claim: Claim
    so: bool
    finding: Finding


def prove(
    agreement: Agreement, vocabulary: Vocabulary, levels: Collection[Sensitivity] = SEALED
) -> tuple[Finding, ...]:
    """Return what is found of an agreement by itself; of nothing else it is proved that it cannot be.

    ``levels`` are the sensitivities of which question 4 is asked.
    """
    proof = _Proof(agreement, vocabulary)
    never = list(proof.decided([*proof.can_apply()]))
    at_odds = {finding.clause for finding in never}
    alive = [release for release in agreement.releases if release.clause not in at_odds and "about" not in at_odds]
    return (
        *never,
        *proof.decided([*proof.adds_something(alive)]),
        *proof.overlaps(alive),
        *proof.decided([*proof.lets_out(alive, levels)]),
        *(
            Finding(Kind(found.kind), found.clause, found.fields, found.terms)
            for found in uncarried(agreement, vocabulary)
        ),
    )


def compare(old: Agreement, new: Agreement, vocabulary: Vocabulary) -> tuple[Finding, ...]:
    """Return what ``new`` releases that ``old`` does not; if nothing, it is proved that it releases no more."""
    proof = _Proof(new, vocabulary)
    return (*_wider(old, new), *proof.decided([*proof.releases_more(old)]))


# --- the claims ------------------------------------------------------------------------------------------------------


def applies(release: Release, providers: tuple[str, ...]) -> Claim:
    """Return the claim that a clause releases the row: it is of its categories, and its ``where`` is true."""
    scene = {release.record: ROW}
    parts: list[Claim] = [Own(ROW)] if _own_only(release) else []
    if release.of:
        parts.append(_among(release.record, "whose", release.of, scene))
    if release.where is not None:
        parts.append(Holds(release.where, scene, providers))
    return Every(tuple(parts))


def covered(about: Condition, scene: Scene, providers: tuple[str, ...], vocabulary: Vocabulary) -> Claim:
    """Return the claim that an ``about`` is true of the rows chosen: rule 6 of :mod:`comity.agreements.meaning`."""
    needed = joins(tuple(scene), vocabulary)
    referring = (Refers(scene[it.record], Column(it.record, it.field), scene[it.referred]) for it in needed)
    return Every((*referring, Holds(about, scene, providers)))


def _own_only(release: Release) -> bool:
    return not release.of and release.record not in SHARED | OF_THE_CASE


def _among(record: str, field: str, values: Iterable[str], scene: Scene) -> Claim:
    return Holds(In(Column(record, field), tuple(Literal(each) for each in values)), scene, ())


def _chosen(about: Condition) -> dict[str, str]:
    """Return a row for each record type that an ``about`` names."""
    return {record: str(number) for number, record in enumerate(records_named(about), 1)}


class _Proof:
    """The questions about one agreement, over one sketch of its rows and days."""

    def __init__(self, agreement: Agreement, vocabulary: Vocabulary) -> None:
        self._agreement, self._vocabulary = agreement, vocabulary
        days = agreement.in_force.start, agreement.in_force.until
        self._prover = Prover(Sketch(vocabulary, days, agreement.providers, agreement.recipients))
        self._providers = tuple(sorted(agreement.providers))
        self._chosen = _chosen(agreement.about)
        self._about = covered(agreement.about, self._chosen, self._providers, vocabulary)

    def decided(self, questions: Sequence[_Question]) -> Iterator[Finding]:
        """Ask, and yield what is found; examples are asked for only where a finding shows one."""
        for so in (False, True):
            asked = [question for question in questions if question.so is so]
            answers = self._prover.ask([question.claim for question in asked], examples=so)
            for question, answer in zip(asked, answers, strict=True):
                yield from _found(question, answer)

    def can_apply(self) -> Iterator[_Question]:
        """Yield whether the ``about`` and each clause can be true (question 1)."""
        yield _Question(self._about, False, Finding(Kind.COVERS_NOBODY, "about"))
        for release in self._agreement.releases:
            yield _Question(self._applies(release), False, Finding(Kind.NEVER_APPLIES, release.clause))

    def adds_something(self, releases: Sequence[Release]) -> Iterator[_Question]:
        """Yield, for each clause that earlier ones might make superfluous, whether it adds a field of some row."""
        for number, release in enumerate(releases):
            earlier = [each for each in releases[:number] if each.record == release.record]
            ways = self._ways_to_cover(release, earlier, _Told(self._vocabulary, alike=True))
            if ways and all(ways):
                others = tuple(dict.fromkeys(each.clause for way in ways for each in way))
                new = Some(tuple(NotSo(Some(tuple(self._applies(each) for each in way))) for way in ways))
                claim = Every((self._applies(release), new))
                yield _Question(claim, False, Finding(Kind.ADDS_NOTHING, release.clause, others=others))

    def overlaps(self, releases: Sequence[Release]) -> Iterator[Finding]:
        """Yield each two clauses that release a field of one row in different forms (question 2).

        Of each clause it is asked whether any earlier one overlaps; the example says which, and those are not asked
        again. So without overlaps there are as many questions as clauses.
        """
        pending = {
            release: [each for each in releases[:number] if _differing(each, release)]
            for number, release in enumerate(releases)
        }
        while pending := {release: earlier for release, earlier in pending.items() if earlier}:
            claims = [
                Every((self._applies(release), Some(tuple(self._applies(each) for each in earlier))))
                for release, earlier in pending.items()
            ]
            for release, answer in zip(list(pending), self._prover.ask(claims, examples=True), strict=True):
                found = self._overlapping(pending[release], answer)
                for each in found:
                    fields = tuple(_differing(each, release))
                    yield Finding(Kind.OVERLAP, release.clause, fields, (each.clause,), answer.example)
                pending[release] = [each for each in pending[release] if each not in found] if found else []
                if answer.verdict is Verdict.UNDECIDED:
                    yield Finding(Kind.UNDECIDED, release.clause, others=(Kind.OVERLAP,))

    def _overlapping(self, earlier: Iterable[Release], answer: Answer) -> list[Release]:
        example = answer.example
        return [each for each in earlier if tried(self._applies(each), example)] if example else []

    def lets_out(self, releases: Iterable[Release], levels: Collection[Sensitivity]) -> Iterator[_Question]:
        """Yield, for each clause that names a field of one of the levels as it is, whether it ever leaves so."""
        for release in releases:
            record = self._vocabulary.record_type(release.record)
            out = tuple(
                each.field
                for each in release.fields
                if each.minimiser == "as-is" and record.field(each.field).sensitivity in levels
            )
            if out:
                claim = Every((self._about, self._applies(release)))
                yield _Question(claim, True, Finding(Kind.SEALED_LEAVES, release.clause, out))

    def releases_more(self, old: Agreement) -> Iterator[_Question]:
        """Yield, for each clause and the fields that the same clauses of ``old`` cover, whether more leaves."""
        told = _Told(self._vocabulary, alike=old.jurisdiction == self._agreement.jurisdiction)
        for release in self._agreement.releases:
            groups: dict[tuple[Release, ...], list[str]] = {}
            for field in _leaving(release):
                covering = _covering(release, field, old.releases_of(release.record), told)
                groups.setdefault(tuple(covering), []).append(field)
            for clauses, fields in groups.items():
                before = Every((self._covered_before(old, release.record), self._applied_before(old, clauses)))
                claim = Every((self._about, self._applies(release), NotSo(before)))
                yield _Question(claim, True, Finding(Kind.RELEASES_MORE, release.clause, tuple(fields)))

    # --- their parts -------------------------------------------------------------------------------------------------

    def _applies(self, release: Release) -> Claim:
        return applies(release, self._providers)

    def _ways_to_cover(self, release: Release, earlier: Sequence[Release], told: _Told) -> list[tuple[Release, ...]]:
        """Return, for each field that leaves, the earlier clauses that tell as much of it; each such set once."""
        ways = (tuple(_covering(release, field, earlier, told)) for field in _leaving(release))
        return list(dict.fromkeys(ways))

    def _covered_before(self, old: Agreement, record: str) -> Claim:
        """Return the claim that ``old`` covers whomever the rows chosen for the new ``about`` are about.

        It may choose among these rows and, where it is the person's own, the row that is released. A person who has no
        others is one that there may be, so that nothing else is chosen.
        """
        providers = tuple(sorted(old.providers))
        choices: list[list[str]] = []
        for name in records_named(old.about):
            rows = [self._chosen[name]] if name in self._chosen else []
            choices.append(rows + ([ROW] if name == record and record not in SHARED else []))
        names = records_named(old.about)
        scenes = [dict(zip(names, rows, strict=True)) for rows in product(*choices)]
        return Some(tuple(self._covers(old, scene, providers) for scene in scenes))

    def _covers(self, old: Agreement, scene: Scene, providers: tuple[str, ...]) -> Claim:
        own = [Own(ROW)] if ROW in scene.values() else []
        seen = [self._seen(old, record, scene) for record in scene]
        return Every((*own, *seen, covered(old.about, scene, providers, self._vocabulary)))

    def _applied_before(self, old: Agreement, covering: Sequence[Release]) -> Claim:
        providers = tuple(sorted(old.providers))
        return Some(
            tuple(
                Every((self._seen(old, each.record, {each.record: ROW}), applies(each, providers))) for each in covering
            )
        )

    def _seen(self, old: Agreement, record: str, scene: Scene) -> Claim:
        """Return the claim that a row is one of ``old``'s providers'."""
        if set(self._agreement.providers) <= set(old.providers):
            return Every(())
        return _among(record, "agency", old.providers, scene)


def _found(question: _Question, answer: Answer) -> Iterator[Finding]:
    finding = question.finding
    if answer.verdict is Verdict.UNDECIDED:
        yield Finding(Kind.UNDECIDED, finding.clause, finding.fields, (finding.kind,))
    elif (answer.verdict is Verdict.YES) is question.so:
        yield Finding(finding.kind, finding.clause, finding.fields, finding.others, answer.example)


# --- forms -----------------------------------------------------------------------------------------------------------


class _Told(NamedTuple):
    """What one form tells beside another; ``alike`` whether both agreements cut areas in one way."""

    vocabulary: Vocabulary
    alike: bool

    def no_more(self, form: str, than: str, field: Field) -> bool:
        same_area = self.alike or form != "area" or than != "area"
        return same_area and tells_no_more(form, than, field)


def _leaving(release: Release) -> list[str]:
    return [each.field for each in release.fields if each.minimiser != "withheld"]


def _covering(release: Release, field: str, others: Iterable[Release], told: _Told) -> list[Release]:
    """Return the clauses that tell at least as much of a field as ``release`` does."""
    of = told.vocabulary.record_type(release.record).field(field)
    return [
        each
        for each in others
        if _may_meet(each, release) and told.no_more(release.minimiser(field), each.minimiser(field), of)
    ]


def _may_meet(one: Release, other: Release) -> bool:
    """Whether a row may be of the categories of both clauses."""
    return not one.of or not other.of or not set(one.of).isdisjoint(other.of)


def _differing(one: Release, other: Release) -> list[str]:
    """Return the fields that two clauses both name, in different forms."""
    if one.record != other.record or not _may_meet(one, other):
        return []
    named = {each.field: each.minimiser for each in one.fields}
    return [each.field for each in other.fields if named.get(each.field, each.minimiser) != each.minimiser]


def _wider(old: Agreement, new: Agreement) -> Iterator[Finding]:
    """Yield to whom, by which way and for what the new version opens what the old one did not."""
    if new.purpose != old.purpose:
        yield Finding(Kind.OPENS_WIDER, "purpose", others=(new.purpose,))
    for clause, before, after in (
        ("recipients", old.recipients, new.recipients),
        ("roles", old.requesters.roles, new.requesters.roles),
        ("channels", old.channels, new.channels),
        ("must_state", new.requesters.must_state, old.requesters.must_state),
    ):
        more = tuple(each for each in after if each not in before)
        if more:
            yield Finding(Kind.OPENS_WIDER, clause, others=more)
    if old.onward == "none" != new.onward:
        yield Finding(Kind.OPENS_WIDER, "onward", others=(new.onward,))
