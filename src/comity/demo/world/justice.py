"""Let things happen: incidents, arrests, charges, hearings, outcomes, custody, supervision, contacts with victims."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from random import Random

from comity.demo.world.models import (
    Case,
    Charge,
    Contact,
    Hearing,
    Home,
    Human,
    Incident,
    Order,
    Party,
    Stay,
    Supervision,
    Support,
)
from comity.demo.world.names import OFFENCES, STREETS, TOWNS, VICTIMLESS

YEARS_BACK = 7
_RELATIONSHIPS = ("partner", "ex-partner", "ex-partner", "partner", "parent", "child", "sibling")
_COURTS = ("Ashwick Magistrates' Court", "Eastmere Crown Court", "Rechtbank Oosterhaven")
_PRISONS = ("HMP Coldharbour", "HMP Dunmoor", "PI Westerdijk")
_OFFICES = ("Ashwick", "Eastmere", "Oosterhaven")
_OFFICERS = ("T. Marsh", "R. Vink", "S. Adeyemi", "M. Lowe", "J. Kuiper")
_CONDITIONS = (
    "Reside at the approved address; keep every appointment",
    "No contact with the victim, directly or indirectly; keep every appointment",
    "Electronically monitored curfew from 19:00 to 07:00",
    "Attend the Building Better Relationships programme",
)
_REASONS = ("Witness did not attend", "Prosecution not ready", "Defendant not produced by prison", "Court over-listed")


class Chance:
    """The luck of one world: a random source and the day on which the story stops."""

    def __init__(self, random: Random, until: date) -> None:
        self.random, self.until = random, until

    def one_in(self, share: float) -> bool:
        """Return true with probability ``share``."""
        return self.random.random() < share

    def days(self, least: int, most: int) -> timedelta:
        """Return a time between ``least`` and ``most`` days."""
        return timedelta(days=self.random.randint(least, most))

    def at(self, day: date, earliest: int = 0, latest: int = 23) -> datetime:
        """Return a moment on ``day`` between two hours."""
        return datetime.combine(day, time(self.random.randint(earliest, latest), self.random.randrange(60)))

    def before_the_end(self, day: date) -> date | None:
        """Return ``day`` if the story has come that far."""
        return day if day <= self.until else None


def incidents(chance: Chance, people: tuple[Human, ...], count: int) -> Iterator[Incident]:
    """Yield ``count`` incidents. Few people have many, as in life: a suspect is drawn with a long tail."""
    days = sorted(chance.random.randrange(YEARS_BACK * 365) for _ in range(count))
    for number, day in enumerate(days, start=1):
        happened = chance.until - timedelta(days=YEARS_BACK * 365 - day)
        yield _incident(chance, people, f"{happened:%y}/{number:07d}", happened)


def _incident(chance: Chance, people: tuple[Human, ...], number: str, day: date) -> Incident:
    kind, _, _, _, _, can_be_domestic = chance.random.choices(OFFENCES, [offence[4] for offence in OFFENCES])[0]
    domestic = can_be_domestic and chance.one_in(0.55)
    risk = min(24, int(chance.random.triangular(2, 23, 9))) if domestic else None
    suspect = people[int(len(people) * chance.random.random() ** 2.2)]
    place = suspect.home_on(day) if domestic else _street(chance)
    return Incident(
        number=number,
        kind="domestic" if domestic else kind,
        at=chance.at(day),
        reported=day + timedelta(days=chance.random.choices((0, 1, 9), (80, 15, 5))[0]),
        place=place,
        domestic=domestic,
        risk=risk,
        referred=day + chance.days(1, 6) if risk is not None and risk >= 14 else None,
        parties=tuple(_parties(chance, people, suspect, kind, domestic=domestic)),
        status=chance.random.choices(("charged", "nfa", "open", "resolved"), (62, 20, 8, 10))[0],
    )


def _street(chance: Chance) -> Home:
    town, area = chance.random.choice(TOWNS)
    return Home(date(1950, 1, 1), chance.random.choice(STREETS), town, f"{area}{chance.random.randrange(1, 20)} 1AA")


def _parties(
    chance: Chance, people: tuple[Human, ...], suspect: Human, kind: str, *, domestic: bool
) -> Iterator[Party]:
    relationship = chance.random.choice(_RELATIONSHIPS) if domestic else "stranger"
    yield Party(suspect, "suspect", relationship)
    taken = {suspect.number}
    if kind not in VICTIMLESS:
        yield Party(_another(chance, people, taken), "victim", relationship)
    if chance.one_in(0.3):
        yield Party(_another(chance, people, taken), "witness")
    if not domestic and chance.one_in(0.12):
        yield Party(_another(chance, people, taken), "suspect", relationship)


def _another(chance: Chance, people: tuple[Human, ...], taken: set[int]) -> Human:
    while (drawn := chance.random.randrange(len(people))) in taken:
        pass
    taken.add(drawn)
    return people[drawn]


def arrests(chance: Chance, incident: Incident) -> Iterator[Stay]:
    """Yield the suspects' stays in police custody."""
    if incident.status not in ("charged", "nfa"):
        return
    for number, party in enumerate(incident.those("suspect"), start=1):
        received = incident.at + timedelta(hours=chance.random.randint(1, 60))
        if chance.before_the_end(received.date()):
            released = received + timedelta(hours=chance.random.randint(2, 30))
            facility = f"{incident.place.town} police station"
            yield Stay(
                f"CU{incident.number.replace('/', '')}{number}",
                party.human,
                "police",
                facility,
                received,
                released,
                None,
            )


def case_of(chance: Chance, incident: Incident, number: int) -> Case | None:
    """Return the case that follows an incident, as far as it has come, or none."""
    opened = incident.reported + chance.days(3, 60)
    if incident.status != "charged" or not chance.before_the_end(opened):
        return None
    crown = chance.one_in(0.3)
    hearings = tuple(_hearings(chance, number, opened))
    closed = hearings[-1].starts.date() if hearings[-1].kind == "sentence" and hearings[-1].status == "held" else None
    charges = tuple(_charges(chance, incident, opened, closed))
    outcome = _outcome(charges) if closed else ""
    return Case(
        urn=f"16{incident.place.postcode[:2]}{number:05d}{opened:%y}",
        court_number=f"{opened:%Y}-{'T' if crown else 'M'}-{number:06d}",
        court=chance.random.choice(_COURTS),
        kind="traffic" if incident.kind == "traffic" else "criminal",
        stage="closed" if closed else "trial" if len(hearings) > 2 else "pre-trial",
        opened=opened,
        closed=closed,
        outcome=outcome,
        incident=incident,
        charges=charges,
        hearings=hearings,
        orders=tuple(_orders(chance, number, charges, opened, closed)),
    )


def _hearings(chance: Chance, case: int, opened: date) -> Iterator[Hearing]:
    day, kinds = opened + chance.days(7, 40), ["first", "plea", "trial", "sentence"]
    number = 0
    while kinds:
        number += 1
        starts = chance.at(day, 9, 15).replace(minute=chance.random.choice((0, 15, 30, 45)))
        name, room = f"H{case:06d}{number:02d}", f"Court {chance.random.randint(1, 6)}"
        if day > chance.until:
            yield Hearing(name, kinds[0], starts, room, "listed")
            return
        status = chance.random.choices(("held", "adjourned", "cracked", "ineffective"), (74, 16, 4, 6))[0]
        reason = "" if status == "held" else chance.random.choice(_REASONS)
        yield Hearing(name, kinds[0], starts, room, status, "Held" if status == "held" else "", reason)
        if status in ("held", "cracked"):
            kinds.pop(0)
        day += chance.days(14, 110)


def _charges(chance: Chance, incident: Incident, opened: date, closed: date | None) -> Iterator[Charge]:
    number = 0
    for party in incident.those("suspect"):
        for offence in _offences(chance, incident):
            number += 1
            _, words, code, severity, _, _ = offence
            guilty = chance.one_in(0.68)
            plea = chance.random.choice(("guilty", "not guilty"))
            yield Charge(
                number, party.human, words, code, severity, incident.at.date(), opened,
                status=("convicted" if guilty else "dismissed") if closed else "charged",
                plea=plea if closed or chance.one_in(0.5) else "",
                verdict=("guilty" if guilty else "not guilty") if closed else "",
                disposed_on=closed,
                sentence=_sentence(chance, severity) if closed and guilty else "",
            )  # fmt: skip


def _offences(chance: Chance, incident: Incident) -> list[tuple[str, str, str, str, int, bool]]:
    fits = [it for it in OFFENCES if it[0] == incident.kind or (incident.domestic and it[5])]
    return chance.random.sample(fits, min(len(fits), chance.random.choices((1, 2, 3), (70, 22, 8))[0]))


def _sentence(chance: Chance, severity: str) -> str:
    heavy = {"indictable": 6, "either-way": 3, "summary": 1}[severity]
    roll = chance.random.randint(1, 6)
    if roll <= heavy:
        return f"Custody, {chance.random.randint(2, 10) * heavy} months"
    return chance.random.choice(("Community order, 12 months", "Suspended sentence, 6 months", "Fine"))


def _outcome(charges: tuple[Charge, ...]) -> str:
    return "convicted" if any(charge.status == "convicted" for charge in charges) else "acquitted"


def _orders(
    chance: Chance, case: int, charges: tuple[Charge, ...], opened: date, closed: date | None
) -> Iterator[Order]:
    for number, charge in enumerate({charge.human.number: charge for charge in charges}.values(), start=1):
        if chance.one_in(0.5):
            status = "completed" if closed else "active"
            conditions = "Not to contact the victim; live and sleep at the given address"
            yield Order(f"B{case:06d}{number}", charge.human, "bail", opened, opened, closed, conditions, status)
        if closed and charge.status == "convicted" and chance.one_in(0.25):
            ends = closed + timedelta(days=2 * 365)
            status = "active" if ends > chance.until else "expired"
            conditions = "Not to approach within 100 metres of the victim's home"
            yield Order(f"R{case:06d}{number}", charge.human, "restraining", closed, closed, ends, conditions, status)


def prison_stays(chance: Chance, case: Case, number: int) -> Iterator[Stay]:
    """Yield the defendants' stays in prison: on remand, and under sentence."""
    facility = chance.random.choice(_PRISONS)
    for place, human in enumerate(case.defendants, start=1):
        if not case.closed and chance.one_in(0.2):
            received = chance.at(case.opened + timedelta(days=1), 9, 20)
            yield Stay(f"S{number:06d}{place}R", human, "remand", facility, received, None, None, case.urn)
        months = [
            int(c.sentence.split()[1]) for c in case.charges if c.human is human and c.sentence.startswith("Custody")
        ]
        if case.closed and months:
            received = chance.at(case.closed, 12, 20)
            due = case.closed + timedelta(days=max(months) * 30 // 2)
            released = chance.at(due, 8, 11) if due <= chance.until else None
            yield Stay(f"S{number:06d}{place}S", human, "sentence", facility, received, released, due, case.urn)


def supervisions(chance: Chance, case: Case, stays: tuple[Stay, ...], number: int) -> Iterator[Supervision]:
    """Yield the periods of supervision that follow a sentence or a release."""
    for place, human in enumerate(case.defendants, start=1):
        released = next(
            (s.released.date() for s in stays if s.human is human and s.kind == "sentence" and s.released), None
        )
        words = " ".join(charge.sentence for charge in case.charges if charge.human is human)
        starts, kind = (released, "licence") if released else (case.closed, "community" if "Community" in words else "")
        if not starts or not kind:
            continue
        ends = starts + timedelta(days=365)
        active = ends > chance.until
        yield Supervision(
            f"V{number:06d}{place}", human, case.urn, kind, starts, ends, chance.random.choice(_OFFICES),
            chance.random.choice(_OFFICERS), chance.random.choice(_CONDITIONS), "active" if active else "completed",
            chance.until + chance.days(1, 21) if active else None,
            chance.random.randrange(20), chance.random.randrange(4),
        )  # fmt: skip


def support_of(chance: Chance, incident: Incident, case: Case | None, number: int) -> Iterator[Support]:
    """Yield what victim services do for the victims of an incident."""
    for victim in incident.those("victim"):
        if not incident.domestic and chance.one_in(0.6):
            continue
        through = chance.random.choice(("a sister", "the mother", "the GP surgery", "work"))
        safe = f"Call {through} on 07700 900{number % 1000:03d}"
        refuge = f"Refuge {number % 37}, {chance.random.choice(STREETS)}" if chance.one_in(0.3) else ""
        contacts = tuple(_contacts(chance, incident, case))
        if contacts:
            yield Support(f"VS-{number:06d}", victim.human, case.urn if case else "", incident, safe, refuge, contacts)


def _contacts(chance: Chance, incident: Incident, case: Case | None) -> Iterator[Contact]:
    topics = ["needs", "safety-plan", "progress"] + (["charged", "hearing", "outcome"] if case else [])
    day = incident.reported
    for number, topic in enumerate(topics, start=1):
        day += chance.days(1, 20)
        if day > chance.until:
            return
        outcome = chance.random.choices(("spoke", "voicemail", "no-answer", "sent"), (60, 15, 15, 10))[0]
        kind = chance.random.choice(("phone", "phone", "sms", "letter", "visit"))
        due = incident.reported + timedelta(days=5) if topic == "needs" else None
        yield Contact(number, kind, topic, day, outcome, due, "")
