"""What is wrong with a value is found, named, and never repeated."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.vocabulary import check_record, check_rules, check_value, load
from comity.vocabulary.check import TEXT_LIMIT, check_future
from comity.vocabulary.faults import FaultCode
from comity.vocabulary.models import FieldType, Label, Rule

from .strategies import any_value, fields, records, right

RECORD_TYPES = tuple(load().record_types.values())
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def field(path: str):
    record_type, _, name = path.partition(".")
    return load().record_type(record_type).field(name)


def code_of(path: str, value: object) -> FaultCode | None:
    fault = check_value(field(path), value)
    return fault.code if fault else None


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("person.name", "Ann Lee", None),
        ("person.name", None, None),
        ("person.name", 7, FaultCode.NOT_A_TEXT),
        ("person.name", "", FaultCode.EMPTY),
        ("person.name", " \u00a0\n", FaultCode.EMPTY),
        ("person.name", "\u200b\ufeff", FaultCode.EMPTY),  # zero width: looks like a name that is not there
        ("person.name", "x" * TEXT_LIMIT, None),
        ("person.name", "x" * (TEXT_LIMIT + 1), FaultCode.TOO_LONG),
        ("person.name", "Ann\x00Lee", FaultCode.UNPRINTABLE),
        ("person.name", "Ann\x85Lee", FaultCode.UNPRINTABLE),
        ("person.name", "Ann\udc80", FaultCode.UNPRINTABLE),
        ("incident.description", "one\ttwo\nthree", None),
        ("person.birth_date", date(1984, 2, 29), None),
        ("person.birth_date", "1984-02-29", FaultCode.NOT_A_DATE),
        ("person.birth_date", datetime(1984, 2, 29, tzinfo=UTC), FaultCode.NOT_A_DATE),
        ("person.birth_date", date(1800, 1, 1), None),
        ("person.birth_date", date(1799, 12, 31), FaultCode.DAY_IMPLAUSIBLE),
        ("person.birth_date", date(1, 1, 1), FaultCode.DAY_IMPLAUSIBLE),
        ("custody.release_due_on", date(2499, 12, 31), None),
        ("custody.release_due_on", date(2500, 1, 1), FaultCode.DAY_IMPLAUSIBLE),
        ("custody.released_on", date(9999, 12, 31), FaultCode.DAY_IMPLAUSIBLE),
        ("custody.reception_at", datetime(2020, 1, 1, 8, tzinfo=UTC), None),
        ("custody.reception_at", datetime(2020, 1, 1, 8), FaultCode.NO_ZONE),
        ("custody.reception_at", date(2020, 1, 1), FaultCode.NOT_A_TIMESTAMP),
        ("custody.reception_at", datetime(1, 1, 1, tzinfo=UTC), FaultCode.DAY_IMPLAUSIBLE),
        ("incident.risk_score", 0, None),
        ("incident.risk_score", 24, None),
        ("incident.risk_score", 25, FaultCode.OUT_OF_RANGE),
        ("incident.risk_score", -1, FaultCode.OUT_OF_RANGE),
        ("incident.risk_score", True, FaultCode.NOT_WHOLE),
        ("incident.risk_score", 7.0, FaultCode.NOT_WHOLE),
        ("incident.risk_score", "7", FaultCode.NOT_WHOLE),
        ("supervision.appointments_kept", 2**63 - 1, None),
        ("supervision.appointments_kept", 2**63, FaultCode.OUT_OF_RANGE),
        ("incident.domestic", False, None),
        ("incident.domestic", 0, FaultCode.NOT_TRUE_OR_FALSE),
        ("incident.domestic", "true", FaultCode.NOT_TRUE_OR_FALSE),
        ("person.sex", "female", None),
        ("person.sex", "Female", FaultCode.CODE_UNKNOWN),
        ("person.sex", 2, FaultCode.NOT_A_TEXT),
        ("hearing.case", UUID(int=1), None),
        ("hearing.case", str(UUID(int=1)), FaultCode.NOT_A_REFERENCE),
    ],
)
def test_a_value(path: str, value: object, code: FaultCode | None):
    assert code_of(path, value) is code


def test_a_fault_says_what_to_do_in_both_languages():
    fault = check_value(field("incident.risk_score"), 30)

    assert fault is not None
    assert fault.field == "risk_score"
    assert fault.mend == Label(
        "Have the source give a number from 0 to 24", "Laat de bron een getal van 0 tot en met 24 geven"
    )


def test_an_unknown_code_is_answered_with_all_of_the_codes():
    """The nearest one alone would say what the source wrote."""
    fault = check_value(field("person.sex"), "femal")

    assert fault is not None
    assert fault.mend.en.endswith("one of: male, female, other, unknown")


@given(field=fields(RECORD_TYPES), data=st.data())
def test_every_value_of_the_right_type_passes(field, data):
    assert check_value(field, data.draw(right(field))) is None


@given(field=fields(RECORD_TYPES), value=any_value())
def test_no_value_makes_the_check_fail(field, value):
    fault = check_value(field, value)

    assert fault is None or fault.field == field.name


@given(value=st.text("QXZ", min_size=4), field=fields(RECORD_TYPES))
def test_leaking_a_value_through_a_fault(field, value):
    """A fault is stored in quarantine and shown to a steward: it must not hold what it complains about."""
    fault = check_value(field, value)

    assert fault is None or value not in repr(fault)


def test_leaking_a_value_through_a_broken_rule():
    custody = load().record_type("custody")
    values = {"received_on": date(1987, 6, 5), "released_on": date(1986, 5, 4)}

    assert "198" not in repr(check_rules(custody, values))


def test_a_stay_that_ends_before_it_begins():
    custody = load().record_type("custody")
    values = {"kind": "jail", "received_on": date(2020, 1, 2), "released_on": date(2020, 1, 1)}

    [fault] = check_rules(custody, values)

    assert (fault.field, fault.code) == ("released_on", FaultCode.RULE_BROKEN)
    assert fault.cause == Label("The stay ends before it begins", "Het verblijf eindigt voor het begint")
    assert "Released on" in fault.mend.en
    assert "Binnengekomen op" in fault.mend.nl


@pytest.mark.parametrize(
    ("received", "released"),
    [
        (date(2020, 1, 2), date(2020, 1, 2)),  # in and out on one day
        (date(2020, 1, 2), None),
        (None, date(2020, 1, 1)),
        (date(2020, 1, 2), "2020-01-01"),  # has its own fault
        (datetime(2020, 1, 2), date(2020, 1, 1)),  # a datetime cannot be compared with a date
    ],
)
def test_a_rule_holds_unless_both_sides_are_there_and_wrong(received, released):
    values = {"received_on": received, "released_on": released}

    assert check_rules(load().record_type("custody"), values) == ()


def test_instants_are_compared_across_zones():
    custody = load().record_type("custody")
    new_york = timezone(timedelta(hours=-5))
    received = datetime(2020, 1, 1, 20, tzinfo=new_york)  # 01:00 UTC the next day

    assert check_rules(custody, {"reception_at": received, "released_at": datetime(2020, 1, 2, 0, 30, tzinfo=UTC)})
    assert not check_rules(custody, {"reception_at": received, "released_at": datetime(2020, 1, 2, 1, tzinfo=UTC)})


@pytest.mark.parametrize(
    ("operator", "equal", "less"), [(">=", True, False), (">", False, False), ("<=", True, True), ("<", False, True)]
)
def test_operators(operator: str, equal: bool, less: bool):
    custody = load().record_type("custody")
    rule = Rule("r", "released_on", operator, "received_on", Label("wrong", "fout"))
    custody = replace(custody, rules=(rule,))
    early, late = date(2020, 1, 1), date(2020, 1, 2)

    assert (check_rules(custody, {"released_on": early, "received_on": early}) == ()) is equal
    assert (check_rules(custody, {"released_on": early, "received_on": late}) == ()) is less


def test_all_faults_of_a_record_are_found_at_once():
    custody = load().record_type("custody")
    values = {
        "kind": "prison",
        "received_on": date(2020, 1, 2),
        "released_on": date(2020, 1, 1),
        "release_due_on": date(9999, 12, 31),
        "cell": "B12",
    }

    found = [(fault.field, fault.code) for fault in check_record(custody, values)]

    assert found == [
        ("cell", FaultCode.UNKNOWN_FIELD),
        ("kind", FaultCode.CODE_UNKNOWN),
        ("release_due_on", FaultCode.DAY_IMPLAUSIBLE),
        ("released_on", FaultCode.RULE_BROKEN),
    ]


@pytest.mark.parametrize("values", [{}, {"kind": "jail", "received_on": None}])
def test_a_required_value_that_is_missing_or_null(values):
    codes = {fault.field: fault.code for fault in check_record(load().record_type("custody"), values)}

    assert codes["received_on"] is FaultCode.REQUIRED


@given(data=st.data(), record_type=st.sampled_from(RECORD_TYPES))
def test_a_record_of_right_values_can_only_break_rules(data, record_type):
    faults = check_record(record_type, data.draw(records(record_type)))

    assert {fault.code for fault in faults} <= {FaultCode.RULE_BROKEN}


@pytest.mark.parametrize(
    ("path", "value", "ahead"),
    [
        ("person.birth_date", date(2026, 11, 22), False),
        ("person.birth_date", date(2026, 11, 23), False),  # it is the 23rd in Kiribati
        ("person.birth_date", date(2026, 11, 24), True),
        ("person.birth_date", None, False),
        ("person.birth_date", "2030-01-01", False),  # has its own fault
        ("custody.reception_at", NOW, False),
        ("custody.reception_at", NOW + timedelta(seconds=1), True),
        ("hearing.starts_on", date(2030, 1, 1), False),
        ("custody.release_due_on", date(2030, 1, 1), False),
    ],
)
def test_what_has_happened_cannot_lie_in_the_future(path: str, value: object, ahead: bool):
    fault = check_future(field(path), value, NOW)

    assert (fault is not None) is ahead
    assert fault is None or fault.code is FaultCode.IN_THE_FUTURE


def test_the_zone_of_the_clock_does_not_matter():
    clock = datetime(2026, 11, 22, 2, tzinfo=timezone(timedelta(hours=-10)))  # noon UTC

    assert check_future(field("person.birth_date"), date(2026, 11, 23), clock) is None
    assert check_future(field("person.birth_date"), date(2026, 11, 24), clock) is not None


def test_every_type_has_a_check():
    for kind in FieldType:
        sample = next(f for r in RECORD_TYPES for f in r.fields if f.type is kind)
        assert check_value(sample, object()) is not None
