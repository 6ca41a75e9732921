"""TLS to a pool over real sockets: whose certificate is taken, and what is said where it is not."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from joulehash.engine.events import Disconnected
from joulehash.engine.pools.url import PoolURL
from tests.support.certificates import Certificates, Shown
from tests.support.fake_pool import FakePool, Script, handshake
from tests.support.pool_stage import QUICK, SETTINGS, no_tasks_left, stage


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


def met(shown: Shown | None, options: str = "", tls: bool = True, scripts: list[Script] | None = None) -> str:
    """What the first attempt at a pool that shows this is said to have failed of; nothing when a job came."""

    async def main() -> str:
        fake = FakePool([handshake()] if scripts is None else scripts)
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, why: None)  # the server's end of a failed handshake
        async with fake.on_tcp(None if shown is None else shown.server(), "localhost") as url:
            scheme = "stratum+ssl" if tls else "stratum+tcp"
            url = replace(PoolURL.parse(f"{scheme}://localhost:{url.port}{options}"))
            async with stage(fake, url, QUICK, SETTINGS) as played:
                await played.until(lambda: played.events)
                reasons = [event.reason for event in played.of(Disconnected)]
            await no_tasks_left()
        if not reasons:
            return ""
        assert reasons[0].isprintable()
        address, _, why = reasons[0].partition(": ")
        assert address == url.address
        return why

    return asyncio.run(main())


def remedies(shown: Shown) -> str:
    return f"; #pin={shown.pin} takes this one, #ca=FILE your own authority's, #insecure any certificate"


def of_ca(file: Path | str) -> str:
    return f"#ca={quote(str(file))}"


def test_a_self_signed_certificate_is_refused_and_its_fingerprint_told(made: Certificates) -> None:
    assert met(made.self_signed, scripts=[]) == "TLS: self-signed certificate" + remedies(made.self_signed)


def test_the_fingerprint_that_was_told_can_be_pinned(made: Certificates) -> None:
    told = met(made.self_signed, scripts=[])
    pin = told[told.index("#pin=") :].split()[0]
    assert met(made.self_signed, pin) == ""


def test_a_pin_as_openssl_writes_it(made: Certificates) -> None:
    pin = made.self_signed.pin.upper()
    assert met(made.self_signed, "#pin=" + ":".join(pin[i : i + 2] for i in range(0, 64, 2))) == ""


def test_with_a_pin_the_certificate_need_not_verify(made: Certificates) -> None:
    assert met(made.expired, f"#pin={made.expired.pin}") == ""
    assert met(made.other_name, f"#pin={made.other_name.pin}") == ""


def test_a_certificate_that_is_not_the_pinned_one_is_refused_however_good(made: Certificates) -> None:
    why = met(made.good, f"#pin={made.self_signed.pin}", scripts=[[(None,)]])
    pin = f"#pin={made.good.pin}"
    is_not = f"TLS: the certificate is not the pinned one: its SHA-256 is {made.good.pin}"
    assert why == f"{is_not}; if the pool has a new one, write {pin}"


def test_nothing_of_ours_is_sent_to_a_server_without_the_pinned_certificate(made: Certificates) -> None:
    async def main() -> bytes:
        came: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                heard = await reader.read(1)
            except ConnectionError:
                heard = b""
            writer.transport.abort()
            if not came.done():
                came.set_result(heard)

        server = await asyncio.start_server(hear, "127.0.0.1", 0, ssl=made.good.server())
        url = PoolURL("127.0.0.1", server.sockets[0].getsockname()[1], tls=True, pin="00" * 32)
        async with stage(FakePool([]), url, QUICK, SETTINGS):
            heard = await came
        server.close()
        return heard

    assert asyncio.run(main()) == b""


def test_an_authority_of_ones_own(made: Certificates) -> None:
    assert met(made.good, of_ca(made.ca)) == ""
    assert met(made.good, scripts=[]) == "TLS: unable to get local issuer certificate" + remedies(made.good)


def test_an_authority_of_ones_own_is_trusted_alone(made: Certificates) -> None:
    assert met(made.self_signed, of_ca(made.ca), scripts=[]).startswith("TLS: self-signed certificate; ")


def test_an_expired_certificate(made: Certificates) -> None:
    assert met(made.expired, of_ca(made.ca), scripts=[]) == "TLS: certificate has expired" + remedies(made.expired)


def test_a_certificate_of_another_name(made: Certificates) -> None:
    why = met(made.other_name, of_ca(made.ca), scripts=[])
    assert why.startswith("TLS: Hostname mismatch, certificate is not valid for 'localhost'; #pin=")


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "no such file or directory"), ("not a certificate", "holds no certificate in PEM form"), ("", "holds no")],
)
def test_a_file_of_authorities_that_is_none(
    made: Certificates, tmp_path: Path, content: str | None, words: str
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    why = met(made.good, of_ca(file), scripts=[])
    assert why.startswith(f"TLS: #ca={file}")
    assert words in why


def test_insecure_takes_any_certificate(made: Certificates) -> None:
    for shown in (made.self_signed, made.expired, made.other_name):
        assert met(shown, "#insecure") == ""


def test_certificates_are_verified_against_ssl_cert_file(made: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(made.ca))
    assert met(made.good) == ""


def test_tls_to_a_port_without_it() -> None:
    why = met(None, scripts=[[(None, b'{"id":1}\n')]])
    assert why.startswith("TLS: ")
    assert why.endswith("; is it a stratum+tcp:// port?")


def test_no_tls_to_a_port_with_it(made: Certificates) -> None:
    assert "stratum+ssl://" in met(made.good, tls=False, scripts=[])


def test_no_tls_to_a_server_that_says_so_by_an_alert() -> None:
    """RFC 8446, section 6: protocol_version, fatal."""
    why = met(None, tls=False, scripts=[[(None, b"\x15\x03\x01\x00\x02\x02\x46")]])
    assert why == "it answers in TLS; write stratum+ssl:// before its name"
