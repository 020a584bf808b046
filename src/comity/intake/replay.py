"""Held messages, read again by a mapping that may have been mended since."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from comity.intake.apply import Applier
from comity.intake.sitting import RAW, Message, Sitting, digest
from comity.intake.store import Waiting
from comity.sources import Body


def messages_of(sitting: Sitting, held: Iterable[Waiting]) -> Iterator[Message]:
    """Yield held messages, mapped again. What could not be read at all stays held until the source says it right."""
    applier = Applier(sitting.mapping, sitting.vocabulary, sitting.now)
    for it in held:
        if it.verbatim is None or it.format == RAW:
            continue
        content = sitting.keyring.unseal_verbatim(it.statement_id, it.epoch, it.verbatim)
        body = Body.from_verbatim(it.format, content, namespaces(sitting.mapping.source))
        said, known_by = applier.apply(body, it.place), digest(sitting, it.format, content)
        yield Message(it.statement_id, it.place, it.format, content, known_by, said, number=it.number)


def namespaces(source: Mapping[str, object]) -> dict[str, str]:
    """Return the prefixes that a source block declares for its paths."""
    spec = source.get("xml") or source.get("http")
    declared = spec.get("namespaces") if isinstance(spec, Mapping) else None
    return {str(name): str(uri) for name, uri in declared.items()} if isinstance(declared, Mapping) else {}
