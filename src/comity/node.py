"""One node, put together: its settings, its open store with every room's tables, its vocabulary, its keys' places.

The command line, the worker and the pages all start here, so that they cannot start differently. It holds what they
share and decides nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from comity import vocabulary
from comity.ledger import load_or_create_signer
from comity.ledger.cosignature import Cosigner, Kind
from comity.ledger.errors import PolicyError
from comity.ledger.keys import load_or_create_cosigner
from comity.ledger.note import Signer
from comity.ledger.policy import Policy
from comity.store import Role, Settings, Store, migrate, open_store, read_private, write_private
from comity.store.store import Pool

# The order of migration: a room's tables may refer to those of a room before it.
ROOMS: Final = (
    "comity.ledger",
    "comity.agreements",
    "comity.people",
    "comity.record",
    "comity.intake",
    "comity.gate",
    "comity.web",
)


@dataclass(frozen=True, slots=True)
class Node:
    """A node whose store is open and up to date."""

    settings: Settings
    store: Store
    vocabulary: vocabulary.Vocabulary
    name: str  # what the ledger's signatures say who signed
    applied: tuple[str, ...] = ()  # the migrations that opening it applied
    ledger: int | None = None  # the number of its ledger, where it is not the one in use

    @property
    def keyring(self) -> Path:
        """Where the epoch keys and the node key are kept, without which no sealed value opens."""
        return self.settings.key_file("record.keys")

    @property
    def ledger_number(self) -> int:
        """How many ledgers this node has had, with the one in use: more than one only after a renewal."""
        try:
            return int(self._number_file.read_text(encoding="ascii"))
        except FileNotFoundError:
            return 1

    @property
    def _number_file(self) -> Path:
        return self.settings.home / "ledger.number"

    def of_ledger(self, number: int) -> Node:
        """Return this node as it is with its ledger of that number."""
        return replace(self, ledger=number)

    def ledger_called(self, origin: str) -> Node:
        """Return this node as it was with the ledger that was called so; as it is, if that is none of its own."""
        earlier = (self.of_ledger(number) for number in range(1, self.ledger_number))
        return next((it for it in earlier if it.origin == origin), self)

    def use_ledger(self, number: int) -> None:
        """Use the ledger of that number from now on."""
        draft = self._number_file.with_name(f".{self._number_file.name}.draft")
        draft.write_text(str(number), encoding="ascii")
        draft.replace(self._number_file)

    def _numbered(self, name: str) -> str:
        number = self.ledger or self.ledger_number
        return name if number == 1 else f"{name}-{number}"

    @property
    def origin(self) -> str:
        """What the ledger is called: the node's name, and after a renewal its number too."""
        number = self.ledger or self.ledger_number
        return self.name if number == 1 else f"{self.name}/{number}"

    @property
    def ledger_key(self) -> Path:
        """Where the key is kept that signs the ledger's checkpoints."""
        return self.settings.key_file(f"{self._numbered('ledger')}.key")

    @property
    def ledger_head(self) -> Path:
        """Where the ledger remembers, outside the database, what it signed last."""
        return self.settings.home / f"{self._numbered('ledger')}.head"

    def signer(self) -> Signer:
        """Return the key that signs the checkpoints, made with the first asking; KeyFileError if it is lost."""
        return load_or_create_signer(self.ledger_key, self.origin, self.ledger_head)

    def also_signs(self) -> tuple[Cosigner, ...]:
        """Return the ledger's second key, which signs each checkpoint too, against quantum computers (ML-DSA-44)."""
        path = self.settings.key_file(f"{self._numbered('ledger-ml-dsa')}.key")
        return (load_or_create_cosigner(path, self.origin, Kind.ML_DSA_44, self.ledger_head),)

    def policy(self) -> Policy:
        """Return who witnesses this ledger, and how many must; nobody, if there is no file ``ledger.policy``."""
        return _policy(self.settings.home / "ledger.policy")

    def witnessed_logs(self) -> Policy:
        """Return whose ledgers this node witnesses; nobody's, if there is no file ``witness.policy``."""
        return _policy(self.settings.home / "witness.policy")

    def cosigners(self) -> tuple[Cosigner, ...]:
        """Return the keys with which this node witnesses others, one of each kind; made with the first asking."""
        name = f"{self.name}/witness"
        files = ((Kind.ED25519, "witness.key"), (Kind.ML_DSA_44, "witness-ml-dsa.key"))
        return tuple(load_or_create_cosigner(self.settings.key_file(file), name, kind) for kind, file in files)

    @property
    def agency_keys(self) -> Path:
        """The folder of the signing keys that this node holds: its own agency's; in a demonstration, everybody's."""
        return self.settings.home / "keys" / "agencies"

    @asynccontextmanager
    async def pools(self, *roles: Role, size: int = 16) -> AsyncIterator[Mapping[Role, Pool]]:
        """Open a pool of connections for each role, and close them afterwards; ``size`` is the most of each."""
        async with AsyncExitStack() as stack:
            yield {role: await stack.enter_async_context(self.store.pool(role, max_size=size)) for role in roles}


@contextmanager
def open_node(settings: Settings) -> Iterator[Node]:
    """Open the store, apply what is new of every room's migrations, load the vocabulary; close it all afterwards.

    Raises a ``StoreError`` or ``VocabularyError`` that says what to do
    """
    words = vocabulary.load()
    with open_store(settings) as store:
        applied = migrate(store, ROOMS)
        yield Node(settings, store, words, _name(settings), tuple(applied))


def _policy(path: Path) -> Policy:
    try:
        return Policy.parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Policy()
    except UnicodeDecodeError:
        raise PolicyError(f"{path} is not text in UTF-8. Save it as UTF-8.") from None
    except PolicyError as wrong:
        raise PolicyError(f"{path}: {wrong}") from wrong


def _name(settings: Settings) -> str:
    """Return the node's name, a random one given with its first opening: it is signed, so it never changes."""
    path = settings.home / "name"
    with suppress(FileExistsError):
        write_private(path, f"comity-{secrets.token_hex(4)}".encode())
    return read_private(path).decode()
