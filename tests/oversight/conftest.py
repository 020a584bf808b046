"""What the tests of oversight share: the way in, as intake's own tests have it, and an agency that adopted schedules."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.intake.conftest import booking, clock, everything, intake, jail, jail_text, made, outbox, rows, said  # noqa: F401

from comity.intake import Intake
from comity.intake.disposing import Decision, adopt


@pytest.fixture
def adopted(intake: Intake) -> Callable[..., None]:  # noqa: F811
    """Let an agency adopt the schedules of its jurisdiction."""

    def let(agency: str = "sheriff", jurisdiction: str = "uk", kind: str = "police", days: int = 90) -> None:
        with intake.conn.transaction():
            decided = Decision("dpo", "verified by a lawyer", intake.clock())
            adopt(intake.conn, agency, decided, jurisdiction=jurisdiction, kind=kind, verbatim_days=days)

    return let
