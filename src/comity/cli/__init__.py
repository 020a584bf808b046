"""The command line: ``comity`` up, demo, status, backup, source, agreement, people, extract, why, ledger and more."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import Final

from cyclopts import App

from comity.cli.failing import Failed, exit_code, told

app = App(
    name="comity",
    help="Joins up what justice agencies hold, and lets a part of it out only under a signed agreement, with proof.",
    help_epilogue="COMITY_HOME says where this node lives, COMITY_DSN which PostgreSQL it uses (its own, if not set).",
)
# A command's module is imported once the command is named: all of them together take seconds.
_COMMANDS: Final = {
    "up": "running:up",
    "demo": "running:demo",
    "status": "checkup:status",
    "doctor": "checkup:doctor",
    "backup": "backups:backup",
    "restore": "backups:restore",
    "source": "sources:app",
    "agreement": "agreements:app",
    "assessment": "assessments:app",
    "person": "persons:app",
    "people": "linking:app",
    "extract": "extracts:app",
    "statistic": "statistics:app",
    "reviews": "reviews:reviews",
    "retention": "retaining:app",
    "hold": "holding:app",
    "ledger": "ledgers:app",
    "keys": "keeping:app",
    "why": "whys:why",
    "report": "reports:app",
}
for _name, _at in _COMMANDS.items():
    app.command(f"comity.cli.{_at}", name=_name)


def main() -> None:
    """Run one command. What went wrong is told in a sentence, with what to do; the exit code is of its kind."""
    for told_to_end in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(told_to_end, _end)
    try:
        _import_what_is_listed(sys.argv[1:])
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


def _import_what_is_listed(arguments: list[str]) -> None:
    """Import the commands whose list is asked for: it says of each what it says of itself."""
    asked = [each for each in arguments if each not in ("--help", "-h")]
    if not asked:
        for command in _COMMANDS:
            app[command]
    elif asked == ["people"]:
        people = app["people"]
        for command in list(people):
            people[command]


def _end(number: int, _: FrameType | None) -> None:
    """End as an interrupt does: everything that was started is stopped on the way out."""
    sys.exit(128 + number)
