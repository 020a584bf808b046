"""``comity ledger``: its signed head, an export that anybody can check, and the check itself."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from cyclopts import App

from comity import ledger
from comity.cli.failing import REFUSED, Failed
from comity.cli.opening import node, text_of
from comity.ledger.verify import verify_export, verify_receipt
from comity.store import Role

app = App(name="ledger", help="What was done, line by line, signed, so that anybody can check it.")


@app.command
def head() -> None:
    """Print the signed head of the ledger."""
    with node() as opened, opened.store.connect(Role.GATE) as conn:
        newest = ledger.head(conn)
    print(newest.note if newest else "Nothing has been signed yet: start the node with `comity up`.", end="")


@app.command
def key() -> None:
    """Print the ledger's public key, with which its exports and receipts are checked."""
    with node() as opened:
        print(opened.signer().vkey())


@app.command
def export(folder: Path) -> None:
    """Write the whole ledger into FOLDER, for anybody to check."""
    with node() as opened, opened.store.connect(Role.GATE) as conn:
        exported = ledger.export(conn, folder)
    print(f"{exported.checkpoint.size:,} lines are in {folder}.")


@app.command
def verify(folder: Path, *, key: str) -> None:
    """Check an exported ledger, or one receipt, with nothing but the files and the public key.

    Parameters
    ----------
    folder
        The folder of an export, or a receipt's file.
    key
        The ledger's public key (a vkey), or a file that holds it.
    """
    vkey = key_of(key)
    report = verify_receipt(folder, vkey) if folder.is_file() else verify_export(folder, vkey)
    good = f"Sound: {report.size:,} lines of {report.origin}, root {report.root.hex()}."
    lines = [f"Not sound: {report.fault}" if report.fault else good]
    lines += [f"Not checked, being signed with a key that was not given: {name}" for name in report.unchecked]
    for line in lines:
        print(ascii(line)[1:-1])  # a file's name may be any bytes, and some of them command a terminal
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
