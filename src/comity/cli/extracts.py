"""``comity extract``: everything that an agreement lets out, as files with a signed manifest; and their check."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, NoReturn
from uuid import UUID, uuid4

from cyclopts import App, Parameter

from comity.cli.failing import REFUSED, Failed
from comity.cli.ledgers import key_of
from comity.cli.opening import node, now
from comity.gate import Refusal, Request, Requester
from comity.gate.engines import Engine
from comity.gate.extract import Format, Made, Order, begin, drop, go_on, underway, verify
from comity.gate.extract.make import Office
from comity.gate.keys import load_or_create
from comity.gate.models import Asking, Extract
from comity.gate.on_spark import session
from comity.ledger.entry import SALT_SIZE
from comity.store import Role

_MASTER = "local[*]"

app = App(name="extract", help="Files about everyone whom an agreement covers, with a signed manifest.")


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, for which purpose, and what they state.

    Parameters
    ----------
    purpose
        The agreement's purpose, stated by whoever asks.
    agency
        The agency that gets it: a recipient.
    staff
        The staff id of whoever asks, as the agency vouches for it.
    role
        Their role, one that the agreement lists.
    case
        The case reference, if the agreement asks for one.
    because
        Why it is needed, if the agreement asks for that.
    """

    purpose: str
    agency: str
    staff: str
    role: str
    case: str = ""
    because: str = ""


@app.command
def make(
    agreement: str,
    to: Path,
    *,
    asked: Asked,
    form: Literal["csv", "parquet", "jsonl"] = "csv",
    engine: Literal["duckdb", "spark"] = "duckdb",
    master: str = _MASTER,
) -> None:
    """Make an extract, and publish it as the folder TO.

    If it is interrupted, nothing is published, and `comity extract resume` goes on where it was.

    Parameters
    ----------
    agreement
        The agreement that lets it out; it must open the channel `extract`.
    to
        The folder to make; one that is there is not written over.
    form
        How the files are written.
    engine
        What answers the query: DuckDB here, or Spark where one machine is not enough. The rows are the same.
    master
        Where Spark runs: its master's address. Every worker must reach the node's own folder by the same path.
    """
    requester = Requester(asked.agency, asked.staff, asked.role)
    request = Request(Extract(), agreement, asked.purpose, requester, asked.case, asked.because)
    order = Order(Asking(uuid4(), secrets.token_bytes(SALT_SIZE), now(), request), Format(form), Engine(engine))
    with _office(master) as office:
        begun = begin(office, order)
        if isinstance(begun, Refusal):
            _tell_refusal(begun)
        print(f"Begun as {begun.id}.")
        _finish(office, begun.id, to)


@app.command
def resume(extract: UUID, to: Path, *, master: str = _MASTER) -> None:
    """Go on with an extract that was interrupted, and publish it as the folder TO.

    Parameters
    ----------
    extract
        Its id, as `comity extract list` prints it.
    to
        The folder to make; one that is there is not written over.
    master
        Where Spark runs, if the extract was begun on it.
    """
    with _office(master) as office:
        _finish(office, extract, to)


@app.command(name="list")
def list_() -> None:
    """List the extracts that were begun and are not published."""
    with _office() as office:
        lines = [
            f"{it.id}  {it.agreement}  begun {it.at:%Y-%m-%d %H:%M}  {it.parts_done} parts made"
            for it in underway(office.works)
        ]
    print("\n".join(lines) or "No extract is under way.")


@app.command(name="drop")
def drop_(extract: UUID) -> None:
    """Give an extract up that was begun: what was made of it is removed, and nothing leaves."""
    with _office() as office:
        drop(office.works, extract)
    print("It is gone.")


@app.command(name="verify")
def verify_(folder: Path, *, key: str) -> None:
    """Check an extract with nothing but its files and its provider's public key.

    Parameters
    ----------
    folder
        The folder of the extract.
    key
        The provider's public key (a vkey, as `comity ledger key` prints it), or a file that holds it.
    """
    checked = verify(folder, key_of(key))
    if not checked.sound or checked.manifest is None:
        for fault in checked.faults:
            print(ascii(f"Not sound: {fault}")[1:-1])
        raise Failed(REFUSED)
    said = checked.manifest
    rows = sum(table["rows"] for table in said["tables"])
    print(f"Sound: {rows:,} rows under {said['agreement']} for {said['recipient']}, as of {said['as_of']}.")


@contextmanager
def _office(master: str = _MASTER) -> Iterator[Office]:
    with node() as opened, opened.store.connect(Role.GATE, autocommit=True) as conn:
        works = opened.settings.home / "extracts"
        spark = partial(session, master=master)
        yield Office(conn, opened.vocabulary, load_or_create(opened.keyring), opened.signer(), works, spark)


def _finish(office: Office, extract: UUID, to: Path) -> None:
    answer = go_on(office, extract, to, now)
    if isinstance(answer, Refusal):
        _tell_refusal(answer)
    _tell(answer)


def _tell(made: Made) -> None:
    for table in made.manifest["tables"]:
        print(f"{table['clause']}: {table['rows']:,} rows of {table['record']}, {table['people']:,} people")
    print(f"{made.folder} is published. In the ledger it is entry {made.id}.")


def _tell_refusal(refusal: Refusal) -> NoReturn:
    print(f"Refused: {refusal.reason.label.en} In the ledger it is entry {refusal.id}.")
    raise Failed(REFUSED)
