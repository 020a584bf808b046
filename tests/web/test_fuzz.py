"""Requests of every shape, made from the OpenAPI document itself: none may break anything or be answered otherwise
than the document says.
"""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case

from comity.web.api.app import create_api, openapi

from .desk import PROSECUTOR, Office

schema = schemathesis.openapi.from_dict(openapi(create_api()))
# A request may have the right shape and still ask nothing ("  "), or name a source that has no door.
schema.config.checks.update(excluded_check_names=["positive_data_acceptance"])


@pytest.fixture(scope="session")
def in_a_name(office: Office) -> dict[str, Any]:
    """Where to send, and in whose name."""
    token = office.token(PROSECUTOR, hours=2)
    return {"base_url": f"{office.url}/api/v1", "headers": {"authorization": f"Bearer {token}"}}


@schema.parametrize()
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_nothing_that_can_be_sent_breaks_an_operation(case: Case, in_a_name: dict[str, Any]):
    case.call_and_validate(**in_a_name)
