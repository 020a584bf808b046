"""Whom to believe, in a file: C2SP tlog-policy (https://c2sp.org/tlog-policy): logs, witnesses and a quorum.

A ledger's own policy says which witnesses cosign it and how many must; a witness's says for which logs it cosigns.

1. Lines end in newlines; their items are divided by spaces and tabs alone; a line that begins with ``#`` is a comment.
2. A name is defined once, before it is used, and stands in one group at most; ``none`` is the quorum of nobody.
3. No key is listed twice, under whatever name.
4. There is exactly one quorum. What is not understood is refused with its line, never passed over.

Pure: the text is handed in.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from comity.ledger.cosignature import CosignerKey, read_key
from comity.ledger.errors import NoteError, PolicyError
from comity.ledger.note import Verifier

NOBODY: Final = "none"
_ALLOWED = re.compile(r"[\t\n\x20-\x7e\x80-\uffff\U00010000-\U0010ffff]*").fullmatch
_COUNT = re.compile(r"[1-9][0-9]{0,3}").fullmatch


@dataclass(frozen=True, slots=True)
class Log:
    """A log to believe: its key (whose name is its origin) and where it is, if that is said."""

    key: Verifier | CosignerKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness to believe: its name in the policy, its key, and where checkpoints are submitted to it."""

    name: str
    key: CosignerKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Some of the names above it, of which ``least`` must have witnessed."""

    least: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """Logs, witnesses, groups, and the name of the witness or group whose witnessing is enough."""

    logs: tuple[Log, ...] = ()
    witnesses: tuple[Witness, ...] = ()
    groups: Mapping[str, Group] | None = None
    quorum: str = NOBODY

    def is_met(self, cosigned: Collection[str]) -> bool:
        """Whether the witnesses of these names are a quorum."""
        return self.quorum == NOBODY or self._has(self.quorum, cosigned)

    def _has(self, name: str, cosigned: Collection[str]) -> bool:
        group = (self.groups or {}).get(name)
        if group is None:
            return name in cosigned
        return sum(self._has(it, cosigned) for it in group.members) >= group.least

    def keys_of(self, origin: str) -> list[Verifier | CosignerKey]:
        """Return the keys that are believed for the log of this origin."""
        return [it.key for it in self.logs if it.key.name == origin]

    @classmethod
    def parse(cls, text: str) -> Policy:
        """Read a policy; raise PolicyError, which names the line and what to do, if it is none."""
        if not _ALLOWED(text):
            raise PolicyError("A policy holds no control characters but tab and newline.")
        reading = _Reading()
        for number, line in enumerate(text.split("\n"), 1):
            items = [item for item in re.split(r"[ \t]+", line) if item]
            if items and not items[0].startswith("#"):
                try:
                    reading.read(items)
                except (PolicyError, NoteError) as wrong:
                    raise PolicyError(f"Line {number} of the policy: {wrong}") from wrong
        if reading.quorum is None:
            raise PolicyError("The policy has no quorum line. Write `quorum none` if nobody need witness.")
        return cls(tuple(reading.logs), tuple(reading.witnesses), reading.groups, reading.quorum)


class _Reading:
    """A policy while it is read, line by line."""

    def __init__(self) -> None:
        self.logs: list[Log] = []
        self.witnesses: list[Witness] = []
        self.groups: dict[str, Group] = {}
        self.quorum: str | None = None
        self._grouped: set[str] = set()

    def read(self, items: list[str]) -> None:
        match items:
            case ["log", vkey, *url] if len(url) <= 1:
                key = read_key(vkey)
                self._require_new(key.public, [it.key.public for it in self.logs])
                self.logs.append(Log(key, *url))
            case ["witness", name, vkey, *url] if len(url) <= 1:
                self._name(name)
                cosigner = CosignerKey.parse(vkey)
                self._require_new(cosigner.public, [it.key.public for it in self.witnesses])
                self.witnesses.append(Witness(name, cosigner, *url))
            case ["group", name, count, *members]:
                self._name(name)
                self.groups[name] = self._group(count, members)
            case ["quorum", name]:
                self._quorum(name)
            case _:
                raise PolicyError("It is none of log, witness, group and quorum as the format writes them.")

    def _require_new(self, public: bytes, known: Collection[bytes]) -> None:
        if public in known:
            raise PolicyError("This key is listed already.")

    def _name(self, name: str) -> None:
        if name == NOBODY or self._is_defined(name):
            raise PolicyError(f"The name {name} is taken.")

    def _is_defined(self, name: str) -> bool:
        return name in self.groups or any(name == it.name for it in self.witnesses)

    def _group(self, count: str, members: list[str]) -> Group:
        for member in members:
            if not self._is_defined(member) or member in self._grouped:
                raise PolicyError(f"{member} is not defined above, or stands in a group already.")
            self._grouped.add(member)
        least = {"all": len(members), "any": 1}.get(count) or (int(count) if _COUNT(count) else 0)
        if not 1 <= least <= len(members):
            raise PolicyError("A group needs members, and `all`, `any` or a number of them.")
        return Group(least, tuple(members))

    def _quorum(self, name: str) -> None:
        if self.quorum is not None:
            raise PolicyError("There is a quorum already.")
        if name != NOBODY and not self._is_defined(name):
            raise PolicyError(f"{name} is not defined above.")
        self.quorum = name
