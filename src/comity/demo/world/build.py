"""Build a whole world from a seed."""

from __future__ import annotations

from datetime import date
from itertools import chain
from random import Random

from comity.demo.world import justice
from comity.demo.world.models import Case, Supervision, Support, World
from comity.demo.world.people import draw_people

INCIDENTS_PER_PERSON = 0.6
LAST_DAY = date(2026, 11, 1)
"""The day on which the story stops, unless another is asked for."""


def build(seed: int, people: int, until: date = LAST_DAY) -> World:
    """Return the world of ``people`` made-up human beings; the same arguments give the same world."""
    if people < MINIMUM_PEOPLE:
        raise ValueError(f"A made-up chain needs at least {MINIMUM_PEOPLE} people; {people} were asked for.")
    random = Random(seed)
    humans, twins, namesakes = draw_people(random, people, until)
    chance = justice.Chance(random, until)
    incidents = tuple(justice.incidents(chance, humans, int(people * INCIDENTS_PER_PERSON)))
    arrests = chain.from_iterable(justice.arrests(chance, incident) for incident in incidents)
    stays = list(arrests)
    cases: list[Case] = []
    supervisions: list[Supervision] = []
    supports: list[Support] = []
    for number, incident in enumerate(incidents, start=1):
        case = justice.case_of(chance, incident, number)
        supports += justice.support_of(chance, incident, case, number)
        if case is None:
            continue
        served = tuple(justice.prison_stays(chance, case, number))
        cases.append(case)
        stays += served
        supervisions += justice.supervisions(chance, case, served, number)
    return World(
        seed,
        until,
        humans,
        incidents,
        tuple(stays),
        tuple(cases),
        tuple(supervisions),
        tuple(supports),
        twins,
        namesakes,
    )


MINIMUM_PEOPLE = 10
