"""How a mapping file says where a value comes from and what is done to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from ruamel.yaml.nodes import Node, SequenceNode

from comity.intake import grammar
from comity.intake.models import (
    Absent,
    Booleans,
    Case,
    Codes,
    DateForm,
    Extract,
    Key,
    Recase,
    Split,
    Step,
    TimestampForm,
    Value,
)
from comity.intake.nodes import (
    Notes,
    flag_of,
    is_null,
    mark,
    nearest,
    pairs,
    table,
    text_of,
    texts_of,
    whole_of,
)
from comity.intake.patterns import why_not

_UTC = ZoneInfo("UTC")
_NEEDS = {"with": "join", "part": "split", "split": "part", "otherwise": "codes", "true": "false", "false": "true"}
_NEEDS_WORDS = {
    "with": "`with:` is what `join:` puts between the parts.",
    "part": "`part:` says which part `split:` keeps.",
    "split": "Say which part to keep: `part: 0` is the first, `part: -1` the last.",
    "otherwise": "`otherwise:` is for what `codes:` does not list.",
    "true": "List the values that mean false as well.",
    "false": "List the values that mean true as well.",
}
_DIRECTIVE = re.compile(r"%(.)")
_DIRECTIVES = frozenset("YymdHMSfbBjIpzaA")
_HALF_PASSED_OVER = "`%p` counts with `%I` only: beside `%H`, two in the afternoon would be two at night."


class ValueReader:
    """Reads values; ``zone`` is the mapping's own, for moments that do not say theirs."""

    def __init__(self, notes: Notes, zone: ZoneInfo | None) -> None:
        self.notes = notes
        self.zone = zone

    def value(self, node: Node, what: str) -> Value:
        """Return the value that a node describes: a path, a list of paths, or a block of keys."""
        if isinstance(node, SequenceNode) or not hasattr(node, "value") or isinstance(node.value, str):
            return Value(mark(node), paths=self._paths(node, what))
        keys = table(node, grammar.VALUE, what, self.notes) or {}
        return self.value_of_keys(node, keys, what)

    def value_of_keys(self, node: Node, keys: dict[str, Node], what: str) -> Value:
        """Return the value that a block's keys describe."""
        self._check_company(node, keys, what)
        return Value(
            mark=mark(node),
            paths=self._paths(keys["from"], what) if "from" in keys else (),
            pieces=tuple(self.value(item, "A piece of `join:`") for item in self._some(keys["join"], "`join:`"))
            if "join" in keys
            else (),
            separator=text_of(keys["with"], "`with:`", self.notes) or "" if "with" in keys else " ",
            constant=self._optional_text(keys, "value"),
            trim=True if "trim" not in keys else flag_of(keys["trim"], "`trim:`", self.notes) is not False,
            steps=tuple(self._steps(keys)),
            default=self._optional_text(keys, "default"),
        )

    def constant_or_value(self, node: Node, what: str) -> Value:
        """Return a value whose short form is a constant (``whose: suspect``), not a path."""
        if isinstance(getattr(node, "value", None), str):
            return Value(mark(node), constant=text_of(node, what, self.notes))
        return self.value(node, what)

    def key(self, node: Node, what: str) -> Key:
        """Return a key: a path, a list of paths that together make it, or one value with its steps."""
        if isinstance(node, SequenceNode):
            parts = tuple(self.value(part, what) for part in node.value)
            if not parts:
                self.notes.add(node, f"{what} is empty.", "Name at least one path.")
        else:
            parts = (self.value(node, what),)
        return Key(mark(node), parts)

    def path(self, node: Node, what: str) -> str | None:
        """Return one path."""
        text = text_of(node, what, self.notes)
        if text == "":
            self.notes.add(node, f"{what} names no path.", "Write the name of the column, or the way to the value.")
        return text or None

    def _paths(self, node: Node, what: str) -> tuple[str, ...]:
        return tuple(path for item in self._some(node, what) if (path := self.path(item, what)))

    def _some(self, node: Node, what: str) -> list[Node]:
        """Return the items of a list that must not be empty: it would never say anything."""
        items = _items(node)
        if not items:
            self.notes.add(node, f"{what} has an empty list.", "Name at least one, or leave it out.")
        return items

    def _check_company(self, node: Node, keys: dict[str, Node], what: str) -> None:
        origins = [name for name in ("from", "join", "value") if name in keys]
        if len(origins) != 1:
            said = " and ".join(f"`{name}:`" for name in origins) or "none of them"
            cause = f"{what} needs one of `from:`, `join:` and `value:`, and has {said}."
            self.notes.add(node, cause, "Say where the value comes from, once.")
        for name, other in _NEEDS.items():
            if name in keys and other not in keys:
                self.notes.add(keys[name], f"`{name}:` stands here without `{other}:`.", _NEEDS_WORDS[name])
        readers = [name for name in ("date", "timestamp", "true", "codes") if name in keys]
        if len(readers) > 1:
            both = " and ".join(f"`{name}:`" for name in readers)
            self.notes.add(node, f"{what} has {both}, of which it can have one.", "Keep the one that fits the field.")
        if "pivot" in keys and not {"date", "timestamp"} & set(keys):
            self.notes.add(
                keys["pivot"], "`pivot:` is for `date:` and `timestamp:`, and neither is here.", "Leave it out."
            )
        if "zone" in keys and "timestamp" not in keys:
            self.notes.add(keys["zone"], "`zone:` is for `timestamp:`, which is not here.", "Leave it out.")

    def _optional_text(self, keys: dict[str, Node], name: str) -> str | None:
        return text_of(keys[name], f"`{name}:`", self.notes) if name in keys else None

    def _steps(self, keys: dict[str, Node]) -> Iterator[Step]:
        if "absent" in keys:
            yield Absent(frozenset(texts_of(keys["absent"], "`absent:`", self.notes)))
        if "extract" in keys:
            yield from self._extract(keys["extract"])
        if "split" in keys and "part" in keys:
            yield from self._split(keys["split"], keys["part"])
        if "case" in keys:
            yield from self._recase(keys["case"])
        if "true" in keys and "false" in keys:
            yield self._booleans(keys["true"], keys["false"])
        if "codes" in keys:
            yield self._codes(keys["codes"], keys.get("otherwise"))
        if "date" in keys:
            yield DateForm(self._forms(keys["date"], "`date:`"), self._pivot(keys, "date"))
        if "timestamp" in keys:
            zone = zone_of(keys["zone"], self.notes) if "zone" in keys else self.zone
            forms = self._forms(keys["timestamp"], "`timestamp:`")
            if zone is None and not all("%z" in form for form in forms):
                self._ask_for_zone(keys["timestamp"])
            yield TimestampForm(forms, self._pivot(keys, "timestamp"), zone or _UTC)

    def _ask_for_zone(self, node: Node) -> None:
        mend = "Say it once with `zone:` at the top (for example Europe/Amsterdam), or read it with %z."
        self.notes.add(node, "A moment without its zone is not an instant.", mend)

    def _extract(self, node: Node) -> Iterator[Step]:
        pattern = text_of(node, "`extract:`", self.notes)
        if pattern is None:
            return
        if why := why_not(pattern):
            self.notes.add(node, why, "Write a plainer expression under `extract:`.")
        else:
            yield Extract(pattern)

    def _split(self, separator: Node, part: Node) -> Iterator[Step]:
        text, number = text_of(separator, "`split:`", self.notes), whole_of(part, "`part:`", self.notes)
        if text == "":
            self.notes.add(separator, "`split:` needs a separator.", 'For example `split: ", "`.')
        elif text is not None and number is not None:
            yield Split(text, number)

    def _recase(self, node: Node) -> Iterator[Step]:
        text = text_of(node, "`case:`", self.notes)
        names = [case.value for case in Case]
        if text in names:
            yield Recase(Case(text))
        elif text is not None:
            self.notes.add(node, f"`case:` is not {text!r}.", f"It is {', '.join(names)}.", nearest(text, names))

    def _booleans(self, true: Node, false: Node) -> Booleans:
        lists = [texts_of(node, f"`{name}:`", self.notes) for name, node in (("true", true), ("false", false))]
        yes, no = (frozenset(text.casefold() for text in texts) for texts in lists)
        for text in sorted(yes & no):
            self.notes.add(false, f"{text!r} means true and false at once.", "Keep it in one of the lists.")
        return Booleans(yes, no)

    def _codes(self, node: Node, otherwise: Node | None) -> Codes:
        exact: dict[str, str] = {}
        for key, value in pairs(node, "`codes:`", self.notes):
            said = "" if is_null(value) else text_of(value, "A code", self.notes)
            exact[str(key.value).strip()] = said or ""
        if otherwise is None:
            rest = None
        else:
            rest = "" if is_null(otherwise) else text_of(otherwise, "`otherwise:`", self.notes)
        return Codes(exact, _folded(exact), rest)

    def _forms(self, node: Node, what: str) -> tuple[str, ...]:
        self._some(node, what)
        forms = texts_of(node, what, self.notes)
        for form in forms:
            self._form(node, form, [letter for letter in _DIRECTIVE.findall(form) if letter != "%"])
        return forms

    def _form(self, node: Node, form: str, letters: list[str]) -> None:
        if not letters or not set(letters) <= _DIRECTIVES or _DIRECTIVE.sub("", form).endswith("%"):
            self.notes.add(node, f"{form!r} is not a form of date.", "For example %d/%m/%Y, %d-%b-%y or %Y%m%d.")
        elif len(set(letters)) < len(letters):
            self.notes.add(node, f"{form!r} names the same part twice.", "Write a second form under it, in a list.")
        elif not _names_a_day(form):
            self.notes.add(node, f"{form!r} does not name a day.", "It needs a year, a month and a day.")
        elif ("p" in letters) is not ("I" in letters):
            cause = f"{form!r} does not say which half of the day it is." if "I" in letters else _HALF_PASSED_OVER
            self.notes.add(node, cause, "Write %I with %p, or %H without it.")

    def _pivot(self, keys: dict[str, Node], reader: str) -> int | None:
        pivot = whole_of(keys["pivot"], "`pivot:`", self.notes) if "pivot" in keys else None
        short = any("%y" in str(item.value) for item in _items(keys[reader]))
        if short and "pivot" not in keys:
            mend = "Say the last year of this century with `pivot:`: with `pivot: 30`, 30 is 2030 and 31 is 1931."
            self.notes.add(keys[reader], "A year of two digits has two meanings.", mend)
        elif "pivot" in keys and not short:
            self.notes.add(
                keys["pivot"], "`pivot:` is for years of two digits (%y), and there is none here.", "Leave it out."
            )
        if pivot is not None and not 0 <= pivot <= 99:  # noqa: PLR2004  (the two-digit years)
            self.notes.add(keys["pivot"], "`pivot:` is a year of two digits.", "Write 0 to 99.")
        return pivot


def zone_of(node: Node, notes: Notes) -> ZoneInfo | None:
    """Return a time zone of the IANA database by its name."""
    name = text_of(node, "`zone:`", notes)
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        notes.add(node, f"There is no time zone {name!r}.", "For example Europe/Amsterdam or America/New_York.")
        return None


def _items(node: Node) -> list[Node]:
    return list(node.value) if isinstance(node, SequenceNode) else [node]


def _folded(exact: dict[str, str]) -> dict[str, str]:
    """Return the table without case, leaving out codes that differ by case alone and mean different things."""
    folded: dict[str, set[str]] = {}
    for code, meaning in exact.items():
        folded.setdefault(code.casefold(), set()).add(meaning)
    return {code: next(iter(meanings)) for code, meanings in folded.items() if len(meanings) == 1}


def _names_a_day(form: str) -> bool:
    letters = set(_DIRECTIVE.findall(form))
    return bool(letters & set("Yy")) and ("j" in letters or ("d" in letters and bool(letters & set("mbB"))))
