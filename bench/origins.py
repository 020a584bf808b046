"""Where a family name comes from, roughly, by its spelling: to see whether linking errs more for some people's names.

Endings and particles that are typical of a language, nothing more; most names of the sets are English and fall through.
"""

from __future__ import annotations

import re

_RULES = {
    "Spanish, Portuguese": (
        r"(ez|illo|illa|ero|ado|ares|ales|ndo|nho|eira|eiro)$|^(de|del|de la|dos|da)\b|[a-z]+[ -][a-z]+ez$"
    ),
    "Dutch, German": (
        r"^(van|von|ter|ten|de|der)\b|(mann|berg|burg|stein|hoff|meyer|meier|schmidt|stra|sma|inga|huis|dijk)$|^sch"
    ),
    "Slavic": r"(ov|ova|ev|eva|ski|sky|ska|wicz|vich|enko|chuk|ic)$",
    "Celtic": r"^(mc|mac|o'|fitz)",
    "French, Haitian": (r"(eau|eaux|ieu|ault|elle|ette|ois|aire|ain|ien|erre|louis)$|^(jean|saint|st|le|la|du)\b"),
    "East and South-East Asian": (
        r"^(nguyen|tran|pham|le|li|wang|zhang|liu|chen|yang|wu|kim|lee|park|choi|chan|wong|ng|ho|vo|do|ngo)$"
    ),
    "South Asian, Arabic": (
        r"(deen|ullah|allah|wala|preet|deep)$"
        r"|^(al|el|abu|bin|ibn|abdul|singh|patel|khan|ali|ahmed|mohammed|hussain|shah)\b"
    ),
    "Italian": r"(ini|ino|elli|etti|ucci|acci|oni|ano|ello)$",
}
_COMPILED = {origin: re.compile(rule) for origin, rule in _RULES.items()}


def origin(family_name: str | None) -> str:
    """Return the origin that a family name's spelling suggests."""
    name = (family_name or "").casefold().strip()
    if not name:
        return "no family name"
    return next((origin for origin, rule in _COMPILED.items() if rule.search(name)), "English and other")
