"""Agreements in the database: their life from draft to revocation, each act with its entry, and who may do what."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from comity.agreements.canonical import canonical
from comity.agreements.errors import (
    ActRefusedError,
    AgreementError,
    ContradictionError,
    FaultyAgreementError,
    ImmutableError,
    SignatureError,
    UnknownAgreementError,
)
from comity.agreements.keys import public_bytes, thumbprint
from comity.agreements.models import Act, Agreement, AssessmentReference, Event, Why
from comity.agreements.register import register
from comity.agreements.rows import standing_from_rows, standing_query
from comity.agreements.sign import message, sign
from comity.agreements.store import (
    Connection,
    act_upon,
    add_agency,
    add_signature,
    agencies,
    all_standings,
    approve_assessment,
    load_standing,
    pin_key,
    propose,
    propose_assessment,
    read_agreement,
    read_text,
)
from comity.ledger import commitment
from comity.store import Role, Store
from comity.vocabulary import Label, Vocabulary

Keys = dict[str, Ed25519PrivateKey]
AT = datetime(2026, 1, 20, 9, 30, tzinfo=UTC)
NAME, VERSION = "marac-victim-safety", 3
ASSESSMENT = AssessmentReference(NAME, VERSION)
LABELS = {
    "police": Label("Police", "Politie"),
    "probation": Label("Probation", "Reclassering"),
    "victim-services": Label("Victim services", "Slachtofferhulp"),
}


@pytest.fixture
def conn(store: Store) -> Iterator[Connection]:
    with store.connect(Role.GOVERNANCE, autocommit=True) as connection:
        yield connection


@pytest.fixture
def parties(conn: Connection, party_keys: Keys, vocabulary: Vocabulary) -> Keys:
    for agency, key in party_keys.items():
        add_agency(conn, agency, agency, LABELS[agency], vocabulary)
        pin_key(conn, agency, public_bytes(key), AT)
    return party_keys


@pytest.fixture
def draft(conn: Connection, parties: Keys, marac_text: str, vocabulary: Vocabulary) -> Agreement:
    return propose(conn, marac_text, vocabulary, AT)


@pytest.fixture
def in_force(conn: Connection, parties: Keys, draft: Agreement, vocabulary: Vocabulary) -> Agreement:
    propose_assessment(conn, ASSESSMENT, {"risks": ["none is left"]})
    approve_assessment(conn, ASSESSMENT, agency="police", by="dpo-7", at=AT)
    sign_all(conn, draft, parties, vocabulary)
    return draft


def sign_all(conn: Connection, agreement: Agreement, keys: Keys, vocabulary: Vocabulary) -> None:
    for agency in agreement.parties:
        signature = sign(agreement, agency, keys[agency])
        add_signature(conn, agreement.name, agreement.version, agency, signature, vocabulary, AT)


def act(conn: Connection, what: Act, agency: str = "police", reason: str = "The risk is over") -> None:
    act_upon(conn, NAME, VERSION, Event(what, agency, AT), by="staff-4", reason=reason)


def codes(conn: Connection, vocabulary: Vocabulary, now: datetime) -> list[Why]:
    return [reason.code for reason in load_standing(conn, NAME, vocabulary, now).standing.reasons]


def entries(store: Store) -> list[dict[str, Any]]:
    """What waits in the ledger's outbox, oldest first."""
    with store.connect(Role.OWNER) as owner:
        rows = owner.execute("select body from ledger.outbox order by queued_at").fetchall()
    return [json.loads(bytes(body)) for (body,) in rows]


def kinds(store: Store) -> list[str]:
    return [entry["kind"] for entry in entries(store) if entry["kind"] != "alteration"]


# --- its life


def test_from_draft_to_in_force(
    conn: Connection, parties: Keys, draft: Agreement, vocabulary: Vocabulary, now: datetime
) -> None:
    assert codes(conn, vocabulary, now) == [Why.UNSIGNED] * 3 + [Why.NOT_ASSESSED]
    sign_all(conn, draft, parties, vocabulary)
    assert codes(conn, vocabulary, now) == [Why.NOT_ASSESSED]
    propose_assessment(conn, ASSESSMENT, {"risks": []})
    assert codes(conn, vocabulary, now) == [Why.NOT_ASSESSED]
    approve_assessment(conn, ASSESSMENT, agency="police", by="dpo-7", at=AT)
    found = load_standing(conn, NAME, vocabulary, now)
    assert found.standing.in_force
    assert found.agreement == draft


def test_suspended_resumed_revoked(
    conn: Connection, in_force: Agreement, vocabulary: Vocabulary, now: datetime
) -> None:
    act(conn, Act.SUSPEND, "probation")
    assert codes(conn, vocabulary, now) == [Why.SUSPENDED]
    act(conn, Act.RESUME, "probation")
    assert codes(conn, vocabulary, now) == []
    act(conn, Act.REVOKE)
    assert codes(conn, vocabulary, now) == [Why.REVOKED]


def test_a_revocation_counts_for_the_next_request_on_any_connection(
    store: Store, conn: Connection, in_force: Agreement, vocabulary: Vocabulary, now: datetime
) -> None:
    with store.connect(Role.GATE, autocommit=True) as gate:

        def standing() -> bool:
            rows = gate.execute(standing_query(), {"name": NAME}).fetchall()
            found = standing_from_rows(rows, vocabulary, now)
            assert found is not None
            return found.standing.in_force

        with conn.transaction():
            act(conn, Act.REVOKE)
            assert standing()  # not yet committed
        assert not standing()


def test_an_agreement_that_is_not_there(conn: Connection, vocabulary: Vocabulary, now: datetime) -> None:
    assert standing_from_rows([], vocabulary, now) is None
    with pytest.raises(UnknownAgreementError, match="nothing-like-it"):
        load_standing(conn, "nothing-like-it", vocabulary, now)
    with pytest.raises(UnknownAgreementError):
        read_agreement(conn, NAME, 9, vocabulary)
    with pytest.raises(UnknownAgreementError):
        act(conn, Act.REVOKE)


def test_versions_replace_one_another(
    conn: Connection, parties: Keys, in_force: Agreement, marac_text: str, vocabulary: Vocabulary, now: datetime
) -> None:
    text = marac_text.replace("version: 3", "version: 4").replace("from: 2026-02-01", "from: 2026-03-01")
    later = propose(conn, text, vocabulary, AT)
    assert load_standing(conn, NAME, vocabulary, now).version == 3
    sign_all(conn, later, parties, vocabulary)
    assert load_standing(conn, NAME, vocabulary, now).version == 4
    (versions,) = all_standings(conn, vocabulary, now)
    assert [each.standing.in_force for each in versions] == [False, True]


def test_a_draft_can_be_written_anew(
    conn: Connection, draft: Agreement, marac_text: str, vocabulary: Vocabulary
) -> None:
    text = marac_text.replace("keep: P2Y", "keep: P1Y")
    assert propose(conn, text, vocabulary, AT).retention.keep == "P1Y"
    assert read_agreement(conn, NAME, VERSION, vocabulary).retention.keep == "P1Y"
    assert read_text(conn, NAME, VERSION) == text


def test_a_faulty_draft_is_not_kept(conn: Connection, parties: Keys, marac_text: str, vocabulary: Vocabulary) -> None:
    with pytest.raises(FaultyAgreementError):
        propose(conn, marac_text.replace("police", "polise"), vocabulary, AT)  # no agency of that name is known here
    with pytest.raises(UnknownAgreementError):
        read_text(conn, NAME, VERSION)


# --- immutable once the first party has signed


def test_once_signed_the_text_stays(
    conn: Connection, parties: Keys, draft: Agreement, marac_text: str, vocabulary: Vocabulary
) -> None:
    add_signature(conn, NAME, VERSION, "probation", sign(draft, "probation", parties["probation"]), vocabulary, AT)
    with pytest.raises(ImmutableError, match="version 4"):
        propose(conn, marac_text.replace("keep: P2Y", "keep: P1Y"), vocabulary, AT)
    assert propose(conn, "# the same, said twice\n" + marac_text, vocabulary, AT) == draft
    assert read_agreement(conn, NAME, VERSION, vocabulary) == draft


REWRITING = [
    "update agreements.agreement set canonical = '{}'",
    "update agreements.agreement set assessment = 'other@1'",
    "update agreements.agreement set version = 9",
    "delete from agreements.agreement",
    "update agreements.signature set agency = 'court'",
    "delete from agreements.signature",
    "truncate agreements.signature cascade",
    "update agreements.event set act = 'resume'",
    "delete from agreements.event",
    "truncate agreements.event",
    "update agreements.assessment set document = '{}'",
    "delete from agreements.assessment",
    "truncate agreements.assessment",
]


@pytest.mark.parametrize("role", [Role.GOVERNANCE, Role.GATE, Role.OWNER])
def test_history_rewritten_in_sql(role: Role, store: Store, conn: Connection, in_force: Agreement) -> None:
    """Two walls: the roles lack the right, and the tables refuse even their owner."""
    act(conn, Act.SUSPEND)
    with store.connect(role, autocommit=True) as attacker:
        for statement in REWRITING:
            with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.RestrictViolation)):
                attacker.execute(statement)


@pytest.mark.parametrize("role", [Role.INTAKE, Role.LEDGER])
def test_other_roles_do_not_see_agreements(role: Role, store: Store, in_force: Agreement) -> None:
    with store.connect(role) as other, pytest.raises(psycopg.errors.InsufficientPrivilege):
        other.execute("select from agreements.agreement")


def test_the_gate_changes_nothing(store: Store, in_force: Agreement) -> None:
    with store.connect(Role.GATE) as gate, pytest.raises(psycopg.errors.InsufficientPrivilege):
        gate.execute("insert into agreements.agency values ('x', 'police', 'x', 'x')")


def test_text_changed_behind_the_triggers_is_not_in_force(
    store: Store, conn: Connection, in_force: Agreement, vocabulary: Vocabulary, now: datetime
) -> None:
    """Whoever owns the database can switch triggers off; the signatures then say that the text is another one."""
    with store.connect(Role.OWNER) as owner:
        owner.execute("alter table agreements.agreement disable trigger signed_stays")
        owner.execute(
            "update agreements.agreement set canonical = "
            "convert_to(replace(convert_from(canonical, 'UTF8'), '\"area\"', '\"as-is\"'), 'UTF8')"
        )
    assert codes(conn, vocabulary, now) == [Why.INVALID_SIGNATURE] * 3


def test_a_draft_edited_while_a_party_signs(
    store: Store, conn: Connection, parties: Keys, draft: Agreement, marac_text: str, vocabulary: Vocabulary
) -> None:
    """The signature was made over the text before the edit: it is refused, not kept under another text."""
    signature = sign(draft, "police", parties["police"])
    propose(conn, marac_text.replace("address: area", "address: as-is"), vocabulary, AT)
    with store.connect(Role.GOVERNANCE) as other, pytest.raises(SignatureError):
        add_signature(other, NAME, VERSION, "police", signature, vocabulary, AT)


# --- signatures


def test_a_signature_that_is_not_the_partys_is_refused(
    store: Store, conn: Connection, parties: Keys, draft: Agreement, vocabulary: Vocabulary, now: datetime
) -> None:
    for agency, signature in (
        ("police", sign(draft, "police", parties["probation"])),
        ("police", sign(draft, "probation", parties["probation"])),
        ("court", sign(draft, "police", parties["police"])),
        ("police", b"\x00" * 64),
        ("police", b""),
    ):
        with pytest.raises(SignatureError):
            add_signature(conn, NAME, VERSION, agency, signature, vocabulary, AT)
    assert codes(conn, vocabulary, now).count(Why.UNSIGNED) == 3
    assert "sign" not in kinds(store)


def test_replayed_signature(
    store: Store, conn: Connection, parties: Keys, draft: Agreement, vocabulary: Vocabulary
) -> None:
    signature = sign(draft, "police", parties["police"])
    add_signature(conn, NAME, VERSION, "police", signature, vocabulary, AT)
    with pytest.raises(SignatureError, match="already"):
        add_signature(conn, NAME, VERSION, "police", signature, vocabulary, AT)
    assert kinds(store) == ["sign"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("not charge.spent", "charge.spent and not charge.spent"), "no row can be so"),
        (("purpose: victim-safety", "purpose: research"), "Data Protection Act 2018, sections 36(4) and 41"),
    ],
)
def test_what_contradicts_itself_or_the_law_is_proposed_but_not_signed(
    store: Store, conn: Connection, parties: Keys, marac_text: str, vocabulary: Vocabulary, change, told
) -> None:
    agreement = propose(conn, marac_text.replace(*change, 1), vocabulary, AT)
    with pytest.raises(ContradictionError, match="Mend this, and propose it anew") as refused:
        add_signature(conn, NAME, VERSION, "police", sign(agreement, "police", parties["police"]), vocabulary, AT)
    assert "release 3: " in str(refused.value)
    assert told in str(refused.value)
    assert kinds(store) == []
    mended = propose(conn, marac_text, vocabulary, AT)  # not signed, so it can still be mended
    add_signature(conn, NAME, VERSION, "police", sign(mended, "police", parties["police"]), vocabulary, AT)


def test_a_party_without_a_pinned_key_cannot_sign(
    conn: Connection, party_keys: Keys, marac_text: str, vocabulary: Vocabulary
) -> None:
    for agency in party_keys:
        add_agency(conn, agency, agency, LABELS[agency], vocabulary)
    agreement = propose(conn, marac_text, vocabulary, AT)
    with pytest.raises(SignatureError, match="Pin its public key"):
        add_signature(conn, NAME, VERSION, "police", sign(agreement, "police", party_keys["police"]), vocabulary, AT)


def test_a_pinned_key_is_not_replaced_unawares(
    conn: Connection, in_force: Agreement, vocabulary: Vocabulary, now: datetime
) -> None:
    other = Ed25519PrivateKey.generate()
    with pytest.raises(SignatureError, match="Another key is pinned"):
        pin_key(conn, "police", public_bytes(other), AT)
    assert codes(conn, vocabulary, now) == []
    assert pin_key(conn, "police", public_bytes(other), AT, replace=True) == thumbprint(public_bytes(other))
    assert codes(conn, vocabulary, now) == [Why.KEY_NOT_PINNED]


def test_a_party_whose_key_was_replaced_signs_the_same_text_anew(
    conn: Connection, parties: Keys, in_force: Agreement, vocabulary: Vocabulary, now: datetime
) -> None:
    new = Ed25519PrivateKey.generate()
    pin_key(conn, "police", public_bytes(new), AT, replace=True)
    with pytest.raises(SignatureError, match="not police's"):
        add_signature(
            conn,
            NAME,
            VERSION,
            "police",
            sign(in_force, "police", parties["police"]),
            vocabulary,
            AT + timedelta(hours=1),
        )
    add_signature(conn, NAME, VERSION, "police", sign(in_force, "police", new), vocabulary, AT + timedelta(hours=1))
    assert codes(conn, vocabulary, now) == []
    with pytest.raises(SignatureError, match="already"):
        add_signature(conn, NAME, VERSION, "police", sign(in_force, "police", new), vocabulary, AT + timedelta(hours=1))
    pin_key(conn, "police", public_bytes(Ed25519PrivateKey.generate()), AT, replace=True)
    assert codes(conn, vocabulary, now) == [Why.KEY_NOT_PINNED]


def test_agencies(conn: Connection, parties: Keys, vocabulary: Vocabulary) -> None:
    assert [(party.agency, party.kind, party.label) for party in agencies(conn)] == [
        (agency, agency, label) for agency, label in LABELS.items()
    ]
    assert agencies(conn)[0].public_key == public_bytes(parties["police"])
    add_agency(conn, "police", "police", Label("The police", "De politie"), vocabulary)
    assert agencies(conn)[0].label.en == "The police"
    assert agencies(conn)[0].public_key == public_bytes(parties["police"])
    with pytest.raises(AgreementError, match="known here as police"):
        add_agency(conn, "police", "prison", LABELS["police"], vocabulary)
    assert agencies(conn)[0].kind == "police"
    add_agency(conn, "police", "prison", LABELS["police"], vocabulary, replace=True)
    assert agencies(conn)[0].kind == "prison"
    with pytest.raises(AgreementError, match="kind of agency"):
        add_agency(conn, "shop", "shop", Label("Shop", "Winkel"), vocabulary)
    with pytest.raises(UnknownAgreementError):
        pin_key(conn, "shop", b"\x01" * 32, AT)


# --- acts


SENSELESS = [
    # acts of the police before, the act, whose, the reason, words of the refusal
    ([], Act.RESUME, "police", "x", "has not suspended"),
    ([Act.SUSPEND], Act.RESUME, "probation", "x", "has not suspended"),
    ([Act.SUSPEND], Act.SUSPEND, "police", "x", "already"),
    ([Act.REVOKE], Act.REVOKE, "police", "x", "for ever"),
    ([Act.REVOKE], Act.SUSPEND, "probation", "x", "for ever"),
    ([], Act.REVOKE, "court", "x", "no party"),
    ([], Act.REVOKE, "police", " ", "No reason"),
]


def test_acts_that_make_no_sense(store: Store, conn: Connection, draft: Agreement) -> None:
    for before, what, agency, reason, words in SENSELESS:
        with conn.transaction(force_rollback=True):
            for earlier in before:
                act(conn, earlier)
            with pytest.raises(ActRefusedError, match=words):
                act(conn, what, agency, reason)
    assert kinds(store) == []


def test_what_can_no_longer_be_read_can_still_be_revoked(
    store: Store, conn: Connection, in_force: Agreement, vocabulary: Vocabulary, now: datetime
) -> None:
    with store.connect(Role.OWNER) as owner:
        owner.execute("alter table agreements.agreement disable trigger signed_stays")
        owner.execute("update agreements.agreement set canonical = '{}'")
    act(conn, Act.REVOKE)
    assert codes(conn, vocabulary, now) == [Why.UNREADABLE]


def test_an_approved_assessment_stays(conn: Connection, in_force: Agreement) -> None:
    propose_assessment(conn, ASSESSMENT, {"risks": ["none is left"]})
    with pytest.raises(ImmutableError):
        propose_assessment(conn, ASSESSMENT, {"risks": []})
    with pytest.raises(ActRefusedError, match="already"):
        approve_assessment(conn, ASSESSMENT, agency="police", by="dpo-7", at=AT)
    with pytest.raises(UnknownAgreementError):
        approve_assessment(conn, AssessmentReference("other", 1), agency="police", by="dpo-7", at=AT)


def test_another_assessment_slipped_under_a_signed_agreement(
    store: Store, conn: Connection, parties: Keys, draft: Agreement, vocabulary: Vocabulary, now: datetime
) -> None:
    other = AssessmentReference("harmless", 1)
    propose_assessment(conn, other, {})
    approve_assessment(conn, other, agency="police", by="dpo-7", at=AT)
    conn.execute("update agreements.agreement set assessment = 'harmless@1'")
    sign_all(conn, draft, parties, vocabulary)
    assert codes(conn, vocabulary, now) == [Why.NOT_ASSESSED]


# --- the ledger


def test_every_act_has_its_entry(store: Store, conn: Connection, in_force: Agreement) -> None:
    for what in (Act.SUSPEND, Act.RESUME, Act.REVOKE):
        act(conn, what)
    assert kinds(store) == ["approve", "sign", "sign", "sign", "suspend", "resume", "revoke"]
    signed = [entry["context"] for entry in entries(store) if entry["kind"] == "sign"]
    assert [context["agency"] for context in signed] == ["police", "probation", "victim-services"]
    assert {context["agreement"] for context in signed} == {"marac-victim-safety@3"}
    assert [entry["context"]["agency"] for entry in entries(store) if entry["kind"] == "alteration"] == list(LABELS)


def test_an_act_that_is_rolled_back_leaves_no_entry(
    store: Store, conn: Connection, in_force: Agreement, vocabulary: Vocabulary, now: datetime
) -> None:
    before = len(entries(store))
    with conn.transaction(force_rollback=True):
        act(conn, Act.REVOKE)
    assert len(entries(store)) == before
    assert codes(conn, vocabulary, now) == []


def test_entries_say_nothing_of_staff_or_reasons(store: Store, conn: Connection, in_force: Agreement) -> None:
    act(conn, Act.REVOKE, reason="Mrs Jansen complained")
    text = json.dumps(entries(store))
    assert "Jansen" not in text
    assert "staff-4" not in text
    assert "dpo-7" not in text


def test_a_signatures_entry_can_be_opened_with_the_salt_that_is_kept(
    store: Store, conn: Connection, parties: Keys, in_force: Agreement
) -> None:
    row = conn.execute("select entry, salt, signature from agreements.signature where agency = 'police'").fetchone()
    assert row is not None
    (entry,) = [each for each in entries(store) if each["id"] == str(row[0])]
    payload = message(canonical(in_force), "police", NAME, VERSION) + bytes(row[2])
    assert entry["commitment"] == commitment(bytes(row[1]), payload).hex()


# --- the register


def test_the_register_says_what_was_signed_and_whether_it_is_in_force(
    conn: Connection, in_force: Agreement, marac_text: str, vocabulary: Vocabulary, now: datetime
) -> None:
    propose(conn, marac_text.replace("version: 3", "version: 4"), vocabulary, AT)  # a draft is not published
    (entry,) = register(conn, vocabulary, now)
    assert (entry.name, entry.version, entry.status.en) == (NAME, VERSION, "In force")
    assert [label.nl for label in entry.recipients] == ["Slachtofferhulp"]
    assert entry.purpose == vocabulary.purpose("victim-safety").label
    act(conn, Act.SUSPEND)
    (entry,) = register(conn, vocabulary, now + timedelta(days=1))
    assert entry.status.nl == "Niet van kracht"
    assert [reason.code for reason in entry.standing.reasons] == [Why.SUSPENDED]


def test_the_register_holds_no_draft(conn: Connection, draft: Agreement, vocabulary: Vocabulary, now: datetime) -> None:
    assert register(conn, vocabulary, now) == ()


def test_the_gate_can_read_the_register(
    store: Store, in_force: Agreement, vocabulary: Vocabulary, now: datetime
) -> None:
    with store.connect(Role.GATE) as gate:
        assert len(register(gate, vocabulary, now)) == 1
        assert read_agreement(gate, NAME, VERSION, vocabulary) == in_force
