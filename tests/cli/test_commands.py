"""The commands as their users type them: what they print, and the exit code when something is wrong."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from datetime import date

import pytest

from comity.cli.failing import Misused
from comity.cli.keeping import destroy_epoch
from comity.demo.chain import HERE, agreement_text, read_chain
from comity.ledger.checkpoint import Checkpoint
from comity.ledger.export import write
from comity.ledger.merkle import EMPTY_ROOT
from comity.ledger.note import Signer

MAPPING = HERE / "madeup" / "mappings" / "police-custody.yaml"
AGREEMENT = HERE / "madeup" / "agreements" / "court-listing.yaml"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("cli") / "home"


@pytest.fixture
def made(tmp_path):
    """An export of an empty ledger, and the key it is signed with."""
    signer = Signer("example.org/ledger", bytes(32))
    write(tmp_path / "ledger", Checkpoint(signer.name, 0, EMPTY_ROOT).sign(signer), 0, None, None)
    return tmp_path / "ledger", signer.vkey()


@pytest.fixture
def comity(home):
    def run(*arguments: object, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "comity.cli", *map(str, arguments)],
            env={**os.environ, "COMITY_HOME": str(home), "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        output = done.stdout + done.stderr
        assert done.returncode == code, output
        assert "Traceback" not in output
        return output

    return run


def test_every_command_is_listed_with_what_it_does(comity):
    listed = re.findall(r"^│ ([a-z]+) +(\S.*\.) +│$", comity("--help"), re.MULTILINE)
    assert [name for name, _ in listed] == [
        *("agreement", "assessment", "backup", "demo", "doctor", "extract", "hold", "keys", "ledger", "people"),
        *("person", "report", "restore", "retention", "reviews", "source", "statistic", "status", "up", "why"),
    ]


def test_a_command_starts_with_what_it_needs_and_no_more():
    listed = ["import sys, comity.cli", "assert comity.cli.app['ledger']", "print(*sys.modules)"]
    loaded = subprocess.run([sys.executable, "-c", "; ".join(listed)], capture_output=True, text=True, check=True)
    assert "comity.cli.ledgers" in loaded.stdout.split()
    assert not {"comity.web", "comity.gate", "comity.demo", "fastapi", "z3", "opendp"} & {*loaded.stdout.split()}


def test_a_right_mapping_is_said_to_be_right(comity):
    assert "is right" in comity("source", "check", MAPPING)


def test_a_wrong_mapping_is_told_with_its_line_and_the_nearest_word(comity, tmp_path):
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(MAPPING.read_text().replace("facility: station", "facilty: station"))
    told = comity("source", "check", wrong, code=65)
    line = next(n for n, text in enumerate(wrong.read_text().splitlines(), 1) if "facilty" in text)
    assert f"line {line}" in told
    assert "facility" in told


def test_a_mapping_that_is_not_there_is_a_sentence(comity, tmp_path):
    assert "nowhere.yaml" in comity("source", "check", tmp_path / "nowhere.yaml", code=65)


def test_a_mapping_is_tried_on_a_file_without_a_database(comity, home, tmp_path):
    file = tmp_path / "custody.jsonl"
    file.write_text(
        '{"custody_no": "CU1", "nominal": "N1", "station": "Ashwick", "in": "2024-01-02T10:00", "out": null}\n'
        '{"custody_no": "CU2", "nominal": "N1", "station": "Ashwick", "in": "2024-01-02T10:00", "out": "2024-01-01T10:00"}\n'
    )
    told = comity("source", "try", MAPPING, file)
    assert "2 delivered = 1 admitted + 1 quarantined" in told
    assert "line 2" in told
    assert "Ashwick" not in told
    assert "Ashwick" in comity("source", "try", MAPPING, file, "--records")
    assert not (home / "cluster").exists()


def test_a_file_is_tried_by_its_name_whatever_signs_are_in_it(comity, tmp_path):
    file = tmp_path / "custody[1]*.jsonl"
    comity("source", "try", MAPPING, file, code=65)
    file.write_text('{"custody_no": "CU1", "nominal": "N1", "station": "Ashwick", "in": "2024-01-02T10:00"}\n')
    assert "1 delivered = 1 admitted" in comity("source", "try", MAPPING, file)


def test_a_folder_is_no_message(comity, tmp_path):
    posted = tmp_path / "posted.yaml"
    lines = MAPPING.read_text().splitlines()
    posted.write_text("\n".join("source: {http: {}}" if line.startswith("source:") else line for line in lines))
    assert "this is a folder" in comity("source", "try", posted, tmp_path, code=65)


def test_a_fault_is_told_in_sentences(comity, tmp_path):
    file = tmp_path / "custody.jsonl"
    file.write_text('{"nominal": "N1", "station": "Ashwick", "in": "yesterday"}\n')
    told = comity("source", "try", MAPPING, file)
    assert "It has no key" in told
    assert ".." not in told


def test_an_agreement_is_said_back_in_words(comity, tmp_path):
    file = tmp_path / "agreement.yaml"
    file.write_text(agreement_text(AGREEMENT, date(2026, 11, 22)))
    assert "name" in comity("agreement", "check", file)


def test_a_wrong_agreement_is_told_with_its_line(comity, tmp_path):
    file = tmp_path / "agreement.yaml"
    file.write_text(
        agreement_text(AGREEMENT, date(2026, 11, 22)).replace("court-listing\nlawful", "court-listin\nlawful")
    )
    assert "Line" in comity("agreement", "check", file, code=65)


def test_a_wrong_condition_is_told_in_the_language_that_is_asked_for(comity, tmp_path):
    file = tmp_path / "agreement.yaml"
    text = agreement_text(AGREEMENT, date(2026, 11, 22))
    file.write_text(re.sub(r"(?m)^about: .*$", "about: involvment.role = 'victim'", text))
    assert "There is no record type 'involvment'. (Column 1" in comity("agreement", "check", file, code=65)
    told = comity("agreement", "check", file, "--language", "nl", code=65)
    assert re.search(r"Regel \d+, teken 8 \(about\): Er is geen recordtype 'involvment'", told)
    assert "Bedoelt u 'involvement'?" in told


def test_an_agreement_is_proved_by_itself_and_against_the_one_before(comity, tmp_path):
    before, after = tmp_path / "before.yaml", tmp_path / "after.yaml"
    before.write_text(agreement_text(AGREEMENT, date(2026, 11, 22)))
    after.write_text(
        before.read_text().replace("version: 1", "version: 2").replace("birth_date: year", "birth_date: as-is")
    )
    assert "Proved: Each clause can apply." in comity("agreement", "prove", before)
    assert "releases no row" in comity("agreement", "prove", before, "--against", before)
    told = comity("agreement", "prove", after, "--against", before, code=1)
    assert "Found: release 1: It would newly let out date of birth; for instance of a person (" in told


def test_an_agreement_that_contradicts_itself_is_told_so(comity, tmp_path):
    file = tmp_path / "agreement.yaml"
    text = agreement_text(AGREEMENT, date(2026, 11, 22))
    file.write_text(text.replace("custody.released_on is null", "kind = 'jail' and kind = 'remand'"))
    assert "It never releases anything" in comity("agreement", "prove", file, code=1)
    assert "nowhere.yaml" in comity("agreement", "prove", tmp_path / "nowhere.yaml", code=66)
    file.write_text(text.replace("birth_date: year", "birth_date: yaer"))
    assert "Line" in comity("agreement", "prove", file, code=65)


def test_an_export_that_is_none_is_not_sound(comity, tmp_path):
    assert "NOT AS SIGNED" in comity("ledger", "verify", tmp_path, "--key", "nonsense", code=77)


def test_an_export_with_a_name_that_commands_a_terminal_is_shown_and_not_obeyed(comity, made):
    folder, key = made
    assert "All as signed: example.org/ledger, 0 entries" in comity("ledger", "verify", folder, "--key", key)
    (folder / os.fsdecode(b"\x1b[2J\xff")).write_bytes(b"")
    told = comity("ledger", "verify", folder, "--key", key, code=77)
    assert "NOT AS SIGNED. \\x1b[2J\\udcff: it does not belong" in told


def test_signatures_that_were_not_checked_are_told(comity, made):
    folder, key = made
    text = (folder / "checkpoint").read_text()
    witness = Signer("witness.example", b"w" * 32)
    (folder / "checkpoint").write_text(text + str(witness.sign(text.rpartition("\n\n")[0] + "\n")))
    told = comity("ledger", "verify", folder, "--key", key)
    assert "All as signed: example.org/ledger, 0 entries" in told
    assert (
        f"Not checked, being signed with a key you did not give: witness.example+{witness.verifier.key_id.hex()}"
        in told
    )


def test_a_key_that_is_no_text_or_longer_than_a_name_is_no_key(comity, made, tmp_path):
    folder, _ = made
    (tmp_path / "key").write_bytes(b"\xff\xfe")
    assert "is not text in UTF-8" in comity("ledger", "verify", folder, "--key", tmp_path / "key", code=64)
    assert "NOT AS SIGNED. the key" in comity("ledger", "verify", folder, "--key", "k" * 5000, code=77)


def test_a_place_where_nothing_can_be_written_is_a_sentence(comity, tmp_path):
    (tmp_path / "file").write_text("")
    told = comity("agreement", "key", tmp_path / "file" / "below.pem", code=66)
    assert "file: File exists." in told


def test_data_that_is_no_chain_is_refused_with_what_it_would_need(comity, tmp_path):
    assert "sheriff_jail.csv" in comity("demo", "--data", tmp_path, code=66)


@pytest.mark.timeout(300)
def test_an_agreement_from_proposal_to_revocation(comity, tmp_path):
    file = tmp_path / "agreement.yaml"
    file.write_text(agreement_text(AGREEMENT, date.today()))
    parties = {agency.id: agency for agency in read_chain(HERE / "madeup").agencies}
    for name in ("court", "prosecution", "prison"):
        comity("agreement", "key", tmp_path / f"{name}.pem")
        label = parties[name].label
        public = tmp_path / f"{name}.pem.pub"
        comity(
            "agreement", "agency", name, parties[name].kind, "--en", label.en, "--nl", label.nl, "--public-key", public
        )
    comity("agreement", "propose", file)
    comity(
        "agreement", "approve", "court-listing", 1, "--agency", "court", "--by", "staff-1", "--document", "Looked at."
    )
    told = sign(comity, tmp_path, "court", code=64)  # what would newly be visible is read before it is confirmed
    digest = re.search(r"would newly be visible.*--confirm ([0-9a-f]{64})", told, re.DOTALL)[1]
    impact = json.loads(comity("agreement", "impact", "court-listing", "--agency", "court", "--json"))
    assert (impact["digest"], impact["content"]["agreement"], impact["exact"]) == (digest, "court-listing@1", True)
    for name in ("court", "prosecution"):
        assert "not in force yet" in sign(comity, tmp_path, name, "--confirm", digest)
    assert "pinned" in sign(comity, tmp_path, "prison", "--confirm", digest, key="court", code=65)
    sign(comity, tmp_path, "prison", "--confirm", digest)
    assert "court-listing@1  in force" in comity("agreement", "list")
    assert "is what the ledger says was done" in comity("agreement", "check")
    comity("agreement", "publish", tmp_path / "public", "--address", "https://comity.example.org/")
    for text in (
        (tmp_path / "public" / name).read_text() for name in ("agreements.jsonld", "agreements/court-listing/1.jsonld")
    ):
        assert "https://comity.example.org/agreements/court-listing/1#policy" in text
    assert not list((tmp_path / "public").rglob("*.pdf"))
    comity("agreement", "publish", tmp_path / "public", "--address", "https://comity.example.org/", "--pdf")
    printed = [tmp_path / "public" / "agreements" / "court-listing" / f"1.{language}.pdf" for language in ("en", "nl")]
    assert [path.read_bytes()[:5] for path in printed] == [b"%PDF-"] * 2
    comity(
        "agreement", "act", "revoke", "court-listing", 1, "--agency", "prison", "--by", "staff-2", "--reason", "Over."
    )
    assert "court-listing@1  not in force" in comity("agreement", "list")


def sign(comity, folder, agency: str, *more: str, key: str = "", code: int = 0) -> str:
    signing = folder / f"{key or agency}.pem"
    return comity("agreement", "sign", "court-listing", 1, "--agency", agency, "--key", signing, *more, code=code)


@pytest.mark.parametrize(
    ("name", "told"), [("never-heard-of", "no such version of an agreement"), ("Court listing", "names no agreement")]
)
def test_an_impact_of_what_is_not_there_is_a_sentence(comity, name, told):
    assert told in comity("agreement", "impact", name, code=64)


@pytest.mark.parametrize("address", ["comity.example.org", "ftp://x", "https://x/?a=b", "https://a b"])
def test_a_register_is_not_published_under_what_is_no_address(comity, tmp_path, address):
    assert "no address of a node" in comity("agreement", "publish", tmp_path / "public", "--address", address, code=64)
    assert not (tmp_path / "public").exists()


@pytest.mark.timeout(300)
def test_doctor_finds_a_key_that_others_may_read(comity, home):
    assert "WRONG" not in comity("doctor")
    key = home / "keys" / "careless.key"
    key.parent.mkdir(mode=0o700, exist_ok=True)
    key.touch(0o644)
    try:
        told = comity("doctor", code=69)
    finally:
        key.unlink()
    assert "chmod 600" in told


@pytest.mark.timeout(300)
def test_an_agency_is_said_to_be_known_and_keeps_its_kind(comity):
    words = ("--en", "A court", "--nl", "Een rechtbank")
    assert "chambers is known here: A court, of the kind court." in comity(
        "agreement", "agency", "chambers", "court", *words
    )
    assert "is known here as court, not police" in comity("agreement", "agency", "chambers", "police", *words, code=65)
    assert "kind police" in comity("agreement", "agency", "chambers", "police", *words, "--replace")
    comity("person", "admit", "clerk-1", "--name", "C", "--agency", "chambers", "--role", "judge")
    assert "clerk-1 may sign in no longer" in comity("person", "dismiss", "clerk-1")


@pytest.mark.timeout(300)
def test_no_review_is_overdue_on_a_new_node(comity):
    assert "No review is open." in comity("reviews")
    assert "No review is overdue." in comity("reviews", "--overdue")
    assert '"reviews": []' in comity("reviews", "--json")


def test_a_report_of_a_period_is_written_as_it_is_asked_for(comity, tmp_path):
    period = ("--from", "2026-01-01", "--to", "2026-01-31", "--zone", "Europe/Amsterdam")
    assert json.loads(comity("report", "logging", *period, "--format", "json")) == {"lines": []}
    comity("report", "logging", *period, "--format", "csv", "--out", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text().startswith("at,operation,entry,act,by_agency")
    assert "exists already" in comity("report", "logging", *period, "--out", tmp_path / "out.csv", code=64)
    today = date.today().isoformat()
    told = comity("report", "logging", "--from", today, "--to", today)
    assert "consultation log:logging-report; by operator" in told, "that it was made is told too"


@pytest.mark.parametrize(
    ("given", "code", "told"),
    [
        (("--from", "2026-02-01", "--to", "2026-01-01"), 65, "before it begins"),
        (("--from", "2026-01-01", "--to", "2026-01-01", "--agency", "nobody"), 64, "There is no agency nobody"),
        (("--from", "2026-01-01", "--to", "2026-01-01", "--zone", "Mars/Base"), 64, "There is no time zone"),
    ],
)
def test_a_report_that_cannot_be_made_is_a_sentence(comity, given, code, told):
    assert told in comity("report", "logging", *given, code=code)


def test_status_says_how_the_node_is(comity, home):
    told = comity("status")
    assert str(home) in told
    assert "Ledger" in told


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("agreement", "check", "{binary}"), 64, "is not text in UTF-8"),
        (("agreement", "check", "{folder}"), 66, "Is a directory"),
        (("agreement", "check", "{binary}/x"), 66, "Not a directory"),
        (("agreement", "key", "{binary}"), 64, "never written over"),
        (("agreement", "agency", "Bad Name!", "court", "--en", "A", "--nl", "B"), 64, "no name for an agency"),
        (
            ("agreement", "agency", "a", "court", "--en", "A", "--nl", "B", "--public-key", "{folder}"),
            64,
            "is a folder",
        ),
        (("agreement", "approve", "a", "0", "--agency", "a", "--by", "b", "--document", "c"), 2, "VERSION"),
        (("ledger", "verify", "{folder}", "--key", "{binary}"), 64, "is not text in UTF-8"),
        (("person", "admit", "z", "--name", "Z", "--agency", "a", "--role", "juggler"), 64, "There is no role"),
        (
            ("person", "admit", "z", "--name", "Z", "--agency", "nowhere", "--role", "judge"),
            64,
            "comity agreement agency",
        ),
        (("person", "token", "z", "--days", "-1"), 2, "--days"),
        (("person", "letter", "00000000-0000-4000-8000-000000000000", "--days", "0"), 2, "--days"),
        (("person", "letter", "00000000-0000-4000-8000-000000000000"), 66, "There is no person with this id"),
        (("person", "dismiss", "nobody"), 66, "Nobody is admitted as nobody"),
        (("source", "held", "nosuch"), 66, "Nothing has come from a source named 'nosuch'"),
        (("up", "--port", "99999"), 2, "--port"),
        (("up", "--port", "{taken}"), 64, "in use"),
        (("up", "--zone", "Nowhere"), 64, "no time zone"),
        (("up", "--mappings", "{binary}"), 64, "There is no folder"),
        (("demo", "--people", "0"), 2, "--people"),
    ],
)
def test_what_a_command_cannot_work_with_is_a_sentence(comity, tmp_path, arguments, code, said):
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        given = {"binary": tmp_path / "binary", "folder": tmp_path, "taken": taken.getsockname()[1]}
        assert said in comity(*(word.format(**given) for word in arguments), code=code)


def test_keys_get_a_new_epoch_and_the_old_one_stays_as_long_as_a_backup_needs_it(comity):
    assert "Epoch 2 has begun." in comity("keys", "rotate")
    listed = comity("keys", "list")
    assert re.search(
        r"epoch 1 +file +0 data keys +0 messages +empty since \d{4}-.*; to be destroyed from \d{4}-", listed
    )
    assert re.search(r"epoch 2 +file +0 data keys +0 messages +current", listed)
    assert "are kept until" in comity("keys", "destroy-epoch", 1, "--confirm", 1, code=77)


def test_a_key_is_not_destroyed_by_who_does_not_say_so_twice():
    for confirm in (None, 2):
        with pytest.raises(Misused, match="--confirm 1"):
            destroy_epoch(1, confirm=confirm)
