"""The export: whole or not there, and nothing but what the auditor's program expects."""

from __future__ import annotations

from pathlib import Path

import pytest

from comity.ledger import append, export
from comity.ledger import store as rows
from comity.ledger.errors import EmptyLedgerError, ExportError
from comity.ledger.verify import verify_export
from comity.store import Role, Store


@pytest.mark.parametrize("size", [1, 256, 600])
def test_an_export_verifies_offline(store: Store, size: int, signer, sequenced, tmp_path: Path) -> None:
    sequenced(size)
    with store.connect(Role.GATE) as connection:
        head = export(connection, tmp_path / "new" / "ledger")
    report = verify_export(tmp_path / "new" / "ledger", signer.vkey())
    assert (report.fault, report.size, report.root) == (None, size, head.checkpoint.root)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["ledger"]


def test_what_still_waits_is_not_exported(store: Store, signer, sequenced, made_entries, tmp_path: Path) -> None:
    sequenced(3)
    with store.connect(Role.INTAKE) as connection:
        append(connection, made_entries(3, seed=2))
    with store.connect(Role.GATE) as connection:
        export(connection, tmp_path / "ledger")
    assert verify_export(tmp_path / "ledger", signer.vkey()).size == 3


def test_an_empty_ledger_is_not_exported(store: Store, tmp_path: Path) -> None:
    with store.connect(Role.GATE) as connection, pytest.raises(EmptyLedgerError):
        export(connection, tmp_path / "ledger")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_taken_is_left_alone(store: Store, sequenced, tmp_path: Path) -> None:
    sequenced(3)
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger" / "mine").write_text("kept")
    with store.connect(Role.GATE) as connection, pytest.raises(ExportError, match="exists already"):
        export(connection, tmp_path / "ledger")
    assert [path.name for path in (tmp_path / "ledger").iterdir()] == ["mine"]


def test_an_export_that_fails_half_way_leaves_nothing(store: Store, sequenced, tmp_path: Path, monkeypatch) -> None:
    sequenced(600)
    read = rows.bundle

    def fail_later(connection, index: int, *of: int | None) -> list[bytes]:
        if index:
            raise KeyboardInterrupt
        return read(connection, index, *of)

    monkeypatch.setattr(rows, "bundle", fail_later)
    there = tmp_path / "there"
    with store.connect(Role.GATE) as connection, pytest.raises(KeyboardInterrupt):
        export(connection, there / "ledger")
    assert list(there.iterdir()) == []
