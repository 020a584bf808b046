"""``comity assessment`` as its users type it: from an empty file to an approved assessment and its agreement."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from datetime import UTC, datetime
from importlib import resources

import pytest

from comity.agreements.assessment import Discipline, Step, load_catalogue
from comity.agreements.assessment.merge import Editor
from comity.agreements.assessment.store import sign_step
from comity.agreements.models import AssessmentReference
from comity.node import open_node
from comity.store import Role, Settings

EXAMPLE = resources.files("comity.agreements.assessment").joinpath("examples/marac-victim-safety.yaml")
NAME, VERSION = "marac-victim-safety", 3
LEGAL = ("--agency", "police", "--by", "staff-1", "--discipline", "legal")
PRIVACY = ("--agency", "probation", "--by", "staff-2", "--discipline", "privacy")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("cli") / "home"


@pytest.fixture
def comity(home):
    def run(*arguments, code=0):
        done = subprocess.run(
            [sys.executable, "-m", "comity.cli", *map(str, arguments)],
            env={**os.environ, "COMITY_HOME": str(home), "COLUMNS": "200"},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    return run


@pytest.fixture
def example(tmp_path):
    path = tmp_path / "example.yaml"
    path.write_text(EXAMPLE.read_text("utf-8"), encoding="utf-8")
    return path


def test_a_new_file_asks_everything_and_is_told_what_is_open(comity, tmp_path):
    file = tmp_path / "new.yaml"
    file.write_text(comity("assessment", "new", "made-up", 1, "--language", "nl"), encoding="utf-8")
    told = comity("assessment", "check", file, "--language", "nl", code=65)
    assert "Voor welk ene doel worden de gegevens gedeeld?" in told
    told = comity("assessment", "draft-agreement", file, code=65)
    assert "For which one purpose are the data shared?" in told


def test_a_mistake_is_told_with_its_line(comity, example):
    example.write_text(example.read_text().replace("purpose: victim-safety", "purpose: victim-safty"))
    line = example.read_text().splitlines().index("  purpose: victim-safty") + 1
    assert f"Line {line}, column 12 (purpose)" in comity("assessment", "check", example, code=65)


def test_a_file_that_is_complete_is_drafted_and_published_without_a_database(comity, home, example, tmp_path):
    assert "nothing is open" in comity("assessment", "check", example)
    agreement = tmp_path / "agreement.yaml"
    agreement.write_text(comity("assessment", "draft-agreement", example), encoding="utf-8")
    assert "About whom" in comity("agreement", "check", agreement)
    comity("assessment", "publish", example, tmp_path / "page.html", "--language", "nl")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Een concept: niet goedgekeurd." in page
    assert "laptop" not in page
    comity("assessment", "publish", example, tmp_path / "page.pdf", "--language", "nl")
    comity("assessment", "publish", example, tmp_path / "page", "--pdf")
    assert (tmp_path / "page.pdf").read_bytes()[:5] == (tmp_path / "page").read_bytes()[:5] == b"%PDF-"
    assert comity("assessment", "canonical", example).startswith('{"assessment":"marac-victim-safety"')
    assert not (home / "cluster").exists()


def test_what_differs_is_said_in_words(comity, example, tmp_path):
    other = tmp_path / "other.yaml"
    other.write_text(example.read_text().replace("keep: P2Y", "keep: P1Y").replace("    log:\n", "    look:\n"))
    assert comity("assessment", "diff", example, other).splitlines() == [
        "keep (Kept for): was «P2Y»; is «P1Y»",
        "actions.log: removed (Measure).",
        "actions.look: added (Measure).",
    ]
    assert comity("assessment", "diff", example, example) == "Nothing differs.\n"


def sign_the_rest(home):
    """Sign as the command does, but with the node started once."""
    reference = AssessmentReference(NAME, VERSION)
    with open_node(Settings(home=home)) as node, node.store.connect(Role.GOVERNANCE) as conn:
        for step in Step:
            for discipline in load_catalogue().must_sign(step):
                if (step, discipline) != (Step.PROCESS, Discipline.LEGAL):
                    by = Editor(f"staff-{discipline}", "police", discipline)
                    sign_step(conn, reference, step, by, datetime.now(UTC), node.vocabulary)


def test_from_two_people_at_once_to_an_approved_assessment_and_its_agreement(comity, home, example, tmp_path, paper):
    for agency in ("police", "probation", "victim-services"):
        comity("agreement", "agency", agency, agency, "--en", agency.title(), "--nl", agency.title())
    comity("assessment", "import", example, *LEGAL)
    one, other = tmp_path / "one.yaml", tmp_path / "other.yaml"
    one.write_text(comity("assessment", "export", NAME, VERSION).replace("About 400", "About 500"))
    other.write_text(comity("assessment", "export", NAME, VERSION).replace("About 400", "About 600"))
    comity("assessment", "import", one, *LEGAL)
    assert "scale is in conflict" in comity("assessment", "import", other, *PRIVACY)
    assert "side by side" in comity("assessment", "sign", NAME, VERSION, "process", *LEGAL, code=65)
    told = comity("assessment", "status", NAME, VERSION)
    number = next(line.split()[0] for line in told.splitlines() if "About 600" in line)
    comity("assessment", "resolve", NAME, VERSION, "scale", number, *LEGAL)
    assert "staff-2 (privacy, probation)" in comity("assessment", "history", NAME, VERSION, "scale")
    assert "has not signed" in comity(
        "assessment", "approve", NAME, VERSION, "--agency", "police", "--by", "dpo-7", code=65
    )
    comity("assessment", "sign", NAME, VERSION, "process", *LEGAL)
    sign_the_rest(home)
    comity("assessment", "approve", NAME, VERSION, "--agency", "police", "--by", "dpo-7")
    assert "approved" in comity("assessment", "status", NAME, VERSION)
    agreement = tmp_path / "agreement.yaml"
    agreement.write_text(comity("assessment", "draft-agreement", f"{NAME}@{VERSION}"))
    assert "is proposed" in comity("agreement", "propose", agreement)
    comity("assessment", "publish", f"{NAME}@{VERSION}", tmp_path / "page.html")
    assert "Approved." in (tmp_path / "page.html").read_text()
    assert "About 600" in (tmp_path / "page.html").read_text()
    comity("assessment", "publish", f"{NAME}@{VERSION}", tmp_path / "page.pdf")
    printed = paper((tmp_path / "page.pdf").read_bytes())
    for words in ("Approved on ", "About 600", "Measures Security Police"):
        assert words in printed.text
    shown = comity("assessment", "canonical", f"{NAME}@{VERSION}", "--public").removesuffix("\n")
    assert hashlib.sha256(shown.encode()).hexdigest() in printed.text
    assert "laptop" not in shown


def test_an_assessment_that_nobody_began_is_a_sentence(comity):
    assert "Begin it first" in comity("assessment", "status", "nowhere", 1, code=66)
