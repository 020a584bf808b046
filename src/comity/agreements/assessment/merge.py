"""The working document of several people at once: what each changed, what stands, and where they disagree. Pure.

Rules:

1. A change names the revision of the field that its author saw. It takes the place of what was there up to then, and of
   nothing newer.
2. What was written beside it, unseen, stays beside it: a conflict. The same answer twice is one answer, not a conflict.
3. A conflict is resolved by a person who has seen all of its sides and says so. Nothing else resolves it.
4. An item that is removed takes its answers with it, unless somebody answered about it unseen: then that is a conflict,
   and until it is resolved the item stays.
5. What stands does not depend on when anything arrived, only on what each author had seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from comity.agreements.assessment.catalogue import load_catalogue
from comity.agreements.assessment.check import well_formed, wrong_by_itself
from comity.agreements.assessment.models import PRESENT, Answer, Assessment, Discipline, Kind, Step
from comity.agreements.errors import ActRefusedError
from comity.vocabulary.models import Vocabulary


@dataclass(frozen=True, slots=True)
class Editor:
    """Who writes: the opaque id of a member of staff, for an agency, as one of the disciplines."""

    staff: str
    agency: str
    discipline: Discipline


@dataclass(frozen=True, slots=True)
class Edit:
    """What somebody wants to write at a path; ``after`` is None to take an answer or an item away.

    ``based_on`` is the revision of the path that its author saw (:meth:`Working.revision`): 0 if there was nothing.
    """

    path: str
    after: Answer | None
    based_on: int
    resolves: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One edit that was taken, with its number, counted from 1 in each assessment: history and state."""

    number: int
    path: str
    before: Answer | None  # what its author saw
    after: Answer | None
    based_on: int
    resolves: bool
    by: Editor
    at: datetime


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two changes or more that were made without sight of one another, oldest first."""

    path: str
    sides: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Working:
    """The working document: every change, and which of them stand at each path."""

    name: str
    version: int
    changes: tuple[Change, ...]
    heads: Mapping[str, tuple[Change, ...]]

    @property
    def revision_of_all(self) -> int:
        """Return the revision of the whole document: the number of its newest change."""
        return self.changes[-1].number if self.changes else 0

    def revision(self, path: str) -> int:
        """Return the revision of a field; of an item, that of everything about it."""
        return max((each.number for each in self.changes if _within(each.path, path)), default=0)

    def history(self, path: str) -> tuple[Change, ...]:
        """Return what was changed at a path, oldest first."""
        return tuple(each for each in self.changes if each.path == path)

    def step_revision(self, step: Step) -> int:
        """Return the number of the newest change within a step."""
        catalogue = load_catalogue()
        return max((each.number for each in self.changes if catalogue.step_of(each.path) is step), default=0)

    def at(self, revision: int) -> Working:
        """Return the document as it was at an earlier revision."""
        return fold(self.name, self.version, (each for each in self.changes if each.number <= revision))

    def conflicts(self) -> tuple[Conflict, ...]:
        """Return what must be resolved, by path."""
        found = (Conflict(path, self._sides(path)) for path in sorted(self.heads))
        return tuple(conflict for conflict in found if len(conflict.sides) > 1)

    def conflict_at(self, path: str) -> Conflict | None:
        """Return the conflict at a path, if there is one."""
        sides = self._sides(path)
        return Conflict(path, sides) if len(sides) > 1 else None

    def assessment(self) -> Assessment:
        """Return what stands. Where there is a conflict, the oldest answer shows until it is resolved."""
        shown = {path: answer for path in self.heads if (answer := self.shown(path)) is not None}
        there = {
            path: answer for path, answer in shown.items() if _item_of(path) in ("", path) or _item_of(path) in shown
        }
        return Assessment(self.name, self.version, there)

    def _sides(self, path: str) -> tuple[Change, ...]:
        heads = self.heads.get(path, ())
        removed = [each for each in heads if each.after is None]
        if _item_of(path) != path or not removed:
            return heads
        seen = min(each.based_on for each in removed)
        unseen = (
            each for each in self.changes if each.path != path and _within(each.path, path) and each.number > seen
        )
        return tuple(sorted((*heads, *unseen), key=lambda each: each.number))

    def shown(self, path: str) -> Answer | None:
        """Return what shows at a path, whether or not the item that it is about is there."""
        sides = self._sides(path)
        if _item_of(path) == path and len(sides) > 1:
            return next((each.after for each in self.heads[path] if each.after), Answer(PRESENT))
        return next((each.after for each in sides if each.after is not None), None)


def fold(name: str, version: int, changes: Iterable[Change]) -> Working:
    """Return the working document that changes make, taken in the order of their numbers."""
    heads: dict[str, tuple[Change, ...]] = {}
    taken = tuple(sorted(changes, key=lambda each: each.number))
    for change in taken:
        beside = (each for each in heads.get(change.path, ()) if each.number > change.based_on)
        heads[change.path] = (*(each for each in beside if each.after != change.after), change)
    return Working(name, version, taken, heads)


def change_for(working: Working, edit: Edit, by: Editor, at: datetime, vocabulary: Vocabulary) -> Change | None:
    """Return the change that an edit is, None if it changes nothing; :class:`ActRefusedError` says why it cannot be."""
    now, conflict = working.revision(edit.path), working.conflict_at(edit.path)
    edit = _in_order(edit)
    _check(edit, now, conflict, vocabulary)
    if conflict is None and edit.after == working.shown(edit.path):
        return None
    seen = (each for each in working.changes if each.number <= edit.based_on and _within(each.path, edit.path))
    before = fold(working.name, working.version, seen).shown(edit.path)
    number = working.revision_of_all + 1
    return Change(number, edit.path, before, edit.after, edit.based_on, edit.resolves, by, at)


def edits_between(base: Working, edited: Assessment) -> tuple[Edit, ...]:
    """Return what somebody changed in a file that was exported at ``base``, as edits based on what stood there."""
    before, after = base.assessment().answers, edited.answers
    edits = []
    for path in sorted({*before, *after}):
        item = _item_of(path)
        gone_with_item = item not in ("", path) and item in before and item not in after
        if before.get(path) != after.get(path) and not gone_with_item:
            based_on = _NOTHING_SEEN if base.conflict_at(path) else base.revision(path)
            edits.append(Edit(path, after.get(path), based_on))
    return tuple(edits)


_NOTHING_SEEN: Final = 0  # a file shows one side of a conflict only: what it says becomes one more side


def _check(edit: Edit, now: int, conflict: Conflict | None, vocabulary: Vocabulary) -> None:
    path = edit.path
    if not well_formed(path):
        raise ActRefusedError(f"{path}: nothing is asked there. Take a path of the catalogue.")
    if not 0 <= edit.based_on <= now:
        raise ActRefusedError(
            f"{path} has no revision {edit.based_on}; the newest is {now}. Look again, and edit that."
        )
    if edit.resolves and conflict is None:
        raise ActRefusedError(f"{path}: there is no conflict to resolve. Look again.")
    if edit.resolves and edit.based_on != now:
        raise ActRefusedError(f"{path}: somebody wrote since you looked. Look at all of the sides before you resolve.")
    if conflict and not edit.resolves and edit.based_on >= conflict.sides[-1].number:
        raise ActRefusedError(
            f"{path}: {len(conflict.sides)} answers stand here side by side. Say that you resolve them."
        )
    for wrong in wrong_by_itself(path, edit.after, vocabulary) if edit.after else ():
        raise ActRefusedError(f"{path}: {wrong.cause} {wrong.mend}")


def _in_order(edit: Edit) -> Edit:
    """Return the edit with the fields of a record in the order of their names, as the canonical form has them."""
    question = load_catalogue().question_at(edit.path)
    if edit.after is None or question is None or question.kind is not Kind.FORMS or isinstance(edit.after.value, str):
        return edit
    after = Answer(tuple(sorted(edit.after.value)), edit.after.confidential)
    return Edit(edit.path, after, edit.based_on, edit.resolves)


def _item_of(path: str) -> str:
    """Return the item that a path is about, or that it is; empty for a question that is asked once."""
    return ".".join(path.split(".")[:2]) if "." in path else ""


def _within(path: str, of: str) -> bool:
    return path == of or path.startswith(f"{of}.")
