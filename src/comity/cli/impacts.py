"""An impact at the command line: take it, say it, and have it confirmed before a signature."""

from __future__ import annotations

import asyncio
import hmac
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import psycopg
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from comity.agreements import Agreement
from comity.agreements.confirming import admit_impact, sign_impact
from comity.agreements.store import agencies
from comity.cli.failing import Failed, Misused
from comity.cli.opening import now, text_of
from comity.gate import Refusal, Requester
from comity.gate.impact import Impact, Weigh, impact_words, take_impact
from comity.gate.impact.words import banded_words, newly_visible
from comity.gate.keys import load_or_create
from comity.node import Node
from comity.store import Role
from comity.vocabulary.models import Label

OPERATOR: Final = "node-operator"  # who asks, where no member of staff is named
_OFFICER: Final = "data-protection-officer"
_NAMED: Final = re.compile(r"([a-z0-9-]+)(?:@([1-9][0-9]{0,8}))?")


def name_and_version(text: str) -> tuple[str, int | None]:
    """Return the name, and the version if one is named."""
    found = _NAMED.fullmatch(text)
    if found is None:
        raise Misused(f"{text!r} names no agreement. Write its name, or name@version.")
    return found[1], int(found[2]) if found[2] else None


def take(opened: Node, name: str, version: int | None, *, against: int | None, agency: str, by: str) -> Impact:
    """Take an impact for an officer of ``agency``, or for who runs the node if none is named."""
    officer = Requester(agency, by, _OFFICER) if agency else None
    keyring = load_or_create(opened.keyring)

    async def asked() -> Impact | Refusal:
        async with await psycopg.AsyncConnection.connect(opened.store.conninfo(Role.GATE)) as conn:
            weigh = Weigh(name, version, against, officer)
            return await take_impact(conn, weigh, now(), vocabulary=opened.vocabulary, keyring=keyring)

    taken = asyncio.run(asked())
    if isinstance(taken, Refusal):
        raise Misused(
            f"There is no such version of an agreement named {name!r}"
            + (f" to which {agency} is a party." if agency else ". See comity agreement list, or propose it first.")
        )
    return taken


def said(impact: Impact, opened: Node) -> Iterator[str]:
    """Yield the impact line by line, for people."""
    against = f"against {impact.against}" if impact.against else "against no version in force"
    yield f"{impact.agreement} on the records of {impact.day}, {against}:"
    for sentence in impact_words(impact, opened.vocabulary, _names(opened)):
        yield f"  {sentence.text.en}"
    yield f"Digest: {impact.digest.hex()}"


def as_json(impact: Impact, opened: Node, agency: str, key: Ed25519PrivateKey | None) -> str:
    """Return the impact for programs; with ``key``, signed for a party whose node holds no records."""
    if key and not agency:
        raise Misused("A key signs for an agency. Name it with --agency.")
    sentences = impact_words(impact, opened.vocabulary, _names(opened))
    document = {
        "digest": impact.digest.hex(),
        "content": impact.document(),
        "agency": agency or None,
        "signature": sign_impact(impact.canonical(), agency, key).hex() if key else None,
        "exact": impact.exact,
        "counts": impact.counts(),
        "sentences": [{"kind": it.kind, "en": it.text.en, "nl": it.text.nl} for it in sentences],
    }
    return json.dumps(document, ensure_ascii=False, indent=1)


def confirmed(opened: Node, agreement: Agreement, agency: str, by: str, digest: str | None, file: Path | None) -> bytes:
    """Return the digest of the impact that the signer confirms: as named, or after it was shown and agreed to."""
    if file is not None:
        shown, found = _from_file(opened, file)
    elif digest is not None:
        return _digest(digest)
    else:
        impact = take(opened, agreement.name, agreement.version, against=None, agency=agency, by=by)
        sentences = newly_visible(impact_words(impact, opened.vocabulary, _names(opened)))
        shown, found = [it.text.en for it in sentences], impact.digest
    if digest is not None:
        if not hmac.compare_digest(_digest(digest), found):
            raise Misused(f"{file} holds another impact than the digest that is confirmed. Read it again.")
        return found
    print(f"What would newly be visible under {agreement}:")
    for line in shown:
        print(f"  {line}")
    if not sys.stdin.isatty():
        raise Misused(f"Read what would newly be visible, and sign again with --confirm {found.hex()}")
    if input("Type yes to confirm that this may be seen: ").strip().lower() not in {"yes", "y", "ja", "j"}:
        print("Nothing was signed.")
        raise Failed
    return found


def _from_file(opened: Node, file: Path) -> tuple[list[str], bytes]:
    try:
        held: Mapping[str, Any] = json.loads(text_of(file))
        document, agency = rfc8785.dumps(held["content"]), str(held["agency"])
        signature = bytes.fromhex(held["signature"])
    except (ValueError, KeyError, TypeError):
        raise Misused(
            f"{file} is no impact that a provider signed. Make one with comity agreement impact --json --key."
        ) from None
    with opened.store.connect(Role.GOVERNANCE) as conn:
        digest = admit_impact(conn, document, agency, signature, opened.vocabulary, now())
    return [label.en for label in banded_words(held["content"], opened.vocabulary)], digest


def _digest(text: str) -> bytes:
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise Misused(f"{text!r} is no digest of an impact: 64 digits and letters a to f, as it is printed.")
    return bytes.fromhex(text)


def _names(opened: Node) -> dict[str, Label]:
    with opened.store.connect(Role.GOVERNANCE) as conn:
        return {party.agency: party.label for party in agencies(conn)}
