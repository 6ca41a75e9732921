"""TLS to a pool: which certificates are taken, and in one line why one is not and what can be done.

Verified against the system's authorities (SSL_CERT_FILE and SSL_CERT_DIR name others) or, with `ca`, against those of
one file; with `pin` the certificate must be the one of that fingerprint, and nothing else is asked of it.
"""

from __future__ import annotations

import asyncio
import ssl
from hashlib import sha256
from pathlib import Path

from .url import PoolURL

_PLAIN_TEXT = ("wrong version number", "record layer failure", "http request", "unknown protocol")


class CertificateRefused(OSError):
    """The pool's certificate is not what the URL wants; the text says what it is."""


def tls_context(url: PoolURL) -> ssl.SSLContext:
    """What this pool's certificate must satisfy. Raises OSError when the file of authorities cannot be used."""
    if url.ca is None:
        context = ssl.create_default_context()
    else:
        file = Path(url.ca).expanduser()
        try:
            context = ssl.create_default_context(cafile=file)
        except ssl.SSLError:
            raise CertificateRefused(f"TLS: #ca={file} holds no certificate in PEM form") from None
        except OSError as error:
            raise CertificateRefused(f"TLS: #ca={file}: {(error.strerror or str(error)).lower()}") from None
    if url.insecure or url.pin is not None:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.sslobject_class = _Telling
    return context


def check_pin(url: PoolURL, writer: asyncio.StreamWriter) -> None:
    """Before the first byte of ours is sent. Raises CertificateRefused."""
    if url.pin is None:
        return
    tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
    seen = sha256(tls.getpeercert(binary_form=True) or b"").hexdigest()
    if seen != url.pin:
        raise CertificateRefused(
            f"TLS: the certificate is not the pinned one: its SHA-256 is {seen}; if the pool has a new one, write "
            f"#pin={seen}"
        )


def plain_tls(error: ssl.SSLError) -> str:
    """What went wrong with TLS, and what can be done."""
    if isinstance(error, ssl.SSLCertVerificationError):
        said = error.verify_message.strip().rstrip(".") or "the certificate cannot be verified"
        seen: str | None = getattr(error, "fingerprint", None)
        pin = f"#pin={seen} takes this one, " if seen else ""
        return f"TLS: {said}; {pin}#ca=FILE your own authority's, #insecure any certificate"
    reason = (getattr(error, "reason", None) or str(error)).replace("_", " ").lower()
    return f"TLS: {reason}" + ("; is it a stratum+tcp:// port?" if reason in _PLAIN_TEXT else "")


class _Telling(ssl.SSLObject):
    """Adds to the error of a certificate that is refused its fingerprint, so that a person can compare and pin it."""

    def do_handshake(self) -> None:
        try:
            super().do_handshake()
        except ssl.SSLCertVerificationError as error:
            error.fingerprint = _fingerprint(self)  # type: ignore[attr-defined]
            raise


def _fingerprint(tls: ssl.SSLObject) -> str | None:
    """Of the certificate that was shown; None where this Python does not tell before the handshake is done."""
    inner = getattr(tls, "_sslobj", None)
    try:
        first = inner.get_unverified_chain()[0]  # type: ignore[union-attr]
        return sha256(first if isinstance(first, bytes) else first.public_bytes(ssl._ssl.ENCODING_DER)).hexdigest()  # type: ignore[attr-defined]
    except (AttributeError, IndexError, TypeError, ValueError, ssl.SSLError):
        return None
