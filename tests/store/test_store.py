"""A node's own PostgreSQL: started, adopted, recovered, stopped; closed to everybody else."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import stat
import sys
import threading
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from comity.store import Role, Settings, open_store, postmaster
from comity.store import binaries as binaries_module
from comity.store import place as place_module
from comity.store.account import serving_account
from comity.store.cluster import discard_cluster
from comity.store.errors import ClusterError, NoAccountError, NoPostgresError
from comity.store.place import make_home, prepare_place

SMALL = {"shared_buffers": "16MB", "fsync": "off"}  # a killed PostgreSQL loses nothing: only a machine that fails would


def one(connection, query):
    return connection.execute(query).fetchone()[0]


def alive(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().split(") ")[1][0] != "Z"
    except FileNotFoundError:
        return False


# Opening and closing


def test_each_role_logs_in_as_itself(store):
    for role in Role:
        with store.connect(role) as connection:
            assert one(connection, "SELECT current_user::text") == role.value


def test_a_pool_is_opened_by_who_uses_it(store):
    async def read():
        async with store.pool(Role.GATE) as pool, pool.connection() as connection:
            return await (await connection.execute("SELECT current_user::text")).fetchone()

    assert asyncio.run(read()) == ("comity_gate",)


def test_closing_stops_what_it_started_and_waits(home):
    with open_store(Settings(home), SMALL) as store:
        pid = store.postmaster_pid
        assert alive(pid)
    assert not alive(pid)


def test_an_error_inside_stops_it_too(home):
    store = open_store(Settings(home), SMALL)
    with pytest.raises(ZeroDivisionError), store:
        _ = 1 / 0
    assert not alive(store.postmaster_pid)


def test_closing_twice_closes_nothing_else(home):
    with open_store(Settings(home), SMALL) as store:
        store.close()
        with open_store(Settings(home), SMALL) as again:
            store.close()
            assert alive(again.postmaster_pid)


def test_data_last_from_one_opening_to_the_next(home):
    with open_store(Settings(home), SMALL) as store, store.connect(Role.OWNER) as connection:
        connection.execute("CREATE SCHEMA kept; CREATE TABLE kept.thing AS SELECT 7 AS number")
    with open_store(Settings(home), SMALL) as store, store.connect(Role.OWNER) as connection:
        assert one(connection, "SELECT number FROM kept.thing") == 7


def test_a_view_of_another_database_stops_nothing(postgres):
    postgres.of("postgres").close()
    assert alive(postgres.postmaster_pid)


def test_the_cluster_has_checksums_utf8_and_utc(store):
    with store.connect(Role.GATE) as connection:
        said = {
            name: one(connection, f"SHOW {name}")
            for name in ("data_checksums", "server_encoding", "timezone", "jit", "synchronous_commit")
        }
    assert said == {
        "data_checksums": "on",
        "server_encoding": "UTF8",
        "timezone": "UTC",
        "jit": "off",
        "synchronous_commit": "on",
    }


def test_a_store_shows_no_password(postgres):
    passwords = [*postgres.passwords.values(), conninfo_to_dict(postgres.admin)["password"]]
    assert not [password for password in passwords if password in repr(postgres)]


# Crashes


def test_a_killed_postmaster_recovers_and_loses_nothing(home):
    with open_store(Settings(home), SMALL) as store:
        with store.connect(Role.OWNER) as connection:
            connection.execute("CREATE SCHEMA kept; CREATE TABLE kept.thing AS SELECT 7 AS number")
        os.kill(store.postmaster_pid, signal.SIGKILL)
    with open_store(Settings(home), SMALL) as store, store.connect(Role.OWNER) as connection:
        assert one(connection, "SELECT number FROM kept.thing") == 7


def test_a_pid_file_whose_number_passed_to_a_stranger_is_no_server(home):
    with open_store(Settings(home), SMALL) as store:
        pid_file = store.cluster.place.data / "postmaster.pid"
        text = pid_file.read_text()
    stranger = os.getpid()
    pid_file.write_text(re.sub(r"^\d+", str(stranger), text))
    with open_store(Settings(home), SMALL) as store:
        assert store.postmaster_pid != stranger


def test_who_finds_it_running_uses_it_and_leaves_it_running(home, keeper):
    other = keeper(home)
    pid = other.postmaster_pid
    with open_store(Settings(home), SMALL) as store:
        assert store.postmaster_pid == pid
        with store.connect(Role.GATE):
            pass
    assert alive(pid)
    assert other.leave() == 0
    assert not alive(pid)


def test_what_a_killed_keeper_left_running_is_taken_over_and_stopped(home, keeper):
    other = keeper(home)
    pid = other.postmaster_pid
    other.kill()
    assert alive(pid)
    with open_store(Settings(home), SMALL) as store:
        assert store.postmaster_pid == pid
    assert not alive(pid)


def test_a_keeper_killed_while_it_makes_the_cluster_leaves_nothing_half_made(home, keeper):
    other = keeper(home)
    while not list(home.glob("postgres.json")):
        assert other.process.poll() is None
    other.kill()
    with open_store(Settings(home), SMALL) as store, store.connect(Role.OWNER) as connection:
        assert one(connection, "SELECT 1") == 1


def test_three_that_start_at_once_share_one_server(home, keeper):
    others = [keeper(home) for _ in range(3)]
    assert len({other.postmaster_pid for other in others}) == 1
    for other in others:
        other.leave()
    assert not alive(others[0].postmaster_pid)


def test_one_left_running_at_a_socket_folder_that_was_opened_to_others_is_moved(open_home, keeper):
    other = keeper(open_home)
    pid = other.postmaster_pid
    other.kill()
    (open_home / "postgres" / "socket").chmod(0o777)
    (open_home / "postgres" / "socket").rename(open_home / "taken")
    with open_store(Settings(open_home), SMALL) as store, store.connect(Role.GATE):
        assert stat.S_IMODE(store.cluster.place.socket.stat().st_mode) == 0o700
    assert not alive(pid)


def test_a_cluster_in_use_is_not_deleted(home, keeper):
    other = keeper(home)
    assert other.postmaster_pid
    with pytest.raises(ClusterError, match="in use"):
        discard_cluster(Settings(home))
    other.leave()


def test_ctrl_c_stops_it(home, keeper):
    other = keeper(home)
    pid = other.postmaster_pid
    other.process.send_signal(signal.SIGINT)
    other.process.communicate()
    assert not alive(pid)


# Who may come in


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_ctrl_c_while_it_starts_stops_it_too(home, monkeypatch, interrupt):
    def interrupted(place, process, log):
        started.append(process.pid)
        raise interrupt

    started = []
    monkeypatch.setattr(postmaster, "_wait_until_ready", interrupted)
    with pytest.raises(interrupt):
        open_store(Settings(home), SMALL)
    assert len(started) == 1
    assert not alive(started[0])


def test_what_the_environment_says_of_other_servers_is_not_heard(home, monkeypatch):
    for name, value in (("HOSTADDR", "127.0.0.1"), ("OPTIONS", "-c search_path=public"), ("CHANNELBINDING", "require")):
        monkeypatch.setenv(f"PG{name}", value)
    with open_store(Settings(home), SMALL) as store, store.connect(Role.GATE) as connection:
        assert one(connection, "show search_path") == "pg_catalog"


def test_it_listens_on_no_tcp_port(postgres):
    with psycopg.connect(postgres.admin) as connection:
        assert one(connection, "SHOW listen_addresses") == ""
    descriptors = [str(entry.readlink()) for entry in Path(f"/proc/{postgres.postmaster_pid}/fd").iterdir()]
    sockets = [text for text in descriptors if text.startswith("socket:")]
    inodes = {re.search(r"\d+", text)[0] for text in sockets}
    tcp = {
        line.split()[9] for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
    }
    assert inodes
    assert not inodes & tcp


def test_starting_it_by_hand_opens_no_tcp_port_either(postgres):
    configuration = (postgres.cluster.place.data / "postgresql.conf").read_text()
    assert re.findall(r"^listen_addresses = (.*?)\s*(?:#.*)?$", configuration, re.MULTILINE)[-1] == "''"


@pytest.mark.parametrize("role", Role)
def test_a_wrong_password_is_refused(store, role):
    wrong = make_conninfo(store.conninfo(role), password="wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


def test_no_password_is_refused(store):
    bare = conninfo_to_dict(store.conninfo(Role.GATE))
    del bare["password"]
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(make_conninfo("", **bare))


def test_every_way_in_takes_scram(postgres):
    with psycopg.connect(postgres.admin) as connection:
        ways = connection.execute("SELECT DISTINCT auth_method FROM pg_hba_file_rules").fetchall()
        stored = connection.execute("SELECT rolpassword FROM pg_authid WHERE rolcanlogin").fetchall()
    assert ways == [("scram-sha-256",)]
    assert all(row[0].startswith("SCRAM-SHA-256$") for row in stored)


def test_what_the_home_keeps_is_private(postgres):
    home = postgres.settings.home
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in home.iterdir() if path.is_file()}
    assert {"roles.json", "superuser.password", "postgres.json"} <= modes.keys()
    assert set(modes.values()) == {0o600}


def test_the_folders_of_data_and_socket_are_private(postgres):
    place = postgres.cluster.place
    for folder in (place.root, place.data, place.socket):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert folder.stat().st_uid == serving_account().uid


def test_the_server_does_not_run_as_root(postgres):
    status = (Path("/proc") / str(postgres.postmaster_pid) / "status").read_text()
    assert not re.search(r"^(Uid|Gid):.*\b0\b", status, re.MULTILINE)
    assert "Groups:\t0" not in status


def test_its_log_quotes_no_row(store):
    with store.connect(Role.OWNER, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA s CREATE TABLE t (name text PRIMARY KEY)")
        connection.execute("INSERT INTO s.t VALUES (%s)", ("Jansen-in-a-row",))
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO s.t VALUES ('Jansen-in-a-row')")
        with pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute("SELECT 'Jansen-in-a-row' FROM s.nothing")
    log = (store.settings.home / "postgres.log").read_text()
    assert "duplicate key" in log
    assert "Jansen" not in log


# Where it lives


def test_a_home_nobody_else_may_enter_has_its_cluster_elsewhere(home):
    if os.geteuid() != 0:
        pytest.skip("only root runs PostgreSQL as somebody else")
    home.parent.chmod(0o700)
    with open_store(Settings(home), SMALL) as store:
        assert store.cluster.place.root.parent == place_module.ELSEWHERE
    discard_cluster(Settings(home))
    assert not store.cluster.place.root.exists()


def test_a_home_others_may_pass_through_holds_its_cluster(open_home):
    with open_store(Settings(open_home), SMALL) as store:
        assert store.cluster.place.root == open_home / "postgres"


def test_a_long_home_has_a_short_socket(open_home):
    long = open_home / ("long" * 20) / ("longer" * 10)
    with open_store(Settings(long), SMALL) as store, store.connect(Role.GATE):
        socket = store.cluster.place.socket
        assert not socket.is_relative_to(long)
        assert stat.S_IMODE(socket.stat().st_mode) == 0o700
    shutil.rmtree(socket)  # as a restart of the machine does
    with open_store(Settings(long), SMALL) as store, store.connect(Role.GATE):
        again = store.cluster.place.socket
        assert again != socket
    discard_cluster(Settings(long))
    assert not again.exists()


def test_a_socket_folder_somebody_else_made_is_not_used(open_home):
    with open_store(Settings(open_home), SMALL) as store:
        socket = store.cluster.place.socket
    socket.chmod(0o777)
    with open_store(Settings(open_home), SMALL) as store:
        assert stat.S_IMODE(store.cluster.place.socket.stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["a, b", 'a "b"', "Justiti\u00eb  \u6cd5'\\"])
def test_a_home_with_a_name_that_would_end_elsewhere(open_home, name):
    odd = open_home / name
    with open_store(Settings(odd), SMALL) as store:
        with store.connect(Role.GATE) as connection:
            assert one(connection, "select current_user") == Role.GATE
        where = store.cluster.place.socket
    assert [entry.name for entry in open_home.iterdir()] == [name]
    discard_cluster(Settings(odd))
    assert not where.exists()


@pytest.mark.parametrize("dsn", [None, "host=/nowhere"])
def test_a_home_that_cannot_be_is_told(tmp_path, dsn):
    (tmp_path / "file").write_text("")
    for wrong, told in (
        ("file", "exists"),
        ("file/below", "Not a directory"),
        ("\udcff", "no text"),
        ("a\nb", "no text"),
    ):
        with pytest.raises(ClusterError, match=told):
            open_store(Settings(tmp_path / wrong, dsn))


def test_links_left_in_the_folder_of_the_account_lead_nowhere(open_home, tmp_path):
    # The folder belongs to the account PostgreSQL runs as; who starts it may be root, and must not be led elsewhere.
    account = serving_account()
    make_home(open_home, account)
    place = prepare_place(open_home, account)
    folder, file = tmp_path / "folder", tmp_path / "file"
    folder.mkdir(mode=0o755)
    file.write_text("as it was")
    before = folder.stat().st_mode, folder.stat().st_uid
    (place.root / "home").unlink()
    (place.root / "home").symlink_to(file)
    place.socket.rmdir()
    place.socket.symlink_to(folder)
    with pytest.raises(ClusterError, match="is not a folder"):
        prepare_place(open_home, account)
    assert (folder.stat().st_mode, folder.stat().st_uid) == before
    assert file.read_text() == "as it was"


def test_the_folder_of_the_cluster_may_be_on_another_disk(open_home, tmp_path):
    account = serving_account()
    make_home(open_home, account)
    (open_home / "postgres").symlink_to(tmp_path / "disk")
    assert stat.S_IMODE(prepare_place(open_home, account).root.stat().st_mode) == 0o700


def test_an_ordinary_user_runs_it_as_themselves(open_home):
    if os.geteuid() != 0:
        pytest.skip("needs root to become somebody else")
    account = serving_account()
    open_home.mkdir()
    os.chown(open_home, account.uid, account.gid)
    result = open_home / "result"
    child = os.fork()  # not a new interpreter: that may be in a folder which others may not enter
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(account.gid)
            os.setuid(account.uid)
            with open_store(Settings(open_home), SMALL) as store, store.connect(Role.GATE):
                result.write_text(f"{store.cluster.place.data} {store.postmaster_pid}")
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    data, pid = result.read_text().split()
    assert Path(data).stat().st_uid == account.uid
    assert (open_home / "roles.json").stat().st_uid == account.uid
    assert not alive(int(pid))


# Which programs


@pytest.fixture
def no_postgres_on_machine(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(binaries_module, "_DEBIAN", tmp_path / "none")


def test_programs_of_another_kind_of_machine_are_passed_over(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(binaries_module, "_DEBIAN", tmp_path / "none")
    for name in ("pg_ctl", "postgres", "initdb"):
        (tmp_path / name).write_bytes(b"\x7fELF of another kind")
        (tmp_path / name).chmod(0o755)
    assert binaries_module.find_binaries(serving_account()).folder != tmp_path


def test_a_user_without_a_name_is_told_what_to_do(home, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 12_345_678)
    with pytest.raises(NoAccountError, match="no account of number 12345678"):
        open_store(Settings(home))


def test_the_postgres_of_the_wheel_serves(open_home, no_postgres_on_machine):
    with open_store(Settings(open_home), SMALL) as store, store.connect(Role.GATE) as connection:
        executable = str(Path(f"/proc/{store.postmaster_pid}/exe").readlink())
        assert binaries_module.WHEEL in executable
        assert one(connection, "SELECT current_setting('server_version_num')::int") >= 150_000
    assert binaries_module.WHEEL not in sys.modules


def test_a_wheel_in_a_folder_others_may_not_enter_is_copied(home, no_postgres_on_machine, monkeypatch, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root runs PostgreSQL as somebody else")
    closed = tmp_path / "closed"
    for package in binaries_module._in_wheel()[:1]:
        assert package.wheel is not None
        shutil.copytree(package.wheel / "pginstall", closed / binaries_module.WHEEL / "pginstall", symlinks=True)
        (closed / binaries_module.WHEEL / "__init__.py").write_text("raise SystemExit('the wrapper ran')")
        libraries = package.wheel.with_name(f"{binaries_module.WHEEL}.libs")
        shutil.copytree(libraries, closed / libraries.name)
    closed.chmod(0o700)
    monkeypatch.syspath_prepend(str(closed))
    with open_store(Settings(home), SMALL) as store, store.connect(Role.GATE):
        executable = Path(f"/proc/{store.postmaster_pid}/exe").readlink()
        assert executable.is_relative_to(store.cluster.place.root)


def test_a_machine_without_postgres_is_told_what_to_do(home, no_postgres_on_machine, monkeypatch):
    monkeypatch.setattr(binaries_module, "WHEEL", "no_such_package")
    with pytest.raises(NoPostgresError, match=r"apt-get install postgresql.*COMITY_DSN"):
        open_store(Settings(home))


def test_data_of_a_version_that_is_gone_are_not_opened_by_another(home):
    with open_store(Settings(home), SMALL) as store:
        version = store.cluster.place.data / "PG_VERSION"
    version.write_text("99\n")
    with pytest.raises(NoPostgresError, match="PostgreSQL 99, which is not on this machine"):
        open_store(Settings(home), SMALL)


def test_a_server_that_does_not_start_says_why(home):
    with pytest.raises(ClusterError, match="no_such_setting"):
        open_store(Settings(home), {"no_such_setting": "on"})
    with open_store(Settings(home), SMALL) as store, store.connect(Role.GATE):
        pass


def test_no_thread_or_process_is_left_behind(home):
    with open_store(Settings(home), SMALL) as store:
        place = store.cluster.place
    from comity.store.postmaster import _working_in

    assert list(_working_in(place.data)) == []
    assert threading.active_count() == 1
