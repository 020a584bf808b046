"""The reference of the REST API in the documentation is what the code says."""

from __future__ import annotations

import json
import re
from pathlib import Path

from comity.web.api.app import create_api, openapi
from comity.web.reference import main, reference

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "api.md"


def test_the_page_is_not_stale():
    assert PAGE.read_text(encoding="utf-8") == reference(), "run python -m comity.web.reference"


def test_the_page_is_written_where_it_is_asked_for(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["reference", str(tmp_path / "api.md")])
    assert main() == 0
    assert (tmp_path / "api.md").read_text(encoding="utf-8") == reference()


def test_every_operation_says_what_it_is_for_and_how_it_is_refused():
    document = openapi(create_api())
    assert document["openapi"].startswith("3.1")
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["summary"], path
            assert operation["description"], path
            if operation.get("security"):
                assert {"401", "403", "404"} <= set(operation["responses"]), path


def test_no_operation_takes_personal_data_in_its_address():
    names = {
        (it["in"], it["name"])
        for methods in openapi(create_api())["paths"].values()
        for operation in methods.values()
        for it in operation.get("parameters", [])
    }
    assert {name for place, name in names if place in {"path", "query"}} == {
        "person", "entry", "source", "agreement", "before", "limit", "extract", "file",
    }  # fmt: skip


def test_every_reference_leads_to_a_schema():
    document = openapi(create_api())
    named = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
    assert named <= set(document["components"]["schemas"])
