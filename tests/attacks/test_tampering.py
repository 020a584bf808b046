"""An agreement edited after signing, as whoever holds the database could, with every trigger off.

Each byte that was signed, and each column of each table that an agreement's standing hangs on: either nothing is in
force any more, or the edit changes no answer, or it does and the ledger tells. The ledger's entries were committed when
the act was done, and no edit of the tables reaches them: ``unopened`` finds rows and entries that no longer agree.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.gate.world import NOW, agreement_text

from comity.agreements.canonical import canonical
from comity.agreements.consent import Answer, Recorded
from comity.agreements.keys import public_bytes, thumbprint
from comity.agreements.models import Act, Event, Kept, Party, Signature
from comity.agreements.parse import parse_agreement
from comity.agreements.sign import message, sign
from comity.agreements.standing import consider
from comity.agreements.store import act_upon, record_consent
from comity.gate import Disclosure, Refusal
from comity.ledger.entry import Entry, commitment
from comity.store import Role
from comity.vocabulary import Label

from .injections import superuser

TABLES = ("agency", "agreement", "assessment", "consent", "event", "signature")
#: Tables of agreements that the gate never reads: how an assessment came about, and what whoever signed confirmed. Their
#: own tests hold them.
UNREAD = {"assessment_change", "assessment_signature", "assessment_work", "impact", "impact_confirmation"}


@dataclass(frozen=True)
class Edit:
    """What is written in a column, and what becomes of the next request: a refusal's code, or the same answer."""

    to: str
    refused: str | None
    found: bool = False  # whether the ledger's entries tell that the row is not what was done

    @property
    def harmless(self) -> bool:
        return self.refused is None and not self.found


def noticed(to: str, refused: str) -> Edit:
    return Edit(to, refused)


def found(to: str) -> Edit:
    return Edit(to, None, found=True)


def harmless(to: str) -> Edit:
    return Edit(to, None)


EDITS = {
    "agreement.name": noticed("'other'", "unknown-agreement"),
    "agreement.version": noticed("2", "not-in-force:unreadable"),
    "agreement.canonical": noticed(
        "convert_to(replace(convert_from(canonical, 'UTF8'), '\"year\"', '\"as-is\"'), 'UTF8')",
        "not-in-force:" + ",".join(["invalid-signature"] * 3),
    ),
    "agreement.yaml": harmless("'agreement: nonsense'"),  # for the next version's author; what is signed is canonical
    "agreement.parties": noticed("'{police}'", "not-in-force:key-not-pinned,key-not-pinned"),
    "agreement.assessment": noticed("'other@1'", "not-in-force:assessment-not-approved"),
    "agreement.proposed_at": harmless("now()"),
    "signature.name": noticed("'other'", "not-in-force:" + ",".join(["unsigned"] * 3)),
    "signature.version": noticed("9", "not-in-force:" + ",".join(["unsigned"] * 3)),
    "signature.agency": noticed("'prison'", "not-in-force:" + ",".join(["unsigned"] * 3)),
    "signature.thumbprint": noticed("thumbprint || 'x'", "not-in-force:" + ",".join(["key-not-pinned"] * 3)),
    "signature.signature": noticed(
        "decode(repeat('00', 64), 'hex')", "not-in-force:" + ",".join(["invalid-signature"] * 3)
    ),
    "signature.signed_at": found("signed_at - interval '1 year'"),
    "signature.entry": found("gen_random_uuid()"),
    "signature.salt": found("decode(repeat('00', 16), 'hex')"),
    "assessment.name": noticed("'other'", "not-in-force:assessment-not-approved"),
    "assessment.version": noticed("9", "not-in-force:assessment-not-approved"),
    "assessment.status": noticed(
        "'draft', approved_by = null, approved_at = null", "not-in-force:assessment-not-approved"
    ),
    "assessment.document": found('\'{"conclusion": "another"}\''),
    "assessment.approved_by": found("'somebody-else'"),
    "assessment.approved_at": found("approved_at - interval '1 year'"),
    "assessment.entry": found("gen_random_uuid()"),
    "assessment.salt": found("decode(repeat('00', 16), 'hex')"),
    "agency.agency": noticed("agency || '-x'", "not-in-force:" + ",".join(["key-not-pinned"] * 3)),
    "agency.kind": harmless("'prison'"),
    "agency.label_en": harmless("'Somebody else'"),
    "agency.label_nl": harmless("'Iemand anders'"),
    "agency.public_key": noticed("sha256(public_key)", "not-in-force:" + ",".join(["key-not-pinned"] * 3)),
    "agency.thumbprint": harmless("'x'"),  # worked out anew from the key
    # These are edits of a row that stopped something: they succeed, and the ledger tells.
    "event.number": harmless("default"),  # see the acts that are put in another order
    "event.name": found("'other'"),
    "event.version": found("9"),
    "event.act": found("'resume'"),
    "event.agency": found("'prison'"),
    "event.by": found("'somebody-else'"),
    "event.at": found("at - interval '1 year'"),
    "event.reason": found("'another'"),
    "event.entry": found("gen_random_uuid()"),
    "event.salt": found("decode(repeat('00', 16), 'hex')"),
    "consent.number": harmless("default"),
    "consent.name": found("'other'"),
    "consent.person": found("gen_random_uuid()"),
    "consent.answer": found("'given'"),
    "consent.agency": found("'prison'"),
    "consent.by": found("'somebody-else'"),
    "consent.at": found("at - interval '1 year'"),
    "consent.reason": found("'another'"),
    "consent.entry": found("gen_random_uuid()"),
    "consent.salt": found("decode(repeat('00', 16), 'hex')"),
}


def unopened(world) -> list[str]:
    """Each act of which the row and the ledger's entry do not agree: what an auditor who has both finds."""
    with superuser(world) as conn:
        entries = {
            it.id: it for (body,) in conn.execute("select body from ledger.outbox") for it in [Entry.decode(body)]
        }
        done = {
            "sign": [signed(row) for row in conn.execute(
                "select s.entry, s.salt, s.signed_at, a.canonical, s.agency, s.name, s.version, s.signature"
                " from agreements.signature s join agreements.agreement a using (name, version)")],
            "act": [acted(row) for row in conn.execute(
                "select entry, salt, at, act, agency, name, version, by, reason from agreements.event")],
            "consent": [answered(row) for row in conn.execute(
                "select entry, salt, at, answer, agency, name, person, by, reason from agreements.consent")],
            "approve": [approved(row) for row in conn.execute(
                "select entry, salt, approved_at, name, version, approved_by, document from agreements.assessment"
                " where status = 'approved'")],
        }  # fmt: skip
    told = [
        kind
        for kind, rows in done.items()
        for entry, salt, at, payload in rows
        if entry not in entries or entries[entry].commitment != commitment(salt, payload) or entries[entry].at != at
    ]
    known = {entry for rows in done.values() for entry, *_ in rows}
    kinds = {"sign", "suspend", "resume", "revoke", "consent", "approve"}
    return told + [it.kind for it in entries.values() if it.kind in kinds and it.id not in known]


def signed(row):
    entry, salt, at, data, agency, name, version, signature = row
    return entry, bytes(salt), at, message(bytes(data), agency, name, version) + bytes(signature)


def acted(row):
    entry, salt, at, act, agency, name, version, by, reason = row
    said = {"agency": agency, "agreement": f"{name}@{version}", "act": act, "at": iso(at), "by": by, "reason": reason}
    return entry, bytes(salt), at, rfc8785.dumps(said)


def answered(row):
    entry, salt, at, answer, agency, name, person, by, reason = row
    said = {"answer": answer, "agency": agency, "by": by, "reason": reason, "name": name, "person": str(person)}
    return entry, bytes(salt), at, rfc8785.dumps({**said, "at": iso(at)})


def approved(row):
    entry, salt, at, name, version, by, document = row
    said = {"assessment": f"{name}@{version}", "agency": "prosecution", "by": by, "document": document, "at": iso(at)}
    return entry, bytes(salt), at, rfc8785.dumps(said)


def iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


@pytest.fixture
def kept(world, accused) -> UUID:
    """An agreement in force, one that a party suspended, and one about which somebody refused consent."""
    world.agree()
    world.agree(name="stopped")
    world.agree(name="asking", consent="required")
    with world.store.connect(Role.GOVERNANCE) as conn:
        act_upon(conn, "stopped", 1, Event(Act.SUSPEND, "police", NOW), by="dpo", reason="misuse")
        record_consent(
            conn, "asking", accused, Recorded(Answer.REFUSED, "police", "staff", NOW, "in danger"), world.vocabulary
        )
    return accused


#: whose next answer an edit of a table would change
ASKED = {"event": "stopped", "consent": "asking"}


def test_every_column_beside_the_text_is_edited_here(world):
    """A column that is added tomorrow is unaccounted for until somebody says here what an edit of it does."""
    columns = world.run(
        Role.OWNER,
        "select table_name, column_name from information_schema.columns where table_schema = 'agreements'",
    )
    assert {f"{table}.{name}" for table, name in columns if table not in UNREAD} == set(EDITS)
    assert {table for table, _ in columns} == {*TABLES, *UNREAD}


@pytest.mark.parametrize("table", TABLES)
def test_a_column_edited_after_signing(world, kept, table):
    """Nothing is released by the edit without the ledger's telling."""
    asked = ASKED.get(table, "charging")
    before = answer_of(world.ask(kept, agreement=asked))
    assert unopened(world) == []
    save(world)
    for name, edit in ((it.partition(".")[2], edit) for it, edit in EDITS.items() if it.startswith(f"{table}.")):
        behind_the_triggers(world, f"update agreements.{table} set {name} = {edit.to} where {which(table, name)}")
        after = world.ask(kept, agreement=asked)
        [(code,)] = world.run(Role.GATE, "select reason from gate.disclosure where id = %s", after.id)
        if edit.refused:
            assert code == edit.refused, name
        elif not edit.found:
            assert answer_of(after) == before, name
        assert bool(unopened(world)) or not edit.found, name
        restore(world)
    assert answer_of(world.ask(kept, agreement=asked)) == before


def behind_the_triggers(world, *statements: str) -> None:
    with superuser(world) as conn:
        conn.execute("set session_replication_role = replica")
        for statement in statements:
            conn.execute(statement)


def save(world) -> None:
    behind_the_triggers(world, *(f"create table saved_{it} as table agreements.{it}" for it in TABLES))


def restore(world) -> None:
    back = [
        f"delete from agreements.{it}; insert into agreements.{it} overriding system value table saved_{it}"
        for it in TABLES
    ]
    behind_the_triggers(world, *back)


def which(table: str, name: str) -> str:
    """Which rows are edited: those on which the answer hangs."""
    of = {"agency": "agency in ('police', 'court', 'prosecution')", "event": "true", "consent": "true"}
    return of.get(table, "name = 'charging'")


def answer_of(answer) -> object:
    return answer.digest if isinstance(answer, Disclosure) else answer.reason


@pytest.mark.parametrize("table", ["event", "consent", "signature"])
def test_a_row_taken_away(world, kept, table):
    """Who takes away the row of a suspension brings the agreement back; the entry of it is left without its row."""
    behind_the_triggers(world, f"delete from agreements.{table}")
    world.ask(kept, agreement=ASKED.get(table, "charging"))
    assert unopened(world)


def test_acts_put_in_another_order(world, kept):
    """Their rows say suspended, resumed, suspended; the last two change places, and nothing is resumed by it."""
    with world.store.connect(Role.GOVERNANCE) as conn:
        for hour, act in ((13, Act.RESUME), (14, Act.SUSPEND)):
            event = Event(act, "police", NOW.replace(hour=hour))
            act_upon(conn, "stopped", 1, event, by="dpo", reason="misuse")
    assert isinstance(world.ask(kept, agreement="stopped"), Refusal)
    behind_the_triggers(
        world,
        "insert into agreements.event overriding system value select case act when 'resume' then 99 else number + 10 end,"
        " name, version, act, agency, by, at, reason, entry, salt from agreements.event",
        "delete from agreements.event where number < 10",
    )
    acts = world.run(Role.OWNER, "select act from agreements.event order by number")
    assert acts == [("suspend",), ("suspend",), ("resume",)]
    assert isinstance(world.ask(kept, agreement="stopped"), Refusal)
    behind_the_triggers(world, "update agreements.event set at = at + interval '1 day' where act = 'resume'")
    assert isinstance(world.ask(kept, agreement="stopped"), Disclosure)  # who edits the moment as well succeeds,
    assert unopened(world) == ["act"]  # and is found


# --- each byte of what was signed


def test_every_byte_of_the_text_edited(vocabulary):
    """Whatever is put in the place of a byte, or left out, or added: it is not what was signed."""
    agreement = parse_agreement(agreement_text(), vocabulary)
    keys = {agency: Ed25519PrivateKey.generate() for agency in agreement.parties}
    parties = {it: Party(it, "police", Label(it, it), public_bytes(key)) for it, key in keys.items()}
    signatures = tuple(
        Signature(it, thumbprint(public_bytes(key)), sign(agreement, it, key), NOW) for it, key in keys.items()
    )

    def in_force(data: bytes) -> bool:
        kept = Kept(agreement.name, agreement.version, data, signatures, (), str(agreement.assessment), "approved")
        return consider([kept], parties, vocabulary, NOW)[0].standing.in_force

    data = canonical(agreement)
    assert in_force(data)
    for at in range(len(data)):
        before, byte, rest = data[:at], data[at], data[at + 1 :]
        for other in (another(byte), b"", bytes([byte]) * 2):
            changed = before + other + rest
            assert changed == data or not in_force(changed), at
    assert json.loads(data)["agreement"] == "charging"


def another(byte: int) -> bytes:
    """A byte of the same class, so that the text stays readable: digit for digit, letter for letter, sign for sign."""
    sign_of = chr(byte)
    if sign_of.isdigit():
        return b"0" if byte != ord("0") else b"1"
    if sign_of.isalpha():
        return sign_of.swapcase().encode()
    return b" " if byte != ord(" ") else b"\t"
