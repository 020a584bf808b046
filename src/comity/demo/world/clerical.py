"""What clerks do to what they are told: slips of the finger, of the ear, and of the form."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from comity.demo.world.models import Home, Human

_NICKNAMES = {
    "James": "Jim", "Daniel": "Danny", "Thomas": "Tom", "Michael": "Mick", "Christopher": "Chris", "Matthew": "Matt",
    "Joshua": "Josh", "Stephen": "Steve", "Andrew": "Andy", "Robert": "Bob", "Anthony": "Tony", "Rebecca": "Becky",
    "Samantha": "Sam", "Victoria": "Vicky", "Johannes": "Hans", "Cornelis": "Kees", "Hendrik": "Henk", "Maria": "Ria",
    "Johanna": "Jo", "Mohammed": "Mo", "Krzysztof": "Kris", "Nicola": "Nicky", "Jessica": "Jess",
}  # fmt: skip
_SOUNDS = (("ph", "f"), ("ck", "k"), ("ij", "y"), ("ie", "y"), ("ou", "u"), ("sch", "sh"), ("th", "t"), ("ee", "e"))


@dataclass(frozen=True, slots=True)
class Hand:
    """How carefully an agency writes: the share of entries with each kind of slip."""

    typo: float = 0.02
    heard: float = 0.01
    nickname: float = 0.02
    initial: float = 0.01
    no_particle: float = 0.1
    birth_name: float = 0.05
    swapped: float = 0.005
    day_month: float = 0.008
    year_off: float = 0.008
    no_date: float = 0.01
    first_january: float = 0.004
    old_address: float = 0.08
    no_number: float = 0.2
    wrong_number: float = 0.004


@dataclass(frozen=True, slots=True)
class Written:
    """A person as a clerk wrote them down on one day."""

    given: str
    middle: str
    particle: str
    family: str
    born: date | None
    sex: str
    home: Home

    @property
    def surname(self) -> str:
        """The family name with its particle, if the clerk wrote one."""
        return f"{self.particle} {self.family}".strip()


class Clerk:
    """Somebody at an agency who writes people down."""

    def __init__(self, random: Random, hand: Hand) -> None:
        self.random, self.hand = random, hand

    def slips(self, share: float) -> bool:
        """Return true with probability ``share``."""
        return self.random.random() < share

    def write(self, human: Human, day: date) -> Written:
        """Return ``human`` as written down on ``day``."""
        hand = self.hand
        given, family = self._given(human.given), human.family
        if self.slips(hand.birth_name):
            family = human.birth_name
        family = self._misspelt(family)
        if self.slips(hand.swapped):
            given, family = family, given
        particle = "" if self.slips(hand.no_particle) else human.particle
        home = human.homes[0] if self.slips(hand.old_address) else human.home_on(day)
        middle = human.middle if self.slips(0.6) else ""
        return Written(given, middle, particle, family, self.birthday(human.born), human.sex, home)

    def birthday(self, born: date) -> date | None:
        """Return a birthday as somebody wrote it down, or none."""
        hand = self.hand
        if self.slips(hand.no_date):
            return None
        if self.slips(hand.first_january):
            return date(born.year, 1, 1)
        if self.slips(hand.day_month) and born.day <= 12:
            return date(born.year, born.day, born.month)
        if self.slips(hand.year_off):
            return _another_year(born, self.random.choice((-10, -1, 1)))
        return born

    def number(self, number: str) -> str:
        """Return another agency's number as it was passed on: whole, mistyped, or not at all."""
        if self.slips(self.hand.no_number):
            return ""
        return self._transposed(number) if self.slips(self.hand.wrong_number) else number

    def _given(self, name: str) -> str:
        if self.slips(self.hand.nickname):
            return _NICKNAMES.get(name, name)
        return f"{name[0]}." if self.slips(self.hand.initial) else self._misspelt(name)

    def _misspelt(self, name: str) -> str:
        if self.slips(self.hand.heard):
            for sound, other in _SOUNDS:
                if sound in name:
                    return name.replace(sound, other, 1)
        return self._typed(name) if self.slips(self.hand.typo) else name

    def _typed(self, name: str) -> str:
        if len(name) < 4:
            return name
        at = self.random.randrange(1, len(name) - 1)
        slip = self.random.choice(("drop", "double", "transpose", "neighbour"))
        if slip == "drop":
            return name[:at] + name[at + 1 :]
        if slip == "double":
            return name[:at] + name[at] + name[at:]
        if slip == "transpose":
            return name[:at] + name[at + 1] + name[at] + name[at + 2 :]
        return name[:at] + self.random.choice("aeiourstn") + name[at + 1 :]

    def _transposed(self, number: str) -> str:
        at = len(number) - 2
        return number[:at] + number[at + 1] + number[at]


def without_accents(text: str) -> str:
    """Return ``text`` as an old system keeps it: without accents."""
    kept = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return kept.replace("ł", "l").replace("Ł", "L").replace("ı", "i").replace("ø", "o")


def _another_year(born: date, years: int) -> date:
    try:
        return born.replace(year=born.year + years)
    except ValueError:  # 29 February
        return born.replace(year=born.year + years) if born.day < 29 else born - timedelta(days=1)
