"""``comity ledger``: its signed head, an export that anybody can check, and the check itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final
from uuid import UUID, uuid4

from cyclopts import App, Parameter, validators

from comity import ledger
from comity.cli.failing import REFUSED, Failed, Misused
from comity.cli.opening import node, now, text_of
from comity.ledger.checkpoint import Checkpoint
from comity.ledger.memory import Memory
from comity.ledger.merkle import Tree
from comity.ledger.note import Note, Signer
from comity.ledger.store import (
    Connection,
    ages,
    backlog,
    peers,
    set_age_limit,
    tile_reader,
    unsequenced_since,
    unwitnessed_since,
    witnessed,
)
from comity.ledger.verify import told, verify_export, verify_receipt
from comity.ledger.views import split_views, strangers_to
from comity.node import Node
from comity.store import Role

LATE: Final = timedelta(minutes=5)
"""For which what waits is no fault yet: longer than a restart of a node or of a witness takes."""
Span = Annotated[tuple[int, int], Parameter("--range")]
Earlier = Annotated[int | None, Parameter(validator=validators.Number(gte=1))]
Seconds = Annotated[int | None, Parameter(validator=validators.Number(gte=0))]

app = App(name="ledger", help="What was done, line by line, signed, so that anybody can check it.")


@app.command
def head() -> None:
    """Print the signed head of the ledger."""
    with node() as opened, opened.store.connect(Role.GATE) as conn:
        newest = ledger.head(conn)
    print(newest.note if newest else "Nothing has been signed yet: start the node with `comity up`.", end="")


@app.command
def limits(*, unsequenced: Seconds = None, unwitnessed: Seconds = None) -> None:
    """Print how far the ledger is behind, and from when on nothing leaves; with a number, set it: that is an entry.

    Parameters
    ----------
    unsequenced
        Seconds that an act may wait for its number.
    unwitnessed
        Seconds that a signed head may be without a quorum of witnesses; 0 for no limit.
    """
    with node() as opened, opened.store.connect(Role.OWNER) as conn:
        seen = ages(conn)
        if unsequenced is not None or unwitnessed is not None:
            wanted = seen.unwitnessed_limit if unwitnessed is None else unwitnessed or None
            set_age_limit(conn, unsequenced or seen.unsequenced_limit, wanted, now())
            seen = ages(conn)
    for what, age, limit in (
        ("the oldest act that waits for its number", seen.unsequenced, seen.unsequenced_limit),
        ("the oldest head without a quorum of witnesses", seen.unwitnessed, seen.unwitnessed_limit),
    ):
        print(f"{age:,.0f} s: {what}; {f'nothing leaves from {limit:,} s on' if limit else 'no limit is set'}")
    print("The gate is closed until the ledger has caught up." if seen.is_past() else "The gate is open.")


@app.command
def key(*, all: bool = False, number: Earlier = None) -> None:  # noqa: A002
    """Print the ledger's public key, with which its exports and receipts are checked.

    Parameters
    ----------
    all
        Print also its second key, which is safe against quantum computers; each on a line of its own.
    number
        Of which ledger, counted from 1, where this one is not the first; the one in use, if not given.
    """
    with node() as opened:
        if number is not None and number > opened.ledger_number:
            raise Misused(f"This node has had {opened.ledger_number} ledgers. Name the number of one of them.")
        it = opened.of_ledger(number or opened.ledger_number)
        print(it.signer().vkey())
        for also in it.also_signs() if all else ():
            print(also.key.vkey)


@app.command
def export(folder: Path, *, span: Span | None = None, number: Earlier = None) -> None:
    """Write the whole ledger into FOLDER, for anybody to check.

    Parameters
    ----------
    folder
        A folder that does not exist yet.
    span
        The numbers of the first and the last entry to write, with what proves them, instead of the whole.
    number
        Which ledger, counted from 1, where this one is not the first; the one in use, if not given.
    """
    with node() as opened, opened.store.connect(Role.GATE) as conn:
        exported = ledger.export(conn, folder, span, None if number == opened.ledger_number else number)
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


@app.command
def renew(*, yes: bool = False) -> None:
    """Go on under a new name, where this ledger may not sign any more, citing the end of the old one.

    For a database that was restored from too old a backup. Stop the node first. What is left of the old ledger is set
    aside: its receipts are still given, and `comity ledger export --number` writes it out.

    Parameters
    ----------
    yes
        Do it: there is no way back.
    """
    if not yes:
        raise Misused(
            "This ends the ledger of today and begins another. Read `comity ledger renew --help`, then add --yes."
        )
    with node() as opened, opened.store.connect(Role.OWNER) as owner:
        begun = _renew(opened, owner)
    print(f"{begun.name} goes on. Publish its key, and have your witnesses add it to their policy:\n{begun.vkey()}")


def _renew(opened: Node, owner: Connection) -> Signer:
    from comity.ledger.renewal import New, first_entry, known_end, renew
    from comity.web.explorer import forget_lines

    owner.autocommit = True  # what is looked up below begins no transaction that the renewal would end up in
    number = opened.ledger_number
    new, newest = opened.of_ledger(number + 1), ledger.head(owner)
    remembered = Memory(opened.ledger_head).note()
    notes = [newest.note] if newest else []
    notes += [remembered] if remembered else []
    old = known_end([*notes, *_held_by_witnesses(opened).values()], opened.signer())
    kept = newest.checkpoint.size if newest else 0
    moment = now()
    begun = New(new.signer(), new.also_signs(), new.ledger_head)
    renew(owner, begun, number, first_entry(old, kept, moment, uuid4()), moment)
    forget_lines(owner)
    opened.use_ledger(number + 1)
    return begun.signer


def _held_by_witnesses(opened: Node) -> dict[str, str]:
    from comity.ledger.witnesses import Witnesses

    with (
        opened.store.connect(Role.LEDGER) as conn,
        Witnesses(conn, opened.signer(), opened.policy()) as witnesses,
    ):
        return witnesses.known()


witness = App(name="witness", help="Who witnesses this ledger, and whose ledgers this node witnesses.")
app.command(witness)


@witness.command(name="key")
def witness_key() -> None:
    """Print the keys with which this node witnesses others, for their policies: Ed25519, then ML-DSA-44."""
    with node() as opened:
        for it in opened.cosigners():
            print(it.key.vkey)


@witness.command(name="show")
def witness_show() -> None:
    """Say what a quorum has witnessed of this ledger, and what this node witnessed of others."""
    with node() as opened, opened.store.connect(Role.GATE) as conn:
        policy, newest, others = opened.policy(), witnessed(conn), peers(conn)
    for it in policy.witnesses:
        print(f"Witness   {it.name}: {it.key.name}, {it.url or 'no address'}")
    if newest is None:
        print("Witnessed nothing yet" if policy.witnesses else "Witnessed by nobody: there is no file ledger.policy")
    else:
        print(f"Witnessed {newest.checkpoint.size:,} lines, since {newest.signed_at:%Y-%m-%d %H:%M:%S}")
    for origin, held in others.items():
        print(f"Cosigned  {origin}: {held.checkpoint.size:,} lines, {held.signed_at:%Y-%m-%d %H:%M:%S}")


@witness.command(name="compare")
def witness_compare() -> None:
    """Compare what the witnesses hold of this ledger with one another and with the database.

    A difference means that two histories were signed under one name: a restored backup that went on, or worse.
    """
    with node() as opened:
        held = {name: Checkpoint.parse(Note.parse(note).text) for name, note in _held_by_witnesses(opened).items()}
        with opened.store.connect(Role.GATE) as conn:
            newest = ledger.head(conn)
            tree = Tree(newest.checkpoint.size if newest else 0, tile_reader(conn))
            foreign = strangers_to(tree, held)
    for name, it in held.items():
        print(f"{'CONTRADICTS' if name in foreign else 'agrees     '} {name}: {it.size:,} lines, root {it.root.hex()}")
    for one, other in split_views(held):
        print(
            f"SPLIT VIEW  {one} and {other} hold two histories of {held[one].size:,} lines, both signed by this ledger."
        )
    if foreign:
        print("Keep what they hold: it is the proof (GET <witness>/<hash of the origin>/checkpoint).")
        raise Failed(REFUSED)
    if not held:
        print("No witness holds anything that this ledger signed.")


@app.command
def doctor() -> None:
    """Say what is wrong with the ledger: what was signed and remembered, what waits, and what witnesses hold."""
    with node() as opened:
        findings = [*_signed(opened), *_lagging(opened), *_witnessing(opened)]
    for well, what in findings:
        print(f"{'ok   ' if well else 'WRONG'} {what}")
    if not all(well for well, _ in findings):
        raise Failed(REFUSED)


def _signed(opened: Node) -> Iterator[tuple[bool, str]]:
    with opened.store.connect(Role.GATE) as conn:
        newest = ledger.head(conn)
        if newest is None:
            yield True, "nothing has been signed yet"
            return
        tree = Tree(newest.checkpoint.size, tile_reader(conn))
        yield tree.root() == newest.checkpoint.root, f"the tree of {tree.size:,} lines has the root that was signed"
    note = Note.parse(newest.note)
    yield opened.signer().verifier.has_signed(note), f"it is signed with the key of {opened.origin}"
    for it in opened.also_signs():
        yield it.key.has_signed(note), "it is signed with the second key, which is safe against quantum computers"
    remembered = Memory(opened.ledger_head).note()
    yield remembered == newest.note, f"{opened.ledger_head} remembers it; if not, `comity up` says what to do"


def _lagging(opened: Node) -> Iterator[tuple[bool, str]]:
    with opened.store.connect(Role.LEDGER) as conn:
        since, alone, behind = unsequenced_since(conn), unwitnessed_since(conn), backlog(conn)
    yield (
        since is None or now() - since < LATE,
        f"{behind.waiting:,} lines wait to be numbered, since {since or 'never'}",
    )
    yield not behind.refused, f"{behind.refused:,} rows could not become lines; the table ledger.refused says why"
    if opened.policy().witnesses:
        yield alone is None or now() - alone < LATE, f"the newest head waits for a quorum since {alone or 'never'}"


def _witnessing(opened: Node) -> Iterator[tuple[bool, str]]:
    held = {name: Checkpoint.parse(Note.parse(note).text) for name, note in _held_by_witnesses(opened).items()}
    with opened.store.connect(Role.GATE) as conn:
        newest = ledger.head(conn)
        foreign = strangers_to(Tree(newest.checkpoint.size if newest else 0, tile_reader(conn)), held)
    for it in opened.policy().witnesses:
        if it.name not in held:
            yield (
                False,
                f"the witness {it.name} shows nothing that this ledger signed: is it there, and has it our key?",
            )
        else:
            yield it.name not in foreign, f"the witness {it.name} holds {held[it.name].size:,} lines of this history"
