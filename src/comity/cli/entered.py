"""``comity agreement check`` without a file: what is kept of agreements, laid beside the ledger's entries."""

from __future__ import annotations

import json
from typing import Any

from comity.agreements.entered import Difference, differences
from comity.cli.failing import Failed
from comity.cli.opening import node
from comity.store import Role


def compare_with_ledger(language: str, *, as_json: bool) -> None:
    """Print each difference with its place, cause and mend; :class:`Failed` if there is any."""
    with (
        node() as opened,
        opened.store.connect(Role.GOVERNANCE) as governance,
        opened.store.connect(Role.LEDGER) as ledger,
    ):
        found = differences(governance, ledger, opened.vocabulary)
    if as_json:
        print(json.dumps({"differences": [_document(it, language) for it in found]}, indent=2, ensure_ascii=False))
    else:
        for it in found:
            print(f"{_capital(it.place.in_language(language))}{f' (entry {it.entry})' if it.entry else ''}:")
            print(f"  {it.cause.in_language(language)}")
            print(f"  {it.mend.in_language(language)}")
        if not found:
            print(_NONE[language])
    if found:
        raise Failed


_NONE = {
    "en": "What is kept of agreements is what the ledger says was done.",
    "nl": "Wat van overeenkomsten is bewaard, is wat volgens het grootboek is gedaan.",
}


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _document(it: Difference, language: str) -> dict[str, Any]:
    return {
        "difference": it.found.value,
        "place": it.place.in_language(language),
        "entry": str(it.entry) if it.entry else None,
        "cause": it.cause.in_language(language),
        "mend": it.mend.in_language(language),
    }
