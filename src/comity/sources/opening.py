"""From a checked ``source:`` block to the source."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from comity.sources.errors import SpecError
from comity.sources.from_http import HttpSource
from comity.sources.marks import how_digest
from comity.sources.models import Source
from comity.sources.spec import check_spec

# Imported when one is opened: the libraries of some take longer to load than most commands to run.
_SOURCES = {
    "csv": "CsvSource",
    "jsonl": "JsonLinesSource",
    "json": "JsonSource",
    "xlsx": "XlsxSource",
    "xml": "XmlSource",
    "sql": "SqlSource",
}

_WORDS: Mapping[str, Mapping[str, str | None]] = {"delimiter": {"tab": "\t"}, "quote": {"none": None}}


def open_source(spec: Mapping[str, Any], base: Path, secrets: Mapping[str, str] | None = None) -> Source:
    """Return the source that a ``source:`` block describes; nothing is opened before it is read.

    ``base`` is the folder from which relative paths are meant. ``secrets`` answers ``${NAME}`` in an address; None:
    the environment, looked at whenever the source is read. Raises :class:`SpecError` with every fault of the block.
    """
    faults = check_spec(spec)
    if faults:
        raise SpecError(faults)
    ((kind, given),) = spec.items()
    options = {name: _frozen(value) for name, value in (given or {}).items()}
    if kind == "http":
        return HttpSource(**options)
    how = how_digest(kind, options)
    if kind == "sql":
        options["secrets"] = secrets
    if kind == "csv":
        options = {name: _meant(name, value) for name, value in options.items()}
    source = getattr(import_module(f"comity.sources.from_{kind}"), _SOURCES[kind])
    opened: Source = source(base=base, how=how, **options)
    return opened


def _meant(name: str, value: Any) -> Any:
    """Return the character that a word stands for, or None for none."""
    return _WORDS[name].get(value, value) if name in _WORDS else value


def _frozen(value: Any) -> Any:
    """Return a value of a YAML reader as a plain one."""
    if isinstance(value, list | tuple):
        return tuple(_frozen(each) for each in value)
    if isinstance(value, Mapping):
        return {str(key): _frozen(each) for key, each in value.items()}
    return str(value) if isinstance(value, str) else value
