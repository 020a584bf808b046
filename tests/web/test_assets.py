"""What is served beside the pages: no crest, no crown, no wordmark; licences; no registry's address."""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "src" / "comity" / "web" / "static"


def test_the_style_sheet_loads_nothing_and_carries_no_emblem():
    css = (STATIC / "comity.css").read_text()
    assert "url(" not in css
    assert not re.search(r"crown|crest|wordmark|logotype|GDS Transport", css, re.IGNORECASE)


def test_the_licence_of_what_the_style_sheet_is_made_of_stands_beside_it():
    licence = (STATIC / "LICENCE-govuk-frontend.txt").read_text()
    version = json.loads((ROOT / "assets" / "package.json").read_text())["devDependencies"]["govuk-frontend"]
    assert "The MIT License" in licence
    assert f"govuk-frontend {version}" in licence


def test_the_lock_names_no_registry():
    lock = (ROOT / "assets" / "package-lock.json").read_text()
    assert "resolved" not in lock
    assert "http" not in re.sub(r'"(url|funding)": ("[^"]*"|\{[^}]*\})', "", lock)
    assert '"integrity"' in lock


def test_the_style_sheet_is_as_its_source_says():
    css = (STATIC / "comity.css").read_text()
    source = (ROOT / "assets" / "comity.scss").read_text()
    named = set(re.findall(r"\.(comity-[a-z_-]+)", source))
    assert named <= set(re.findall(r"\.(comity-[a-z_-]+)", css)), "run npm run build in assets"


def test_the_templates_run_no_script_but_files_of_ours_and_style_nothing_inline():
    ours = re.compile(r'<script type="module" src="/static/([a-z-]+\.js)"></script>')
    for template in (STATIC.parent / "templates").glob("*.html"):
        text = template.read_text()
        assert all((STATIC / name).is_file() for name in ours.findall(text)), template.name
        assert not re.search(r"<script|<style|style=|onclick|javascript:", ours.sub("", text)), template.name


def test_a_script_of_ours_makes_no_markup_runs_no_text_and_fetches_from_nowhere_else():
    for script in STATIC.glob("*.js"):
        text = script.read_text()
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function|https?://", text
        )
