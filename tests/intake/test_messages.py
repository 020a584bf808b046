"""Messages as they really travel: court results to the police, a hearing amended the same day, a custody release."""

from __future__ import annotations

from datetime import date

import pytest

from comity.intake import Outcome

RESULTS = """
mapping: libra
version: 1
agency: court
zone: Europe/London
asserted: fact
source:
  xml:
    path: {path}
    each: /br7:AnnotatedHearingOutcome/br7:HearingOutcome
    namespaces:
      br7: http://schemas.cjse.gov.uk/datastandards/BR7/2007-12
      ds: http://schemas.cjse.gov.uk/datastandards/2006-10
    leniency: [leading-comment]
key: br7:Hearing/br7:SourceReference/br7:UniqueID
records:
  - record: case
    key: br7:Case/ds:PTIURN
    whose: other
    fields:
      case_number: br7:Case/ds:CourtCaseReferenceNumber
      common_reference: br7:Case/ds:PTIURN
  - record: hearing
    key: [br7:Case/ds:PTIURN, br7:Hearing/ds:DateOfHearing]
    whose: other
    fields:
      case: {{reference: case}}
      court: br7:Hearing/br7:CourtHouseName
      starts_on: br7:Hearing/ds:DateOfHearing
      starts_at: {{join: [br7:Hearing/ds:DateOfHearing, br7:Hearing/ds:TimeOfHearing], timestamp: "%Y-%m-%d %H:%M"}}
  - record: person
    id: defendant
    for_each: br7:Case/br7:HearingDefendant
    key: br7:ArrestSummonsNumber
    whose: suspect
    fields:
      name: {{join: [br7:DefendantDetail/br7:PersonName/ds:GivenName, br7:DefendantDetail/br7:PersonName/ds:FamilyName], case: name}}
      family_name: {{from: br7:DefendantDetail/br7:PersonName/ds:FamilyName, case: name}}
      birth_date: br7:DefendantDetail/br7:BirthDate
      sex: {{from: br7:DefendantDetail/br7:Gender, codes: {{1: male, 2: female}}, otherwise: unknown}}
      address: {{join: ["br7:Address/*"], with: ", "}}
      police_number: br7:PNCIdentifier
    records:
      - record: charge
        for_each: br7:Offence
        key: [../br7:ArrestSummonsNumber, br7:CourtOffenceSequenceNumber]
        about: defendant
        whose: {{from: "br7:Result[1]/ds:Verdict", codes: {{G: convicted}}, otherwise: suspect, default: suspect}}
        fields:
          case: {{reference: case}}
          offence: ds:OffenceTitle
          offence_on: ds:ActualOffenceStartDate/ds:StartDate
          charged_on: ds:ChargeDate
          arrested_on: ds:ArrestDate
          plea: {{from: "br7:Result[1]/ds:PleaStatus", codes: {{G: guilty, NG: not-guilty}}}}
          verdict: {{from: "br7:Result[1]/ds:Verdict", codes: {{G: guilty, NG: not-guilty}}}}
"""

HEARING = """
mapping: common-platform
version: 1
agency: court
zone: Europe/London
asserted: fact
source: {{json: {{path: {path}}}}}
key: hearing.id
order_by: {{from: sharedTime, timestamp: "%Y-%m-%dT%H:%M:%S.%f%z"}}
records:
  - record: case
    for_each: hearing.prosecutionCases
    key: id
    whose: other
    fields: {{case_number: prosecutionCaseIdentifier.caseURN, common_reference: prosecutionCaseIdentifier.caseURN}}
    records:
      - record: hearing
        key: [^^hearing.id, id]
        whose: other
        fields: {{case: {{reference: case}}, court: ^^hearing.courtCentre.name, starts_on: ^^hearingDay}}
      - record: person
        id: defendant
        for_each: defendants
        key: masterDefendantId
        whose: suspect
        fields:
          name: {{join: [personDefendant.personDetails.firstName, personDefendant.personDetails.lastName]}}
          birth_date: personDefendant.personDetails.dateOfBirth
          sex: {{from: personDefendant.personDetails.gender, codes: {{MALE: male, FEMALE: female}}}}
          email: personDefendant.personDetails.contact.primaryEmail
        records:
          - record: charge
            for_each: offences
            key: id
            about: defendant
            whose: suspect
            fields:
              case: {{reference: case}}
              offence: offenceTitle
              offence_on: startDate
              sentence: {{join: ["judicialResults[*].label"], with: "; "}}
"""


@pytest.fixture
def messages(shared_data):
    return shared_data / "messages"


def test_an_annotated_hearing_outcome_becomes_a_case_a_hearing_a_defendant_and_charges(intake, made, messages, rows):
    mapping = made(RESULTS.format(path="AnnotatedHO1.xml"))
    assert intake.pull(mapping, messages / "uk-bichard7") == Outcome(delivered=1, admitted=1)
    assert rows("select common_reference, case_number from record.case") == [("01ZD0303208", "97/1626/008395Q")]
    assert rows("select name, family_name, birth_date, sex, police_number, address from record.person") == [
        (
            "Trpr  Four Sexoffence",
            "Sexoffence",
            date(1948, 11, 11),
            "male",
            "2000/0448754K",
            "Scenario1 Address Line 1, Scenario1 Address Line 2, Scenario1 Address Line 3",
        )
    ]
    charges = rows("select whose, plea, verdict, offence_on, count(*) from record.charge group by 1, 2, 3, 4")
    assert charges == [("convicted", "not-guilty", "guilty", date(2010, 11, 28), 3)]
    assert (
        rows("select starts_at at time zone 'UTC' from record.hearing")[0][0].hour == 9
    )  # ten in the morning, in summer


@pytest.mark.parametrize("days", [(1, 2), (2, 1)])
def test_a_hearing_amended_the_same_day_shows_the_amended_result_in_whichever_order_it_arrives(
    days, intake, made, messages, rows
):
    outcomes = []
    for day in days:
        mapping = made(HEARING.format(path=f"hearing-results-added-for-day-{day}.json"))
        folder = messages / "uk-common-platform" / "delete-and-add-offence"
        outcomes.append(intake.pull(mapping, folder))
    assert [outcome.admitted + outcome.outdated for outcome in outcomes] == [1, 1]
    assert outcomes[1].outdated == (days == (2, 1))
    ((sentence,),) = rows("select sentence from record.charge")
    assert sentence.count(";") == 0  # of two results on the first day, one was deleted on the second
    assert rows("select count(*) from record.person") == rows("select count(*) from record.case") == [(1,)]


def test_a_custody_release_in_niem_becomes_a_person_and_a_stay(intake, made, messages, rows):
    mapping = made("""
mapping: pima
version: 1
agency: sheriff
zone: America/Phoenix
whose: suspect
asserted: fact
source:
  xml:
    path: CustodyReleaseReport-Pima.xml
    each: /crr-doc:CustodyReleaseReport/crr-ext:Custody
    namespaces:
      crr-doc: http://ojbc.org/IEPD/Exchange/CustodyReleaseReport/1.0
      crr-ext: http://ojbc.org/IEPD/Extensions/CustodyReleaseReportExtension/1.0
      j: http://release.niem.gov/niem/domains/jxdm/5.1/
      nc: http://release.niem.gov/niem/niem-core/3.0/
key: j:Booking/j:BookingAgencyRecordIdentification/nc:IdentificationID
records:
  - record: person
    key: nc:Person/nc:PersonName/crr-ext:PersonNameIdentification/nc:IdentificationID
    fields:
      name: {join: [nc:Person/nc:PersonName/nc:PersonGivenName, nc:Person/nc:PersonName/nc:PersonSurName], case: name}
      birth_date: nc:Person/nc:PersonBirthDate/nc:Date
      sex: {from: nc:Person/nc:PersonSexText, codes: {F: female, M: male}}
  - record: custody
    key: j:Booking/j:BookingAgencyRecordIdentification/nc:IdentificationID
    about: person
    fields:
      kind: {value: jail}
      received_on: {from: j:Booking/nc:ActivityDate/nc:DateTime, timestamp: "%Y-%m-%dT%H:%M:%S%z"}
""")
    assert intake.pull(mapping, messages / "niem") == Outcome(delivered=1, admitted=1)
    assert rows("select name, birth_date, sex from record.person") == [("Bill Smith", date(1985, 5, 18), "female")]
    assert rows("select received_on from record.custody") == [
        (date(2015, 12, 22),)
    ]  # where the jail is, it was still the day before
