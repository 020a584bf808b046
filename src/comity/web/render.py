"""Render a page: its template, in the visitor's language, inside the frame that every page shares."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Any, Final

from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse

from comity.store import Role
from comity.vocabulary.models import Vocabulary
from comity.web import store
from comity.web.access import Desk, desks_of, may_open
from comity.web.alarm import Alarm, alarm_for
from comity.web.errors import PageError
from comity.web.guards import form_token
from comity.web.language import catalogue, language_of, marked
from comity.web.models import Citizen, Colleague, Visitor
from comity.web.present import Presenter
from comity.web.services import services_of

_MENU: Final = (
    # route, address, text
    ("search", "/search", marked("Search")),
    ("news", "/news", marked("What is new")),
    ("steward", "/steward", marked("Deliveries and quality")),
    ("linking", "/linking", marked("Quality of linking")),
    ("questions", "/who-is-who", marked("Who is who")),
    ("retention", "/retention", marked("Keeping and erasing")),
    ("reviews", "/reviews", marked("Reviews")),
    ("log", "/log", marked("Log of requests")),
    ("why-if", "/why", marked("Why")),
    ("impacts", "/impacts", marked("What agreements would do")),
    ("governance", "/governance", marked("Governance")),
    ("statistics", "/statistics", marked("Statistics")),
    ("extracts", "/extracts", marked("Extracts")),
    ("my-data", "/my-data", marked("Who used my data")),
    ("register", "/agreements", marked("Agreements")),
    ("ledger", "/ledger", marked("Ledger")),
)


@cache
def environment(language: str) -> Environment:
    """Return the templates in one language. Every value is escaped unless it was made as markup."""
    made = Environment(
        autoescape=True,
        loader=ChoiceLoader(
            [PackageLoader("comity.web"), PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")})]
        ),
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_translations(catalogue(language), newstyle=True)  # type: ignore[attr-defined]  # the extension's
    return made


async def page(
    request: Request, template: str, status: int = HTTPStatus.OK, *, active: str = "", **values: Any
) -> HTMLResponse:
    """Return a page. ``values`` are the template's own; ``active`` is the route that the menu shows as open."""
    language = language_of(request)
    visitor: Visitor = getattr(request.state, "visitor", None)
    services = services_of(request)
    async with services.as_role(Role.GOVERNANCE) as conn:
        agencies = await store.agency_labels(conn)
        titles = await store.agreement_titles(conn)
        demonstrated = await store.colleagues_to_demonstrate(conn)
    alarm = await alarm_for(services, visitor)
    show = Presenter(services.node.vocabulary, language, services.zone, agencies, titles)
    text = (
        environment(language)
        .get_template(template)
        .render(
            language=language,
            show=show,
            known=_known_fields(services.node.vocabulary),
            token=form_token(request),
            back=_back(request),
            menu=_menu(visitor, active, language, alarm),
            alarm=alarm,
            demonstration=bool(demonstrated),
            **_who(visitor, show, language),
            **values,
        )
    )
    return HTMLResponse(text, status_code=status)


def bare_page(request: Request, told: PageError) -> HTMLResponse:
    """Return a page that says why there is none, for when nobody can be asked who is looking: it reads nothing."""
    language = language_of(request)
    text = (
        environment(language)
        .get_template("bare.html")
        .render(
            language=language,
            heading=told.heading.in_language(language),
            advice=told.advice.in_language(language),
        )
    )
    return HTMLResponse(text, told.status, told.headers)


def translate(language: str, text: str) -> str:
    """Return a text of the pages in ``language``."""
    return catalogue(language).gettext(text)


def _known_fields(vocabulary: Vocabulary) -> Mapping[str, frozenset[str]]:
    return {name: frozenset(field.name for field in it.fields) for name, it in vocabulary.record_types.items()}


def _menu(visitor: Visitor, active: str, language: str, alarm: Alarm) -> list[dict[str, Any]]:
    counts = {"reviews": alarm.reviews.open + alarm.reviews.asked}
    return [
        {"href": address, "text": translate(language, text), "active": route == active, "count": counts.get(route, 0)}
        for route, address, text in _MENU
        if may_open(route, visitor) and _has_business(route, visitor, counts)
    ]


def _has_business(route: str, visitor: Visitor, counts: Mapping[str, int]) -> bool:
    """Whether a page that any colleague may open is worth a place in this one's menu."""
    desks = desks_of(visitor)
    if route == "reviews":
        return bool(counts[route]) or Desk.OVERSEER in desks
    return route != "extracts" or not desks.isdisjoint({Desk.CASEWORKER, Desk.ANALYST})


def _who(visitor: Visitor, show: Presenter, language: str) -> dict[str, str]:
    if isinstance(visitor, Colleague):
        place = f"{show.term('roles', visitor.role).lower()}, {show.agency(visitor.agency)}"
        return {"visitor_name": visitor.name, "visitor_place": place}
    if isinstance(visitor, Citizen):
        return {"visitor_name": translate(language, marked("Signed in with a letter")), "visitor_place": ""}
    return {"visitor_name": "", "visitor_place": ""}


def _back(request: Request) -> str:
    # A page that was posted cannot be opened again by its address; then the language button leads to the first page.
    return request.url.path if request.method == "GET" else "/"
