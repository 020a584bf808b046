"""The shipped chains: their mappings and agreements are right, and hang together."""

from __future__ import annotations

from datetime import date

import pytest

from comity.agreements.parse import parse_agreement
from comity.demo.chain import HERE, agreement_text, chain_for, read_chain
from comity.demo.errors import ChainError
from comity.intake.check import check_mapping

TODAY = date(2027, 3, 1)
CHAINS = [read_chain(HERE / name) for name in ("madeup", "broward")]
MAPPINGS = [path for chain in CHAINS for path in chain.mappings]
AGREEMENTS = [(chain, path) for chain in CHAINS for path in chain.agreements]


@pytest.mark.parametrize("path", MAPPINGS, ids=lambda path: path.stem)
def test_each_mapping_is_right(path, vocabulary):
    assert not check_mapping(path, vocabulary)


@pytest.mark.parametrize(("chain", "path"), AGREEMENTS, ids=lambda it: getattr(it, "stem", getattr(it, "name", "")))
def test_each_agreement_is_right_and_in_force_on_the_day_it_is_demonstrated(chain, path, vocabulary):
    agencies = {agency.id for agency in chain.agencies}
    agreement = parse_agreement(agreement_text(path, TODAY), vocabulary, agencies=agencies)
    assert agreement.in_force.start <= TODAY <= agreement.in_force.until
    assert agreement.jurisdiction == chain.jurisdiction
    assert agreement.name == path.stem


@pytest.mark.parametrize("chain", CHAINS, ids=lambda chain: chain.name)
def test_people_of_ten_roles_work_at_agencies_that_are_there(chain, vocabulary):
    assert len({person.role for person in chain.people}) >= 10
    assert {person.agency for person in chain.people} <= {agency.id for agency in chain.agencies}
    assert {person.role for person in chain.people} <= set(vocabulary.roles)
    assert {agency.kind for agency in chain.agencies} <= set(vocabulary.agency_kinds)


def test_without_data_the_made_up_chain_is_shown():
    assert chain_for(None).name == "madeup"


def test_the_real_chain_is_known_by_its_files(tmp_path):
    for name in ("sheriff_jail.csv", "clerk_court.db", "doc_prison.jsonl", "pretrial_assessment.xlsx"):
        (tmp_path / name).touch()
    assert chain_for(tmp_path).name == "broward"


def test_a_folder_that_holds_no_chain_is_refused_with_what_it_would_need(tmp_path):
    with pytest.raises(ChainError, match=r"sheriff_jail\.csv"):
        chain_for(tmp_path)
    with pytest.raises(ChainError, match="no folder"):
        chain_for(tmp_path / "nowhere")
