"""In force or not, and every reason why not, as a table; and that nothing tampered with is ever in force."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from comity.agreements.canonical import canonical
from comity.agreements.keys import public_bytes, thumbprint
from comity.agreements.models import Act, Agreement, Considered, Event, InForce, Kept, Party, Signature, Why
from comity.agreements.sign import sign
from comity.agreements.standing import consider, current
from comity.vocabulary import Label, Vocabulary, load
from comity.vocabulary.models import RecordType

VOCABULARY = load()
NOW = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)
EARLIER = datetime(2026, 3, 1, tzinfo=UTC)
Keys = dict[str, Ed25519PrivateKey]


def parties(keys: Keys) -> dict[str, Party]:
    return {agency: Party(agency, "police", Label(agency, agency), public_bytes(key)) for agency, key in keys.items()}


def signature(agreement: Agreement, agency: str, key: Ed25519PrivateKey) -> Signature:
    return Signature(agency, thumbprint(public_bytes(key)), sign(agreement, agency, key), EARLIER)


def kept(agreement: Agreement, keys: Keys) -> Kept:
    """A version that is signed by all, and assessed."""
    signatures = tuple(signature(agreement, agency, keys[agency]) for agency in agreement.parties)
    name = str(agreement.assessment)
    return Kept(agreement.name, agreement.version, canonical(agreement), signatures, (), name, "approved")


def event(act: Act, agency: str = "police", at: datetime = EARLIER) -> Event:
    return Event(act, agency, at)


def codes(considered: Considered) -> list[Why]:
    return [reason.code for reason in considered.standing.reasons]


def standing_of(version: Kept, keys: Keys, now: datetime = NOW, vocabulary: Vocabulary = VOCABULARY) -> Considered:
    (found,) = consider([version], parties(keys), vocabulary, now)
    return found


def swap(version: Kept) -> tuple[Signature, ...]:
    """The signatures of the first two parties, each in the other's place."""
    one, two, *rest = version.signatures
    return (replace(one, agency=two.agency), replace(two, agency=one.agency), *rest)


#: what is changed of a version that is in force, and the reasons that this gives
REASONS: list[tuple[str, Callable[[Kept], Kept], list[Why]]] = [
    ("nothing", lambda k: k, []),
    ("one party has not signed", lambda k: replace(k, signatures=k.signatures[1:]), [Why.UNSIGNED]),
    ("nobody has signed", lambda k: replace(k, signatures=()), [Why.UNSIGNED] * 3),
    ("suspended", lambda k: replace(k, events=(event(Act.SUSPEND),)), [Why.SUSPENDED]),
    ("suspended and resumed", lambda k: replace(k, events=(event(Act.SUSPEND), event(Act.RESUME))), []),
    (
        "suspended by one and resumed by another",
        lambda k: replace(k, events=(event(Act.SUSPEND), event(Act.RESUME, "probation"))),
        [Why.SUSPENDED],
    ),
    (
        "suspended by two and resumed by one",
        lambda k: replace(k, events=(event(Act.SUSPEND), event(Act.SUSPEND, "probation"), event(Act.RESUME))),
        [Why.SUSPENDED],
    ),
    ("revoked", lambda k: replace(k, events=(event(Act.REVOKE),)), [Why.REVOKED]),
    ("resumed after revoking", lambda k: replace(k, events=(event(Act.REVOKE), event(Act.RESUME))), [Why.REVOKED]),
    ("assessment in draft", lambda k: replace(k, assessment_status="draft"), [Why.NOT_ASSESSED]),
    ("no assessment", lambda k: replace(k, assessment_status=None), [Why.NOT_ASSESSED]),
    ("another assessment approved", lambda k: replace(k, assessment="other@1"), [Why.NOT_ASSESSED]),
    # attacks on what is kept
    ("signatures re-ordered", lambda k: replace(k, signatures=swap(k)), [Why.KEY_NOT_PINNED] * 2),
    ("row moved to another version", lambda k: replace(k, version=4), [Why.UNREADABLE]),
    ("row moved to another name", lambda k: replace(k, name="other"), [Why.UNREADABLE]),
    (
        "text edited after signing",
        lambda k: replace(k, data=k.data.replace(b'"onward":"none"', b'"onward":"with-permission"')),
        [Why.INVALID_SIGNATURE] * 3,
    ),
    ("text damaged", lambda k: replace(k, data=k.data[:-1]), [Why.UNREADABLE]),
    ("text in another layout", lambda k: replace(k, data=k.data + b"\n"), [Why.UNREADABLE]),
    (
        "an event of who knows when",
        lambda k: replace(k, events=(event(Act.REVOKE, at=datetime(2030, 1, 1, tzinfo=UTC)),)),
        [Why.REVOKED],
    ),
]


@pytest.mark.parametrize(("change", "expected"), [row[1:] for row in REASONS], ids=[row[0] for row in REASONS])
def test_reasons(change: Callable[[Kept], Kept], expected: list[Why], marac: Agreement, party_keys: Keys) -> None:
    found = standing_of(change(kept(marac, party_keys)), party_keys)
    assert codes(found) == expected
    assert found.standing.in_force is (not expected)
    assert all(reason.label.en and reason.label.nl for reason in found.standing.reasons)


@pytest.mark.parametrize(
    ("today", "expected", "warned"),
    [
        (date(2026, 1, 31), [Why.NOT_YET], False),
        (date(2026, 2, 1), [], False),
        (date(2026, 8, 1), [], False),
        (date(2026, 8, 2), [], True),
        (date(2027, 1, 31), [], True),
        (date(2027, 2, 1), [Why.EXPIRED], True),
    ],
)
def test_days(today: date, expected: list[Why], warned: bool, marac: Agreement, party_keys: Keys) -> None:
    now = datetime(today.year, today.month, today.day, 23, 59, tzinfo=UTC)
    found = standing_of(kept(marac, party_keys), party_keys, now)
    assert codes(found) == expected
    assert [warning.code for warning in found.standing.warnings] == [Why.REVIEW_OVERDUE] * warned


def test_every_reason_is_told_at_once(marac: Agreement, party_keys: Keys) -> None:
    version = replace(
        kept(marac, party_keys),
        signatures=kept(marac, party_keys).signatures[:1],
        events=(event(Act.SUSPEND), event(Act.REVOKE, "probation")),
        assessment_status=None,
    )
    found = standing_of(version, party_keys, datetime(2028, 1, 1, tzinfo=UTC))
    assert codes(found) == [Why.UNSIGNED, Why.UNSIGNED, Why.EXPIRED, Why.SUSPENDED, Why.REVOKED, Why.NOT_ASSESSED]
    assert found.standing.reasons[0].label == Label("Not signed by probation.", "Niet ondertekend door probation.")


def test_signed_with_another_agencys_key(marac: Agreement, party_keys: Keys) -> None:
    version = kept(marac, party_keys)
    forged = signature(marac, "police", party_keys["probation"])
    assert codes(standing_of(replace(version, signatures=(forged, *version.signatures[1:])), party_keys)) == [
        Why.KEY_NOT_PINNED
    ]
    disguised = replace(forged, thumbprint=version.signatures[0].thumbprint)
    found = standing_of(replace(version, signatures=(disguised, *version.signatures[1:])), party_keys)
    assert codes(found) == [Why.INVALID_SIGNATURE]


def test_a_key_that_was_replaced_signs_nothing_any_more(marac: Agreement, party_keys: Keys) -> None:
    version = kept(marac, party_keys)
    renewed = {**party_keys, "police": Ed25519PrivateKey.from_private_bytes(b"\x09" * 32)}
    assert codes(standing_of(version, renewed)) == [Why.KEY_NOT_PINNED]


def test_a_party_whose_key_is_not_known_here(marac: Agreement, party_keys: Keys) -> None:
    version = kept(marac, party_keys)
    known = parties(party_keys)
    for less in ({**known, "police": replace(known["police"], public_key=None)}, {"probation": known["probation"]}):
        (found,) = consider([version], less, VOCABULARY, NOW)
        assert Why.KEY_NOT_PINNED in codes(found)


def test_a_field_renamed_in_the_vocabulary(marac: Agreement, party_keys: Keys, vocabulary: Vocabulary) -> None:
    """What was signed no longer means anything here, so nothing is released: not even the other clauses."""
    version = kept(marac, party_keys)
    assert standing_of(version, party_keys, vocabulary=vocabulary).standing.in_force
    charge = vocabulary.record_type("charge")
    fields = tuple(replace(field, name="is_spent") if field.name == "spent" else field for field in charge.fields)
    renamed: dict[str, RecordType] = {**vocabulary.record_types, "charge": replace(charge, fields=fields)}
    found = standing_of(version, party_keys, vocabulary=replace(vocabulary, record_types=renamed))
    assert codes(found) == [Why.UNREADABLE]
    assert found.agreement is None
    assert "'spent'" in found.standing.reasons[0].label.en


@given(st.data())
def test_one_flipped_bit_of_the_text_is_never_in_force(marac: Agreement, party_keys: Keys, data: st.DataObject) -> None:
    version = kept(marac, party_keys)
    flipped = bytearray(version.data)
    flipped[data.draw(st.integers(0, len(flipped) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert not standing_of(replace(version, data=bytes(flipped)), party_keys).standing.in_force


# --- versions of one agreement


@pytest.fixture
def next_version(marac: Agreement) -> Agreement:
    return replace(marac, version=4, in_force=InForce(date(2026, 3, 1), date(2027, 3, 1), date(2026, 9, 1)))


def both(first: Kept, second: Kept, keys: Keys, now: datetime = NOW) -> tuple[list[Why], list[Why], int]:
    considered = consider([second, first], parties(keys), VOCABULARY, now)
    chosen = current(considered)
    assert chosen is not None
    return codes(considered[0]), codes(considered[1]), chosen.version


def test_a_later_version_replaces_the_earlier(marac: Agreement, next_version: Agreement, party_keys: Keys) -> None:
    found = both(kept(marac, party_keys), kept(next_version, party_keys), party_keys)
    assert found == ([Why.REPLACED], [], 4)


def test_a_draft_replaces_nothing(marac: Agreement, next_version: Agreement, party_keys: Keys) -> None:
    later = kept(next_version, party_keys)
    for draft in (
        replace(later, signatures=()),
        replace(later, signatures=later.signatures[:2]),
        replace(later, assessment_status="draft"),
    ):
        first, _, chosen = both(kept(marac, party_keys), draft, party_keys)
        assert (first, chosen) == ([], 3)


def test_a_later_version_replaces_from_its_first_day(
    marac: Agreement, next_version: Agreement, party_keys: Keys
) -> None:
    later = kept(
        replace(next_version, in_force=InForce(date(2026, 4, 1), date(2027, 3, 1), date(2026, 9, 1))), party_keys
    )
    before, after = datetime(2026, 3, 31, 23, tzinfo=UTC), datetime(2026, 4, 1, 0, tzinfo=UTC)
    assert both(kept(marac, party_keys), later, party_keys, before) == ([], [Why.NOT_YET], 3)
    assert both(kept(marac, party_keys), later, party_keys, after) == ([Why.REPLACED], [], 4)


@pytest.mark.parametrize(
    "damage",
    [
        lambda k: replace(k, events=(event(Act.SUSPEND, at=NOW),)),
        lambda k: replace(k, events=(event(Act.REVOKE, at=NOW),)),
        lambda k: replace(k, data=b"{}"),
        lambda k: replace(k, data=k.data.replace(b'"none"', b'"with-permission"')),
        lambda k: replace(k, signatures=swap(k)),
    ],
    ids=["suspended", "revoked", "wiped", "edited", "signatures re-ordered"],
)
def test_damaging_the_new_version_does_not_bring_the_old_one_back(
    damage: Callable[[Kept], Kept], marac: Agreement, next_version: Agreement, party_keys: Keys
) -> None:
    first, second, chosen = both(kept(marac, party_keys), damage(kept(next_version, party_keys)), party_keys)
    assert first == [Why.REPLACED]
    assert second
    assert chosen == 4


def test_a_version_revoked_before_its_first_day_replaced_nothing(
    marac: Agreement, next_version: Agreement, party_keys: Keys
) -> None:
    revoked = event(Act.REVOKE, at=datetime(2026, 2, 20, tzinfo=UTC))
    later = replace(kept(next_version, party_keys), events=(revoked,))
    assert both(kept(marac, party_keys), later, party_keys) == ([], [Why.REVOKED], 3)


def test_of_versions_none_of_which_took_effect_the_last_is_looked_at(
    marac: Agreement, next_version: Agreement, party_keys: Keys
) -> None:
    drafts = [replace(kept(each, party_keys), signatures=()) for each in (marac, next_version)]
    assert both(*drafts, party_keys)[2] == 4
    assert current(()) is None
