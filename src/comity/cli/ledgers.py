"""``comity ledger``: its signed head, an export that anybody can check, and the check itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

from cyclopts import App, Parameter

from comity import ledger
from comity.cli.failing import REFUSED, Failed
from comity.cli.opening import node, text_of
from comity.ledger.verify import told, verify_export, verify_receipt
from comity.store import Role

Span = Annotated[tuple[int, int], Parameter("--range")]

app = App(name="ledger", help="What was done, line by line, signed, so that anybody can check it.")


@app.command
def head() -> None:
    """Print the signed head of the ledger."""
    with node() as opened, opened.store.connect(Role.GATE) as conn:
        newest = ledger.head(conn)
    print(newest.note if newest else "Nothing has been signed yet: start the node with `comity up`.", end="")


@app.command
def key(*, all: bool = False) -> None:  # noqa: A002
    """Print the ledger's public key, with which its exports and receipts are checked.

    Parameters
    ----------
    all
        Print also its second key, which is safe against quantum computers; each on a line of its own.
    """
    with node() as opened:
        print(opened.signer().vkey())
        for also in opened.also_signs() if all else ():
            print(also.key.vkey)


@app.command
def export(folder: Path, *, span: Span | None = None) -> None:
    """Write the whole ledger into FOLDER, for anybody to check.

    Parameters
    ----------
    folder
        A folder that does not exist yet.
    span
        The numbers of the first and the last entry to write, with what proves them, instead of the whole.
    """
    with node() as opened, opened.store.connect(Role.GATE) as conn:
        exported = ledger.export(conn, folder, span)
    what = f"{exported.checkpoint.size:,} lines" if span is None else f"Lines {span[0]:,} to {span[1]:,}"
    print(f"{what} are in {folder}.")


@app.command
def verify(folder: Path, *, key: list[str], span: Span | None = None, witnesses: int = 0) -> None:
    """Check an exported ledger, a range of it, or one receipt, with nothing but the files and the public keys.

    Parameters
    ----------
    folder
        The folder of an export, or a receipt's file.
    key
        A public key (a vkey), or a file of them, one to a line; the ledger's first, then those of its witnesses.
    span
        The numbers of the first and the last entry to check, of an exported folder.
    witnesses
        How many of the witnesses whose keys are given must have cosigned.
    """
    keys = "\n".join(map(key_of, key))
    if folder.is_dir() or span is not None:
        report = verify_export(folder, keys, span or (), witnesses)
    else:
        report = verify_receipt(folder, keys, witnesses)
    print(told(report), end="")
    if report.fault is not None:
        raise Failed(REFUSED)


def key_of(given: str) -> str:
    """Return the key in the file of that name, or else what was given."""
    try:
        is_file = Path(given).is_file()
    except (OSError, ValueError):  # it is too long for a name, or none at all
        return given
    return text_of(Path(given)).strip() if is_file else given


@app.command
def prove(entry: UUID, *, out: Path | None = None) -> None:
    """Print the receipt of one line, or write it to a file."""
    with node() as opened, opened.store.connect(Role.GATE) as conn:
        receipt = ledger.prove(conn, entry).text()
    if out is None:
        print(receipt, end="")
    else:
        out.write_text(receipt, encoding="utf-8")
