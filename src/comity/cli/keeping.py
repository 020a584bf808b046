"""``comity keys``: the epochs of the node's keys, a new one, an old one's end. No key is ever printed."""

from __future__ import annotations

from typing import Final

from cyclopts import App

from comity.cli.failing import Misused
from comity.cli.opening import node, now
from comity.intake.epochs import BACKUPS_KEPT, Brought, Epoch, begin, bring_over, end, known
from comity.store import Role
from comity.store.backup import all_under

app = App(
    name="keys", help="The keys that everything sealed is kept under: which there are, a new one, an old one's end."
)
_DATE: Final = "%Y-%m-%d"


@app.command(name="list")
def list_() -> None:
    """Print the epochs, where each one's key is kept, and how much is under it."""
    with node() as opened, opened.store.connect(Role.INTAKE, autocommit=True) as conn:
        epochs = known(conn, opened.keyring, now())
    for epoch in epochs:
        under = f"{epoch.data_keys:>10,} data keys {epoch.messages:>10,} messages"
        print(f"epoch {epoch.number:<4} {epoch.held_in or '-':<24} {under}   {_state(epoch, epochs)}")


@app.command
def rotate(*, to: str | None = None) -> None:
    """Let a new epoch begin and bring everything over to it, while the node works. Run again, it goes on.

    Parameters
    ----------
    to
        Who is to keep the new epoch's key: `file`, or a token, named by its PKCS#11 URI; if not said, who does now.
    """
    with node() as opened, opened.store.connect(Role.INTAKE, autocommit=True) as conn:
        number = begin(conn, opened.keyring, now(), to)
        print(f"Epoch {number} has begun." if number else "The last change is finished first.", flush=True)
        brought = bring_over(conn, opened.keyring, now, _tell)
    print(f"{brought.data_keys:,} data keys and {brought.messages:,} messages were brought over.")
    if number is None:
        print("Run the command again for a new epoch.")
    print(f"Backups from before now need the older keys: destroy them when {BACKUPS_KEPT.days} days have passed.")


@app.command
def destroy_epoch(number: int, *, confirm: int | None = None) -> None:
    """Destroy the key of an old epoch for good. Backups that were made under it can then be read by nobody.

    Parameters
    ----------
    number
        Which epoch.
    confirm
        The same number again: there is no way back.
    """
    if confirm != number:
        raise Misused(f"There is no way back. If you are sure: comity keys destroy-epoch {number} --confirm {number}")
    with node() as opened, opened.store.connect(Role.INTAKE, autocommit=True) as conn:
        if folder := all_under(opened.store, number):
            raise Misused(f"No backup opens without the key of epoch {number}. Take one first: comity backup {folder}")
        end(conn, opened.keyring, number, now())
    print(f"The key of epoch {number} is destroyed. Destroy the copies of the key file that still have it.")


def _state(epoch: Epoch, epochs: list[Epoch]) -> str:
    if epoch.destroyed_at:
        return f"destroyed on {epoch.destroyed_at:{_DATE}}"
    if epoch is epochs[-1]:
        return "current"
    if epoch.emptied_at is None:
        return "to be brought over: comity keys rotate"
    return f"empty since {epoch.emptied_at:{_DATE}}; to be destroyed from {epoch.emptied_at + BACKUPS_KEPT:{_DATE}}"


def _tell(brought: Brought) -> None:
    print(f"  {brought.data_keys:,} data keys, {brought.messages:,} messages", flush=True)
