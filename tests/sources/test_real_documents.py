"""Real systems and real messages, as they are: Broward's four, NIEM, England and Wales, HMCTS lists."""

from __future__ import annotations

import pytest

from comity.sources import Body, Said, Unreadable

BR7 = {
    "br7": "http://schemas.cjse.gov.uk/datastandards/BR7/2007-12",
    "ds": "http://schemas.cjse.gov.uk/datastandards/2006-10",
}
CLERK = {
    "sql": {
        "url": "sqlite:///clerk_court.db",
        "query": "select * from party join court_case using (party_id)",
        "cursor": "opened",
    },
}


@pytest.fixture
def messages(shared_data):
    return shared_data / "messages"


@pytest.mark.parametrize(
    ("spec", "count", "key"),
    [
        ({"csv": {"path": "sheriff_jail.csv", "delimiter": ";", "encoding": "windows-1252"}}, 10_844, "BOOKING_NO"),
        (CLERK, 7_405, "case_number"),
        ({"jsonl": {"path": "doc_prison.jsonl"}}, 2_481, "stay"),
        ({"xlsx": {"path": "pretrial_assessment.xlsx", "sheet": "Assessments"}}, 5_823, "Assessment ID"),
    ],
    ids=["sheriff", "clerk", "prison", "pretrial"],
)
def test_every_statement_of_the_four_systems_is_read_once(shared_data, pull, spec, count, key):
    pulled = pull(spec, base=shared_data / "broward", size=1_000)
    assert (len(pulled.items), len(pulled.unreadable)) == (count, 0)
    assert len({item.body.get(key) for item in pulled.items}) == count
    assert all(item.body.has(key) for item in pulled.items)
    assert pull(spec, pulled.cursor, base=shared_data / "broward").items == ()


def test_the_prison_nests_and_the_assessments_are_typed(shared_data, pull):
    broward = shared_data / "broward"
    prison = pull({"jsonl": {"path": "doc_prison.jsonl"}}, base=broward).items[0].body
    assert prison.get("inmate.born") == "14-Jun-1955"
    assessment = pull({"xlsx": {"path": "pretrial_assessment.xlsx"}}, base=broward).items[0].body
    assert (assessment.get("Date of birth"), assessment.get("Decile")) == ("1947-03-04", 1)


def test_an_annotated_hearing_outcome_is_read_once_its_leading_comment_is_declared(messages, pull):
    spec = {"xml": {"path": "uk-bichard7/AnnotatedHO1.xml", "namespaces": BR7}}
    (bad,) = pull(spec, base=messages).items
    assert isinstance(bad, Unreadable)
    assert bad.cause == "a comment or space stands before the XML declaration (up to line 1)"
    assert bad.mend.endswith("set leniency: [leading-comment]")
    assert bad.raw == (messages / "uk-bichard7" / "AnnotatedHO1.xml").read_bytes()

    spec["xml"]["leniency"] = ["leading-comment"]
    (said,) = pull(spec, base=messages).items
    assert isinstance(said, Said)
    hearing = "br7:HearingOutcome/br7:Hearing/"
    assert said.body.get(hearing + "ds:DateOfHearing") == "2011-09-26"
    assert said.body.get(hearing + "ds:CourtHearingLocation/ds:OrganisationUnitCode") == "B01EF01"
    offences = said.body.each("//br7:Offence")
    assert len(offences) == 3
    assert offences[0].get("../br7:ArrestSummonsNumber") == said.body.get("//br7:ArrestSummonsNumber")
    back = Body.from_verbatim("xml", said.body.canonical(), BR7)
    assert back.get(hearing + "ds:DateOfHearing") == "2011-09-26"


def test_each_offence_of_a_hearing_outcome_can_be_a_statement(messages, pull):
    spec = {
        "xml": {
            "path": "uk-bichard7/AnnotatedHO1.xml",
            "each": "//br7:Offence",
            "namespaces": BR7,
            "leniency": ["leading-comment"],
        },
    }
    pulled = pull(spec, base=messages)
    assert len(pulled.items) == 3
    assert all(item.body.get("ds:ActualOffenceStartDate/ds:StartDate") for item in pulled.items)


def test_a_message_escaped_into_its_envelope_is_unwrapped(messages, pull):
    spec = {
        "xml": {
            "path": "uk-bichard7/uat-HO100102/incoming-message.xml",
            "namespaces": {
                "o": "http://schemas.cjse.gov.uk/common/operations",
                "e": "http://schemas.cjse.gov.uk/common/businessentities",
                "libra": "http://www.dca.gov.uk/xmlschemas/libra",
            },
            "unwrap": "//e:DataStreamContent",
        },
    }
    (said,) = pull(spec, base=messages).items
    assert said.body.get("o:RequestFromSystem/o:CorrelationID") == "EXTERNAL_CORRELATION_ID"
    assert said.body.get("//libra:PersonFamilyName") == "FAMILY_NAME"


def test_the_police_national_computers_declaration_in_capitals_is_a_declared_leniency(messages, pull):
    spec = {"xml": {"path": "uk-bichard7/uat-HO100102/pnc-data.xml"}}
    assert "leniency: [capital-declaration]" in pull(spec, base=messages).unreadable[0].mend
    spec["xml"]["leniency"] = ["capital-declaration"]
    assert pull(spec, base=messages).items[0].body.get("ASI/FSC") == "K01XM"


@pytest.mark.parametrize("folder", ["niem", "niem-json", "niem-json/xml2json-pairs", "uk-bichard7"])
def test_every_xml_document_is_read(messages, pull, folder):
    documents = sorted((messages / folder).glob("*.xml"))
    spec = {"xml": {"path": f"{folder}/*.xml", "leniency": ["leading-comment"]}}
    pulled = pull(spec, base=messages)
    assert len(pulled.items) == len(documents)
    assert pulled.unreadable == []
    assert all(item.body.names() for item in pulled.items)
    assert pull(spec, pulled.cursor, base=messages).items == ()


def test_a_niem_booking_answers_xpath(messages, pull):
    spec = {
        "xml": {
            "path": "niem/BookingReport-Pima.xml",
            "namespaces": {
                "nc": "http://release.niem.gov/niem/niem-core/3.0/",
                "j": "http://release.niem.gov/niem/domains/jxdm/5.1/",
            },
        },
    }
    (said,) = pull(spec, base=messages).items
    assert said.body.get("//nc:PersonSurName")
    (charge, *references) = said.body.each("//j:Charge")
    assert charge.get("j:ChargeStatute//nc:IdentificationID") == "ARS13-1105"
    assert [reference.get("j:ChargeDescriptionText") for reference in references] == [None] * len(references)
    bonds = said.body.each("//j:BailBondChargeAssociation")
    assert [bond.get("referred(j:Charge)/j:ChargeDescriptionText") for bond in bonds] == ["MURDER 1ST DEGREE"]


def test_a_hearing_with_its_amendment_the_next_day(messages, pull):
    folder = "uk-common-platform/delete-and-add-offence"
    pulled = pull({"json": {"path": f"{folder}/hearing-results-added-for-day-*.json"}}, base=messages)
    days = [item.body for item in pulled.items]
    assert [day.get("hearingDay") for day in days] == ["2024-09-25", "2024-09-25"]
    for day in days:
        offences = day.get("hearing.prosecutionCases[*].defendants[*].offences[*].offenceCode")
        assert offences
        (defendant, *_) = day.each("hearing.prosecutionCases[*].defendants[*]")
        assert defendant.get("../hearing.id") == day.get("hearing.id")


def test_lists_of_the_courts_as_published(messages, pull):
    firm = pull({"json": {"path": "hmcts-lists/crownFirmPddaList.mock.json", "items": "FirmList"}}, base=messages)
    assert firm.items[0].body.get("DocumentID.DocumentType")
    # The published sample of a daily list names one hearing's advocate twice: two people under one name.
    spec = {"json": {"path": "hmcts-lists/crownDailyPddaList.mock.json"}}
    (bad,) = pull(spec, base=messages).items
    assert "the same name twice" in bad.cause
    spec["json"]["leniency"] = ["repeated-names"]
    (said,) = pull(spec, base=messages).items
    assert isinstance(said, Said)
