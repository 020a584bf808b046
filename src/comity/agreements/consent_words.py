"""What somebody is told who is asked for consent: from the agreement itself, in plain words of both languages. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from comity.agreements.consent import LETS_LEAVE, Answer
from comity.agreements.models import Agreement
from comity.agreements.phrases import join, lower, phrase, upper
from comity.agreements.words import length_words, release_words
from comity.vocabulary.models import Label, Vocabulary

ANSWERS: Final[Mapping[Answer, Label]] = MappingProxyType(
    {
        Answer.GIVEN: Label("Consent given", "Toestemming gegeven"),
        Answer.REFUSED: Label("Consent refused", "Toestemming geweigerd"),
        Answer.WITHDRAWN: Label("Consent withdrawn", "Toestemming ingetrokken"),
    }
)

_NO: Final = MappingProxyType(
    {
        "asked": Label(
            "You may say no. If data is shared all the same, the reason is written down, and you can read it.",
            "U mag nee zeggen. Worden toch gegevens gedeeld, dan wordt de reden opgeschreven, en kunt u die lezen.",
        ),
        "required": Label(
            "You may say no. Then nothing is shared under this agreement.",
            "U mag nee zeggen. Dan wordt volgens deze overeenkomst niets gedeeld.",
        ),
    }
)
_BACK: Final = Label(
    "You can take your consent back at any time, with any of these agencies or on the page with who used your data. "
    "From then on nothing is shared under this agreement; what was shared before stays shared.",
    "U kunt uw toestemming op elk moment intrekken, bij elk van deze organisaties of op de pagina met wie uw gegevens "
    "gebruikte. Vanaf dan wordt volgens deze overeenkomst niets gedeeld; wat eerder is gedeeld, blijft gedeeld.",
)


def asks_for_consent(agreement: Agreement) -> bool:
    """Return whether an agreement has people asked."""
    return LETS_LEAVE.get(agreement.consent) is not None


def told(agreement: Agreement, vocabulary: Vocabulary, agencies: Mapping[str, Label]) -> tuple[Label, ...]:
    """Return what a person is told when they are asked, sentence by sentence; none if nobody is asked."""
    if not asks_for_consent(agreement):
        return ()
    givers, takers = (
        join(agencies.get(each, Label(each, each)) for each in ids)
        for ids in (agreement.providers, agreement.recipients)
    )
    purpose = lower(vocabulary.purpose(agreement.purpose).label)
    kept = length_words(agreement.retention.keep)
    return (
        upper(phrase("Data about you goes from {0} to {1}.", "Gegevens over u gaan van {0} naar {1}.", givers, takers)),
        phrase("It is used for one purpose: {0}.", "Ze worden voor één doel gebruikt: {0}.", purpose),
        *(
            phrase("What may be shared: {0}", "Wat kan worden gedeeld: {0}", lower(release_words(each, vocabulary)))
            for each in agreement.releases
        ),
        phrase("It is kept for {0}.", "Ze worden {0} bewaard.", kept),
        _NO[agreement.consent],
        _BACK,
    )
