"""The sources of this node, from their mapping files: whose they are, what they are called, how they are read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from comity.intake import Mapping as SourceMapping
from comity.intake import load_mapping
from comity.vocabulary.models import Label, Vocabulary


@dataclass(frozen=True, slots=True)
class KnownSource:
    """A source that this node has a mapping for; the file is read again before what is held is tried again."""

    path: Path
    mapping: SourceMapping

    @property
    def label(self) -> Label:
        """Return what it is called; its name, where its mapping gives it no title."""
        return self.mapping.title or Label(self.mapping.name, self.mapping.name)

    @property
    def has_door(self) -> bool:
        """Whether its messages are posted, rather than pulled."""
        return "http" in self.mapping.source

    def again(self, vocabulary: Vocabulary) -> KnownSource:
        """Return the source with its mapping as the file is now; intake's MappingError if it has mistakes."""
        return KnownSource(self.path, load_mapping(self.path, vocabulary))


def known_sources(paths: Iterable[Path], vocabulary: Vocabulary) -> Mapping[str, KnownSource]:
    """Return the sources that mapping files describe, by name; intake's MappingError if one has mistakes."""
    found = (KnownSource(path, load_mapping(path, vocabulary)) for path in paths)
    return {source.mapping.name: source for source in found}
