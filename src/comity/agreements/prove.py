"""What can be proved of an agreement before it is signed: that no row, on no day, makes it do what it should not. Pure.

Questions, each decided for all rows there can be (:mod:`comity.agreements.smt` says what is known of every row):

1. **Can it apply?** An ``about`` or a ``where`` that is never true; a clause of which everything leaves under earlier
   clauses already.
2. **Do two clauses overlap?** They release a field of one row in different forms; then both leave.
3. **Does the new version release no more than the old?** A row and a field of it that leaves under the new, and under
   the old does not, or only in a form that tells less (:func:`tells_no_more`). One clause of the old version must
   release as much: what several release in part is not added up, so it counts as more.
4. **Does it let out what is sealed?** A row of which a field of a given sensitivity leaves as it is.
5. **Does the law let it?** Whether a lawful basis carries it (:mod:`comity.agreements.carried`), whether it may leave
   for its purpose, and how long it may be kept (:mod:`comity.agreements.limits`). No solver is needed for that.

What the answers rest on: a clause without ``of`` releases only rows of the person's own, as the gate does, but for the
types of :data:`~comity.agreements.related.SHARED` and :data:`~comity.agreements.related.OF_THE_CASE`; and a version is
asked about on the days on which it may be in force.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import product
from typing import Final, NamedTuple, TypeAlias

from comity.agreements.budget import spends_more
from comity.agreements.carried import uncarried
from comity.agreements.claims import Claim, Every, Example, Holds, NotSo, Own, Refers, Some, tried
from comity.agreements.lengths import end_of
from comity.agreements.limits import kept, restricted
from comity.agreements.meaning import joins, records_named
from comity.agreements.models import Agreement, Column, Condition, Confidential, In, Literal, Release, Review
from comity.agreements.prover import Answer, Prover, Verdict
from comity.agreements.reach import Boxes, Scene, Touching
from comity.agreements.related import SHARED
from comity.agreements.told import Told, differing, leaving, of_all, own_only, together
from comity.vocabulary.models import Sensitivity, Vocabulary

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
    FORBIDDEN = "forbidden"
    DOUBTED = "doubted"
    KEPT_TOO_LONG = "kept-too-long"
    KEPT_LONG = "kept-long"
    LIMIT_UNKNOWN = "limit-unknown"
    RELEASES_MORE = "releases-more"
    OPENS_WIDER = "opens-wider"
    UNDECIDED = "undecided"


#: What an agreement cannot mean: it says something that is never so, says it twice, or has the law against it.
#: It cannot be signed.
CONTRADICTIONS: Final = frozenset(
    {
        Kind.COVERS_NOBODY,
        Kind.NEVER_APPLIES,
        Kind.ADDS_NOTHING,
        Kind.NOT_CARRIED,
        Kind.NEVER_ALONE,
        Kind.FORBIDDEN,
        Kind.KEPT_TOO_LONG,
    }
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
    Kind.FORBIDDEN,
    Kind.KEPT_TOO_LONG,
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


_Meeting: TypeAlias = tuple[Release, list[Release]]  # a clause, and the earlier ones that may release a row of it


def prove(
    agreement: Agreement, vocabulary: Vocabulary, levels: Collection[Sensitivity] = SEALED
) -> tuple[Finding, ...]:
    """Return what is found of an agreement by itself; of nothing else it is proved that it cannot be.

    ``levels`` are the sensitivities of which question 4 is asked.
    """
    proof = _Proof(agreement, vocabulary)
    first = list(proof.decided([*proof.can_apply()]))
    never = {finding.clause for finding in first if finding.kind is not Kind.UNDECIDED}
    alive = [release for release in agreement.releases if not never & {release.clause, "about"}]
    meeting = list(proof.meeting(alive))
    return (
        *first,
        *proof.decided([*proof.adds_something(meeting)]),
        *proof.overlaps(meeting),
        *proof.decided([*proof.lets_out(alive, levels)]),
        *(
            Finding(Kind(found.kind), found.clause, found.fields, found.terms)
            for found in (
                *uncarried(agreement, vocabulary),
                *restricted(agreement, vocabulary),
                *kept(agreement, vocabulary),
            )
        ),
    )


def contradictions(agreement: Agreement, vocabulary: Vocabulary) -> tuple[Finding, ...]:
    """Return what keeps an agreement from being signed."""
    return tuple(finding for finding in prove(agreement, vocabulary) if finding.kind in CONTRADICTIONS)


def compare(old: Agreement, new: Agreement, vocabulary: Vocabulary) -> tuple[Finding, ...]:
    """Return what ``new`` releases that ``old`` does not; if nothing, it is proved that it releases no more."""
    proof = _Proof(new, vocabulary)
    return (*_wider(old, new), *proof.decided([*proof.releases_more(old)]))


# --- the claims ------------------------------------------------------------------------------------------------------


def applies(release: Release, providers: tuple[str, ...]) -> Claim:
    """Return the claim that a clause releases the row: it is of its categories, and its ``where`` is true."""
    scene = {release.record: ROW}
    parts: list[Claim] = [Own(ROW)] if own_only(release) else []
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


def _among(record: str, field: str, values: Iterable[str], scene: Scene) -> Claim:
    return Holds(In(Column(record, field), tuple(Literal(each) for each in values)), scene, ())


def _chosen(about: Condition) -> dict[str, str]:
    """Return a row for each record type that an ``about`` names."""
    return {record: str(number) for number, record in enumerate(records_named(about), 1)}


class _Proof:
    """The questions about one agreement, over one sketch of its rows and days."""

    def __init__(self, agreement: Agreement, vocabulary: Vocabulary) -> None:
        self.agreement, self.vocabulary = agreement, vocabulary
        days = agreement.in_force.start, agreement.in_force.until
        self.prover = Prover(vocabulary, days, agreement.providers, agreement.recipients)
        self.providers = tuple(sorted(agreement.providers))
        self.chosen = _chosen(agreement.about)
        self.about = covered(agreement.about, self.chosen, self.providers, vocabulary)
        self._reached: dict[int, tuple[Claim, Boxes]] = {}

    def decided(self, questions: Sequence[_Question]) -> Iterator[Finding]:
        """Ask, and yield what is found; examples are asked for only where a finding shows one."""
        for so in (False, True):
            asked = [question for question in questions if question.so is so]
            answers = self.prover.ask([question.claim for question in asked], examples=so)
            for question, answer in zip(asked, answers, strict=True):
                yield from _found(question, answer)

    def can_apply(self) -> Iterator[_Question]:
        """Yield whether the ``about`` and each clause can be true (question 1)."""
        yield _Question(self.about, False, Finding(Kind.COVERS_NOBODY, "about"))
        for release in self.agreement.releases:
            yield _Question(self._applies(release), False, Finding(Kind.NEVER_APPLIES, release.clause))

    def adds_something(self, meeting: Iterable[_Meeting]) -> Iterator[_Question]:
        """Yield, for each clause that earlier ones might make superfluous, whether it adds a field of some row."""
        told = Told(self.vocabulary, alike=True)
        for release, earlier in meeting:
            ways = list(dict.fromkeys(tuple(told.covering(release, field, earlier)) for field in leaving(release)))
            if ways and all(ways):
                clauses = {each.number: each for each in earlier}
                others = tuple(clauses[number].clause for number in dict.fromkeys(sum(ways, ())))
                said = (Some(tuple(self._applies(clauses[number]) for number in way)) for way in ways)
                claim = Every((self._applies(release), Some(tuple(NotSo(each) for each in said))))
                yield _Question(claim, False, Finding(Kind.ADDS_NOTHING, release.clause, others=others))

    def overlaps(self, meeting: Iterable[_Meeting]) -> Iterator[Finding]:
        """Yield each two clauses that release a field of one row in different forms (question 2).

        Of each clause it is asked whether any earlier one overlaps; the example says which, and those are not asked
        again. So without overlaps there are at most as many questions as clauses.
        """
        found = [(release, [each for each in earlier if differing(each, release)]) for release, earlier in meeting]
        while pending := [(release, earlier) for release, earlier in found if earlier]:
            claims = [
                Every((self._applies(release), Some(tuple(self._applies(each) for each in earlier))))
                for release, earlier in pending
            ]
            found = []
            for (release, earlier), answer in zip(pending, self.prover.ask(claims, examples=True), strict=True):
                met = self._overlapping(earlier, answer)
                for each in met:
                    fields = tuple(differing(each, release))
                    yield Finding(Kind.OVERLAP, release.clause, fields, (each.clause,), answer.example)
                found.append((release, [each for each in earlier if each not in met] if met else []))
                if answer.verdict is Verdict.UNDECIDED:
                    yield Finding(Kind.UNDECIDED, release.clause, others=(Kind.OVERLAP,))

    def _overlapping(self, earlier: Iterable[Release], answer: Answer) -> list[Release]:
        example = answer.example
        return [each for each in earlier if tried(self._applies(each), example)] if example else []

    def lets_out(self, releases: Iterable[Release], levels: Collection[Sensitivity]) -> Iterator[_Question]:
        """Yield, for each clause that names a field of one of the levels as it is, whether it ever leaves so."""
        for release in releases:
            record = self.vocabulary.record_type(release.record)
            out = tuple(
                each.field
                for each in release.fields
                if each.minimiser == "as-is" and record.field(each.field).sensitivity in levels
            )
            if out:
                claim = Every((self.about, self._applies(release)))
                yield _Question(claim, True, Finding(Kind.SEALED_LEAVES, release.clause, out))

    def releases_more(self, old: Agreement) -> Iterator[_Question]:
        """Yield, for each clause and the fields that the same clauses of ``old`` cover, whether more leaves.

        What leaves under the same conditions, or the same and more, for the same people needs no question.
        """
        before = _Before(old, self)
        told = Told(self.vocabulary, alike=old.jurisdiction == self.agreement.jurisdiction)
        for release in self.agreement.releases:
            new = leaving(release)
            earlier: list[Release] = []
            for find in (before.saying_less, before.meeting):
                earlier = find(release) if new else []
                surely = before.surely(release, earlier)
                new = [field for field in new if not any(told.covering(release, field, surely))]
            groups: dict[tuple[int, ...], list[str]] = {}
            for field in new:
                groups.setdefault(tuple(told.covering(release, field, earlier)), []).append(field)
            for clauses, fields in groups.items():
                still = before.claim(release.record, [each for each in earlier if each.number in clauses])
                claim = Every((self.about, self._applies(release), NotSo(still)))
                yield _Question(claim, True, Finding(Kind.RELEASES_MORE, release.clause, tuple(fields)))

    # --- their parts -------------------------------------------------------------------------------------------------

    def _applies(self, release: Release) -> Claim:
        return self.reached(release)[0]

    def reached(self, release: Release) -> tuple[Claim, Boxes]:
        """Return the claim that a clause releases the row, and how far it reaches; each is worked out once."""
        if release.number not in self._reached:
            claim = applies(release, self.providers)
            self._reached[release.number] = claim, self.prover.reached(claim)
        return self._reached[release.number]

    def meeting(self, releases: Sequence[Release]) -> Iterator[_Meeting]:
        """Yield each clause with the earlier ones that may release a row which it releases."""
        among: dict[str, Touching[Release]] = {}
        for release in releases:
            boxes = self.reached(release)[1]
            earlier = among.setdefault(release.record, Touching())
            yield release, earlier.to(boxes)
            earlier.add(release, boxes)


class _Before:
    """What an older agreement released, in the words of the proof about a newer one."""

    def __init__(self, old: Agreement, proof: _Proof) -> None:
        self._old, self._proof = old, proof
        self._providers = tuple(sorted(old.providers))
        self._same_providers = set(old.providers) == set(proof.providers)
        self._worded: dict[tuple[str, Condition | None], list[Release]] = {}
        self._clauses: dict[str, Touching[Release]] = {}
        self._claims: dict[int, Claim] = {}
        self._covers: dict[str, Claim] = {}
        self._conjuncts: dict[int, frozenset[Condition]] = {}  # both agreements outlive the proof
        self._all: dict[str, bool] = {}
        for each in old.releases:
            claim = Every((self._seen({each.record: ROW}, each.record), applies(each, self._providers)))
            self._claims[each.number] = claim
            self._clauses.setdefault(each.record, Touching()).add(each, proof.prover.reached(claim))
        often = Counter((each.record, part) for each in old.releases for part in self._parts(each))
        for each in old.releases:
            parts = {part: often[each.record, part] for part in self._parts(each)}
            rarest = min(parts, key=parts.__getitem__, default=None)
            self._worded.setdefault((each.record, rarest), []).append(each)

    def saying_less(self, release: Release) -> list[Release]:
        """Return the old clauses that may say the same or less of the row: each stands under a word that it needs."""
        words = [None, *self._parts(release)]
        return [each for word in words for each in self._worded.get((release.record, word), [])]

    def surely(self, release: Release, clauses: Iterable[Release]) -> list[Release]:
        """Return those of the old clauses that surely release each row which ``release`` does.

        It is one that says the same or less of the row; of other providers none is known, since ``exists`` looks among
        their rows.
        """
        if not (self._same_providers and self.covers_all(release.record)):
            return []
        said = self._parts(release)
        return [each for each in clauses if of_all(release, each) and self._parts(each) <= said]

    def _parts(self, release: Release) -> frozenset[Condition]:
        """Return the conditions that must be true together for a clause to release a row."""
        if id(release) not in self._conjuncts:
            self._conjuncts[id(release)] = frozenset(together(release.where))
        return self._conjuncts[id(release)]

    def meeting(self, release: Release) -> list[Release]:
        """Return the old clauses that may release a row which ``release`` does."""
        among = self._clauses.get(release.record)
        return among.to(self._proof.reached(release)[1]) if among else []

    def covers_all(self, record: str) -> bool:
        """Whether it is proved: the old ``about`` covers whomever the new one does; asked once for a record type."""
        if record not in self._all:
            same = self._same_providers and self._old.about == self._proof.agreement.about
            self._all[record] = same or self._covers_whom_new_does(record)
        return self._all[record]

    def claim(self, record: str, clauses: Iterable[Release]) -> Claim:
        """Return the claim that the row left under one of the old clauses."""
        applied = Some(tuple(self._claims[each.number] for each in clauses))
        return applied if self.covers_all(record) else Every((self._covered(record), applied))

    def _covers_whom_new_does(self, record: str) -> bool:
        claim = Every((self._proof.about, NotSo(self._covered(record))))
        return self._proof.prover.ask([claim], examples=False)[0].verdict is Verdict.NO

    def _covered(self, record: str) -> Claim:
        """Return the claim that ``old`` covers whomever the rows chosen for the new ``about`` are about.

        It may choose among these rows and, where it is the person's own, the row that is released. A person who has no
        others is one that there may be, so that nothing else is chosen.
        """
        if record not in self._covers:
            chosen, names = self._proof.chosen, records_named(self._old.about)
            choices = [
                ([chosen[name]] if name in chosen else []) + ([ROW] if name == record and record not in SHARED else [])
                for name in names
            ]
            scenes = [dict(zip(names, rows, strict=True)) for rows in product(*choices)]
            self._covers[record] = Some(tuple(self._covers_in(scene) for scene in scenes))
        return self._covers[record]

    def _covers_in(self, scene: Scene) -> Claim:
        own = [Own(ROW)] if ROW in scene.values() else []
        seen = [self._seen(scene, record) for record in scene]
        return Every((*own, *seen, covered(self._old.about, scene, self._providers, self._proof.vocabulary)))

    def _seen(self, scene: Scene, record: str) -> Claim:
        """Return the claim that a row is one of ``old``'s providers'."""
        if set(self._proof.providers) <= set(self._old.providers):
            return Every(())
        return _among(record, "agency", self._old.providers, scene)


def _found(question: _Question, answer: Answer) -> Iterator[Finding]:
    finding = question.finding
    if answer.verdict is Verdict.UNDECIDED:
        yield Finding(Kind.UNDECIDED, finding.clause, finding.fields, (finding.kind,))
    elif (answer.verdict is Verdict.YES) is question.so:
        yield Finding(finding.kind, finding.clause, finding.fields, finding.others, answer.example)


# --- wider ----------------------------------------------------------------------------------------------------------


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
    was, will = old.statistics, new.statistics
    if was is not None and will is not None and spends_more(was, will):
        yield Finding(Kind.OPENS_WIDER, "statistics", others=(f"epsilon {will.epsilon:f}, {will.per}",))
    if old.onward == "none" != new.onward:
        yield Finding(Kind.OPENS_WIDER, "onward", others=(new.onward,))
    yield from _less_reviewed(old.review, new.review)
    yield from _told_later(old.confidential, new.confidential)


def _told_later(old: Confidential | None, new: Confidential | None) -> Iterator[Finding]:
    """Yield if the people concerned are told of a use later than they were."""
    if new is not None and (old is None or end_of(new.length, date.min) > end_of(old.length, date.min)):
        yield Finding(Kind.OPENS_WIDER, "confidential", others=(new.length,))


def _less_reviewed(old: Review | None, new: Review | None) -> Iterator[Finding]:
    """Yield where the new version has less of each use looked at, later or with less consequence, or shows it to more.

    Whoever reviews reads who asked and why; so one reviewer more is one reader more.
    """
    if old is not None and new is None:
        yield Finding(Kind.OPENS_WIDER, "review", others=("review",))
    if old is not None and new is not None:
        less = {
            "each": (old.each, new.each) == ("request", "disclosure"),
            "within": new.time > old.time,
            "notice": (old.notice, new.notice) == ("immediate", "none"),
            "overdue": old.suspends and not new.suspends,
        }
        if any(less.values()):
            yield Finding(Kind.OPENS_WIDER, "review", others=tuple(key for key, so in less.items() if so))
    if new is not None:
        before = (*old.roles, *old.agencies) if old else ()
        more = tuple(each for each in (*new.roles, *new.agencies) if each not in before)
        if more:
            yield Finding(Kind.OPENS_WIDER, "reviewers", others=more)
