"""The bodies of the REST API, as programs send and receive them."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.config import JsonDict

Value = str | int | bool | None
"""A field's value as it was released; days as 2014-06-07, minimised ones as 2014-06, 2014 or 30-39."""

_PLAIN = r"^[^\x00-\x1f\x7f]*$"  # one line, without control characters


def _written(value: object) -> object:
    """Refuse a day that is not written as one: a number would be taken for seconds since 1970."""
    if value is None or (isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value)):
        return value
    raise ValueError("Write the day as 1990-12-31")


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Errand(_Sent):
    """What the request is for. The agreement says which of these must be stated."""

    agreement: Annotated[str, Field(min_length=1, max_length=64, pattern=_PLAIN, description="The agreement's name")]
    purpose: Annotated[str, Field(min_length=1, max_length=64, pattern=_PLAIN, description="A purpose's name")]
    case_reference: Annotated[str, Field(max_length=100, pattern=_PLAIN)] = ""
    justification: Annotated[str, Field(max_length=500, pattern=_PLAIN)] = ""


class Criteria(_Sent):
    """Whom to look for: at least one of these."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [{"required": ["name"]}, {"required": ["birth_date"]}, {"required": ["number"]}],
        }
    )

    name: Annotated[
        str, Field(min_length=2, max_length=200, description="Names in any order; the beginning of each is enough")
    ] = ""
    birth_date: Annotated[date | None, BeforeValidator(_written)] = None
    number: Annotated[str, Field(min_length=2, max_length=200, description="A number that an agency gave")] = ""


_ERRAND: JsonDict = {
    "agreement": "prosecution-case-building",
    "purpose": "prosecution",
    "case_reference": "T-2026-0114",
    "justification": "Deciding on the charge",
}


class SearchRequest(_Sent):
    """A search and its errand."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"errand": _ERRAND, "query": {"name": "Jans", "birth_date": "1990-12-31"}}]}
    )
    errand: Errand
    query: Criteria


class CaseRequest(_Sent):
    """A case and the errand. The case's number is in the body: addresses are kept in too many places."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"errand": _ERRAND, "reference": "2026-M-000164"}]})
    errand: Errand
    reference: Annotated[
        str, Field(min_length=1, max_length=200, description="The case's number, or the reference agencies share")
    ]


class Row(BaseModel):
    """A record as it was released: only permitted fields, in the permitted form."""

    record: str = Field(examples=["charge"])
    id: UUID
    agency: str = Field(examples=["prosecution"])
    source: str = Field(examples=["prosecution-cases"])
    received_at: datetime
    whose: str = Field(description="In what part the person concerned stands (LED, article 6)", examples=["suspect"])
    asserted: str = Field(description="fact or opinion (LED, article 7)", examples=["fact"])
    values: dict[str, Value] = Field(examples=[{"offence": "Criminal damage", "charged_on": "2023-01-30"}])


class Said(BaseModel):
    """A value, and the agencies that say so."""

    value: Value
    agencies: list[str]


class Supported(BaseModel):
    """The best-supported value of a field, and what others say instead; one in two forms stands once for each."""

    field: str = Field(examples=["birth_date"])
    best: Said
    others: list[Said]


class Happening(BaseModel):
    """A line of the timeline: which record, and on what day, month or year; empty where none was released."""

    on: str = Field(examples=["2023-01-30"])
    record: str
    id: UUID


class Contradiction(BaseModel):
    """Sources that cannot all be right."""

    kind: Literal["field", "overlap"]
    field: str
    agencies: list[str]


class Withheld(BaseModel):
    """A field that the agreement does not let out, and why."""

    record: str
    field: str
    code: str = Field(examples=["not-named"])


class Answered(BaseModel):
    """What every answer of the gate says of itself."""

    entry: UUID = Field(description="The ledger's entry of this disclosure")
    at: datetime
    agreement: str
    version: int
    purpose: str
    digest: str = Field(description="SHA-256 of what left, as the ledger's entry commits to it")
    withheld: list[Withheld]


class Joined(Answered):
    """The joined-up record of a person or a case."""

    agencies: list[str]
    fields: list[Supported]
    timeline: list[Happening]
    contradictions: list[Contradiction]
    records: dict[str, list[Row]] = Field(description="Record type to the records released")


class Hit(BaseModel):
    """Somebody found: whom to ask for, and the records that matched."""

    person: UUID
    records: list[Row]


class Found(Answered):
    """What a search found."""

    found: list[Hit]
    more: bool = Field(description="Whether there are more than are shown: search for something more exact")


class NoticeOut(BaseModel):
    """Something new was received about somebody: of which types of record, and how many rows of each."""

    entry: UUID = Field(description="Of the ledger")
    at: datetime
    subscription: UUID
    agreement: str
    version: int
    person: UUID
    case_reference: str
    clauses: list[int] = Field(description="Of the agreement's version, by which a read releases the rows")
    new: dict[str, int] = Field(description="Record type and number of rows")


class Notices(BaseModel):
    """What a colleague was told, newest first."""

    notices: list[NoticeOut]
    before: int | None = Field(description="Hand this in to read the earlier ones; null if there are none")


class PartedOut(BaseModel):
    """Something that the colleague received rested on records being of one person; they have come apart since."""

    number: int
    told_at: datetime
    disclosure: UUID = Field(description="What was received then, in the ledger")
    at: datetime = Field(description="When it was received")
    act: str
    agreement: str
    version: int
    person: UUID | None = Field(description="Who was asked for then; null of a search, a case or an extract")
    case_reference: str
    joined: bool = Field(description="Whether it held records of more than one of those who were parted")


class Partings(BaseModel):
    """What a colleague was told of those who were parted, newest first."""

    partings: list[PartedOut]
    before: int | None = Field(description="Hand this in to read the earlier ones; null if there are none")


class Labels(BaseModel):
    """A text in English and in Dutch."""

    en: str
    nl: str


class AgreementOut(BaseModel):
    """One version of an agreement, as the public register has it."""

    name: str
    version: int
    title: Labels
    purpose: Labels
    providers: list[Labels]
    recipients: list[Labels]
    valid_from: date
    valid_until: date
    in_force: bool
    clauses: list[tuple[Labels, Labels]] = Field(description="Heading and text of each clause")


class Register(BaseModel):
    """The public register of agreements."""

    agreements: list[AgreementOut]


class LedgerHead(BaseModel):
    """The ledger's newest signed head."""

    size: int
    root: str = Field(description="The tree's root hash, in hexadecimal (RFC 9162)")
    signed_at: datetime
    note: str = Field(description="The signed checkpoint (C2SP tlog-checkpoint)")


class Received(BaseModel):
    """What became of a posted message: ``delivered`` is the sum of the others."""

    delivered: int
    admitted: int
    unchanged: int
    outdated: int
    quarantined: int = Field(description="Held with its faults, for the data steward to mend")
    retracted: int
    erased: int
    judged: int
    forgotten: int
