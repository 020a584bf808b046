"""Uses that somebody looks at afterwards: each has one review, whose it is to do, what it ends in, what follows."""

from __future__ import annotations

import json
from datetime import timedelta
from types import SimpleNamespace
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.agreements.test_conditions_mean import in_the_reference, table

from comity.agreements import Standing, parse_agreement
from comity.gate import CaseRead, Disclosure, Refusal, Requester, Search
from comity.gate.decide import decide
from comity.gate.errors import AlreadyReviewedError, NoSuchReviewError, OwnRequestError, ReviewError
from comity.gate.models import Act
from comity.gate.reasons import NO_REVIEW_WRITTEN
from comity.gate.reviews import (
    CLOSING,
    MAX_REASON,
    Left,
    Outcome,
    Tally,
    act_upon_review,
    closed_reviews,
    open_reviews,
    overseen,
    tally,
    waiting,
)
from comity.ledger.entry import Entry, commitment
from comity.store import Role

from .test_log import lines, on_gate, uses
from .world import NOW, agreement_text, request

JUSTIFIED, NOT_JUSTIFIED, NEEDS_MORE, EXPLAINED = Outcome
DPO = Requester("prosecution", "dpo-1", "data-protection-officer")
ASKER = Requester("prosecution", "staff-7", "prosecutor")
REVIEW = """
review:
  each: {each}
  within: {within}
  by: {{roles: [{roles}], agencies: [{agencies}]}}
  notice: {notice}
  overdue: {overdue}
"""
DEFAULTS = {
    "each": "disclosure",
    "within": "P1D",
    "roles": "data-protection-officer",
    "agencies": "prosecution",
    "notice": "immediate",
    "overdue": "suspend",
}
PARTS = DEFAULTS.keys()


def agree(world, **changes):
    """Put the default agreement in force, with a review of each use; both may be changed."""
    review = REVIEW.format(**DEFAULTS | {name: value for name, value in changes.items() if name in PARTS})
    rest = {name: value for name, value in changes.items() if name not in PARTS}
    return world.agree_to(agreement_text(**rest) + review)


def reviews(world, *columns: str):
    return world.run(
        Role.GATE, f"select {', '.join(columns or ('disclosure',))} from gate.review order by at, disclosure"
    )


def lapse(world, review: UUID | None = None) -> None:
    """Let the time of a review, or of all, be over; only the tables' owner can, and only past their own guard."""
    with world.store.connect(Role.OWNER) as conn:
        for name, guard in (("review", "only_grows"), ("review_open", "stays_open")):
            conn.execute(f"alter table gate.{name} disable trigger {guard}")
            late = (
                f"update gate.{name} set due_at = now() - interval '1 minute' where %s::uuid is null or disclosure = %s"
            )
            conn.execute(late, (review, review))
            conn.execute(f"alter table gate.{name} enable trigger {guard}")


def act(world, review: UUID, outcome: Outcome = JUSTIFIED, reason: str = "It was right.", by: Requester = DPO) -> None:
    on_gate(world, lambda conn: act_upon_review(conn, review, by, outcome, reason, NOW))


def opened(world, by: Requester = DPO, review: UUID | None = None):
    return on_gate(world, lambda conn: open_reviews(conn, by, NOW, world.vocabulary, review))


def told(world, by: Requester = DPO, *, oversees: bool = False) -> Tally:
    return on_gate(world, lambda conn: tally(conn, by, oversees=oversees))


# --- each use has its review -----------------------------------------------------------------------------------------

ASKED = {
    "a person who is covered": lambda accused: {"asks": accused},
    "a person who is not there": lambda _: {"asks": uuid4()},
    "a search that finds somebody": lambda _: {"asks": Search(name="Ann")},
    "a search that finds nobody": lambda _: {"asks": Search(name="Zoe")},
    "without the reason that must be stated": lambda accused: {"asks": accused, "justification": ""},
    "for another purpose": lambda accused: {"asks": accused, "purpose": "statistics"},
    "in a role that is not listed": lambda accused: {"asks": accused, "role": "judge"},
    "from an agency that is no recipient": lambda accused: {"asks": accused, "agency": "police"},
}
DUE = [
    # who is asked for, or how; reviewed where `each` is `disclosure`; and where it is `request`
    ("a person who is covered", True, True),
    ("a person who is not there", False, True),
    ("a search that finds somebody", True, True),
    ("a search that finds nobody", True, True),
    ("without the reason that must be stated", False, True),
    ("for another purpose", False, True),
    ("in a role that is not listed", False, False),
    ("from an agency that is no recipient", False, False),
]


@pytest.mark.parametrize("each", ["disclosure", "request"])
@pytest.mark.parametrize("case", DUE, ids=[case[0] for case in DUE])
def test_what_is_reviewed(world, accused, each, case):
    asked, of_disclosures, of_requests = case
    agree(world, each=each)
    answer = world.ask(**ASKED[asked](accused))
    assert bool(reviews(world)) == (of_disclosures if each == "disclosure" else of_requests)
    assert reviews(world) in ([], [(answer.id,)])


OVERDUE = [
    # overdue, of what, what was found, whether the next request is answered
    ("suspend", "disclosure", None, False),
    ("suspend", "disclosure", NEEDS_MORE, False),
    ("suspend", "disclosure", JUSTIFIED, True),
    ("suspend", "disclosure", NOT_JUSTIFIED, True),
    ("suspend", "refusal", None, True),
    ("shout", "disclosure", None, True),
]


@pytest.mark.parametrize("case", OVERDUE, ids=[f"{it[0]}, {it[1]}, {it[2] and it[2].value}" for it in OVERDUE])
def test_what_an_overdue_review_does(world, accused, case):
    overdue, of, found, answered = case
    agree(world, overdue=overdue, each="request")
    review = world.ask(accused if of == "disclosure" else uuid4()).id
    assert isinstance(world.ask(accused), Disclosure), "before it is overdue"
    lapse(world, review)
    if found:
        act(world, review, found)
    assert isinstance(world.ask(accused), Disclosure if answered else Refusal)


def test_the_reference_prints_these_tables():
    """To print them anew: COMITY_WRITE_DOCS=1 pytest tests/gate/test_reviews.py."""
    yes = {True: "yes", False: "no"}
    due = [(asked, yes[one], yes[other]) for asked, one, other in DUE]
    late = [
        (f"`{overdue}`", of, found.value if found else "nothing yet", yes[answered])
        for overdue, of, found, answered in OVERDUE
    ]
    in_the_reference(
        "reviews",
        table(("asked", "`each: disclosure`", "`each: request`"), due)
        + "A review is overdue:\n\n"
        + table(("`overdue`", "of a", "found", "the next request is answered"), late),
    )


def test_what_is_written_is_what_the_agreement_said(world, accused):
    agree(world, within="P2DT3H", roles="data-protection-officer, auditor", agencies="prosecution, police", notice="none",
          overdue="shout")  # fmt: skip
    world.ask(accused)
    [(due, *rest)] = reviews(world, "due_at - at", "roles", "agencies", "notice", "suspends", "agreement", "version")
    assert due == timedelta(days=2, hours=3)
    assert rest == [["data-protection-officer", "auditor"], ["prosecution", "police"], False, False, "charging", 1]


def test_without_a_review_in_the_agreement_there_is_none(world, accused):
    world.agree()
    assert isinstance(world.ask(accused), Disclosure)
    assert reviews(world) == []


ASKS = st.sampled_from(["covered", "absent", "name", "nobody", "case", "no-case", "unstated", "wrong-role"])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=st.lists(ASKS, min_size=1, max_size=6), each=st.sampled_from(["disclosure", "request"]))
def test_every_disclosure_has_exactly_one_review_and_a_refusal_only_if_the_agreement_says_so(world, asked, each):
    name = f"n{uuid4().hex[:12]}"
    person = world.person(name="Ann Example")
    case = world.row("case", person=person, case_number=f"C-{name}")
    world.row("charge", person=person, case=case, severity="serious")
    agree(world, name=name, each=each)
    asks = {
        "covered": {"asks": person}, "absent": {"asks": uuid4()}, "name": {"asks": Search(name="Ann")},
        "nobody": {"asks": Search(name="Zoe")}, "case": {"asks": CaseRead(f"C-{name}")},
        "no-case": {"asks": CaseRead("C-none")}, "unstated": {"asks": person, "case_reference": " "},
        "wrong-role": {"asks": person, "role": "judge"},
    }  # fmt: skip
    answers = [(kind, world.ask(agreement=name, **asks[kind])) for kind in asked]
    due = {it.id for kind, it in answers if isinstance(it, Disclosure) or (each == "request" and kind != "wrong-role")}
    rows = world.run(Role.GATE, "select disclosure, clauses, counts from gate.review where agreement = %s", name)
    assert sorted(row[0] for row in rows) == sorted(due)
    logged = dict(world.run(Role.GATE, "select id, rows from gate.disclosure where agreement = %s", name))
    assert all(sum(counts) == logged[review] for review, _, counts in rows)


def test_a_disclosure_whose_review_cannot_be_written_releases_and_logs_nothing(world, accused):
    agree(world)
    world.run(Role.OWNER, "alter table gate.review add check (agreement <> 'charging')")
    with pytest.raises(psycopg.errors.CheckViolation):
        world.ask(accused)
    assert (world.log(), world.entries(), reviews(world)) == ([], [], [])


def test_a_refusal_whose_review_cannot_be_written_is_not_told(world, accused):
    agree(world, each="request")
    world.run(Role.OWNER, "alter table gate.review add check (agreement <> 'charging')")
    with pytest.raises(psycopg.errors.CheckViolation):
        world.ask(accused, justification="")
    assert (world.log(), world.entries()) == ([], [])


@pytest.mark.parametrize("way", Act)
def test_no_way_out_is_open_that_writes_no_review(vocabulary, monkeypatch, way):
    """Each way that there is writes one; a way that does not is refused as soon as each use is reviewed."""
    text = agreement_text(channels="read, search, notify, extract, statistic")
    text += "statistics: {epsilon: 1.0, delta: 0, per: P1M, most_per_person: 3}\n"
    asking = request(SimpleNamespace(act=way))
    for reviewed in (True, False):
        agreement = parse_agreement(text + REVIEW.format(**DEFAULTS) * reviewed, vocabulary)
        assert decide(asking, agreement, Standing(()), vocabulary, NOW).refusal is not NO_REVIEW_WRITTEN
        with monkeypatch.context() as patched:
            patched.setattr("comity.gate.decide.WRITE_REVIEWS", frozenset(Act) - {way})
            refusal = decide(asking, agreement, Standing(()), vocabulary, NOW).refusal
        assert (refusal is NO_REVIEW_WRITTEN) == reviewed


# --- overdue ---------------------------------------------------------------------------------------------------------


def test_an_overdue_review_suspends_without_anybody_noticing_and_the_requester_is_told_why(world, accused):
    agree(world)
    review = world.ask(accused).id
    lapse(world)
    answer = world.ask(accused)
    assert answer.reason.code == "not-in-force:use-not-reviewed"
    assert "review of an earlier use is overdue" in answer.reason.label.en
    assert "toetsing van een eerder gebruik is te laat" in answer.reason.label.nl
    assert reviews(world) == [(review,)], "what was refused for it is not reviewed as well"
    act(world, review)
    assert isinstance(world.ask(accused), Disclosure)


def test_an_overdue_review_of_an_earlier_version_suspends_the_later_one_that_says_so(world, accused):
    agree(world)
    world.ask(accused)
    lapse(world)
    agree(world, version=2)
    assert isinstance(world.ask(accused), Refusal)
    agree(world, version=3, overdue="shout")
    assert isinstance(world.ask(accused), Disclosure), "every party signed that it does not suspend"


def test_an_overdue_review_suspends_no_other_agreement(world, accused):
    agree(world)
    agree(world, name="other")
    world.ask(accused)
    lapse(world)
    assert isinstance(world.ask(accused, agreement="other"), Disclosure)


def test_a_search_is_suspended_too(world, accused):
    agree(world)
    world.ask(Search(name="Ann"))
    lapse(world)
    assert isinstance(world.ask(Search(name="Ann")), Refusal)


# --- whose it is to do -----------------------------------------------------------------------------------------------


def test_the_reviewer_reads_who_asked_why_and_what_kinds_of_data_left_and_no_value(world, accused):
    world.row("charge", person=accused, offence="Robbery", severity="serious")
    agree(world)
    answer = world.ask(accused, justification="Somebody is in danger")
    [it] = opened(world)
    assert it.waiting.id == answer.id
    assert (it.requester, it.role, it.case_reference, it.justification) == (
        "staff-7",
        "prosecutor",
        "C-1",
        "Somebody is in danger",
    )
    assert it.left == (Left("person", ("name", "birth_date"), 1), Left("charge", ("offence",), 2))
    assert (it.own, it.waiting.overdue, it.asks_more) == (False, False, False)
    assert not {"Ann", "Example", "1987", "Robbery"} & set(repr(it).replace("'", " ").split())


def test_of_a_search_it_is_told_by_what_it_looked_and_not_for_what(world, accused):
    agree(world)
    world.ask(Search(name="Zoe"))
    [it] = opened(world)
    assert (it.act, it.criteria, it.left) == ("search", ("name",), ())
    assert "Zoe" not in repr(it)


def test_of_a_refusal_the_reviewer_reads_the_real_reason(world):
    agree(world, each="request")
    world.ask(uuid4())
    [it] = opened(world)
    assert (it.waiting.kind, it.refusal.code, it.left) == ("refusal", "unknown-subject", ())


def test_the_most_overdue_come_first(world, accused):
    agree(world, overdue="shout")
    ids = [world.ask(accused).id for _ in range(3)]
    lapse(world, ids[2])
    assert [it.waiting.id for it in opened(world)] == [ids[2], *ids[:2]]
    assert [it.id for it in waiting_now(world)] == [ids[2], *ids[:2]]
    assert [it.overdue for it in waiting_now(world)] == [True, False, False]


def waiting_now(world):
    with world.store.connect(Role.GATE) as conn:
        return waiting(conn)


def test_what_waits_is_told_of_nobody(world, accused):
    agree(world)
    world.ask(accused)
    said = repr(waiting_now(world))
    assert not any(word in said for word in ("staff-7", "C-1", "to decide", str(accused)))


STRANGERS = [
    Requester("police", "dpo-2", "data-protection-officer"),
    Requester("prosecution", "staff-8", "prosecutor"),
    Requester("prosecution", "dpo-3", "auditor"),
    Requester("nobody", "dpo-1", "data-protection-officer"),
]


@pytest.mark.parametrize("stranger", STRANGERS, ids=[f"{it.role} of {it.agency}" for it in STRANGERS])
def test_a_reviewer_of_another_agency_or_role_sees_nothing_and_does_nothing(world, accused, stranger):
    agree(world)
    review = world.ask(accused).id
    assert opened(world, stranger) == opened(world, stranger, review) == ()
    assert told(world, stranger) == Tally()
    with pytest.raises(NoSuchReviewError) as there:
        act(world, review, by=stranger)
    with pytest.raises(NoSuchReviewError) as absent:
        act(world, uuid4(), by=stranger)
    assert str(there.value) == str(absent.value)
    assert acts(world) == []


def acts(world):
    return world.run(Role.GATE, "select outcome, agency, by, role, reason from gate.review_act order by number")


@pytest.mark.parametrize("outcome", Outcome)
def test_nobody_reviews_what_they_asked_themselves_in_whatever_role_they_sit_now(world, accused, outcome):
    agree(world)
    review = world.ask(accused, staff="dpo-1").id
    [it] = opened(world)
    assert it.own
    assert told(world) == Tally(), "it is not theirs to do"
    with pytest.raises(OwnRequestError):
        act(world, review, outcome)
    assert acts(world) == []
    act(world, review, by=Requester("prosecution", "dpo-2", "data-protection-officer"))


def test_who_reviews_is_what_the_agreement_said_when_the_data_left(world, accused):
    agree(world)
    review = world.ask(accused).id
    agree(world, version=2, agencies="police")
    act(world, review)
    second = world.ask(accused).id
    with pytest.raises(NoSuchReviewError):
        act(world, second)


# --- what it ends in -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", sorted(CLOSING))
@pytest.mark.parametrize("second", Outcome)
def test_a_review_is_closed_once_and_stays_as_it_was(world, accused, first, second):
    agree(world)
    review = world.ask(accused).id
    act(world, review, first)
    with pytest.raises(AlreadyReviewedError):
        act(world, review, second)
    assert [row[0] for row in acts(world)] == [first]
    assert opened(world) == ()
    assert [(it.id, it.act.outcome) for it in closed(world)] == [(review, first)]


def closed(world, by: Requester = DPO):
    return on_gate(world, lambda conn: closed_reviews(conn, by))


def test_two_reviewers_at_one_moment_do_not_both_close_it(world, accused):
    agree(world)
    review = world.ask(accused).id
    act(world, review)
    values = (review, NOW, uuid4(), b"s" * 16)
    close = "insert into gate.review_act (review, outcome, agency, by, role, at, reason, entry, salt) values (%s, 'not-justified', 'police', 'x', 'y', %s, 'z', %s, %s)"
    with pytest.raises(psycopg.errors.UniqueViolation):
        world.run(Role.GATE, close, *values)


def test_what_was_found_cannot_be_changed_or_removed(world, accused):
    agree(world)
    act(world, world.ask(accused).id)
    for change in ("update gate.review_act set reason = 'x'", "delete from gate.review_act", "delete from gate.review"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            world.run(Role.GATE, change)
        with pytest.raises(psycopg.errors.RestrictViolation):
            world.run(Role.OWNER, change)


def test_no_open_review_can_be_forgotten(world, accused):
    agree(world)
    first, second = world.ask(accused).id, world.ask(accused).id
    act(world, first)
    for role in (Role.GATE, Role.OWNER):
        with pytest.raises(psycopg.errors.RestrictViolation):
            world.run(role, "delete from gate.review_open")
    for change in ("update gate.review_open set due_at = due_at + interval '1 year'", "truncate gate.review_open"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            world.run(Role.GATE, change)
        with pytest.raises(psycopg.errors.RestrictViolation):
            world.run(Role.OWNER, change)
    assert world.run(Role.GATE, "select disclosure from gate.review_open") == [(second,)]


def test_each_act_is_an_entry_that_commits_to_it_and_says_nobodys_name(world, accused):
    agree(world)
    review = world.ask(accused).id
    act(world, review, NOT_JUSTIFIED, "She looked for a neighbour.")
    [(body,)] = world.run(Role.LEDGER, 'select body from ledger.outbox where body like \'%%"kind":"review"%%\'::bytea')
    assert not any(word in body for word in (b"dpo-1", b"neighbour", str(review).encode(), b"staff-7"))
    [(salt,)] = world.run(Role.GATE, "select salt from gate.review_act")
    said = {"by": "dpo-1", "outcome": "not-justified", "reason": "She looked for a neighbour.", "review": str(review)}
    payload = json.dumps(said, separators=(",", ":"), sort_keys=True).encode()
    context = {"agency": "prosecution", "agreement": "charging@1", "outcome": "not-justified"}
    [(entry,)] = world.run(Role.GATE, "select entry from gate.review_act")
    assert bytes(body) == Entry(entry, NOW, "review", context, commitment(bytes(salt), payload)).encode()


@pytest.mark.parametrize("reason", ["", "  \n ", "x" * (MAX_REASON + 1), "a\x00b", "a\u202eb"])
def test_without_a_reason_that_can_be_kept_nothing_is_found(world, accused, reason):
    agree(world)
    review = world.ask(accused).id
    with pytest.raises(ReviewError):
        act(world, review, reason=reason)
    assert acts(world) == []


def test_sql_in_a_reason_is_a_reason(world, accused):
    agree(world)
    text = "'; drop table gate.review; --\r\n%(review)s"
    act(world, world.ask(accused).id, reason=text)
    assert acts(world)[0][4] == text.replace("\r\n", "\n")


def test_whoever_asked_explains_when_more_is_asked_and_only_then(world, accused):
    agree(world)
    review = world.ask(accused).id
    with pytest.raises(NoSuchReviewError):
        act(world, review, EXPLAINED, "It was urgent.", by=ASKER)
    act(world, review, NEEDS_MORE, "Who was in danger?")
    with pytest.raises(ReviewError):
        act(world, review, EXPLAINED, "I know it.")
    assert told(world, ASKER) == Tally(asked=1)
    [mine] = opened(world, ASKER)
    assert (mine.own, mine.asks_more) == (True, True)
    with pytest.raises(OwnRequestError):
        act(world, review, JUSTIFIED, "It was right.", by=ASKER)
    act(world, review, EXPLAINED, "It was urgent.", by=ASKER)
    assert told(world, ASKER) == Tally()
    assert opened(world, ASKER) == ()
    [it] = opened(world)
    assert [(each.outcome, each.by, each.reason) for each in it.acts] == [
        (NEEDS_MORE, "dpo-1", "Who was in danger?"),
        (EXPLAINED, "staff-7", "It was urgent."),
    ]
    act(world, review)


def test_somebody_of_the_same_id_elsewhere_does_not_explain(world, accused):
    agree(world)
    review = world.ask(accused).id
    act(world, review, NEEDS_MORE, "Who was in danger?")
    with pytest.raises(NoSuchReviewError):
        act(world, review, EXPLAINED, "I.", by=Requester("police", "staff-7", "officer"))


# --- what follows, and who is told -----------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", [None, *Outcome][:4])
def test_the_person_concerned_is_told_only_of_what_was_not_justified(world, accused, outcome):
    agree(world, agencies="police")
    review = world.ask(accused).id
    if outcome:
        act(
            world,
            review,
            outcome,
            "She looked for a neighbour.",
            by=Requester("police", "d", "data-protection-officer"),
        )
    [use] = uses(world, accused)
    told = (use.unjustified.at, use.unjustified.agency) if use.unjustified else None
    assert told == ((NOW, "police") if outcome is NOT_JUSTIFIED else None)
    assert "neighbour" not in repr(use)


def test_it_stays_in_the_overseers_log(world, accused):
    agree(world)
    first, second = world.ask(accused).id, world.ask(accused).id
    lapse(world)
    act(world, first, NOT_JUSTIFIED, "She looked for a neighbour.")
    found = {line.id: line.review for line in lines(world) if line.id in {first, second}}
    assert (found[first].outcome, found[first].reason, found[first].overdue) == (
        "not-justified",
        "She looked for a neighbour.",
        False,
    )
    assert (found[second].outcome, found[second].overdue) == ("", True)
    world.agree(name="unreviewed")
    plain = world.ask(accused, agreement="unreviewed").id
    assert [line.review for line in lines(world) if line.id == plain] == [None]


def test_what_is_told_to_reviewers_and_to_who_oversees_elsewhere(world, accused):
    agree(world, notice="none", overdue="shout")
    elsewhere = Requester("police", "dpo-9", "data-protection-officer")
    world.ask(accused)
    assert told(world) == Tally(), "it waits in the queue, unsaid"
    assert told(world, elsewhere, oversees=True) == Tally()
    lapse(world)
    assert told(world) == Tally(open=1, overdue=1)
    assert told(world, elsewhere, oversees=True) == Tally(elsewhere=1)
    assert told(world, elsewhere) == Tally()
    assert told(world, Requester("probation", "dpo-8", "data-protection-officer"), oversees=True) == Tally()
    [it] = on_gate(world, lambda conn: overseen(conn, elsewhere))
    assert it.reviewers == ("prosecution",)
    assert on_gate(world, lambda conn: overseen(conn, DPO)) == ()


def test_notice_is_immediate_where_the_agreement_says_so(world, accused):
    agree(world)
    assert told(world) == Tally()
    world.ask(accused)
    assert told(world) == Tally(open=1)
    act(world, waiting_now(world)[0].id)
    assert told(world) == Tally()


def test_that_a_reviewer_read_them_is_remembered(world, accused):
    agree(world)
    world.ask(accused)
    opened(world)
    assert world.run(Role.GATE, "select what, by from gate.consultation") == [("reviews", "dpo-1")]
    opened(world, STRANGERS[0])
    assert len(world.run(Role.GATE, "select 1 from gate.consultation")) == 1, "who was shown nothing consulted nothing"
