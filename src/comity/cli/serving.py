"""Where pages are served, and that nobody on the way can read them.

1. A socket that another machine can reach speaks TLS, 1.2 or newer (RFC 9325), or is not opened.
2. Without TLS of our own there is the loopback alone, and behind it perhaps a proxy of this machine that speaks TLS:
   whoever starts the node says so, and the session's cookie then never travels without.
3. The private key is in a file that only its owner reads.
4. A server answers to the names that it is given, and to no other.
"""

from __future__ import annotations

import gc
import os
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp

from comity.cli.failing import Misused
from comity.store import read_private

LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Place:
    """Where to serve, and how. Valid from birth: :class:`Misused` says what is wrong with it."""

    address: str = LOOPBACK
    port: int = 0
    names: tuple[str, ...] = ()
    certificate: Path | None = None
    key: Path | None = None
    behind_proxy: bool = False

    def __post_init__(self) -> None:
        try:
            here = ip_address(self.address).is_loopback
        except ValueError:
            raise Misused(f"{self.address} is no address. Write one in numbers, such as {LOOPBACK}.") from None
        if (self.certificate is None) is not (self.key is None):
            raise Misused("TLS takes a certificate and its key. Name both, or neither.")
        if not here and self.certificate is None:
            raise Misused(
                f"Other machines can reach {self.address}, so what is served there has to be encrypted. Give a "
                "certificate with --certificate and --key, or serve on the loopback behind a proxy of this machine "
                "that speaks TLS: --behind-proxy"
            )
        if self.behind_proxy and not here:
            raise Misused(f"A proxy on this machine reaches the loopback: serve there, and not on {self.address}.")
        if not here and not self.names:
            raise Misused("Say by which name others reach this node: --name data.example.org")

    @property
    def is_encrypted(self) -> bool:
        """Whether whoever looks at a page does so over TLS."""
        return self.certificate is not None or self.behind_proxy

    def listen(self) -> socket.socket:
        """Return a socket that takes connections here."""
        six = isinstance(ip_address(self.address), IPv6Address)
        try:
            return socket.create_server((self.address, self.port), family=socket.AF_INET6 if six else socket.AF_INET)
        except OSError as error:
            raise Misused(
                f"Port {self.port} cannot be served on ({os.strerror(error.errno or 0)}). Name another."
            ) from None

    def url(self, port: int) -> str:
        """Return the address of the start page."""
        host = self.names[0] if self.names else self.address
        return f"{'https' if self.certificate else 'http'}://{f'[{host}]' if ':' in host else host}:{port}/"

    def tls(self) -> ssl.SSLContext | None:
        """Return how the server speaks TLS; ``None`` if it speaks none."""
        return _context(self.certificate, self.key) if self.certificate and self.key else None


def serve(app: ASGIApp, place: Place, welcome: Callable[[str], str]) -> None:
    """Serve an application until Ctrl-C, and say where, with what ``welcome`` says of that address."""
    tls, listening = place.tls(), place.listen()
    address = place.url(listening.getsockname()[1])
    print("\n".join(["", f"Comity is at {address}", welcome(address), "Ctrl-C stops everything."]), flush=True)
    usual = uvicorn.Config(app, log_level="warning", server_header=False, date_header=True)
    usual.ssl_context_factory = (lambda *_: tls) if tls else None
    server = uvicorn.Server(usual)
    gc.freeze()  # what is loaded by now stays: to look through it for garbage, again and again, held answers up
    with suppress(KeyboardInterrupt):  # the server, once stopped, raises again what stopped it
        server.run(sockets=[listening])
    print("\nStopping what was started.")


def _context(certificate: Path, key: Path) -> ssl.SSLContext:
    read_private(key)  # refused if others can read it
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (ssl.SSLError, ValueError):
        raise Misused(
            f"{certificate} and {key} are not a certificate and its private key, both PEM, the key without a password."
        ) from None
    return context


def _no_password() -> Any:
    """Refuse rather than ask: a node that starts by itself has nobody to type it."""
    raise ValueError("the key has a password")
