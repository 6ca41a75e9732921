"""Certificates made for one test: an authority of our own, what it signs, and one that signs itself."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Shown:
    """What a server shows: `chain` its certificates and key in PEM form."""

    chain: Path

    def server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain)
        return context

    @property
    def pin(self) -> str:
        return sha256(x509.load_pem_x509_certificate(self.chain.read_bytes()).public_bytes(Encoding.DER)).hexdigest()


class Certificates:
    """`ca`: the file of the authority that has signed all but `self_signed`."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._authority = folder, trustme.CA()
        self.ca = folder / "authority's own.pem"  # a name that a URL must write otherwise
        self._authority.cert_pem.write_to_path(str(self.ca))
        self.good = self._issued("good", "localhost", "127.0.0.1")
        self.other_name = self._issued("other", "pool.example")
        self.expired = self._issued("expired", "localhost", until=datetime.now(UTC) - timedelta(days=1))
        self.self_signed = self._self_signed()

    def _issued(self, name: str, *hosts: str, until: datetime | None = None) -> Shown:
        leaf = self._authority.issue_cert(*hosts, not_after=until)
        path = self._folder / f"{name}.pem"
        leaf.private_key_and_cert_chain_pem.write_to_path(str(path))
        return Shown(path)

    def _self_signed(self) -> Shown:
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .sign(key, SHA256())
        )
        path = self._folder / "self.pem"
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.write_bytes(certificate.public_bytes(Encoding.PEM) + secret)
        return Shown(path)
