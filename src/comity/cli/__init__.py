"""The command line: ``comity`` up, demo, status, doctor, source, agreement, person, extract, why, ledger and more."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

from cyclopts import App

from comity.cli import (
    agreements,
    assessments,
    checkup,
    extracts,
    ledgers,
    persons,
    reviews,
    running,
    sources,
    statistics,
    whys,
)
from comity.cli.failing import Failed, exit_code, told

app = App(
    name="comity",
    help="Joins up what justice agencies hold, and lets a part of it out only under a signed agreement, with proof.",
    help_epilogue="COMITY_HOME says where this node lives, COMITY_DSN which PostgreSQL it uses (its own, if not set).",
)
app.command(running.up)
app.command(running.demo)
app.command(checkup.status)
app.command(checkup.doctor)
app.command(sources.app)
app.command(agreements.app)
app.command(assessments.app)
app.command(persons.app)
app.command(extracts.app)
app.command(statistics.app)
app.command(reviews.reviews)
app.command(ledgers.app)
app.command(whys.why)


def main() -> None:
    """Run one command. What went wrong is told in a sentence, with what to do; the exit code is of its kind."""
    for told_to_end in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(told_to_end, _end)
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)
    except Failed as failed:
        sys.exit(failed.code)
    except Exception as error:
        words = told(error)
        if words is None:
            raise
        sys.stderr.write(f"comity: {words}\n")
        sys.exit(exit_code(error))


def _end(number: int, _: FrameType | None) -> None:
    """End as an interrupt does: everything that was started is stopped on the way out."""
    sys.exit(128 + number)
