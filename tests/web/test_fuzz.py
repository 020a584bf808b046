"""Requests of every shape, made from the OpenAPI document itself: none may break anything or be answered otherwise
than the document says.
"""

from __future__ import annotations

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case

from comity.web.api.app import create_api, openapi

from .desk import ACCOUNT, ANALYST, OVERSEER, PROSECUTOR, Office

DOOR = "/sources/{source}/messages"

schema = schemathesis.openapi.from_dict(openapi(create_api()))
schema.config.checks.update(
    excluded_check_names=[
        "positive_data_acceptance",  # a request may have the right shape and still ask nothing: a name of blanks
        "ignored_auth",  # each request here carries a token, also where the check believes that it took it away
    ]
)


@schema.parametrize()
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_nothing_that_can_be_sent_breaks_an_operation(case: Case, office: Office):
    at_the_door = case.operation.path == DOOR
    if at_the_door:
        case.path_parameters = {"source": "police-live"}  # a name made up at random has no door to fall in with
    caller = ANALYST if case.operation.path.startswith(("/statistics", "/extracts")) else PROSECUTOR
    if case.operation.path.startswith("/ldv"):
        caller = OVERSEER
    token = office.token(ACCOUNT if at_the_door else caller)
    case.call_and_validate(base_url=f"{office.url}/api/v1", headers={"authorization": f"Bearer {token}"})
