"""An authority of the tests' own, and certificates that it signs."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


class Authority:
    """A certificate authority; ``certificate`` is the file with which its certificates are checked."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self.folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        made = self._sign(self._name, self._key, [(x509.BasicConstraints(ca=True, path_length=0), True)])
        self.certificate = folder / f"{name}.pem"
        self.certificate.write_bytes(made.public_bytes(Encoding.PEM))

    def issue(self, host: str) -> tuple[Path, Path]:
        """Issue a certificate for a host; return its file and that of its private key."""
        key = ec.generate_private_key(ec.SECP256R1())
        try:
            name: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
        except ValueError:
            name = x509.DNSName(host)
        made = self._sign(_named(host), key, [(x509.SubjectAlternativeName([name]), False)])
        certificate, private = self.folder / f"{host}.pem", self.folder / f"{host}.key"
        certificate.write_bytes(made.public_bytes(Encoding.PEM))
        private.touch(0o600)
        private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return certificate, private

    def _sign(self, subject, key, extensions) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(self._name, subject, key.public_key(), x509.random_serial_number(),
                                          now - timedelta(days=1), now + timedelta(days=1))  # fmt: skip
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(self._key, SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
