"""The file whose secret signs sessions: whoever reads it is whoever they like."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from comity.store.errors import PrivateFileError
from comity.web.app import _session_secret


def test_workers_that_start_at_once_sign_with_one_secret(tmp_path):
    path, workers = tmp_path / "keys" / "web.session", 8
    together = Barrier(workers)

    def start(_: int) -> str:
        together.wait()
        return _session_secret(path)

    with ThreadPoolExecutor(workers) as pool:
        (secret,) = set(pool.map(start, range(workers)))
    assert len(secret) >= 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["web.session"]


def test_a_secret_that_others_can_read_signs_nothing(tmp_path):
    path = tmp_path / "web.session"
    _session_secret(path)
    path.chmod(0o640)
    with pytest.raises(PrivateFileError, match="can be read by others"):
        _session_secret(path)
