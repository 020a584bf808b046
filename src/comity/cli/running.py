"""``comity up`` and ``comity demo``: start everything, serve the pages, and stop what was started."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from errno import EADDRINUSE
from pathlib import Path
from typing import Annotated, Final
from zoneinfo import available_timezones

from cyclopts import Parameter, validators

from comity.cli.failing import Misused
from comity.cli.opening import now
from comity.cli.serving import LOOPBACK, Place, serve
from comity.demo.agreeing import let_agree
from comity.demo.chain import Chain, chain_for
from comity.demo.loading import load, make_up
from comity.intake.glance import best_known
from comity.intake.relinking import is_due, relink
from comity.node import Node, open_node
from comity.store import Role, Settings
from comity.store.keeping import kept_running
from comity.web.app import HOSTS, create_app
from comity.web.metrics import serving_metrics
from comity.web.models import Colleague
from comity.web.store import put_colleague, send_letter
from comity.web.turns import Turns

PEOPLE: Final = 5_000
LETTER_DAYS: Final = 90
_PATIENCE: Final = 10.0  # seconds that a process has to end by itself
_RETRY: Final = 1.0

Port = Annotated[
    int,
    Parameter(help="The port to serve on; a free one, if not given.", validator=validators.Number(gte=0, lte=65_535)),
]
People = Annotated[int, Parameter(validator=validators.Number(gte=1))]


def up(  # noqa: PLR0913  (a person names what they want)
    *,
    address: str = LOOPBACK,
    port: Port = 0,
    name: tuple[str, ...] = (),
    certificate: Path | None = None,
    key: Path | None = None,
    behind_proxy: bool = False,
    zone: str = "Europe/London",
    mappings: Path | None = None,
    metrics: Port | None = None,
) -> None:
    """Start the node: its PostgreSQL, the ledger's process and the pages. Ctrl-C stops them all.

    Parameters
    ----------
    address
        The address to serve on. One that other machines can reach takes a certificate.
    name
        A name by which others reach it; may be said more than once.
    certificate
        The certificate to serve with, with those between it and its authority (PEM).
    key
        The certificate's private key, in a file that only you can read (PEM, without a password).
    behind_proxy
        A proxy on this machine speaks TLS and passes on to the loopback.
    zone
        The zone in which people here read the clock.
    mappings
        The folder of the mapping files: their stewards see these sources, and systems may post messages to them.
    metrics
        The port of this machine on which to serve numbers for Prometheus; none, if not given.
    """
    place = Place(address, port, name, certificate, key, behind_proxy)
    if zone not in available_timezones():
        raise Misused(f"There is no time zone {zone!r}. Write one like Europe/London.")
    if mappings is not None and not mappings.is_dir():
        raise Misused(f"There is no folder {mappings}. Name the folder of the mapping files.")
    files = sorted(mappings.glob("*.yaml")) if mappings else []
    with (
        open_node(Settings.from_environment(os.environ)) as node,
        kept_running(node.store),
        _ledger_process(node.settings),
        _metrics(node, turns := Turns(), metrics) as told,
    ):
        app = create_app(node, mappings=files, zone=zone, hosts=(*HOSTS, *name), secure=place.is_encrypted, turns=turns)
        serve(app, place, lambda _: f"The node is {node.name}.{told}")


@contextmanager
def _metrics(node: Node, turns: Turns, port: int | None) -> Iterator[str]:
    """Serve the numbers for whoever watches the node, if a port was given; yields what to say of it."""
    if port is None:
        yield ""
        return
    try:
        with serving_metrics(node, turns, port) as served:
            yield f" Its numbers are at http://{LOOPBACK}:{served}/metrics"
    except OSError as error:
        if error.errno != EADDRINUSE:
            raise
        raise Misused(f"Port {port} is taken. Name another for --metrics.") from None


def demo(*, data: Path | None = None, people: People = PEOPLE, port: Port = 0) -> None:
    """Load a chain of agencies and show it: a made-up one, or the real one in a folder. Ctrl-C stops everything.

    A second run goes on where the first left off.

    Parameters
    ----------
    data
        The folder that holds the agencies' files; without it, people and what happens to them are made up.
    people
        How many people to make up.
    """
    chain = chain_for(data)
    settings = _demo_settings(chain, people)
    print(f"Comity's demonstration of {chain.title.en.lower()}. Everything it keeps is in {settings.home}")
    _say("Starting PostgreSQL")
    with open_node(settings) as node, kept_running(node.store), _ledger_process(settings):
        _set_up(node, chain, data, people)
        app = create_app(node, mappings=chain.mappings, zone=chain.zone)
        serve(app, Place(port=port), lambda address: _welcome(node, chain, address))


def _set_up(node: Node, chain: Chain, data: Path | None, people: int) -> None:
    _say("Having the agencies sign their agreements")
    let_agree(node, chain, now())
    with node.store.connect(Role.GOVERNANCE) as conn:
        for it in chain.people:
            put_colleague(conn, Colleague(it.id, it.name, it.agency, it.role, it.language, demonstration=True))
    folder = data.absolute() if data else make_up(node.settings.home, people, _say)
    _say("Taking in what the agencies' systems say")
    load(node, chain, folder, _say)
    with node.store.connect(Role.INTAKE, autocommit=True) as conn:
        if is_due(conn):
            _say("Finding out who is who")
            changes = relink(conn, now(), lambda step: _say(f"  {step}"))
            _say(f"  {changes.source_persons:,} records of people are {changes.persons:,} persons")


def _welcome(node: Node, chain: Chain, address: str) -> str:
    """Return who may sign in, and whose letter shows what the person concerned can see."""
    lines = [f"  {it.name}, {it.role.replace('-', ' ')}, {it.agency}" for it in chain.people]
    with node.store.connect(Role.INTAKE) as conn:
        person = best_known(conn)
    if person is not None:
        with node.store.connect(Role.GOVERNANCE) as conn:
            code = send_letter(conn, person, now(), now() + timedelta(days=LETTER_DAYS))
        lines += [
            f"or look at {address}person/{person} first, and then see who looked,",
            f"with that person's code {code}",
        ]
    return "\n".join(["Sign in as one of", *lines])


def _demo_settings(chain: Chain, people: int) -> Settings:
    name = f"{chain.name}-{people}" if chain.name == "madeup" else chain.name
    given = os.environ.get("COMITY_HOME")
    home = Path(given) if given else Path("var") / "demo" / name
    return Settings.from_environment({**os.environ, "COMITY_HOME": str(home.absolute())})


@contextmanager
def _ledger_process(settings: Settings) -> Iterator[None]:
    """Keep the ledger's process running, started anew if it ends by itself, and stop it afterwards."""
    over = threading.Event()
    keeper = threading.Thread(target=_keep_running, args=(settings, over), daemon=True)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join(2 * _PATIENCE)


def _keep_running(settings: Settings, over: threading.Event) -> None:
    environment = {**os.environ, "COMITY_HOME": str(settings.home)}
    while not over.is_set():
        command = [sys.executable, "-m", "comity.worker", "--beside", str(os.getpid())]
        process = subprocess.Popen(command, env=environment, start_new_session=True)  # noqa: S603 - the command is ours
        while process.poll() is None and not over.wait(0.2):
            pass
        _stop(process)
        over.wait(_RETRY)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class _Progress:
    """Tells what is going on; a line that begins with a return overwrites the one before it, on a terminal."""

    def __init__(self) -> None:
        self.began = time.monotonic()

    def __call__(self, words: str) -> None:
        passing = words.startswith("\r")
        if passing and not sys.stdout.isatty():
            return
        seconds = time.monotonic() - self.began
        print(f"{words.removeprefix(chr(13)):<70} {seconds:6.1f} s", end="\r" if passing else "\n", flush=True)


_say = _Progress()
