"""The how-to says what the code does: every block in it is one that opens, every option is explained."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from comity.sources import check_spec
from comity.sources.spec import KINDS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "connect-a-source.md"


@pytest.fixture(scope="module")
def sections():
    """The text under each heading that is a kind of source."""
    parts = re.split(r"(?m)^#{2,3} (\w+)$", PAGE.read_text(encoding="utf-8"))
    return {kind: text for kind, text in zip(parts[1::2], parts[2::2], strict=True) if kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_an_example_that_opens(sections, kind):
    (example,) = re.findall(r"```yaml\n(.*?)```", sections[kind], re.DOTALL)
    spec = YAML(typ="safe").load(example)["source"]
    assert list(spec) == [kind]
    assert check_spec(spec) == ()


@pytest.mark.parametrize("kind", KINDS)
def test_each_option_is_explained(sections, kind):
    unexplained = [option for option in KINDS[kind] if f"`{option}`" not in sections[kind] and option != "path"]
    assert unexplained == []


@pytest.mark.parametrize("kind", KINDS)
def test_no_option_is_explained_that_there_is_not(sections, kind):
    explained = re.findall(r"(?m)^\| `(\w+)` \|", sections[kind])
    assert [option for option in explained if option not in KINDS[kind]] == []
