"""Key and password files are private and whole; where they are kept is not for a name to choose."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from comity.store import Settings, read_private, write_private
from comity.store.errors import AddressError, PrivateFileError


def test_what_is_written_is_read_and_nobody_else_may(tmp_path):
    path = tmp_path / "keys" / "a"
    write_private(path, b"secret")
    assert read_private(path) == b"secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == ["a"]


def test_a_key_is_not_overwritten_by_accident(tmp_path):
    path = tmp_path / "a"
    write_private(path, b"first")
    with pytest.raises(FileExistsError):
        write_private(path, b"second")
    assert read_private(path) == b"first"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]
    write_private(path, b"third", replace=True)
    assert read_private(path) == b"third"


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o602, 0o660])
def test_a_key_that_others_can_read_or_write_is_refused(tmp_path, mode):
    path = tmp_path / "a"
    write_private(path, b"secret")
    path.chmod(mode)
    with pytest.raises(PrivateFileError, match="chmod 600") as refusal:
        read_private(path)
    assert "secret" not in str(refusal.value)


def test_a_link_to_a_key_is_not_followed(tmp_path):
    write_private(tmp_path / "a", b"secret")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(OSError, match="symbolic links"):
        read_private(tmp_path / "b")


def test_settings_come_from_the_environment(tmp_path):
    assert Settings.from_environment({}) == Settings(Path("~/.local/share/comity").expanduser(), None)
    assert Settings.from_environment({"COMITY_HOME": str(tmp_path), "COMITY_DSN": ""}) == Settings(tmp_path, None)
    assert Settings.from_environment({"COMITY_DSN": "dbname=x"}).dsn == "dbname=x"


@pytest.mark.parametrize(
    "dsn", ["postgresql://a:s3cret@host/db", "host=h password=s3cret", "host=h sslpassword=s3cret"]
)
def test_attack_a_password_in_the_environment_is_refused_and_not_repeated(dsn):
    with pytest.raises(AddressError, match="passfile=") as refusal:
        Settings.from_environment({"COMITY_DSN": dsn})
    assert "s3cret" not in str(refusal.value)


@pytest.mark.parametrize("name", ["../roles.json", "/etc/passwd", "", ".hidden", "a/b", "a\n"])
def test_a_key_name_cannot_lead_out_of_the_folder_of_keys(tmp_path, name):
    assert Settings(tmp_path).key_file("ledger.key") == tmp_path / "keys" / "ledger.key"
    with pytest.raises(ValueError, match="no name for a key"):
        Settings(tmp_path).key_file(name)
