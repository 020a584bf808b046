"""The operations of the REST API for statistics: ask for numbers, and see what is left of a budget."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt
from pydantic.config import JsonDict
from starlette.requests import Request

from comity.gate import Refusal
from comity.gate import Request as Asking
from comity.gate.errors import GateError
from comity.gate.models import MAX_QUANTITY, Category, Measure, Quantity, Statistic
from comity.gate.statistics.ask import ask, budget_left
from comity.gate.statistics.models import Axis, Figure, Left, Told
from comity.store import Role
from comity.vocabulary.models import Label
from comity.web.agreeing import open_to
from comity.web.api.callers import Caller
from comity.web.api.models import Errand
from comity.web.api.problems import ProblemError, documented, no_such_thing, refused
from comity.web.services import services_of

router = APIRouter()

_ASKED: Final = documented(
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)
_Name = Annotated[str, Field(min_length=1, max_length=40, pattern="^[a-z_]+$")]
_Value = Annotated[str, Field(min_length=1, max_length=40)]


class CategoryIn(BaseModel):
    """A field to count by, in one form; values as the vocabulary names them, or ranges."""

    model_config = ConfigDict(extra="forbid")
    record: _Name = Field(examples=["charge"])
    field: _Name = Field(examples=["charged_on"])
    form: Annotated[str, Field(max_length=20)] = Field(default="", examples=["year"])
    values: Annotated[list[_Value], Field(max_length=200)] = Field(default=[], examples=[["2024..2026"]])


class QuantityIn(BaseModel):
    """What is added up: a field, or the days from the date `since` to the date `field`; values are held between."""

    model_config = ConfigDict(extra="forbid")
    field: _Name = Field(examples=["disposed_on"])
    since: _Name | None = Field(default=None, examples=["charged_on"])
    low: StrictInt = Field(ge=-MAX_QUANTITY, le=MAX_QUANTITY, examples=[0])
    high: StrictInt = Field(ge=-MAX_QUANTITY, le=MAX_QUANTITY, examples=[400])


_EXAMPLE: JsonDict = {
    "errand": {"agreement": "justice-statistics", "purpose": "statistics", "justification": "Planning the sittings"},
    "record": "charge",
    "measure": "rows",
    "by": [{"record": "charge", "field": "severity"}, {"record": "person", "field": "birth_date"}],
}


class StatisticRequest(BaseModel):
    """A statistic and its errand."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})
    errand: Errand
    record: _Name
    measure: Measure
    quantity: QuantityIn | None = None
    by: Annotated[list[CategoryIn], Field(max_length=3)] = []
    only: Annotated[list[CategoryIn], Field(max_length=3)] = []
    epsilon: Annotated[Decimal | None, Field(gt=0, le=10, description="A tenth of a period's budget, if not given")] = (
        None
    )
    anew: StrictBool = Field(default=False, description="Count anew and pay again, rather than be told again")


class AxisOut(BaseModel):
    """A field that was counted by; in a figure, `""` is any other value, and none."""

    record: str
    field: str
    form: str
    values: list[str]


class FigureOut(BaseModel):
    """A number, and the bounds within which the exact one lies with a chance of 95 %."""

    values: list[str]
    number: int | float
    low: int | float
    high: int | float
    rows: int | None = Field(default=None, description="Of a mean: about how many rows it is of")


class BudgetOut(BaseModel):
    """What is left of an agreement's budget in this period, which ends on the day before `ends`."""

    agreement: str
    starts: date
    ends: date
    epsilon: str = Field(examples=["1"])
    left: str = Field(examples=["0.9"])


class StatisticOut(BaseModel):
    """Numbers with noise."""

    entry: UUID = Field(description="The ledger's entry of this disclosure")
    at: datetime
    agreement: str
    version: int
    purpose: str
    digest: str = Field(description="SHA-256 of what left, as the ledger's entry commits to it")
    record: str
    measure: Measure
    axes: list[AxisOut]
    figures: list[FigureOut]
    total: FigureOut
    most_per_person: int
    made_on: date
    again: bool = Field(description="Whether this was told before in this period, and cost nothing")
    spent: str = Field(examples=["0.1"])
    budget: BudgetOut


@router.post("/statistics", name="api-statistic", summary="Ask for numbers", tags=["statistics"], responses=_ASKED)
async def statistic(request: Request, asked: StatisticRequest, colleague: Caller) -> StatisticOut:
    """Count people or rows, or add something up, by up to three fields. Each number has noise and is paid for."""
    services, errand = services_of(request), asked.errand
    asking = Asking(
        _put(asked),
        errand.agreement,
        errand.purpose,
        colleague.requester,
        errand.case_reference,
        errand.justification,
    )
    async with services.as_role(Role.GATE) as conn:
        answer = await ask(conn, asking, services.now(), vocabulary=services.node.vocabulary, keyring=services.keyring)
    if isinstance(answer, Refusal):
        raise refused(answer)
    return _out(answer)


@router.get(
    "/statistics/{agreement}/budget", name="api-budget", summary="What is left", tags=["statistics"], responses=_ASKED
)
async def budget(request: Request, agreement: str, colleague: Caller) -> BudgetOut:
    """Say what is left of the budget of an agreement under which the caller may ask."""
    services = services_of(request)
    async with services.as_role(Role.GOVERNANCE) as conn:
        found = await open_to(conn, colleague, services.node.vocabulary, services.now())
    agreed = next((it for it in found if it.name == agreement), None)
    if agreed is None:
        raise no_such_thing()
    async with services.as_role(Role.GATE) as conn:
        left = await budget_left(conn, agreed, services.now())
    if left is None:
        raise no_such_thing()
    return _left(left)


def _put(asked: StatisticRequest) -> Statistic:
    """Return what is asked; the problem, if the gate has no such question."""
    try:
        quantity = asked.quantity
        return Statistic(
            asked.record,
            asked.measure,
            Quantity(quantity.field, quantity.low, quantity.high, quantity.since) if quantity else None,
            tuple(_category(it) for it in asked.by),
            tuple(_category(it) for it in asked.only),
            asked.epsilon,
            asked.anew,
        )
    except GateError as error:
        detail = Label(str(error), "Deze vraag kan niet worden gesteld. Kijk na wat wordt geteld, en naar wat.")
        raise ProblemError(HTTPStatus.BAD_REQUEST, "unusable-question", detail) from None


def _category(it: CategoryIn) -> Category:
    return Category(it.record, it.field, it.form, tuple(it.values))


def _out(told: Told) -> StatisticOut:
    numbers = told.numbers
    return StatisticOut(
        entry=told.id,
        at=told.at,
        agreement=told.agreement,
        version=told.version,
        purpose=told.purpose,
        digest=told.digest.hex(),
        record=numbers.record,
        measure=numbers.measure,
        axes=[_axis(it) for it in numbers.axes],
        figures=[_figure(it) for it in numbers.figures],
        total=_figure(numbers.total),
        most_per_person=numbers.most_per_person,
        made_on=numbers.made_on,
        again=told.again,
        spent=f"{told.spent:f}",
        budget=_left(told.budget),
    )


def _axis(it: Axis) -> AxisOut:
    return AxisOut(record=it.record, field=it.field, form=it.form, values=[*it.values])


def _figure(it: Figure) -> FigureOut:
    return FigureOut(values=[*it.values], number=it.number, low=it.low, high=it.high, rows=it.rows)


def _left(left: Left) -> BudgetOut:
    return BudgetOut(
        agreement=left.agreement,
        starts=left.starts,
        ends=left.ends,
        epsilon=f"{left.epsilon.normalize():f}",
        left=f"{left.left.normalize():f}",
    )
