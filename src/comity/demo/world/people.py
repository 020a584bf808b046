"""Draw the people: their names, birthdays and homes, with the twins and namesakes that linking has to keep apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from random import Random

from comity.demo.world.models import Home, Human
from comity.demo.world.names import FAMILY, GIVEN, STREETS, TOWNS

TWINS_PER_THOUSAND = 6
NAMESAKES_PER_THOUSAND = 8
_ORIGINS = ("en", "nl", "other")
_ORIGIN_WEIGHTS = (50, 30, 20)
_ETHNICITY = {"en": "White British", "nl": "White Dutch", "other": ""}
_OTHER_ETHNICITIES = ("Asian", "Black African", "Black Caribbean", "Mixed", "North African", "Turkish", "White other")
_OTHER_LANGUAGES = ("English", "Dutch", "Arabic", "Turkish", "Polish", "Romanian", "Urdu", "Portuguese")
_DISABILITIES = ("Hearing impairment", "Learning disability", "Limited mobility", "Visual impairment", "Autism")

Pairs = tuple[tuple[int, int], ...]


def draw_people(random: Random, count: int, until: date) -> tuple[tuple[Human, ...], Pairs, Pairs]:
    """Return ``count`` people, the pairs who are twins, and the pairs who share a name and a birthday by chance."""
    people = [_person(random, number, until) for number in range(count)]
    numbers = list(range(count))
    random.shuffle(numbers)
    twins = _pairs(numbers, count * TWINS_PER_THOUSAND // 1000)
    namesakes = _pairs(numbers, count * NAMESAKES_PER_THOUSAND // 1000)
    for one, other in twins:
        people[other] = _twin_of(random, people[one], people[other])
    for one, other in namesakes:
        people[other] = _namesake_of(people[one], people[other])
    return tuple(people), twins, namesakes


def _pairs(numbers: list[int], wanted: int) -> Pairs:
    return tuple((numbers.pop(), numbers.pop()) for _ in range(min(wanted, len(numbers) // 2)))


def _person(random: Random, number: int, until: date) -> Human:
    origin = random.choices(_ORIGINS, _ORIGIN_WEIGHTS)[0]
    sex = random.choices(("male", "female"), (62, 38))[0]
    given, middle = _given(random, origin, sex), _given(random, origin, sex) if random.random() < 0.45 else ""
    particle, family = _family(random, origin)
    born = until - timedelta(days=int(random.triangular(14, 78, 28) * 365.25) + random.randrange(365))
    birth_name = _family(random, origin)[1] if sex == "female" and random.random() < 0.25 else family
    return Human(
        number=number,
        given=given,
        middle=middle if middle != given else "",
        particle=particle,
        family=family,
        birth_name=birth_name,
        aliases=_aliases(random, given, family),
        born=born,
        sex=sex,
        origin=origin,
        language=_language(random, origin),
        ethnicity=_ETHNICITY[origin] or random.choice(_OTHER_ETHNICITIES),
        disability=random.choice(_DISABILITIES) if random.random() < 0.06 else "",
        phone=f"07700 900{random.randrange(1000):03d}",  # Ofcom keeps these numbers for drama
        homes=_homes(random, until),
    )


def _given(random: Random, origin: str, sex: str) -> str:
    return _common_first(random, GIVEN[origin, sex])


def _family(random: Random, origin: str) -> tuple[str, str]:
    name: str | tuple[str, str] = _common_first(random, FAMILY[origin])  # type: ignore[arg-type]  # plain, or with a particle
    return name if isinstance(name, tuple) else ("", name)


def _common_first(random: Random, stock: list[str]) -> str:
    return stock[int(len(stock) * random.random() ** 1.8)]


def _aliases(random: Random, given: str, family: str) -> tuple[str, ...]:
    if random.random() > 0.07:
        return ()
    return (f"{random.choice(('Jay', 'Big', 'Little', 'Tee', 'Ace', 'Dutch'))} {random.choice((given, family))}",)


def _language(random: Random, origin: str) -> str:
    own = {"en": "English", "nl": "Dutch"}
    return own.get(origin) or random.choice(_OTHER_LANGUAGES)


def _homes(random: Random, until: date) -> tuple[Home, ...]:
    moves = random.choices((1, 2, 3, 4), (45, 30, 17, 8))[0]
    days = sorted(random.sample(range(1, 3000), moves - 1), reverse=True)
    first = _home(random, date(1950, 1, 1))
    return (first, *(_home(random, until - timedelta(days=day)) for day in days))


def _home(random: Random, since: date) -> Home:
    town, area = random.choice(TOWNS)
    inward = f"{random.randrange(1, 10)}{random.choice('ABDEFGHJLN')}{random.choice('PQRSTUWXYZ')}"
    postcode = f"{area}{random.randrange(1, 20)} {inward}"
    return Home(since, f"{random.randrange(1, 180)} {random.choice(STREETS)}", town, postcode)


def _twin_of(random: Random, one: Human, other: Human) -> Human:
    given = _given(random, one.origin, other.sex)
    while given == one.given:
        given = _given(random, one.origin, other.sex)
    return replace(
        other, given=given, particle=one.particle, family=one.family, birth_name=one.family, born=one.born,
        origin=one.origin, ethnicity=one.ethnicity, language=one.language, homes=one.homes, aliases=(),
    )  # fmt: skip


def _namesake_of(one: Human, other: Human) -> Human:
    return replace(
        other, given=one.given, middle="", particle=one.particle, family=one.family, birth_name=one.birth_name,
        born=one.born, sex=one.sex, origin=one.origin, aliases=(),
    )  # fmt: skip
