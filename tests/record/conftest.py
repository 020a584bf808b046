"""A token of the tests' own: SoftHSM in a folder that goes with them."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from comity.record.token_uri import TokenUri
from comity.store import write_private

MODULES = (Path("/usr/lib/softhsm/libsofthsm2.so"), Path("/usr/lib64/pkcs11/libsofthsm2.so"))


@pytest.fixture(scope="session")
def softhsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """SoftHSM's module, and the folder of its tokens; without it the test fails under CI, and is skipped elsewhere."""
    module = next((each for each in MODULES if each.exists()), None)
    if module is None or shutil.which("softhsm2-util") is None:
        reason = "SoftHSM is not on this machine; as root on Debian, scripts/debian-packages.sh installs it"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(folder / "conf")  # the module reads it when it is loaded
    yield module, folder
    os.environ.pop("SOFTHSM2_CONF")
    if before is not None:
        os.environ["SOFTHSM2_CONF"] = before


@pytest.fixture(scope="session")
def tokens(softhsm: tuple[Path, Path]) -> Mapping[str, TokenUri]:
    """Three tokens, each with a PIN that is in a private file; all there before the module is loaded."""
    module, folder = softhsm
    made = {}
    for label in ("comity", "open-pin", "wrong-pin"):
        pin, officer = secrets.token_hex(8), secrets.token_hex(8)
        named = ["--label", label, "--so-pin", officer, "--pin", pin]
        subprocess.run(["softhsm2-util", "--init-token", "--free", *named], check=True, capture_output=True)
        write_private(folder / f"{label}.pin", f"{pin}\n".encode())
        made[label] = TokenUri(label, module, folder / f"{label}.pin")
    return made


@pytest.fixture(scope="session")
def token_uri(tokens: Mapping[str, TokenUri]) -> TokenUri:
    return tokens["comity"]
