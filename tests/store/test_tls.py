"""A server elsewhere is spoken to over TLS that is checked, and by SCRAM: against a real one that speaks TLS."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import struct
import threading
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from tests.certificates import Authority

from comity.store import Role, Settings, Store, address, open_store, postmaster
from comity.store.account import serving_account
from comity.store.address import secured
from comity.store.binaries import Binaries
from comity.store.cluster import _make_cluster, discard_cluster
from comity.store.errors import AddressError
from comity.store.place import make_home, prepare_place

ASIDE = Path("/usr/local/lib/comity-tests/usr/lib/postgresql")
SMALL = {"fsync": "off", "shared_buffers": "16MB"}
HBA = """
local   all trusted           trust
local   all all               scram-sha-256
hostssl all trusted 127.0.0.1/32 trust
hostssl all plain 127.0.0.1/32 password
hostssl all all 127.0.0.1/32 scram-sha-256
"""


@dataclass
class Server:
    """A PostgreSQL that speaks TLS on a port of the loopback, for the name ``db.example``."""

    port: int
    authority: Authority
    superuser: str

    def dsn(self, **other: str) -> str:
        usual = {"host": "db.example", "hostaddr": "127.0.0.1", "port": str(self.port), "user": "builder", "password": "b",
                 "dbname": "postgres", "sslmode": "verify-full", "sslrootcert": str(self.authority.certificate)}  # fmt: skip
        return make_conninfo("", **{**usual, **other})


@pytest.fixture(scope="module")
def server(tmp_path_factory, light_folder):
    folder = next(iter(sorted(ASIDE.glob("*/bin"), reverse=True)), None)
    if folder is None:
        reason = "no PostgreSQL with TLS is here; as root on Debian, scripts/debian-packages.sh brings it"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    settings, account = Settings(light_folder / "tls"), serving_account()
    make_home(settings.home, account)
    place, binaries = prepare_place(settings.home, account), Binaries(folder, int(folder.parent.name))
    _make_cluster(settings, account, place, binaries, SMALL)
    authority = Authority(tmp_path_factory.mktemp("authority"))
    for made, name in zip(authority.issue("db.example"), ("server.crt", "server.key"), strict=True):
        shutil.copy(made, place.data / name)
        (place.data / name).chmod(0o600)
        os.chown(place.data / name, account.uid, account.gid)
    (place.data / "pg_hba.conf").write_text(HBA)
    port = free_port()
    tcp = {"listen_addresses": "127.0.0.1", "port": str(port), "ssl": "on"}
    pid = postmaster.start(place, account, binaries, settings.home / "postgres.log", {**SMALL, **tcp})
    try:
        password = (settings.home / "superuser.password").read_text()
        superuser = make_conninfo(
            "", host=str(place.socket), port=port, user="comity_superuser", password=password, dbname="postgres"
        )
        with psycopg.connect(superuser, autocommit=True) as conn:
            conn.execute("create role builder login createrole createdb password 'b'")
            conn.execute("create role trusted login createrole createdb")
            conn.execute("create role plain login createrole createdb password 'p'")
        yield Server(port, authority, superuser)
    finally:
        postmaster.stop(place, pid)
        discard_cluster(settings)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


@pytest.fixture
def afar(monkeypatch):
    """Let the loopback count as another machine: the address is then held to what is asked of one."""
    monkeypatch.setattr(address, "_is_here", lambda _: False)


def test_every_connection_is_scram_over_tls_bound_to_its_certificate(server, afar, tmp_path):
    with open_store(Settings(tmp_path / "home", server.dsn())) as store:
        for role in Role:
            with store.connect(role) as conn:
                said = conn.execute("select ssl, version from pg_stat_ssl where pid = pg_backend_pid()").fetchone()
                assert said == (True, "TLSv1.3")
                assert conn.pgconn.used_password
        said = conninfo_to_dict(store.conninfo(Role.GATE))
    assert (said["sslmode"], said["channel_binding"], said["require_auth"]) == (
        "verify-full",
        "require",
        "scram-sha-256",
    )
    with psycopg.connect(server.superuser, autocommit=True) as conn:
        conn.execute("drop database comity")
        for role in Role:
            conn.execute(f"drop role {role}")


def test_a_password_in_a_private_file_serves(server, afar, tmp_path):
    passwords = tmp_path / "pgpass"
    passwords.touch(0o600)
    passwords.write_text("db.example:*:*:builder:b\n")
    dsn = server.dsn(password=None, passfile=str(passwords))
    settings = Settings.from_environment({"COMITY_HOME": str(tmp_path / "home"), "COMITY_DSN": dsn})
    with psycopg.connect(secured(settings.dsn)) as conn:
        assert conn.execute("select current_user::text").fetchone() == ("builder",)


@pytest.mark.parametrize("said", [{}, {"sslmode": "require"}, {"sslmode": "verify-ca"}, {"sslmode": "disable"}])
@pytest.mark.parametrize(
    "host", ["db.example", "192.0.2.7", "127.0.0.1,db.example", "2001:db8::1", "localhost.example"]
)
def test_attack_a_server_elsewhere_without_checked_tls_is_refused_before_a_byte_is_sent(tmp_path, host, said):
    with pytest.raises(AddressError, match="sslmode=verify-full") as refusal:
        open_store(Settings(tmp_path / "home", make_conninfo("", host=host, user="a", password="s3cret", **said)))
    assert "s3cret" not in str(refusal.value)
    assert not (tmp_path / "home").exists()


def test_attack_a_number_behind_the_name_of_this_machine_is_what_counts():
    with pytest.raises(AddressError, match="verify-full"):
        secured("host=localhost hostaddr=192.0.2.7")


@pytest.mark.parametrize(("name", "value"), [("PGHOST", "db.example"), ("PGHOSTADDR", "192.0.2.7")])
def test_attack_what_libpq_takes_from_its_environment_counts_as_said(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(AddressError, match="verify-full"):
        secured("dbname=postgres")


@pytest.mark.parametrize(
    ("dsn", "told"),
    [
        ("service=production", "service"),
        ("host=@comity", "abstract"),
        ("host=/tmp", "Anybody can put a socket"),
        ("host=db.example sslmode=verify-full ssl_min_protocol_version=TLSv1.1", "older than 1.2"),
    ],
)
def test_an_address_that_cannot_be_trusted_is_refused_with_the_mend(dsn, told):
    with pytest.raises(AddressError, match=told):
        secured(dsn)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "localhost", "/run/postgresql-of-ours"])
def test_this_machine_needs_no_tls_and_still_scram(host):
    assert conninfo_to_dict(secured(f"host={host} user=a password=p"))["require_auth"] == "scram-sha-256"


def test_attack_a_certificate_of_another_name_or_authority_is_refused(server, afar, tmp_path):
    other = Authority(tmp_path, "other")
    for change in ({"host": "other.example"}, {"sslrootcert": str(other.certificate)}):
        with pytest.raises(psycopg.OperationalError, match="certificate"):
            open_store(Settings(tmp_path / "home", server.dsn(**change)))


@pytest.mark.parametrize(("user", "password"), [("trusted", "x"), ("plain", "p")])
def test_attack_a_server_that_asks_for_no_password_or_for_it_in_plain_is_not_answered(server, tmp_path, user, password):
    with pytest.raises(psycopg.OperationalError, match=r"scram|authentication method|channel binding"):
        open_store(Settings(tmp_path / "home", server.dsn(user=user, password=password)))
    assert (
        Store(Settings(tmp_path), server.superuser, dict.fromkeys(Role, "x")).conninfo(Role.GATE).count("require_auth")
        == 1
    )


@pytest.fixture
def between(server, tmp_path):
    """Somebody between, whose certificate the same authority signed for the same name: it passes on what it hears."""
    certificate, key = Authority.issue(server.authority, "db.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=pass_on, args=(listening, context, server), daemon=True)
    thread.start()
    yield listening.getsockname()[1]
    listening.shutdown(socket.SHUT_RDWR)  # whoever waits for somebody to come is told
    listening.close()
    thread.join(10)


def pass_on(listening: socket.socket, context: ssl.SSLContext, server: Server) -> None:
    request = struct.pack("!ii", 8, 80877103)  # SSLRequest (PostgreSQL's protocol, message formats)
    while True:
        try:
            heard, _ = listening.accept()
        except OSError:
            return
        with heard, socket.create_connection(("127.0.0.1", server.port)) as onward:
            onward.sendall(request)
            if heard.recv(8) != request or onward.recv(1) != b"S":
                continue
            heard.sendall(b"S")
            unchecked = ssl._create_unverified_context()  # noqa: S323  (who stands between checks nothing)
            with context.wrap_socket(heard, server_side=True) as one, unchecked.wrap_socket(onward) as other:
                copying = threading.Thread(target=copy, args=(one, other), daemon=True)
                copying.start()
                copy(other, one)
                copying.join(10)


def copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while heard := source.recv(65_536):
            target.sendall(heard)
        target.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def test_attack_somebody_between_with_a_valid_certificate_is_noticed(server, between, afar, tmp_path):
    with pytest.raises(psycopg.OperationalError, match="channel binding"):
        open_store(Settings(tmp_path / "home", server.dsn(port=str(between))))
