"""The real chain: four systems, 26,553 statements, each admitted or held with its reasons, none lost."""

from __future__ import annotations

from pathlib import Path

import pytest

import comity.demo
from comity.intake import Outcome, load_mapping
from comity.intake.steward import quality
from comity.sources import open_source

MAPPINGS = Path(comity.demo.__file__).parent / "broward" / "mappings"
SYSTEMS = {"sheriff-jail": 10_844, "clerk-court": 7_405, "doc-prison": 2_481, "pretrial-assessment": 5_823}


@pytest.fixture
def loaded(intake, shared_data, vocabulary):
    data = shared_data / "broward"
    mappings = [load_mapping(MAPPINGS / f"{name}.yaml", vocabulary) for name in SYSTEMS]
    return {mapping.name: intake.pull(mapping, data) for mapping in mappings}, mappings, data


@pytest.mark.timeout(600)
def test_every_statement_of_the_four_systems_is_admitted_or_held_with_its_reason(
    loaded, intake, rows, outbox, vocabulary
):
    outcomes, mappings, data = loaded
    assert {name: outcome.delivered for name, outcome in outcomes.items()} == SYSTEMS
    assert all(outcome.delivered == outcome.admitted + outcome.quarantined for outcome in outcomes.values())
    assert rows("select count(*) from record.statement") == [(26_553,)]
    assert len(outbox()) == 26_553
    held = sum(outcome.quarantined for outcome in outcomes.values())
    assert rows("select count(*) from intake.quarantine where jsonb_array_length(faults) > 0") == [(held,)]

    # stays that end before they begin
    caught = rows(
        "select count(*) from intake.quarantine q, jsonb_array_elements(faults) f where f ->> 'rule' = 'time-of-release-after-reception' and q.source = 'sheriff-jail'"
    )
    assert caught == [(403,)]
    assert rows(
        "select count(*) from record.custody where released_on < received_on or released_at < reception_at"
    ) == [(0,)]

    # open stays are open, and names are written as people write them
    assert rows("select count(*) from record.custody where source = 'doc-prison' and released_on is null")[0][0] > 300
    assert rows("select count(*) from record.person where name = upper(name) and source = 'sheriff-jail'") == [(0,)]

    # a second load changes nothing
    before = rows("select count(*), max(received_at) from record.statement"), len(outbox())
    assert sum((intake.pull(mapping, data) for mapping in mappings), Outcome()) == Outcome()
    assert (rows("select count(*), max(received_at) from record.statement"), len(outbox())) == before

    # what a steward sees of it
    fields = {(it.source, it.record, it.field): it for it in quality(intake.conn, vocabulary)}
    assert fields["sheriff-jail", "custody", "released_at"].faults == {"rule-broken": 403}
    assert (
        fields["sheriff-jail", "person", "birth_date"].filled < fields["sheriff-jail", "person", "birth_date"].records
    )


@pytest.mark.timeout(600)
def test_delivered_again_from_the_beginning_it_is_unchanged_throughout(intake, shared_data, vocabulary):
    mapping, data = load_mapping(MAPPINGS / "doc-prison.yaml", vocabulary), shared_data / "broward"
    first = intake.pull(mapping, data)
    assert first.delivered == SYSTEMS["doc-prison"]
    batches = open_source(mapping.source, data).read(None, 1_000)
    again = sum((intake.receive(mapping, batch) for batch in batches), Outcome())
    assert again == Outcome(delivered=first.delivered, unchanged=first.delivered)
