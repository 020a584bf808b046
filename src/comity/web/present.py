"""How values are shown: labels for codes and fields, days and times as people write them, never a raw enum or an id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Protocol
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_decimal, format_percent
from markupsafe import Markup

from comity.vocabulary.errors import UnknownTermError
from comity.vocabulary.models import FieldType, Label, Vocabulary

_LOCALES = {"en": "en_GB", "nl": "nl_NL"}
_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60  # seconds
_YEAR_MONTH = 7  # characters of 2014-06


class Happening(Protocol):
    """A line of a timeline: the record's, which this room sees only as the gate hands it out."""

    @property
    def on(self) -> str:
        """The day, month or year as it was released."""


class Presenter:
    """Shows values in one language and one time zone."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        language: str,
        zone: str,
        agencies: Mapping[str, Label],
        titles: Mapping[str, Label],
    ) -> None:
        self.vocabulary, self.language, self.agencies, self.titles = vocabulary, language, agencies, titles
        self.zone = ZoneInfo(zone)
        self.locale = _LOCALES.get(language, "en_GB")

    def say(self, label: Label) -> str:
        """Return a label in the page's language."""
        return label.in_language(self.language)

    def agency(self, name: str) -> str:
        """Return what an agency is called."""
        return self.say(self.agencies[name]) if name in self.agencies else name

    def agreement(self, name: str) -> str:
        """Return what an agreement is called, from its name or from ``name@version``."""
        return self.say(self.titles[name]) if name in self.titles else name

    def number(self, value: float) -> str:
        """Return a number as people write it."""
        return format_decimal(value, locale=self.locale)

    def share(self, value: float) -> str:
        """Return a share of one as a percentage; never 0 % or 100 % of what is not quite that."""
        percentage = min(max(value, 0.001), 0.999) if 0 < value < 1 else value
        return format_percent(
            percentage, format="#,##0.#%" if self.language == "en" else "#,##0.# %", locale=self.locale
        )

    def record(self, name: str) -> str:
        """Return what a record type is called."""
        return self.say(self.vocabulary.record_type(name).label)

    def records(self, name: str) -> str:
        """Return what several records of a type are called."""
        return self.say(self.vocabulary.record_type(name).plural)

    def field(self, record: str, name: str) -> str:
        """Return what a field is called."""
        return self.say(self.vocabulary.record_type(record).field(name).label)

    def is_reference(self, record: str, name: str) -> bool:
        """Whether a field is the id of another record: that is for machines."""
        return self.vocabulary.record_type(record).field(name).type is FieldType.REFERENCE

    def purpose(self, name: str) -> str:
        """Return what a purpose is called."""
        try:
            return self.say(self.vocabulary.purpose(name).label)
        except UnknownTermError:
            return name

    def term(self, section: str, name: str) -> str:
        """Return what a term of a small vocabulary (``roles``, ``operations``, ``subject_categories``) is called."""
        term = getattr(self.vocabulary, section).get(name)
        return self.say(term.label) if term else name

    def value(self, record: str, name: str, value: object) -> str:
        """Return a field's value as people write it; a minimised value (``2014-06``, ``30-39``) as it was released."""
        field = self.vocabulary.record_type(record).field(name)
        if value is None or value == "":
            return "—"
        if isinstance(value, bool):
            return {"en": ("no", "yes"), "nl": ("nee", "ja")}[self.language][value]
        if field.type is FieldType.CODE and field.code_list and isinstance(value, str):
            return self._code(field.code_list, value)
        if field.type in (FieldType.DATE, FieldType.TIMESTAMP):
            return self.moment(value)
        return str(value)

    def moment(self, value: object) -> str:
        """Return a day, a month, a year or an instant as people write it."""
        if isinstance(value, datetime):
            return format_datetime(value.astimezone(self.zone), "d MMMM y HH:mm", locale=self.locale)
        if isinstance(value, date):
            return format_date(value, "d MMMM y", locale=self.locale)
        text = str(value)
        try:
            if len(text) == _YEAR_MONTH:
                return format_date(date.fromisoformat(f"{text}-01"), "MMMM y", locale=self.locale)
            return self.moment(date.fromisoformat(text))
        except ValueError:
            return text

    def time(self, value: datetime) -> Markup:
        """Return an instant as people write it, with the exact one for machines."""
        return Markup('<time datetime="{}">{}</time>').format(value.isoformat(), self.moment(value))

    def clock(self, due_at: datetime, now: datetime) -> str:
        """Return how long there is until ``due_at``, or how long it is overdue: *due in 3 hours*, *overdue by 2 days*.

        Whole days, hours or minutes, never more than there are: who reads *2 hours* has them.
        """
        seconds = abs((due_at - now).total_seconds())
        size = next((size for size in (_DAY, _HOUR) if seconds >= size), _MINUTE)
        length = timedelta(seconds=max(seconds // size, 1) * size)
        words = format_timedelta(length, threshold=1, locale=self.locale)
        en, nl = ("due in {}", "nog {}") if due_at > now else ("overdue by {}", "{} te laat")
        return (nl if self.language == "nl" else en).format(words)

    @staticmethod
    def by_year(happenings: Iterable[Happening]) -> list[tuple[str, list[Happening]]]:
        """Return dated happenings by year, in the order in which they come."""
        return [(year, list(of)) for year, of in groupby(happenings, key=lambda it: it.on[: len("2014")])]

    def _code(self, code_list: str, value: str) -> str:
        try:
            return self.say(self.vocabulary.code_list(code_list).code(value).label)
        except UnknownTermError:
            return value
