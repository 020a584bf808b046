"""A chain: its agencies, the people who work there, and the files that say how their systems and agreements read.

A chain is a folder with ``chain.yaml``, ``mappings/`` and ``agreements/``. Two come with Comity: ``madeup``, whose
data the demonstration makes, and ``broward``, whose data lie in a folder that the user names.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from string import Template

from ruamel.yaml import YAML

from comity.demo.errors import ChainError
from comity.vocabulary.models import Label

HERE = Path(__file__).parent
_RECOGNISED_BY = {"broward": ("sheriff_jail.csv", "clerk_court.db", "doc_prison.jsonl", "pretrial_assessment.xlsx")}
_IN_FORCE_SINCE = timedelta(days=30)
_IN_FORCE_FOR = timedelta(days=365)
_REVIEW_IN = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class ChainAgency:
    """An agency of the chain."""

    id: str
    kind: str
    label: Label


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who works at an agency, as whom a visitor may sign in."""

    id: str
    name: str
    agency: str
    role: str
    language: str


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain, read from its folder."""

    name: str
    title: Label
    jurisdiction: str
    zone: str
    folder: Path
    agencies: tuple[ChainAgency, ...]
    people: tuple[Colleague, ...]
    mappings: tuple[Path, ...]
    agreements: tuple[Path, ...]


def read_chain(folder: Path) -> Chain:
    """Return the chain that ``folder`` holds; :class:`ChainError` if it holds none."""
    path = folder / "chain.yaml"
    try:
        said = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
        return Chain(
            name=said["chain"],
            title=Label(**said["title"]),
            jurisdiction=said["jurisdiction"],
            zone=said["zone"],
            folder=folder,
            agencies=tuple(ChainAgency(it["id"], it["kind"], Label(it["en"], it["nl"])) for it in said["agencies"]),
            people=tuple(Colleague(**it) for it in said["people"]),
            mappings=tuple(folder / "mappings" / f"{name}.yaml" for name in said["mappings"]),
            agreements=tuple(folder / "agreements" / f"{name}.yaml" for name in said["agreements"]),
        )
    except OSError:
        raise ChainError(f"{folder} holds no chain.yaml. Name a folder that holds a chain.") from None
    except (KeyError, TypeError) as error:
        raise ChainError(f"{path.name} is not a chain: {error} is missing or not as it should be.") from None


def chain_for(data: Path | None) -> Chain:
    """Return the made-up chain, or the shipped chain whose systems lie in ``data``, or the chain ``data`` holds.

    Raises :class:`ChainError` with what was looked for, if ``data`` holds none of them.
    """
    if data is None:
        return read_chain(HERE / "madeup")
    if not data.is_dir():
        raise ChainError(f"There is no folder {data}. Name the folder that holds the agencies' files.")
    for name, files in _RECOGNISED_BY.items():
        if all((data / file).is_file() for file in files):
            return read_chain(HERE / name)
    if (data / "chain.yaml").is_file():
        return read_chain(data)
    needed = "; or ".join(", ".join(files) for files in _RECOGNISED_BY.values())
    raise ChainError(f"{data} is not a chain that Comity knows. It would need {needed}; or a chain.yaml of its own.")


def agreement_text(path: Path, today: date) -> str:
    """Return an agreement's YAML with its days set around ``today``: it has to be in force when it is shown."""
    text = path.read_text(encoding="utf-8")
    since = today - _IN_FORCE_SINCE
    return Template(text).safe_substitute(
        {"from": since, "until": since + _IN_FORCE_FOR, "review_by": today + _REVIEW_IN}
    )
