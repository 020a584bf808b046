"""Compile: what several agreements let out of today's records, counted in one statement. Pure.

Rules:

1. Which rows leave is said by the very parts that a read is compiled from (:mod:`comity.gate.scope` and
   :mod:`comity.gate.release`). Agreements with the same providers, ``about`` and consent share them.
2. Each way in which rows of a type come is taken once for all clauses of all versions: a bit for each clause says
   whether it lets the row out. So a table is read once for each way, not once for each clause or field.
3. No value leaves the statement: of a field it says whether there is something, of a record or a person nothing.
4. What counts (let out, new, gone, unopened, unshown) is worked out for each distinct mixture of bits, of which there
   are few, and added up over rows and over people.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlglot import exp

from comity.agreements import Agreement
from comity.agreements.consent import LETS_LEAVE
from comity.agreements.minimisers import tells_no_more
from comity.agreements.models import Condition
from comity.agreements.related import SHARED
from comity.gate.compile import refuse_unknown_functions
from comity.gate.conditions import Compiler, Slot, Slots
from comity.gate.impact.views import View
from comity.gate.minimise import expression
from comity.gate.models import Act, Clause
from comity.gate.release import Way, coming, narrowing, needs_others, others, ways
from comity.gate.scope import Cte, scope
from comity.gate.trees import column, every, is_there, needed, parsed, some, typed, union
from comity.gate.wide import HIGHEST, LOWEST
from comity.store import load_queries
from comity.vocabulary.models import Field, Vocabulary

_PIECES: Final = load_queries("comity.gate.impact", "pieces.sql")

#: Forms that may give nothing of a value that is there; of the others it is enough that there is one.
_MAY_GIVE_NOTHING: Final = frozenset({"area", "age-band", "band"})
_MOST_ARGUMENTS: Final = 50  # of one call of concat; PostgreSQL takes a hundred

Key = tuple[str, Field, str]
"""Recipient, field and form: what is counted apart."""


@dataclass(frozen=True, slots=True)
class Table:
    """What is counted of one record type: its keys, in the order of their bits, five for each."""

    record: str
    keys: tuple[Key, ...]
    categories: tuple[str, ...]  # that its clauses name, in the vocabulary's order; all, if one names none


@dataclass(frozen=True, slots=True)
class Weighing:
    """The statement. ``values`` are its own parameters, ``slots`` those of the agreements' conditions."""

    sql: str
    slots: Mapping[str, Slot]
    values: Mapping[str, Any]
    tables: tuple[Table, ...]
    providers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What the log may have shown by one clause of one version to one recipient."""

    agency: str
    agreement: Agreement
    clause: Clause


@dataclass(frozen=True, slots=True)
class _Scope:
    """Who is covered, by whose records: what agreements may have in common."""

    providers: tuple[str, ...]
    about: Condition
    consent: str
    agreement: str  # whose consent was asked for; empty where nobody's is

    @classmethod
    def of(cls, view: View) -> _Scope:
        agreement = view.agreement
        asked = LETS_LEAVE[agreement.consent] is not None
        return cls(agreement.providers, agreement.about, agreement.consent, agreement.name if asked else "")


def weighing(
    views: Sequence[View], recipients: tuple[str, ...], told: Sequence[Told], today: date, vocabulary: Vocabulary
) -> Weighing:
    """Return the statement that weighs ``views``; there is one at least."""
    compiler = Compiler(vocabulary, Slots())
    scopes = tuple(dict.fromkeys(map(_Scope.of, views)))
    types = [_Type(record, views, scopes, recipients, compiler) for record in _released(views, vocabulary)]
    parts: list[Cte] = []
    for number, each in enumerate(scopes):
        of_scope = [*_scope_parts(each, views, compiler), *(it.seen(number) for it in types)]
        parts += _of_its_own(number, [part for part in of_scope if part is not None])
    values: dict[str, Any] = {"today": today, "first": LOWEST, "last": HIGHEST}
    for number, each in enumerate(scopes):
        values |= _values(number, each)
    finals = [_covered(views, scopes, recipients)]
    for it in types:
        made, final = it.parts(told)
        parts += made
        finals.append(final)
    values |= _told_values(told, types)
    statement = exp.select("*").from_(exp.Subquery(this=union(finals), alias=exp.to_identifier("counted", quoted=True)))
    for name, query in needed(statement, parts):
        once = (
            True if name.startswith("said_of_") else None
        )  # else it is worked out anew for each row that it is joined to
        statement = statement.with_(
            exp.to_identifier(name, quoted=True), as_=query, recursive=True, materialized=once, copy=False
        )
    refuse_unknown_functions(statement)
    providers = tuple(dict.fromkeys(agency for each in scopes for agency in each.providers))
    sql = str(statement.sql(dialect="postgres", identify=True))
    return Weighing(sql, compiler.slots.named(), values, tuple(it.table for it in types), providers)


def _released(views: Sequence[View], vocabulary: Vocabulary) -> list[str]:
    """Return the record types of which the version proposed, or the one before, lets something out."""
    named = {clause.record for view in views if view.new or view.old for clause in view.clauses}
    return [record for record in vocabulary.record_types if record in named]


# --- scopes ----------------------------------------------------------------------------------------------------------

#: Parameters that each scope has for itself.
_OWN_VALUES: Final = frozenset({"providers", "agreement", "consents"})


def _values(number: int, of: _Scope) -> dict[str, Any]:
    consents = list(LETS_LEAVE[of.consent] or ())
    own = {"providers": list(of.providers), "agreement": of.agreement, "consents": consents}
    return {f"{name}_{number}": value for name, value in own.items()}


def _scope_parts(of: _Scope, views: Sequence[View], compiler: Compiler) -> list[Cte]:
    parts = list(scope(Act.EXTRACT, (), of.about, compiler, by_consent=LETS_LEAVE[of.consent] is not None))
    clauses = tuple(clause for view in views if _Scope.of(view) == of for clause in view.clauses)
    if needs_others(clauses):
        parts.append(("other", others(compiler.vocabulary)))
    return parts


def _of_its_own(number: int, parts: list[Cte]) -> list[Cte]:
    """Return the parts of one scope, under names of their own and with parameters of their own."""
    names = {name: f"{name}_{number}" for name, _ in parts}
    return [(names[name], _renamed(query, names, f"_{number}")) for name, query in parts]


def _renamed(query: exp.Expr, names: Mapping[str, str], suffix: str = "") -> exp.Expr:
    """Return the query reading from the parts by their new names; within it they go by the old."""
    for table in list(query.find_all(exp.Table)):
        if not table.db and table.name in names:
            if not table.alias:
                table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name, quoted=True)))
            table.set("this", exp.to_identifier(names[table.name], quoted=True))
    for placeholder in list(query.find_all(exp.Placeholder)):
        if suffix and placeholder.name in _OWN_VALUES:
            placeholder.set("this", f"{placeholder.name}{suffix}")
    return query


def _covered(views: Sequence[View], scopes: Sequence[_Scope], recipients: tuple[str, ...]) -> exp.Expr:
    """Return how many people each recipient can ask about: two bits each, by the new version and by the old."""
    queries = []
    for view in views:
        if view.new or view.old:
            places = [2 * recipients.index(each) + (0 if view.new else 1) for each in view.recipients]
            bits = _bits(places, 2 * len(recipients))
            name = f"entitled_{scopes.index(_Scope.of(view))}"
            query = exp.select(column(name, "person"), exp.alias_(bits, "bits", quoted=True))
            queries.append(query.from_(exp.table_(name, quoted=True)))
    everybody = exp.Subquery(this=union(queries), alias=exp.TableAlias(this=exp.to_identifier("able", quoted=True)))
    counted = parsed(_PIECES.covered)
    for table in list(counted.find_all(exp.Table)):
        if table.name == "able":
            table.replace(everybody)
    return counted


# --- one record type -------------------------------------------------------------------------------------------------


class _Type:
    """What the statement says of one record type."""

    def __init__(
        self,
        record: str,
        views: Sequence[View],
        scopes: Sequence[_Scope],
        recipients: tuple[str, ...],
        compiler: Compiler,
    ) -> None:
        self.record, self.compiler, self.scopes = record, compiler, scopes
        self.entries = [(view, clause) for view in views for clause in view.clauses if clause.record == record]
        self.filling = self._filling()
        self.table = Table(record, tuple(self._keys(recipients)), self._categories())
        self.places: dict[int, int] = {}  # scope -> in how many ways rows come by it

    def _keys(self, recipients: tuple[str, ...]) -> Iterator[Key]:
        for recipient in recipients:
            found = {
                (field.name, form): field
                for view, clause in self.entries
                if (view.new or view.old) and recipient in view.recipients
                for field, form in clause
            }
            for (_, form), field in found.items():
                yield recipient, field, form

    def _categories(self) -> tuple[str, ...]:
        compared = [clause for view, clause in self.entries if view.new or view.old]
        everybody = any(not clause.of for clause in compared)
        named = {category for clause in compared for category in clause.of}
        known = self.compiler.vocabulary.subject_categories
        return tuple(each for each in known if everybody or each in named)

    # what a row gives

    def _filling(self) -> dict[tuple[str, str], exp.Expr]:
        """Return of each field and form when it gives something, in the order of the bits of ``filled``."""
        filling: dict[tuple[str, str], exp.Expr] = {}
        for view, clause in self.entries:
            if view.new or view.old:
                for field, form in clause:
                    given = self._given(field, form, view.agreement.jurisdiction)
                    known = filling.get((field.name, form))
                    if known is None or known == given:
                        filling[field.name, form] = given
                    else:  # an area, by the postcodes of either jurisdiction
                        filling[field.name, form] = exp.paren(some(known, given))
        return filling

    def _given(self, field: Field, form: str, jurisdiction: str) -> exp.Expr:
        stored = column(self.record, field.name)
        if form == "present":
            return exp.true()
        if form in _MAY_GIVE_NOTHING and not field.sealed:
            return is_there(expression(form, field, stored, jurisdiction))
        return is_there(stored)

    # which rows come

    def seen(self, number: int) -> Cte | None:
        """Return the rows that come within one scope, each with the clauses that let it out."""
        mine = [at for at, (view, _) in enumerate(self.entries) if _Scope.of(view) == self.scopes[number]]
        by_way: dict[str, tuple[Way, list[int]]] = {}
        for at in mine:
            for way in ways(Act.EXTRACT, self.entries[at][1], self.compiler.vocabulary):
                text = " ".join(it.sql(dialect="postgres") for it in (way.account, *way.beside, way.when))
                by_way.setdefault(text, (way, []))[1].append(at)
        self.places[number] = len(by_way)
        branches = [self._branch(way, entries) for way, entries in by_way.values()]
        return (f"seen_{self.record}", union(branches)) if branches else None

    def _branch(self, way: Way, entries: list[int]) -> exp.Expr:
        narrowed = {at: narrowing(self.entries[at][1], self.compiler) for at in entries}
        conditions = [
            (exp.true() if not narrowed[at] else every(*narrowed[at])) if at in narrowed else exp.false()
            for at in range(len(self.entries))
        ]
        said = {"person": self._person(way), "whose": column(self.record, "whose")}
        said["mix"] = _flags([*conditions, *self.filling.values(), *[exp.false()] * len(self.table.keys)])
        columns = [exp.alias_(value, name, quoted=True) for name, value in said.items()]
        query = coming(self.record, way, "record_id", "source_person", *columns)
        if not _is_own(way):
            kin = exp.table_("kin", quoted=True, alias=exp.to_identifier("kindred", quoted=True))
            on = exp.EQ(this=column("kindred", "source_person"), expression=column(self.record, "source_person"))
            query = query.join(kin, on=on, join_type="left", copy=False)
        if all(narrowed.values()):
            query = query.where(exp.paren(some(*(every(*narrowed[at]).copy() for at in entries))), copy=False)
        return query

    def _person(self, way: Way) -> exp.Expr:
        """Return whom a row concerns (:mod:`comity.gate.impact.models`, rule 2)."""
        if _is_own(way):
            return way.account.copy()
        human = column("kindred", "person")
        return exp.Coalesce(this=human, expressions=[way.account.copy()]) if self.record in SHARED else human

    # what counts

    def parts(self, told: Sequence[Told]) -> tuple[list[Cte], exp.Expr]:
        """Return the parts that count, and the query of the counts."""
        seen = [number for number, ways_in in self.places.items() if ways_in]
        shared = "_shared" if self.record in SHARED else ""
        alone = not shared and sum(self.places.values()) == 1  # then each record comes once
        pieces: list[Cte] = [
            ("seen", union(_all_of(f"seen_{self.record}_{number}") for number in seen)),
            ("told", self._told()),
            ("shown", parsed(_PIECES.shown)),
            ("once", _all_of("seen") if alone else parsed(getattr(_PIECES, f"row{shared}"))),
            ("known", parsed(getattr(_PIECES, f"known{shared}")) if told else _all_of("once")),
            ("tally", parsed(getattr(_PIECES, f"tally{shared}"))),
            ("alike", parsed(_PIECES.alike)),
            ("said", self._said()),
            ("weighed", parsed(getattr(_PIECES, f"weighed{shared}"))),
            ("concerned", parsed(getattr(_PIECES, f"concerned{shared}"))),
        ]
        names = {name: f"{name}_of_{self.record}" for name, _ in pieces}
        final = _filled_in(parsed(_PIECES.counted), "record", typed(exp.Literal.string(self.record), "text"))
        return [(names[name], _renamed(query, names)) for name, query in pieces], _renamed(final, names)

    def _said(self) -> exp.Expr:
        flags = [exp.Case().when(it, exp.Literal.string("1")).else_(exp.Literal.string("0")) for it in self._counted()]
        told = typed(_joined(flags), "text")
        bits = exp.alias_(typed(told, f"bit({len(flags)})"), "bits", quoted=True)
        said = exp.alias_(told.copy(), "told", quoted=True)
        return exp.select(column("alike", "mix"), bits, said).from_(exp.table_("alike", quoted=True))

    @property
    def _width(self) -> int:
        return len(self.entries) + len(self.filling) + len(self.table.keys)

    def _has(self, places: Iterable[int]) -> exp.Expr:
        """Return whether any of the bits at ``places`` is set."""
        places = list(places)
        if not places:
            return exp.false()
        both = exp.paren(
            exp.BitwiseAnd(
                this=typed(column("alike", "mix"), f"bit({self._width})"), expression=_bits(places, self._width)
            )
        )
        return exp.paren(exp.NEQ(this=both, expression=_bits([], self._width)))

    def _counted(self) -> Iterator[exp.Expr]:
        """Yield when a row counts: of each key, in the order of :data:`comity.gate.impact.models.COUNTED`."""
        for at, key in enumerate(self.table.keys):
            _, field, form = key
            filled = self._has([len(self.entries) + list(self.filling).index((field.name, form))])
            let = every(self._lets(key, exactly=True, new=True), filled)
            new = every(let.copy(), exp.not_(self._lets(key, old=True)))
            gone = every(self._lets(key, exactly=True, old=True), filled.copy(), exp.not_(self._lets(key, new=True)))
            unopened = every(new.copy(), exp.not_(self._lets(key, in_force=True)))
            unshown = every(new.copy(), exp.not_(self._has([len(self.entries) + len(self.filling) + at])))
            yield from (let, new, gone, unopened, unshown)

    def _lets(
        self, key: Key, *, exactly: bool = False, new: bool = False, old: bool = False, in_force: bool = False
    ) -> exp.Expr:
        """Return whether a clause of such versions lets the field out in that form, or one that tells no less."""
        recipient, field, form = key
        places = [
            at
            for at, (view, clause) in enumerate(self.entries)
            if recipient in view.recipients
            and ((new and view.new) or (old and view.old) or (in_force and view.in_force))
            and any(
                it.name == field.name
                and (form == other if exactly else self._tells_no_more(form, other, field, view.agreement))
                for it, other in clause
            )
        ]
        return self._has(places)

    def _tells_no_more(self, form: str, than: str, field: Field, agreement: Agreement) -> bool:
        """Whether what is compared shows nothing in ``form`` that ``agreement`` does not show in the form ``than``.

        A pseudonym is another for each purpose: one under another purpose does not tell it.
        """
        if form == than == "pseudonym":
            return all(view.agreement.purpose == agreement.purpose for view, _ in self.entries if view.new or view.old)
        return tells_no_more(form, than, field)

    # the log

    def told_bits(self, told: Told) -> str:
        """Return what the log has shown by one clause to one recipient, as bits."""
        first = len(self.entries) + len(self.filling)
        shown = ["0"] * self._width
        if told.clause.record == self.record:
            for at, (recipient, field, form) in enumerate(self.table.keys):
                if recipient == told.agency and any(
                    it.name == field.name and self._tells_no_more(form, other, field, told.agreement)
                    for it, other in told.clause
                ):
                    shown[first + at] = "1"
        return "".join(shown)

    def _told(self) -> exp.Expr:
        arrays = {"agency": "text", "agreement": "text", "version": "int", "clause": "int"}
        names = [*arrays, "bits"]
        given = [typed(exp.Placeholder(this=f"told_{name}"), f"{kind}[]") for name, kind in arrays.items()]
        given.append(typed(exp.Placeholder(this=f"told_{self.record}"), "text[]"))
        table = exp.Unnest(
            expressions=given,
            alias=exp.TableAlias(
                this=exp.to_identifier("line", quoted=True),
                columns=[exp.to_identifier(name, quoted=True) for name in names],
            ),
        )
        chosen = [column("line", name) for name in arrays]
        bits = exp.alias_(typed(column("line", "bits"), f"bit({self._width})"), "bits", quoted=True)
        return exp.select(*chosen, bits).from_(table)


def _told_values(told: Sequence[Told], types: Iterable[_Type]) -> dict[str, Any]:
    values: dict[str, Any] = {
        "told_agency": [it.agency for it in told],
        "told_agreement": [it.agreement.name for it in told],
        "told_version": [it.agreement.version for it in told],
        "told_clause": [it.clause.number for it in told],
    }
    return values | {f"told_{of.record}": [of.told_bits(it) for it in told] for of in types}


# --- pieces ----------------------------------------------------------------------------------------------------------


def _is_own(way: Way) -> bool:
    """Whether rows come that way because they are those of the person covered."""
    return any(isinstance(table, exp.Table) and table.name == "member" for table in way.beside)


def _bits(places: Iterable[int], width: int) -> exp.Expr:
    """Return bits of which those at ``places`` are set."""
    chosen = set(places)
    text = "".join("1" if at in chosen else "0" for at in range(width))
    return typed(exp.Literal.string(text), f"bit({width})")


def _flags(conditions: Sequence[exp.Expr]) -> exp.Expr:
    """Return bits that say which of the conditions hold."""
    width = len(conditions)
    sure = [at for at, it in enumerate(conditions) if it == exp.true()]
    flags = _bits(sure, width)
    for at, condition in enumerate(conditions):
        if condition not in (exp.true(), exp.false()):
            flag = exp.paren(exp.Case().when(condition.copy(), _bits([at], width)).else_(_bits([], width)))
            flags = exp.BitwiseOr(this=flags, expression=flag)
    return flags


def _all_of(table: str) -> exp.Select:
    return exp.select("*").from_(exp.table_(table, quoted=True))


def _joined(texts: Sequence[exp.Expr]) -> exp.Expr:
    """Return texts one after another: calls within calls, as one takes so many and no more."""
    while len(texts) > 1:
        groups = [texts[at : at + _MOST_ARGUMENTS] for at in range(0, len(texts), _MOST_ARGUMENTS)]
        texts = [exp.Anonymous(this="CONCAT", expressions=group) for group in groups]
    return texts[0]


def _filled_in(query: exp.Expr, name: str, value: exp.Expr) -> exp.Expr:
    for placeholder in list(query.find_all(exp.Placeholder)):
        if placeholder.name == name:
            placeholder.replace(value.copy())
    return query
