"""The demonstration as its user runs it: it comes up, a second run goes on, and Ctrl-C leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

PATIENCE = 240  # seconds for a small chain on a busy machine
PEOPLE = "60"


class Demo:
    """A running demonstration, stopped by its own process id."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.output = home.parent / "output.txt"
        with self.output.open("w") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "comity.cli", "demo", "--people", PEOPLE],
                env={**os.environ, "COMITY_HOME": str(home)},
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_for(self, pattern: str) -> re.Match[str]:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if found := re.search(pattern, self.output.read_text()):
                return found
            assert self.process.poll() is None, self.output.read_text()
            time.sleep(0.2)
        raise AssertionError(self.output.read_text())

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()


def started_for(home: Path) -> list[str]:
    """The processes whose environment or arguments name this node's home."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            text = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
        except OSError:
            continue
        if str(home).encode() in text and int(process.name) != os.getpid():
            found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


def page(address: str) -> str:
    with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310  (our own address)
        return answer.read().decode()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("demo") / "home"


@pytest.fixture(scope="module")
def first(home):
    demo = Demo(home)
    try:
        address = demo.wait_for(r"Comity is at (http://\S+)")[1]
        told = {"address": address, "start": page(address), "register": page(f"{address}agreements")}
        told["code"] = demo.interrupt()
        told["left"] = started_for(home)
        told["output"] = demo.output.read_text()
        yield told
    finally:
        demo.stop()


@pytest.mark.timeout(600)
def test_it_serves_its_pages_and_says_whom_to_sign_in_as(first):
    assert "Priya Nair" in first["output"]
    assert "Priya Nair" in first["start"]
    assert "Building a prosecution" in first["register"]


@pytest.mark.timeout(600)
def test_what_was_delivered_is_printed_and_adds_up(first):
    lines = re.findall(r"([\d,]+) delivered = (.+?)\s+\d+\.\d s", first["output"])
    assert len(lines) == 11
    for delivered, parts in lines:
        numbers = [int(number.replace(",", "")) for number in re.findall(r"([\d,]+) [a-z]+", parts)]
        assert int(delivered.replace(",", "")) == sum(numbers)


@pytest.mark.timeout(600)
def test_an_interrupt_stops_everything_that_it_started(first):
    assert first["code"] == 0
    assert first["left"] == []
    assert "Traceback" not in first["output"]


@pytest.mark.timeout(600)
def test_a_second_run_goes_on_where_the_first_left_off(first, home):
    demo = Demo(home)
    try:
        demo.wait_for("Comity is at")
        demo.interrupt()
        output = demo.output.read_text()
    finally:
        demo.stop()
    assert output.count("nothing new") == 11
    assert "Finding out who is who" not in output
    assert started_for(home) == []
