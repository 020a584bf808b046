"""``comity person``: link people, and send a letter to the person concerned; who may sign in."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final, Literal
from uuid import UUID

from cyclopts import App, Parameter, validators
from psycopg.errors import ForeignKeyViolation

from comity.cli import linking
from comity.cli.failing import NO_INPUT, Failed, Misused
from comity.cli.opening import node, now
from comity.intake.glance import is_known
from comity.store import Role
from comity.web.models import Colleague
from comity.web.store import issue_token, put_colleague, remove_colleague, revoke_tokens, send_letter

app = App(name="person", help="People: who is who, who may sign in, and letters to the person concerned.")

LETTER_DAYS = 90
TOKEN_DAYS = 90
MOST_DAYS: Final = 3_650  # ten years: what is valid for longer was a slip of the hand

Days = Annotated[int, Parameter(validator=validators.Number(gte=1, lte=MOST_DAYS))]


@app.command
def link() -> None:
    """Link everybody again: which records are of one human being. The same as ``comity people link``."""
    linking.link()


@app.command
def letter(person: UUID, *, days: Days = LETTER_DAYS) -> None:
    """Make a letter's code, with which a person can see who used their data.

    Parameters
    ----------
    person
        The person's id, as on their page.
    days
        For how long the code is valid.
    """
    with node() as opened:
        with opened.store.connect(Role.INTAKE) as conn:
            known = is_known(conn, person)
        if not known:
            print("There is no person with this id here. Give the id that stands on their page.")
            raise Failed(NO_INPUT)
        with opened.store.connect(Role.GOVERNANCE) as conn:
            code = send_letter(conn, person, now(), now() + timedelta(days=days))
    print(f"The code is {code}. It is valid for {days} days and is not kept: print it now.")


@app.command
def admit(colleague: str, *, name: str, agency: str, role: str, language: Literal["en", "nl"] = "en") -> None:
    """Let somebody who works at an agency sign in, or change their role.

    Parameters
    ----------
    colleague
        Their staff id: an opaque one, it stands in the log of requests.
    """
    if not colleague.strip() or not name.strip():
        raise Misused("Give the staff id and the name: neither can be empty.")
    with node() as opened, opened.store.connect(Role.GOVERNANCE) as conn:
        if role not in opened.vocabulary.roles:
            raise Misused(f"There is no role {role!r}. Known are: {', '.join(opened.vocabulary.roles)}.")
        try:
            put_colleague(conn, Colleague(colleague, name, agency, role, language))
        except ForeignKeyViolation:
            raise Misused(f"No agency {agency!r} is known here. Add it first: comity agreement agency ...") from None
    print(f"{colleague} may sign in as {role} of {agency}.")


@app.command
def dismiss(colleague: str) -> None:
    """Let somebody sign in no longer; their next request is refused."""
    with node() as opened, opened.store.connect(Role.GOVERNANCE) as conn:
        known = remove_colleague(conn, colleague)
    if not known:
        print(f"Nobody is admitted as {colleague}. Nothing was changed.")
        raise Failed(NO_INPUT)
    print(f"{colleague} may sign in no longer.")


@app.command
def token(colleague: str, *, days: Days = TOKEN_DAYS) -> None:
    """Make a token with which a colleague's program, or a system's own account, uses the REST API.

    Parameters
    ----------
    colleague
        The staff id, or the id of an account whose role is service-account.
    days
        For how long the token is valid.
    """
    with node() as opened, opened.store.connect(Role.GOVERNANCE) as conn:
        try:
            made = issue_token(conn, colleague, now(), now() + timedelta(days=days))
        except ForeignKeyViolation:
            print(f"Nobody is admitted as {colleague}. Admit them first: comity person admit {colleague} ...")
            raise Failed(NO_INPUT) from None
    print(f"{made}\nValid for {days} days. It is not kept: store it where programs keep secrets.")


@app.command
def revoke(colleague: str) -> None:
    """Revoke every token of a colleague; the next request with one is refused."""
    with node() as opened, opened.store.connect(Role.GOVERNANCE) as conn:
        print(f"{revoke_tokens(conn, colleague, now())} tokens are revoked.")
