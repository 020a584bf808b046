"""What the tests of agreements share: one agreement, its parties' keys, and the moment at which it is looked at."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import resources

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from comity.agreements.models import Agreement
from comity.agreements.parse import parse_agreement
from comity.vocabulary import Vocabulary

PARTIES = ("police", "probation", "victim-services")


@pytest.fixture(scope="session")
def marac_text() -> str:
    return resources.files("comity.agreements").joinpath("examples/marac-victim-safety.yaml").read_text("utf-8")


@pytest.fixture(scope="session")
def marac(marac_text: str, vocabulary: Vocabulary) -> Agreement:
    return parse_agreement(marac_text, vocabulary)


@pytest.fixture(scope="session")
def emergency_text() -> str:
    return resources.files("comity.agreements").joinpath("examples/threat-to-life.yaml").read_text("utf-8")


@pytest.fixture(scope="session")
def party_keys() -> dict[str, Ed25519PrivateKey]:
    return {agency: Ed25519PrivateKey.from_private_bytes(bytes([at]) * 32) for at, agency in enumerate(PARTIES, 1)}


@pytest.fixture(scope="session")
def now() -> datetime:
    return datetime(2026, 3, 15, 12, 0, tzinfo=UTC)
