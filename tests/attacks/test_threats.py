"""The page of threats lists every attack with the test that tries it, and no other."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path

from tests.agreements.test_conditions_mean import table

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "explanation" / "threats.md"
MODULES = (
    *sorted((ROOT / "tests" / "attacks").glob("test_*.py")),
    ROOT / "tests" / "gate" / "test_attacks.py",
    ROOT / "tests" / "web" / "test_attacks.py",
    ROOT / "tests" / "web" / "test_role_taken_away.py",
)
BEGIN, END = "<!-- attacks -->\n", "<!-- end of attacks -->"


def attacks() -> Iterator[tuple[str, str, str]]:
    """What somebody tries, what becomes of it, and the test that tries it: as each test's name and docstring say."""
    for path in MODULES:
        if path == Path(__file__):
            continue
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                words = node.name.removeprefix("test_").replace("_", " ").replace("sql", "SQL")
                said = (ast.get_docstring(node) or "").partition("\n")[0].replace("|", "\\|")
                yield words[:1].upper() + words[1:], said, f"`{path.relative_to(ROOT / 'tests')}::{node.name}`"


def test_the_page_of_threats_lists_every_attack_with_its_test():
    """To print it anew: COMITY_WRITE_DOCS=1 pytest tests/attacks/test_threats.py."""
    heads = ("what somebody tries", "what becomes of it", "the test")
    before, mark, rest = PAGE.read_text("utf-8").partition(BEGIN)
    assert mark
    printed = f"{before}{BEGIN}{table(heads, list(attacks()))}{END}{rest.partition(END)[2]}"
    if os.environ.get("COMITY_WRITE_DOCS"):
        PAGE.write_text(printed, "utf-8")
    assert PAGE.read_text("utf-8") == printed


def test_every_test_that_the_page_names_is_there():
    """Also those that are named elsewhere on the page: files and folders of tests exist."""
    named = [
        part for line in PAGE.read_text("utf-8").splitlines() for part in line.split("`") if part.startswith("tests/")
    ]
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []
    listed = {line.split("`")[-2] for line in PAGE.read_text("utf-8").splitlines() if "::test_" in line}
    assert listed == {test.strip("`") for *_, test in attacks()}


def test_every_attack_here_says_what_becomes_of_it():
    """The names say what is tried, the docstrings what stands in the way."""
    assert [test for _, said, test in attacks() if test.startswith("`attacks/") and not said] == []
