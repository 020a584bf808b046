"""Epoch keys in a token: a hardware security module, or its stand-in SoftHSM, spoken to by PKCS#11.

Rules:

1. An epoch key is made in the token, as sensitive and not extractable (PKCS#11 v3.0, section 4.8): it never leaves it.
2. Data keys are wrapped and unwrapped inside it, by AES-256-GCM with their place as associated data; nonces are ours,
   96 random bits each. The bytes are those that a file's key would make: ``nonce || ciphertext || tag``.
3. The PIN is read from a file that only its owner reads, each time a session opens, and kept nowhere.
4. One session to a process and token, for one call at a time: a session carries one operation (section 5.2). One that
   was lost, because the module was restarted, is opened again, once.
5. The node key is wrapped by a key of its own in the token and lives in memory: ids and blind indexes are made by the
   thousand, and what could be learned by asking the token for each is the same.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

from comity.record.epochs import KEY_LENGTH, EpochKey, Note, Remembered, messages_place, node_place
from comity.record.errors import KeyDestroyedError, KeyFileError, SealBrokenError
from comity.record.seal import NONCE_LENGTH
from comity.record.token_uri import TokenUri
from comity.store import StoreError, read_private

if TYPE_CHECKING:
    import pkcs11

_TAG_BITS: Final = 128
_ID_LENGTH: Final = 16
Answer = TypeVar("Answer")


@dataclass(slots=True)
class Token:
    """A token whose session is opened when it is first needed. One for each in a process: see :func:`token`."""

    uri: TokenUri
    _session: pkcs11.Session | None = None
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def make_key(self, label: str) -> bytes:
        """Make an AES-256 key that stays in the token; return its id."""
        import pkcs11

        identity = secrets.token_bytes(_ID_LENGTH)
        stays = {pkcs11.Attribute.SENSITIVE: True, pkcs11.Attribute.EXTRACTABLE: False}
        self._ask(
            lambda session: session.generate_key(
                pkcs11.KeyType.AES, 8 * KEY_LENGTH, id=identity, label=label, store=True, template=stays
            )
        )
        return identity

    def encrypt(self, identity: bytes, plain: bytes, where: bytes) -> bytes:
        """Return ``nonce || ciphertext || tag`` of ``plain`` for ``where``."""
        nonce = secrets.token_bytes(NONCE_LENGTH)
        sealed = self._ask(lambda session: bytes(_key(session, identity).encrypt(plain, **_gcm(nonce, where))))
        return nonce + sealed

    def decrypt(self, identity: bytes, sealed: bytes, where: bytes) -> bytes:
        """Return what was encrypted for ``where``; :class:`SealBrokenError` if it was not, or not with this key."""
        nonce, rest = sealed[:NONCE_LENGTH], sealed[NONCE_LENGTH:]

        def open_it(session: pkcs11.Session) -> bytes:
            key = _key(session, identity)
            try:
                return bytes(key.decrypt(rest, **_gcm(nonce, where)))
            except _broken_seal():
                raise SealBrokenError(
                    "A wrapped key does not open in the token: it was changed, moved, or wrapped by another key."
                ) from None

        return self._ask(open_it)

    def destroy_key(self, identity: bytes) -> None:
        """Destroy a key; nothing happens if it is gone."""

        def destroy(session: pkcs11.Session) -> None:
            try:
                key = _key(session, identity)
            except KeyDestroyedError:
                return
            key.destroy()

        self._ask(destroy)

    def _ask(self, question: Callable[[pkcs11.Session], Answer]) -> Answer:
        """Return the answer to a question that is put in the session, in a new one if the session was lost."""
        import pkcs11

        with self._lock:
            lost = self._session is not None
            try:
                return question(self._opened())
            except pkcs11.PKCS11Error as error:
                if not (lost and isinstance(error, _lost())):
                    raise self._refusal(error) from None
                self._session = None
            try:
                return question(self._opened())
            except pkcs11.PKCS11Error as error:
                self._session = None
                raise self._refusal(error) from None

    def _opened(self) -> pkcs11.Session:
        import pkcs11

        if self._session is None:
            module = pkcs11.lib(str(self.uri.module))
            serial = {"token_serial": self.uri.serial.encode()} if self.uri.serial else {}
            found = module.get_token(token_label=self.uri.token, **serial)
            try:
                self._session = found.open(rw=True, user_pin=_pin(self.uri))
            except pkcs11.UserAlreadyLoggedIn:  # a process logs in once for all of its sessions (section 5.6.8)
                self._session = found.open(rw=True)
        return self._session

    def _refusal(self, error: Exception) -> KeyFileError:
        """Say what the token said by the name of its error alone: its text might quote what was asked."""
        return KeyFileError(
            f"The token {self.uri.token!r}, which keeps this node's keys, could not be used "
            f"({type(error).__name__}). See that the module {self.uri.module} and the token are there, and that "
            f"{self.uri.pin} holds the user's PIN."
        )


@cache
def token(uri: TokenUri) -> Token:
    """Return this process's token of that name."""
    try:
        import pkcs11  # noqa: F401
    except ImportError:
        raise KeyFileError(
            "This node's keys are in a token, and the package that speaks to tokens is not installed. "
            "Install it: pip install 'comity[hsm]'"
        ) from None
    return Token(uri)


@dataclass(frozen=True, slots=True)
class TokenKey:
    """An epoch key in a token, and its messages' key, unwrapped by it once."""

    token: Token = field(repr=False)
    identity: bytes
    messages: bytes = field(repr=False)

    @property
    def held_in(self) -> str:
        """Which token."""
        return f"token {self.token.uri.token}"

    def wrap(self, key: bytes, where: bytes) -> bytes:
        """Return a data key wrapped for ``where``, in the token."""
        return self.token.encrypt(self.identity, key, where)

    def unwrap(self, wrapped: bytes, where: bytes) -> bytes:
        """Return the data key that was wrapped for ``where``, unwrapped in the token."""
        return self.token.decrypt(self.identity, wrapped, where)


@dataclass(frozen=True, slots=True)
class InToken:
    """The custodian that keeps epoch keys in a token. The key file notes which, the key's id, and what it wrapped."""

    uri: TokenUri

    @classmethod
    def named(cls, uri: str) -> InToken:
        """Return the custodian of the token of that URI; :class:`KeyFileError` if it is none."""
        return cls(TokenUri.parse(uri))

    def make(self, epoch: int) -> Note:
        """Make the epoch's key in the token, and a messages' key wrapped by it."""
        identity = token(self.uri).make_key(f"comity epoch {epoch}")
        wrapped = token(self.uri).encrypt(identity, secrets.token_bytes(KEY_LENGTH), messages_place(epoch))
        return self._note(identity, wrapped)

    def open(self, epoch: int, note: Note) -> EpochKey:
        """Return the key that was noted; what it unwraps is remembered for a while."""
        identity, wrapped = _noted(note)
        messages = token(self.uri).decrypt(identity, wrapped, messages_place(epoch))
        return Remembered(TokenKey(token(self.uri), identity, messages))

    def destroy(self, note: Note) -> None:
        """Destroy the key in the token."""
        token(self.uri).destroy_key(_noted(note)[0])

    def hide(self, node: bytes) -> Note:
        """Return the node key wrapped by a key of its own in the token."""
        identity = token(self.uri).make_key("comity node")
        return self._note(identity, token(self.uri).encrypt(identity, node, node_place()))

    def reveal(self, note: Note) -> bytes:
        """Return the node key, unwrapped in the token."""
        identity, wrapped = _noted(note)
        return token(self.uri).decrypt(identity, wrapped, node_place())

    def _note(self, identity: bytes, wrapped: bytes) -> Note:
        return {"token": str(self.uri), "id": identity.hex(), "wrapped": wrapped.hex()}


def _noted(note: Note) -> tuple[bytes, bytes]:
    if not isinstance(note, Mapping):
        raise RuntimeError("a note of a file was handed to a token")  # noqa: TRY004  (ours, not theirs)
    return bytes.fromhex(note["id"]), bytes.fromhex(note["wrapped"])


def _key(session: pkcs11.Session, identity: bytes) -> Any:
    import pkcs11

    try:
        return session.get_key(object_class=pkcs11.ObjectClass.SECRET_KEY, id=identity)
    except pkcs11.NoSuchKey:
        raise KeyDestroyedError(
            "This epoch's key is no longer in the token; what it protected cannot be read."
        ) from None


def _gcm(nonce: bytes, where: bytes) -> dict[str, Any]:
    import pkcs11
    from pkcs11.mechanisms import GCMParams

    return {"mechanism": pkcs11.Mechanism.AES_GCM, "mechanism_param": GCMParams(nonce, aad=where, tag_bits=_TAG_BITS)}


def _pin(uri: TokenUri) -> str:
    try:
        return read_private(uri.pin).decode().removesuffix("\n")
    except FileNotFoundError:
        raise KeyFileError(f"The file of the token's PIN, {uri.pin}, is not there. Put it back, mode 600.") from None
    except UnicodeDecodeError:
        raise KeyFileError(f"The file of the token's PIN, {uri.pin}, holds no PIN. Write the PIN into it.") from None
    except (StoreError, OSError) as error:
        raise KeyFileError(str(error)) from None


def _broken_seal() -> tuple[type[Exception], ...]:
    """Return what modules say of a wrong tag; SoftHSM 2.6 says that something went wrong in general."""
    import pkcs11

    return (
        pkcs11.exceptions.EncryptedDataInvalid,
        pkcs11.exceptions.EncryptedDataLenRange,
        pkcs11.exceptions.GeneralError,
        pkcs11.exceptions.MechanismParamInvalid,
        pkcs11.exceptions.ArgumentsBad,
    )


def _lost() -> tuple[type[Exception], ...]:
    """Return what modules say when a session is no longer there."""
    import pkcs11

    return (
        pkcs11.exceptions.SessionHandleInvalid,
        pkcs11.exceptions.SessionClosed,
        pkcs11.exceptions.UserNotLoggedIn,
        pkcs11.exceptions.DeviceRemoved,
        pkcs11.exceptions.DeviceError,
        pkcs11.exceptions.TokenNotPresent,
    )
