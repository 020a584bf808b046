"""Roles and database on a server of somebody else's, reached through COMITY_DSN."""

from __future__ import annotations

import shutil
import traceback

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from comity.store import Role, Settings, open_store, write_private
from comity.store.cluster import discard_cluster
from comity.store.errors import AddressError, RightsError, ServerTooOldError

SMALL = {"shared_buffers": "16MB", "fsync": "off"}


@pytest.fixture
def server(tmp_path):
    """A bare PostgreSQL; its own roles and database are dropped, so that it is like somebody else's."""
    settings = Settings(tmp_path / "server")
    with open_store(settings, SMALL) as store:
        with psycopg.connect(store.admin, autocommit=True) as connection:
            connection.execute("DROP DATABASE comity")
            for role in Role:
                connection.execute(f"DROP ROLE {role}")
            connection.execute("CREATE ROLE builder LOGIN CREATEROLE CREATEDB PASSWORD 'b'")
            connection.execute("CREATE ROLE nobody_much LOGIN PASSWORD 'n'")
        yield store.admin
    discard_cluster(settings)


def test_an_account_that_may_sets_everything_up(server, tmp_path):
    dsn = make_conninfo(server, user="builder", password="b")
    home = tmp_path / "home"
    with open_store(Settings(home, dsn)) as store:
        assert store.postmaster_pid is None
        for role in Role:
            with store.connect(role) as connection:
                assert connection.execute("SELECT current_user::text").fetchone() == (role.value,)
    with psycopg.connect(server):
        pass  # closing it left somebody else's server running


@pytest.mark.parametrize("dsn", ["postgresql//app:s3cret@host/db", "user=app password=s3cret db"])
def test_an_address_that_is_none_is_told_and_its_password_is_not(tmp_path, dsn):
    with pytest.raises(AddressError) as refusal:
        open_store(Settings(tmp_path / "home", dsn))
    assert "s3" not in "".join(traceback.format_exception(refusal.value))


@pytest.mark.parametrize("content", ["", "{", "[]", '{"comity_owner": "a"}'])
def test_a_file_of_passwords_that_is_damaged_is_told(server, tmp_path, content):
    write_private(tmp_path / "home" / "roles.json", content.encode())
    with pytest.raises(RightsError, match="Put it back from a copy"):
        open_store(Settings(tmp_path / "home", server))


def test_once_set_up_an_account_with_no_rights_serves(server, tmp_path):
    home = tmp_path / "home"
    with open_store(Settings(home, make_conninfo(server, user="builder", password="b"))):
        pass
    poor = Settings(home, make_conninfo(server, user="nobody_much", password="n"))
    with open_store(poor) as store, store.connect(Role.GATE) as connection:
        assert connection.info.dbname == "comity"


def test_an_account_that_may_not_is_told_what_it_needs(server, tmp_path):
    dsn = make_conninfo(server, user="nobody_much", password="n")
    with pytest.raises(RightsError, match="ALTER ROLE nobody_much CREATEROLE CREATEDB"):
        open_store(Settings(tmp_path / "home", dsn))


def test_roles_of_another_home_keep_their_passwords(server, tmp_path):
    dsn = make_conninfo(server, user="builder", password="b")
    with open_store(Settings(tmp_path / "first", dsn)) as first:
        pass
    with pytest.raises(RightsError, match="Copy that file from the home that made them"):
        open_store(Settings(tmp_path / "second", dsn))
    with first.connect(Role.GATE):
        pass
    shutil.copy(tmp_path / "first" / "roles.json", tmp_path / "second" / "roles.json")
    with open_store(Settings(tmp_path / "second", dsn)) as second, second.connect(Role.GATE):
        pass


def test_a_server_that_is_too_old_is_refused(server, tmp_path, monkeypatch):
    monkeypatch.setattr("comity.store.provision.OLDEST", 99)
    with pytest.raises(ServerTooOldError, match="Comity needs 99 or newer"):
        open_store(Settings(tmp_path / "home", server))


def test_a_database_left_half_made_is_made_again(server, tmp_path):
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE comity_new")
    with open_store(Settings(tmp_path / "home", server)) as store, psycopg.connect(server) as connection:
        names = [row[0] for row in connection.execute("SELECT datname FROM pg_database WHERE datname ~ 'comity'")]
        assert names == [store.database]
