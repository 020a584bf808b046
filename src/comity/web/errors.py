"""What a visitor is told when something cannot be done, and the status that goes with it."""

from __future__ import annotations

import errno
from typing import Final

import psycopg

from comity.vocabulary.models import Label

AGAIN_SECONDS: Final = 2
"""After how long one may ask again where too many ask at once: several times what those in line take."""

BACK_SECONDS: Final = 10
"""After how long where the database is away: a restart after a crash takes seconds."""


class PageError(Exception):
    """A request that cannot be answered: a status, a heading, and what to do next, in both languages.

    ``code`` is what a program reads; ``again`` says after how many seconds it may ask again (RFC 9110, Retry-After).
    """

    def __init__(
        self, status: int, heading: Label, advice: Label, *, code: str = "refused", again: int | None = None
    ) -> None:
        super().__init__(heading.en)
        self.status, self.heading, self.advice, self.code, self.again = status, heading, advice, code, again

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers that go with it."""
        return {} if self.again is None else {"retry-after": str(self.again)}


def sign_in_first() -> PageError:
    """Nobody is signed in."""
    return PageError(
        401,
        Label("Sign in first", "Meld u eerst aan"),
        Label("This page is for people who are signed in.", "Deze pagina is voor mensen die zijn aangemeld."),
    )


def not_for_you() -> PageError:
    """Refuse: the visitor's role may not open this page."""
    return PageError(
        403,
        Label("This page is not for your role", "Deze pagina is niet voor uw rol"),
        Label(
            "If your work needs it, ask your data protection officer.",
            "Hebt u de pagina nodig voor uw werk, vraag dan uw functionaris gegevensbescherming.",
        ),
    )


def no_such_page() -> PageError:
    """There is no such page; the same words as for a thing that is not shown."""
    return PageError(
        404,
        Label("Page not found", "Pagina niet gevonden"),
        Label(
            "Check the address, or start again from the first page.",
            "Controleer het adres, of begin opnieuw op de eerste pagina.",
        ),
    )


def forged() -> PageError:
    """Refuse: a form came from elsewhere, or its token is not the session's."""
    return PageError(
        403,
        Label("This form could not be accepted", "Dit formulier kon niet worden aangenomen"),
        Label(
            "It did not come from this page, or the page was open too long. Go back, load it again and send it anew.",
            "Het kwam niet van deze pagina, of die stond te lang open. Ga terug, laad haar opnieuw en probeer weer.",
        ),
    )


def unusable(heading: Label) -> PageError:
    """Refuse: a form or an address holds something that cannot be used; ``heading`` says what."""
    return PageError(
        400,
        heading,
        Label("Go back and change what you filled in.", "Ga terug en verander wat u hebt ingevuld."),
    )


def done_already() -> PageError:
    """Refuse: the review was closed before."""
    return PageError(
        409,
        Label("This was reviewed already", "Dit is al getoetst"),
        Label(
            "What was found stays as it is. Go back to the reviews to see it.",
            "Wat is bevonden blijft zoals het is. Ga terug naar de toetsingen om het te zien.",
        ),
    )


def not_your_own() -> PageError:
    """Refuse: nobody reviews what they asked themselves."""
    return PageError(
        403,
        Label("You made this request yourself", "Dit verzoek hebt u zelf gedaan"),
        Label(
            "Somebody else reviews it. Ask a colleague with the same role.",
            "Iemand anders toetst het. Vraag een collega met dezelfde rol.",
        ),
    )


def in_force_already() -> PageError:
    """Refuse: the model that would be put in force is in force."""
    return PageError(
        409,
        Label("This model is in force already", "Dit model is al in gebruik"),
        Label("Open it again to see since when.", "Open het opnieuw om te zien sinds wanneer."),
    )


def decided_otherwise() -> PageError:
    """Refuse: something that stands says otherwise of these two."""
    return PageError(
        409,
        Label("Something else stands about these two", "Over deze twee staat al iets anders"),
        Label(
            "A decision or a proposal says otherwise, about these or through others. Undo or end that first.",
            "Een besluit of voorstel zegt iets anders, over deze of via anderen. Maak dat eerst ongedaan.",
        ),
    )


def takes_another() -> PageError:
    """Refuse: whoever proposed a merge does not confirm it."""
    return PageError(
        403,
        Label("This takes somebody else", "Dit moet iemand anders doen"),
        Label(
            "Whoever proposes may withdraw; a colleague confirms or refuses. Nothing was changed.",
            "Wie voorstelt mag intrekken; een collega bevestigt of weigert. Er is niets veranderd.",
        ),
    )


def too_large() -> PageError:
    """Refuse: more was sent than may be."""
    return PageError(
        413,
        Label("This is too large", "Dit is te groot"),
        Label("Send it in smaller parts.", "Stuur het in kleinere delen."),
    )


def out_of_order() -> PageError:
    """Something failed on our side."""
    return PageError(
        500,
        Label("Something went wrong on our side", "Er ging iets mis aan onze kant"),
        Label(
            "Nothing was shown or changed. Try again; if it happens twice, tell whoever runs this node.",
            "Er is niets getoond of veranderd. Probeer het opnieuw; gebeurt het weer, meld het dan aan de beheerder.",
        ),
    )


def too_busy() -> PageError:
    """Refuse: as many are answered at once as may be, and as many wait as may."""
    return PageError(
        429,
        Label("Too many people ask at once", "Te veel mensen vragen tegelijk iets"),
        Label(
            "Nothing was shown or changed. Wait a few seconds and try again.",
            "Er is niets getoond of veranderd. Wacht een paar tellen en probeer het opnieuw.",
        ),
        code="too-busy",
        again=AGAIN_SECONDS,
    )


def too_slow() -> PageError:
    """Refuse: what was being sent did not arrive in time."""
    return PageError(
        408,
        Label("This took too long to arrive", "Dit deed er te lang over"),
        Label(
            "Nothing was changed. Check your connection and send it again.",
            "Er is niets veranderd. Controleer uw verbinding en stuur het opnieuw.",
        ),
        code="too-slow",
    )


def away() -> PageError:
    """Refuse for now: the database cannot be reached, or has no connection or no room left."""
    return PageError(
        503,
        Label("Comity cannot do this at the moment", "Comity kan dit nu even niet"),
        Label(
            "Nothing was shown or changed. Try again in a minute; if it lasts, tell whoever runs this node.",
            "Er is niets getoond of veranderd. Probeer het zo opnieuw; duurt het lang, meld het dan aan de beheerder.",
        ),
        code="unavailable",
        again=BACK_SECONDS,
    )


def told_of(error: Exception) -> PageError:
    """Return what to tell of a failure on our side: whether it passes by itself, as far as its kind says."""
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    # A lost connection, a server that starts or stops, none free in the pool, a full disk (classes 08, 53, 57).
    return away() if full or isinstance(error, psycopg.OperationalError) else out_of_order()
