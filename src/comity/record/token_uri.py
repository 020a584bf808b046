"""How a token is named: an RFC 7512 URI, which says which token, through which module, and where its PIN is.

::

    pkcs11:token=comity?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/comity/pin

The PIN itself is refused in it (``pin-value``): what stands in a command line or a settings file is read by others.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from comity.record.errors import KeyFileError

SCHEME: Final = "pkcs11:"
_PATH: Final = {"token", "serial"}
_QUERY: Final = {"module-path", "pin-source"}
_SHAPE: Final = "pkcs11:token=NAME?module-path=/path/of/the/module.so&pin-source=file:/path/of/the/pin"


@dataclass(frozen=True, slots=True)
class TokenUri:
    """Which token, by its label and perhaps its serial number; the module that reaches it; the file of its PIN."""

    token: str
    module: Path
    pin: Path
    serial: str | None = None

    @classmethod
    def parse(cls, uri: str) -> TokenUri:
        """Read a URI; :class:`KeyFileError` if it says a PIN, leaves something out, or says what is not known here.

        The error never repeats the URI, which may hold what it should not.
        """
        if not uri.startswith(SCHEME):
            raise KeyFileError(f"A token is named so: {_SHAPE}")
        path, _, query = uri.removeprefix(SCHEME).partition("?")
        said = {**_attributes(path, ";", _PATH), **_attributes(query, "&", _QUERY)}
        for needed in ("token", "module-path", "pin-source"):
            if not said.get(needed):
                raise KeyFileError(f"The name of the token does not say its {needed}. Write {_SHAPE}")
        pin = said["pin-source"].removeprefix("file:")
        return cls(
            said["token"], _file("module-path", said["module-path"]), _file("pin-source", pin), said.get("serial")
        )

    def __str__(self) -> str:
        which = f"token={quote(self.token, safe='')}" + (
            f";serial={quote(self.serial, safe='')}" if self.serial else ""
        )
        return f"{SCHEME}{which}?module-path={quote(str(self.module))}&pin-source=file:{quote(str(self.pin))}"


def _attributes(text: str, between: str, known: set[str]) -> dict[str, str]:
    said: dict[str, str] = {}
    for each in filter(None, text.split(between)):
        name, _, value = each.partition("=")
        if name in ("pin-value", "pin"):
            raise KeyFileError(
                "The name of the token says its PIN. Change the PIN, write it into a file that only you can read "
                "(chmod 600), and name that file: pin-source=file:/path/of/the/pin"
            )
        if name not in known or name in said:
            raise KeyFileError(
                f"The name of the token says {name[:40]!r}, which is not for here, or twice. Write {_SHAPE}"
            )
        said[name] = unquote(value)
    return said


def _file(what: str, name: str) -> Path:
    path = Path(name)
    if not path.is_absolute():
        raise KeyFileError(f"The {what} of the token is not a full path. Write it from / on.")
    return path
