"""What the law is against, in words: the provision, what it says, and what would mend it. English and Dutch. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from comity.agreements.minimisers import applies
from comity.agreements.models import Agreement, Release
from comity.agreements.phrases import join, lower, phrase, upper
from comity.agreements.words import field_words, length_words
from comity.vocabulary.models import Cover, Label, Restriction, RetentionLimit, Vocabulary

_MOST: Final = 3  # provisions that are named as a mend; the vocabulary's page has them all

_COVERS: Final = {
    Cover.PROCESSING: Label("processing", "verwerking"),
    Cover.SENSITIVE: Label("special categories", "bijzondere categorieën"),
    Cover.CRIMINAL: Label("convictions and offences", "gegevens van strafrechtelijke aard"),
    Cover.FURTHER_USE: Label("further use", "verder gebruik"),
    Cover.DISCLOSURE: Label("disclosure", "verstrekking"),
    Cover.RIGHTS: Label("the rights of the person concerned", "de rechten van de betrokkene"),
    Cover.RESEARCH: Label("research", "onderzoek"),
}
_CONSENT: Final = {
    "asked": Label("ask for consent", "vraag om toestemming"),
    "required": Label("require consent", "vereis toestemming"),
}


def restriction_words(
    words: Label, term: str, clause: str, fields: tuple[str, ...], agreement: Agreement, vocabulary: Vocabulary
) -> Label:
    """Return ``words`` about a clause whose ``fields`` are against a restriction, with the mend."""
    law = vocabulary.restrictions[term]
    release = next(each for each in agreement.releases if each.clause == clause)
    said = join(field_words(release, field, vocabulary) for field in fields)
    return upper(
        phrase(words.en, words.nl, provision(law), said, join(_ways(law, release, fields, vocabulary), "or", "of"))
    )


def limit_words(words: Label, terms: tuple[str, ...], agreement: Agreement, vocabulary: Vocabulary) -> Label:
    """Return ``words`` about how long an agreement keeps data, with the mend; or with what asks for a limit."""
    keep = length_words(agreement.retention.keep)
    laws = [vocabulary.retention_limits[term] for term in terms]
    if not any(law.longest for law in laws):
        asked = join(provision(law) for law in laws)
        beside = phrase("; the law asks that a time be set: {0}", "; de wet vraagt een termijn: {0}", asked)
        return phrase(words.en, words.nl, beside if laws else Label("", ""), keep)
    longest = length_words(laws[0].longest or "")
    mend = phrase("keep them for {0} at most", "bewaar ze hoogstens {0}", longest)
    return upper(phrase(words.en, words.nl, provision(laws[0]), keep, mend))


def provision(law: Restriction | RetentionLimit) -> Label:
    """Return a provision and what it says."""
    return phrase("{0} ({1})", "{0} ({1})", lower(law.label), Label(*[f"{law.act}, {law.article}"] * 2))


def _ways(law: Restriction, release: Release, fields: tuple[str, ...], vocabulary: Vocabulary) -> Iterator[Label]:
    if law.covers:
        carried = join((_COVERS[each] for each in law.covers), "or", "of")
        yield phrase("name a lawful basis for {0}", "noem een grondslag voor {0}", carried)
    if law.bases:
        named = join((Label(term, term) for term in law.bases[:_MOST]), "or", "of")
        yield phrase("rest it on {0}", "laat haar rusten op {0}", named)
    record = vocabulary.record_type(release.record)
    forms = [form for form in law.forms if any(applies(form, record.field(field)) for field in fields)]
    if stricter := [form for form in forms if form != "withheld"]:
        said = join((lower(vocabulary.minimisers[form].label) for form in stricter), "or", "of")
        yield phrase("release a stricter form ({0})", "verstrek een strengere vorm ({0})", said)
    yield from (_CONSENT[consent] for consent in law.consents)
    yield Label("leave the fields out", "laat de velden weg")
