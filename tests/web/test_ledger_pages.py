"""The ledger's pages, as an auditor uses them: lines looked for, heads and their witnesses, proofs checked in the browser."""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, Route

from comity import ledger
from comity.ledger.checkpoint import Checkpoint
from comity.ledger.merkle import leaf_hash, node_hash
from comity.ledger.note import Note, Signature, Signer
from comity.ledger.proof import Proof
from comity.ledger.store import put_cosignature
from comity.store import Role
from comity.web import explorer
from comity.web.explorer import signatures
from comity.web.pages.exploring import CHECKING

from .desk import OVERSEER, PROSECUTOR, Browser, Office, eventually
from .test_pages import NARROW, looking, violations

STEPS = ("receipt", "entry", "root", "key", "signature", "witnesses")


@pytest.fixture(scope="module")
def browser(office: Office) -> Browser:
    """A prosecutor who has set out, for all of these tests."""
    return Browser(office.url).sign_in(PROSECUTOR).set_out()


@pytest.fixture(scope="module")
def entry(office: Office, browser: Browser) -> UUID:
    """A look of the prosecutor's, which stands in the ledger."""
    page = browser.http.get(f"/person/{office.covered}").text
    made = UUID(page.split('href="/ledger/')[1].split('"')[0])
    eventually(lambda: browser.http.get(f"/ledger/{made}/receipt").status_code == 200)
    return made


# ---------------------------------------------------------------------------------------------------- looking for lines


def rows(text: str) -> list[str]:
    return re.findall(r'<tr class="govuk-table__row"><td.*?</tr>', text, re.DOTALL)


def test_lines_are_found_by_who_what_why_under_what_and_when(browser: Browser, entry: UUID):
    today = datetime.now(UTC).date().isoformat()
    for asked in (
        "agency=prosecution", "purpose=prosecution", "agreement=prosecution-case-building", "kind=disclosure", "act=read",
        f"from={today}", f"until={today}",
        f"agency=prosecution&kind=disclosure&act=read&agreement=prosecution-case-building&from={today}",
    ):  # fmt: skip
        assert str(entry) in browser.http.get(f"/ledger?{asked}").text, asked
    for asked in (
        "agency=court", "purpose=statistics", "agreement=court-listing", "kind=refusal", "act=search",
        "from=2999-01-01", "until=2000-01-01", "agency=prosecution&kind=refusal", "agency=nobody-is-called-that",
    ):  # fmt: skip
        assert str(entry) not in browser.http.get(f"/ledger?{asked}").text, asked


def test_a_filter_keeps_nothing_but_what_it_says(browser: Browser, entry: UUID):
    shown = rows(browser.http.get("/ledger?kind=disclosure&agency=prosecution").text)
    assert shown
    assert all("Disclosure" in row and "Prosecution" in row for row in shown)


def test_the_pages_of_a_search_follow_one_another_without_a_gap_and_keep_the_filter(
    browser: Browser, entry: UUID, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(explorer, "LINES_ON_A_PAGE", 3)
    for _ in range(4):
        browser.post("/search", name="zzz")
    numbers, path = [], "/ledger?agency=prosecution&kind=disclosure"
    eventually(lambda: int(re.search(r'id="found"[^>]*>([\d,]+) line', browser.http.get(path).text)[1]) > 4)
    while path:
        text = browser.http.get(path).text
        numbers += [int(it) for it in re.findall(r'<td class="govuk-table__cell">(\d+)</td>', text)]
        on = re.search(r'href="(/ledger\?[^"]*before=\d+)">Earlier', text)
        assert on is None or ("agency=prosecution" in on[1] and "kind=disclosure" in on[1])
        path = on[1].replace("&amp;", "&") if on else ""
    assert numbers == sorted(set(numbers), reverse=True)
    assert len(numbers) > 3


def test_the_counts_are_those_of_the_lines(office: Office, browser: Browser, entry: UUID):
    text = browser.http.get("/ledger?agency=prosecution").text
    told = re.findall(r'<th scope="row"[^>]*>([^<]+)</th><td[^>]*>([\d,]+)</td>', text)
    with office.node.store.connect(Role.GATE) as conn:
        every = [it.entry() for it in ledger.latest(conn, 100_000)]
    theirs = [it for it in every if it.context.get("agency") == "prosecution"]
    assert {name: int(number.replace(",", "")) for name, number in told}["Disclosure"] <= sum(
        it.kind == "disclosure" for it in theirs
    )
    assert sum(int(number.replace(",", "")) for _, number in told) <= len(theirs)
    assert "<svg" in text


def test_the_index_is_read_out_of_the_ledger_and_says_how_far_it_is(
    office: Office, browser: Browser, entry: UUID, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(explorer, "MOST_AT_ONCE", 0)
    browser.http.get(f"/person/{office.covered}")
    assert eventually(lambda: re.search(r"\d+ lines? (is|are) so new", browser.http.get("/ledger").text))
    monkeypatch.undo()
    assert "so new that" not in eventually(lambda: (it := browser.http.get("/ledger").text).count("so new") == 0 and it)


@pytest.mark.parametrize(
    "asked", ["from=yesterday", "until=2026-02-30", "until=9999-12-31", "before=-1", "before=x", f"agency={'x' * 65}"]
)
def test_what_cannot_be_looked_for_is_said_on_a_page(browser: Browser, asked: str):
    answer = browser.http.get(f"/ledger?{asked}")
    assert answer.status_code in {400, 404}
    assert "<h1" in answer.text


# ------------------------------------------------------------------------------------------------- heads and witnesses


def witnessed(note: str, name: str, key: Ed25519PrivateKey, at: int) -> str:
    """Add a witness's signature to a head, as C2SP tlog-cosignature says."""
    parsed, public = Note.parse(note), key.public_key().public_bytes_raw()
    identity = sha256(name.encode() + b"\n\x04" + public).digest()[:4]
    value = struct.pack(">Q", at) + key.sign(f"cosignature/v1\ntime {at}\n{parsed.text}".encode())
    return str(Note(parsed.text, (*parsed.signatures, Signature(name, identity, value))))


def key_of(name: str, key: Ed25519PrivateKey) -> str:
    material = b"\x04" + key.public_key().public_bytes_raw()
    identity = sha256(name.encode() + b"\n" + material).digest()[:4]
    return f"{name}+{identity.hex()}+{base64.b64encode(material).decode()}"


def test_whoever_signed_a_head_is_told_and_when_a_witness_says_so():
    signer = Signer("ledger.example", bytes(range(32)))
    note = witnessed(
        Checkpoint("ledger.example", 3, bytes(32)).sign(signer),
        "a.witness",
        Ed25519PrivateKey.generate(),
        1_764_068_470,
    )
    own, witness = signatures(note, signer.verifier)
    assert (own.own, own.name, own.at) == (True, "ledger.example", None)
    assert (witness.own, witness.name, witness.at) == (False, "a.witness", datetime.fromtimestamp(1_764_068_470, UTC))
    namesake = signatures(note, Signer("ledger.example", bytes(32)).verifier)[0]
    assert (namesake.own, namesake.named_so) == (False, True), "of a second key, as of ML-DSA, or of an impostor"
    assert not any(it.own for it in signatures(note, Signer("ledger.example", bytes(32)).verifier)), (
        "another key of that name"
    )


def test_a_time_that_is_on_no_calendar_is_none():
    signer = Signer("ledger.example", bytes(range(32)))
    note = witnessed(
        Checkpoint("ledger.example", 3, bytes(32)).sign(signer), "a.witness", Ed25519PrivateKey.generate(), 2**63
    )
    assert signatures(note, signer.verifier)[1].at is None


def test_signed_heads_are_listed_with_whose_signatures_they_bear(
    browser: Browser, entry: UUID, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("comity.web.explorer.HEADS_ON_A_PAGE", 1)
    monkeypatch.setattr("comity.web.pages.exploring.HEADS_ON_A_PAGE", 1)
    browser.post("/search", name="zzz")
    text = eventually(lambda: (it := browser.http.get("/ledger/checkpoints").text).count("Earlier heads") and it)
    assert "The ledger itself" in text
    on = re.search(r'href="(/ledger/checkpoints\?before=\d+)"', text)[1]
    assert browser.http.get(on).text.count("As it was signed") == 1


def test_what_a_witness_signed_since_is_told_with_its_head(office: Office, browser: Browser, entry: UUID):
    with office.node.store.connect(Role.LEDGER) as conn:
        head = ledger.head(conn)
        note = witnessed(head.note, "late.witness", Ed25519PrivateKey.generate(), 1_764_068_470)
        put_cosignature(conn, head.checkpoint.size, Note.parse(note).signatures[-1], datetime.now(UTC))
    text = browser.http.get("/ledger/checkpoints").text
    assert "late.witness" in text
    assert "25 November 2025" in text


# --------------------------------------------------------------------------------------------- checked in the browser


def checked(page: Page, entry: UUID, keys: str = "") -> dict[str, str]:
    """Open a line, let the script check it, and return what became of each step, and of the whole."""
    page.goto(f"/ledger/{entry}")
    if keys:
        page.locator("[data-verdict]:not([data-state=''])").wait_for(state="attached")
        page.fill("#keys", keys)
        page.locator("#check button").click()
    page.locator("[data-verdict][data-state]:not([data-state=''])").wait_for(state="attached")
    states = {name: page.locator(f"[data-step={name}]").get_attribute("data-state") for name in STEPS}
    return {**states, "all": page.locator("[data-verdict]").get_attribute("data-state")}


def tampered(page: Page, entry: UUID, change: Callable[[str], str]) -> None:
    """Change the receipt on its way to the browser."""

    def change_it(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=change(answer.text()))

    page.route(f"**/ledger/{entry}/receipt", change_it)


@pytest.mark.parametrize(("language", "words"), [("en", "It holds."), ("nl", "Het klopt.")])
def test_the_browser_checks_the_proof_itself_and_says_each_step(
    chrome: Chromium, office: Office, entry: UUID, language: str, words: str
):
    with looking(chrome, office, language, scripts=True) as page:
        faults: list[str] = []
        page.on("console", lambda it: faults.append(it.text) if it.type == "error" else None)
        assert checked(page, entry) == {**dict.fromkeys(STEPS, "good"), "witnesses": "none", "all": "good"}
        assert page.locator("[data-verdict]").inner_text().startswith(words)
        assert page.locator("[data-step] [data-when]:visible").count() == len(STEPS)
        assert not page.locator("#check-without").is_visible()
        assert not violations(page)
        page.set_viewport_size({"width": NARROW, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW
        assert not faults, "the security policy stopped something, or the script failed"


def test_without_a_script_the_page_says_how_to_check_by_oneself(chrome: Chromium, office: Office, entry: UUID):
    with looking(chrome, office, "en") as page:
        page.goto(f"/ledger/{entry}")
        assert "verify.py" in page.locator("#check-without").inner_text()
        assert not page.locator("#check").is_visible()
        assert page.locator("a[download]").is_visible()


def with_entry(change: Callable[[bytes], bytes]) -> Callable[[str], str]:
    def changed(text: str) -> str:
        proof = Proof.parse(text)
        return Proof(change(proof.entry), proof.number, proof.path, proof.note).text()

    return changed


def with_path(text: str) -> str:
    proof = Proof.parse(text)
    return Proof(proof.entry, proof.number, (bytes(32), *proof.path[1:]), proof.note).text()


def with_number(text: str) -> str:
    proof = Proof.parse(text)
    return Proof(proof.entry, proof.number - 1, proof.path, proof.note).text()


def with_head(text: str) -> str:
    """State something else above the signatures that are there: what a forger without the key could do."""
    proof = Proof.parse(text)
    note = Note.parse(proof.note)
    head = Checkpoint.parse(note.text)
    forged = Checkpoint(head.origin, head.size, head.root, ("and more",))
    return Proof(proof.entry, proof.number, proof.path, str(Note(forged.text(), note.signatures))).text()


def signed_by_another(text: str) -> str:
    proof = Proof.parse(text)
    head = Checkpoint.parse(Note.parse(proof.note).text)
    return Proof(proof.entry, proof.number, proof.path, head.sign(Signer(head.origin, bytes(32)))).text()


@pytest.mark.parametrize(
    ("change", "step"),
    [
        (lambda text: text.replace("tlog-proof@v1", "tlog-proof@v2"), "receipt"),
        (lambda text: text[: len(text) // 2], "receipt"),
        (with_entry(lambda body: body.replace(b'"kind":"disclosure"', b'"kind":"refusal"')), "entry"),
        (with_entry(lambda body: body.replace(b'"agency":"prosecution"', b'"agency":"police"')), "entry"),
        (with_path, "root"),
        (with_number, "root"),
        (with_head, "signature"),
        (signed_by_another, "signature"),
    ],
    ids=["form", "cut-off", "operation", "agency", "path", "number", "head", "another-key"],
)
def test_a_receipt_that_was_tampered_with_on_its_way_is_called_false(
    chrome: Chromium, office: Office, entry: UUID, change: Callable[[str], str], step: str
):
    with looking(chrome, office, "en", scripts=True) as page:
        tampered(page, entry, change)
        became = checked(page, entry)
        assert (became[step], became["all"]) == ("bad", "bad")
        assert all(became[before] == "good" for before in STEPS[: STEPS.index(step)])
        assert all(became[after] == "not-reached" for after in STEPS[STEPS.index(step) + 1 :])
        assert "It does not hold." in page.locator("[data-verdict]").inner_text()


def test_a_page_and_a_receipt_that_lie_alike_are_called_false(chrome: Chromium, office: Office, entry: UUID):
    """Whoever rewrites the line in the database and on the page still cannot make it lead to the signed root."""

    def lie(body: bytes) -> bytes:
        return body.replace(b'"agency":"prosecution"', b'"agency":"police"')

    with looking(chrome, office, "en", scripts=True) as page:
        tampered(page, entry, with_entry(lie))
        page.route(
            f"**/ledger/{entry}",
            lambda route: route.fulfill(response=(it := route.fetch()), body=_lying(it.text(), lie)),
        )
        became = checked(page, entry)
        assert (became["entry"], became["root"], became["all"]) == ("good", "bad", "bad")


def _lying(text: str, lie: Callable[[bytes], bytes]) -> str:
    said = re.search(r'data-entry="([^"]+)"', text)[1]
    return text.replace(said, base64.b64encode(lie(base64.b64decode(said))).decode())


def test_a_key_that_somebody_kept_is_believed_and_not_the_sites(chrome: Chromium, office: Office, entry: UUID):
    another = Signer(office.node.signer().name, bytes(32)).vkey()
    with looking(chrome, office, "en", scripts=True) as page:
        assert checked(page, entry, another)["signature"] == "bad"
        assert checked(page, entry, "not a key")["key"] == "bad"
        assert checked(page, entry, another.replace("+", "+0", 1)[:-1])["key"] == "bad"


def test_a_witness_is_checked_with_the_key_that_was_given(chrome: Chromium, office: Office, entry: UUID):
    witness, name = Ed25519PrivateKey.generate(), "a.witness/1"
    own = office.node.signer().vkey()

    def with_witness(text: str) -> str:
        proof = Proof.parse(text)
        note = witnessed(proof.note, name, witness, 1_764_068_470)
        return Proof(proof.entry, proof.number, proof.path, note).text()

    with looking(chrome, office, "en", scripts=True) as page:
        tampered(page, entry, with_witness)
        became = checked(page, entry, f"{own}\n{key_of(name, witness)}\n")
        assert (became["witnesses"], became["all"]) == ("good", "good")
        became = checked(page, entry, f"{own}\n{key_of(name, Ed25519PrivateKey.generate())}\n")
        assert (became["witnesses"], became["all"]) == ("bad", "bad")


def test_a_browser_without_ed25519_says_so_and_claims_nothing(chrome: Chromium, office: Office, entry: UUID):
    with looking(chrome, office, "en", scripts=True) as page:
        page.add_init_script(
            "SubtleCrypto.prototype.importKey = async () => { throw new DOMException('', 'NotSupportedError'); };"
        )
        became = checked(page, entry)
        assert (became["root"], became["signature"], became["all"]) == ("good", "unable", "unable")
        assert "cannot check the signature" in page.locator("[data-verdict]").inner_text()


def test_over_an_unprotected_connection_the_page_says_how_to_check_without_it(
    chrome: Chromium, office: Office, entry: UUID
):
    with looking(chrome, office, "en", scripts=True) as page:
        page.add_init_script("Object.defineProperty(globalThis.crypto, 'subtle', { value: undefined });")
        page.goto(f"/ledger/{entry}")
        assert "unprotected connection" in page.locator("#check-without").inner_text()
        assert not page.locator("#check").is_visible()


def root_of(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(root_of(leaves[:half]), root_of(leaves[half:]))


def path_to(at: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    half = 1 << (len(leaves) - 1).bit_length() - 1
    if at < half:
        return [*path_to(at, leaves[:half]), root_of(leaves[half:])]
    return [*path_to(at - half, leaves[half:]), root_of(leaves[:half])]


def test_the_path_of_every_line_in_trees_of_many_sizes_leads_to_the_root(chrome: Chromium, office: Office, entry: UUID):
    """The script's climb against the tree as RFC 9162, section 2.1.1, defines it."""
    trees = []
    for size in (1, 2, 3, 4, 5, 7, 8, 9, 31, 33):
        lines = [f"line {at}" for at in range(size)]
        leaves = [leaf_hash(line.encode()) for line in lines]
        paths = [[it.hex() for it in path_to(at, leaves)] for at in range(size)]
        trees.append([root_of(leaves).hex(), list(zip(lines, paths, strict=True))])
    with looking(chrome, office, "en", scripts=True) as page:
        page.goto(f"/ledger/{entry}")  # the one page whose policy lets a script be fetched
        wrong = page.evaluate(
            """async ([trees, source]) => {
                const { rootFrom } = await import(source);
                const bytes = (text) => Uint8Array.from(text.match(/../g) ?? [], (it) => parseInt(it, 16));
                const hex = (it) => it && [...it].map((byte) => byte.toString(16).padStart(2, "0")).join("");
                const wrong = [];
                for (const [root, leaves] of trees) {
                    for (const [at, [body, path]] of leaves.entries()) {
                        const size = BigInt(leaves.length), line = new TextEncoder().encode(body), steps = path.map(bytes);
                        if (hex(await rootFrom(line, BigInt(at), size, steps)) !== root) wrong.push([leaves.length, at]);
                        if (leaves.length > 1 && hex(await rootFrom(line, BigInt(at), size, steps.slice(1))) === root) wrong.push(["short", at]);
                        if (hex(await rootFrom(line, BigInt(at), size, [...steps, steps[0] ?? new Uint8Array(32)])) === root) wrong.push(["long", at]);
                    }
                }
                return wrong;
            }""",
            [trees, f"{office.url}/static/proof.js"],
        )
        assert wrong == []


# ------------------------------------------------------------------------------------------------------- the policy


def test_only_the_page_that_checks_may_run_a_script_and_only_ours(browser: Browser, entry: UUID):
    policy = browser.http.get(f"/ledger/{entry}").headers["content-security-policy"]
    assert policy == CHECKING["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert re.search(r"script-src 'self'(;|$)", policy)
    for path in ("/", "/ledger", "/ledger/checkpoints", "/agreements", f"/ledger/{entry}/receipt"):
        assert "script-src" not in browser.http.get(path).headers["content-security-policy"], path


# ------------------------------------------------------------------------------------------- the report of logging


def test_the_overseer_keeps_the_report_of_a_period_of_their_own_agency(office: Office, entry: UUID):
    today = datetime.now(UTC).date().isoformat()
    overseer = Browser(office.url).sign_in(OVERSEER)
    assert "/log/report" in overseer.http.get("/log").text
    for form, kind in (("csv", "text/csv"), ("json", "application/json"), ("text", "text/plain")):
        answer = overseer.http.get(f"/log/report?from={today}&until={today}&format={form}")
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, kind)
        assert "attachment" in answer.headers["content-disposition"]
        assert str(entry) in answer.text
        assert "Deciding on the charge" in answer.text, "the own agency's reasons are the overseer's to read"


@pytest.mark.parametrize("asked", ["", "from=2026-01-01", "from=x&until=y", "from=2026-02-01&until=2026-01-01"])
def test_a_period_that_is_none_is_said_on_a_page(office: Office, asked: str):
    answer = Browser(office.url).sign_in(OVERSEER).http.get(f"/log/report?{asked}")
    assert answer.status_code == 400
    assert "<h1" in answer.text
