"""Pages are served over TLS, or to this machine alone."""

from __future__ import annotations

import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import urllib.request

import pytest
from tests.certificates import Authority

from comity.cli.failing import Misused
from comity.cli.serving import Place
from comity.store.errors import PrivateFileError


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def pair(authority):
    return authority.issue("data.example")


SERVE = """
import sys
from pathlib import Path
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from comity.cli.serving import Place, serve
from comity.web.guards import SecureHeaders
place = Place("0.0.0.0", 0, ("data.example",), Path(sys.argv[1]), Path(sys.argv[2]))
app = Starlette(routes=[Route("/", lambda request: PlainTextResponse(request.url.scheme))])
app.add_middleware(SecureHeaders, encrypted=place.is_encrypted)
serve(app, place, lambda address: address)
"""


@pytest.fixture(scope="module")
def served(pair):
    """A server that any machine could reach, and its port."""
    process = subprocess.Popen([sys.executable, "-c", SERVE, *map(str, pair)], stdout=subprocess.PIPE, text=True)
    try:
        said = "".join(process.stdout.readline() for _ in range(3))
        yield int(re.search(r"https://data\.example:(\d+)/", said)[1])
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def connected(port: int, context: ssl.SSLContext) -> ssl.SSLSocket:
    for _ in range(600):  # the port is taken before the server answers on it
        try:
            plain = socket.create_connection(("127.0.0.1", port), timeout=30)
            break
        except ConnectionRefusedError:
            threading.Event().wait(0.05)
    return context.wrap_socket(plain, server_hostname="data.example")


def test_it_is_served_over_tls_whose_certificate_holds(authority, served):
    with connected(served, ssl.create_default_context(cafile=authority.certificate)) as tls:
        assert tls.version() == "TLSv1.3"
        tls.sendall(b"GET / HTTP/1.1\r\nHost: data.example\r\nConnection: close\r\n\r\n")
        heard = b"".join(iter(lambda: tls.recv(65_536), b""))
    assert heard.endswith(b"https")
    assert b"\r\nstrict-transport-security: max-age=31536000\r\n" in heard


def test_attack_tls_that_is_older_than_1_2_is_not_spoken(authority, served):
    old = ssl.create_default_context(cafile=authority.certificate)
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError):
        connected(served, old)


def test_attack_without_tls_nothing_is_said(served):
    with pytest.raises(OSError, match=r"."), urllib.request.urlopen(f"http://127.0.0.1:{served}/", timeout=30):
        pass


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"address": "0.0.0.0"}, "--certificate"),  # noqa: S104  (it is refused)
        ({"address": "192.0.2.7"}, "--behind-proxy"),
        ({"address": "::"}, "encrypted"),
        ({"address": "192.0.2.7", "behind_proxy": True}, "encrypted"),
        ({"address": "localhost"}, "no address"),
        ({"certificate": "a.pem"}, "Name both"),
        ({"address": "192.0.2.7", "certificate": "a.pem", "key": "a.key"}, "--name"),
        ({"address": "192.0.2.7", "certificate": "a", "key": "b", "behind_proxy": True}, "loopback"),
    ],
)
def test_attack_what_other_machines_could_reach_is_not_served_in_the_open(said, told):
    with pytest.raises(Misused, match=told):
        Place(**said)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1"])
def test_the_loopback_needs_no_certificate_and_knows_of_a_proxy(address):
    assert not Place(address).is_encrypted
    assert Place(address, behind_proxy=True).is_encrypted
    assert Place(address).url(80).startswith("http://")


def test_a_key_that_others_can_read_or_that_is_none_is_refused(pair, tmp_path):
    certificate, key = pair
    copy = tmp_path / "copy.key"
    copy.write_bytes(key.read_bytes())
    copy.chmod(0o644)
    with pytest.raises(PrivateFileError, match="chmod 600"):
        Place(certificate=certificate, key=copy).tls()
    copy.chmod(0o600)
    copy.write_text("no key")
    with pytest.raises(Misused, match="not a certificate"):
        Place(certificate=certificate, key=copy).tls()
