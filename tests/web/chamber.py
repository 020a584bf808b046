"""A node on which agencies assess and agree: no data, only people of every discipline, and what they fill in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files

from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page

from comity.agreements.assessment import Answer, Assessment, Discipline, Step, parse_assessment
from comity.agreements.assessment.catalogue import load_catalogue
from comity.agreements.assessment.merge import Edit, Editor
from comity.agreements.assessment.models import Kind
from comity.agreements.assessment.store import approve, begin, edit, sign_step
from comity.agreements.models import AssessmentReference
from comity.demo.agreeing import let_agree
from comity.demo.chain import chain_for
from comity.node import Node
from comity.store import Role
from comity.vocabulary import load
from comity.web.app import create_app
from comity.web.models import Colleague
from comity.web.store import put_colleague

from .desk import Browser, serving

GRACE, BRAM = "grace-holloway", "bram-visser"  # governance officers of the police and of the prosecution
INES, SASKIA, JONAS = "ines-moreau", "saskia-van-dam", "jonas-berg"  # legal, privacy, security
SIGNERS = {
    GRACE: Discipline.OPERATIONAL,
    INES: Discipline.LEGAL,
    SASKIA: Discipline.PRIVACY,
    JONAS: Discipline.SECURITY,
}
AGENCY = {GRACE: "police", INES: "police", SASKIA: "prosecution", JONAS: "prosecution", BRAM: "prosecution"}
NAME = "high-risk-victims"
HERE = f"/governance/assessments/{NAME}/1"
AGREED = f"/governance/agreements/{NAME}/1"


@dataclass(frozen=True)
class Chamber:
    """A node that serves its governance desk."""

    node: Node
    url: str

    def visit(self, colleague: str) -> Browser:
        """Return a visitor without a browser, signed in."""
        return Browser(self.url).sign_in(colleague)


@contextmanager
def governed(node: Node) -> Iterator[Chamber]:
    """Let the made-up chain's agencies agree on a node, and serve its pages; no data are loaded."""
    chain = chain_for(None)
    let_agree(node, chain, datetime.now(UTC))
    with node.store.connect(Role.GOVERNANCE) as conn:
        for it in chain.people:
            put_colleague(conn, Colleague(it.id, it.name, it.agency, it.role, it.language, demonstration=True))
    with serving(create_app(node)) as url:
        yield Chamber(node, url)


@cache
def example() -> Assessment:
    """The shipped example, with the prosecution in the place of probation and days that begin today."""
    text = files("comity.agreements.assessment").joinpath("examples/marac-victim-safety.yaml").read_text()
    today = datetime.now(UTC).date()
    for day, moved in (("2026-02-01", today), ("2027-01-31", today + timedelta(days=300))):
        text = text.replace(f"in_force_from: {day}", f"in_force_from: {moved}")
        text = text.replace(f"in_force_until: {day}", f"in_force_until: {moved}")
    text = text.replace("review_by: 2026-08-01", f"review_by: {today + timedelta(days=30)}")
    text = text.replace("agency: probation", "agency: prosecution").replace(
        "provider: probation", "provider: prosecution"
    )
    return parse_assessment(text, load()).assessment


def signed_by(who: str) -> list[Step]:
    """Return the steps that somebody's discipline must sign."""
    return [step for step in Step if SIGNERS[who] in load_catalogue().must_sign(step)]


def work_out(chamber: Chamber, *, signed: bool = False, approved: bool = False) -> AssessmentReference:
    """Fill in the whole assessment without a browser, as far as it is asked for."""
    reference, now, words = AssessmentReference(NAME, 1), datetime.now(UTC), chamber.node.vocabulary
    by = {who: Editor(who, AGENCY[who], discipline) for who, discipline in SIGNERS.items()}
    titles = {"title_en": Answer("High-risk victims"), "title_nl": Answer("Slachtoffers met een hoog risico")}
    with chamber.node.store.connect(Role.GOVERNANCE) as conn:
        begin(conn, reference, now)
        edits = [Edit(path, answer, 0) for path, answer in {**example().answers, **titles}.items()]
        edit(conn, reference, edits, by[GRACE], now, words)
        for who in SIGNERS if signed or approved else ():
            for step in signed_by(who):
                sign_step(conn, reference, step, by[who], now, words)
        if approved:
            approve(conn, reference, words, agency=AGENCY[SASKIA], by=SASKIA, at=now)
    return reference


@contextmanager
def window(
    chrome: Chromium, chamber: Chamber, language: str, *, scripts: bool = False, width: int = 1200
) -> Iterator[Page]:
    """Open a fresh browser window of a visitor who reads ``language``."""
    context = chrome.new_context(
        base_url=chamber.url, java_script_enabled=scripts, viewport={"width": width, "height": 900}
    )
    context.set_default_timeout(60_000)
    context.add_cookies([{"name": "comity-language", "value": language, "url": chamber.url}])
    yield context.new_page()
    context.close()


def sign_in(page: Page, colleague: str, language: str) -> None:
    page.goto("/")
    if page.locator("form[action='/sign-out'] button").count():
        page.locator("form[action='/sign-out'] button").click()
    page.locator(f"button[value={colleague}]").click()
    if page.locator("html").get_attribute("lang") != language:
        page.locator("button[name=language]").click()


def fill(page: Page, path: str, words: tuple[str, ...], kind: Kind, *, withheld: bool = False) -> None:
    """Answer one question as a person would, whatever control it has."""
    if kind is Kind.FORMS:
        for word in words:
            field, _, form = word.partition(" ")
            page.locator(f'[name="{path}:{field}"]').select_option(form)
        return
    control = page.locator(f'[name="{path}"]')
    if control.first.get_attribute("type") in ("radio", "checkbox"):
        for word in words:
            page.locator(f'[name="{path}"][value="{word}"]').check()
    elif control.first.evaluate("it => it.tagName") == "SELECT":
        control.select_option(words[0])
    else:
        control.fill(typed(words[0], kind))
    if withheld:
        page.locator(f'[name="withheld:{path}"]').check()


def typed(text: str, kind: Kind) -> str:
    if kind is Kind.DAY:
        year, month, day = text.split("-")
        return f"{int(day)}/{int(month)}/{year}"
    return {"P2Y": "2 years"}.get(text, text) if kind is Kind.LENGTH else text


class Work:
    """One officer's work on the four steps; ``look`` is called with the name of each page and state on the way."""

    def __init__(self, page: Page, look: Callable[[str], None]) -> None:
        self.page, self.look = page, look
        self.ids: dict[str, str] = {}  # item of the example -> item here

    def save(self) -> None:
        self.page.locator("main form button.govuk-button").first.click()
        self.page.wait_for_load_state()

    def begin(self, titles: tuple[str, str], language: str) -> None:
        page = self.page
        page.goto("/governance")
        page.locator("a[href='/governance/new']").click()
        self.look("new")
        self.save()
        self.look("new, with mistakes")
        page.fill("#title_en", titles[0])
        page.fill("#title_nl", titles[1])
        page.fill("#name", NAME)
        page.select_option("#purpose", "victim-safety")
        page.select_option("#jurisdiction", "uk")
        page.select_option("#language", language)
        for agency in ("police", "prosecution", "victim-services"):
            page.locator(f"[name=parties][value={agency}]").check()
        self.save()
        self.look("assessment, begun")

    def answer_once(self, step: str) -> None:
        self.page.goto(f"{HERE}/{step}")
        self.page.locator(f"a.govuk-button[href='{HERE}/{step}/questions']").click()
        self.look(f"{step}, questions")
        for question in load_catalogue().questions.values():
            if question.step == step and not question.list and question.id not in ("title_en", "title_nl", "language"):
                answer = example().answers.get(question.id)
                if answer is None:  # left open: an emergency, and what is asked only about one
                    continue
                fill(self.page, question.id, answer.words, question.kind, withheld=answer.confidential)
        self.save()
        self.look(f"{step}, answered")

    def add_items(self, step: str, of: str) -> None:
        """Answer about each item of the example, adding it where it is not there yet."""
        there = self.page.locator(f"[id^='{of}.']").evaluate_all("all => all.map(it => it.id.split('.')[1])")
        own = load_catalogue().lists[of].step == step
        for number, item in enumerate(example().items(of)):
            if number < len(there) or not own:
                here = there[number]
                self.page.goto(f"{HERE}/{step}/{of}/{here}")
            else:
                self.page.goto(f"{HERE}/{step}")
                self.page.locator(f"a.govuk-button[href^='{HERE}/{step}/{of}/']").click()
                self.page.wait_for_load_state()
                here = self.page.locator("main form").first.get_attribute("action").rpartition("/")[2]
            self.ids[f"{of}.{item}"] = here
            self.answer_item(step, of, item, here, first=number == 0)

    def answer_item(self, step: str, of: str, item: str, here: str, *, first: bool) -> None:
        asked = load_catalogue().asked(Step(step), of)
        if first:
            self.look(f"{step}, {of}")
        forms = [each for each in asked if each.kind is Kind.FORMS]
        for question in (each for each in asked if each.kind is not Kind.FORMS and each.kind is not Kind.CONDITION):
            self._fill(question, of, item, here)
        self.save()
        for question in forms or [each for each in asked if each.kind is Kind.CONDITION]:
            if first:
                self.look(f"{step}, {of}, fields")
            for each in asked:
                if each.kind in (Kind.FORMS, Kind.CONDITION):
                    self._fill(each, of, item, here)
            self.save()
            assert question

    def _fill(self, question, of: str, item: str, here: str) -> None:
        answer = example().answers.get(f"{of}.{item}.{question.key}")
        if answer is None:
            return
        words = answer.words
        if question.kind is Kind.ITEMS:
            words = tuple(self.ids[f"{question.of}.{word}"] for word in words)
        fill(self.page, f"{of}.{here}.{question.key}", words, question.kind, withheld=answer.confidential)

    def take_four_steps(self) -> None:
        self.answer_once("process")
        for of in ("parties", "moments", "data"):
            self.page.goto(f"{HERE}/process")
            self.add_items("process", of)
            self.look(f"process, with {of}")
        self.answer_once("lawfulness")
        self.add_items("lawfulness", "bases")
        self.page.goto(f"{HERE}/risks")
        self.add_items("risks", "risks")
        self.look("risks, answered")
        self.answer_once("measures")
        self.add_items("measures", "actions")
        self.page.goto(f"{HERE}/measures")
        self.add_items("measures", "risks")
        self.look("measures, answered")
