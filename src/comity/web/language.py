"""The language of a page: English is what the source says, Dutch comes from the catalogue beside it."""

from __future__ import annotations

import gettext
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from starlette.requests import Request

LANGUAGES = ("en", "nl")
COOKIE = "comity-language"
_LOCALE = Path(__file__).parent / "locale"


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """Return the catalogue of a language, compiled from its text in memory, so that it can never be stale."""
    path = _LOCALE / language / "LC_MESSAGES" / "comity.po"
    if not path.is_file():
        return gettext.NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def marked(text: str) -> str:
    """Return ``text`` as it is: it stands in Python and is translated where it is shown (gettext's ``N_``)."""
    return text


def language_of(request: Request) -> str:
    """Return the language that the visitor chose, else the first that the browser asks for, else English."""
    chosen = request.cookies.get(COOKIE, "")
    if chosen in LANGUAGES:
        return chosen
    for wanted in request.headers.get("accept-language", "").split(","):
        tag = wanted.split(";")[0].strip().split("-")[0].lower()
        if tag in LANGUAGES:
            return tag
    return "en"
