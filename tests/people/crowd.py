"""People enough to learn from."""

from __future__ import annotations

import random
from datetime import date, timedelta
from uuid import UUID

from comity.people import Features

GIVEN = ["Anna", "Wim", "Kees", "Noor", "Omar", "Liza", "Bram", "Saar", "Teun", "Ivan", "Fay", "Cleo"]
FAMILY = ["Smit", "Jansen", "Bakker", "Visser", "Mulder", "Bos", "Vos", "Peters", "Dekker", "Dijk", "Kok", "Prins"]


def of_750_records() -> list[Features]:
    """250 people with three records each, in order: a third of the records has a slip."""
    chance = random.Random(7)  # noqa: S311 - made-up people
    made = []
    for person in range(250):
        given, family = chance.choice(GIVEN), chance.choice(FAMILY) + chance.choice(["", "ma", "stra", "sen", "inga"])
        born = date(1950, 1, 1) + timedelta(chance.randrange(18_000))
        for record, agency in enumerate(("police", "court", "prison")):
            slip = chance.random() < 1 / 3
            name = family[:-1] if slip and chance.random() < 1 / 2 else family
            day = born + timedelta(1) if slip and name == family else born
            made.append(Features(UUID(int=3 * person + record + 1), agency, given, name, birth_date=day))
    return made
