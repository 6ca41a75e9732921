"""A byte stream to a pool: names, addresses, TCP, TLS; and in one line why there is none.

Names are looked up anew for each connection. Their addresses are tried in turn, the next one 0.25 s after the one
before (RFC 8305, "happy eyeballs"); the first that answers is taken. Leaves out proxies.

asyncio's create_connection(happy_eyeballs_delay=…) would do the same, but looks names up in the loop's executor, whose
threads asyncio.run joins: a name server that hangs would hold up our exit. It takes no addresses that were looked up
elsewhere, and the race inside it (asyncio.staggered) is no public interface.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from threading import Thread
from typing import Any

from ..sockets import keep_alive, reason_of
from .url import PoolURL

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[PoolURL], Awaitable[Streams]]
Address = tuple[socket.AddressFamily, tuple[Any, ...]]  # as getaddrinfo has them

READ_BYTES = 1 << 16
_NEXT_ADDRESS_S = 0.25


async def connect(url: PoolURL) -> Streams:
    """Raises OSError, for which `plain` has the words. Takes as long as it takes: the caller has a timeout."""
    context = tls_context(insecure=url.insecure) if url.tls else None
    sock = await _first_to_answer(await _addresses(url.host, url.port))
    try:
        keep_alive(sock)
        return await asyncio.open_connection(
            sock=sock, limit=READ_BYTES, ssl=context, server_hostname=url.host if context else None
        )
    except BaseException:
        sock.close()
        raise


def tls_context(*, insecure: bool) -> ssl.SSLContext:
    """Certificates are verified against the system's, or those that SSL_CERT_FILE and SSL_CERT_DIR name."""
    context = ssl.create_default_context()
    if insecure:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def plain(error: OSError) -> str:
    """What went wrong with a connection, in a few words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        said = error.verify_message.rstrip(".")
        return f"TLS: {said}; #insecure at the end of the URL accepts any certificate"
    if isinstance(error, ssl.SSLError):
        reason = (getattr(error, "reason", None) or str(error)).replace("_", " ").lower()
        plain_text = reason in ("wrong version number", "record layer failure", "http request")
        return f"TLS: {reason}" + ("; is it a stratum+tcp:// port?" if plain_text else "")
    if isinstance(error, socket.gaierror):
        return f"unknown host: {(error.strerror or str(error)).lower()}"
    return reason_of(error)


async def _addresses(host: str, port: int) -> list[Address]:
    """By getaddrinfo in a daemon thread: a name server that hangs must not hold up our exit, as the executor would."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[list[Address]] = loop.create_future()

    def settle(found: list[Address] | OSError) -> None:
        if done.done():
            return
        if isinstance(found, OSError):
            done.set_exception(found)
        else:
            done.set_result(found)

    def look_up() -> None:
        found: list[Address] | OSError
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found = list(dict.fromkeys((row[0], row[4]) for row in rows))
        except OSError as error:
            found = error
        except ValueError as error:  # no name that can be written as one: UnicodeError among them
            found = socket.gaierror(socket.EAI_NONAME, str(error))
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, found)

    Thread(target=look_up, name=f"look up {host}", daemon=True).start()
    return await done


async def _first_to_answer(addresses: list[Address]) -> socket.socket:
    """The socket of the first address to which there is a connection. Raises the first address's OSError."""
    trials: list[asyncio.Task[socket.socket]] = []
    untried = _alternating(addresses)
    chosen: asyncio.Task[socket.socket] | None = None
    try:
        while chosen is None:
            if untried:
                trials.append(asyncio.create_task(_dial(*untried.pop(0))))
            running = [trial for trial in trials if not trial.done()]
            if running:
                patience = _NEXT_ADDRESS_S if untried else None
                await asyncio.wait(running, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            chosen = next((trial for trial in trials if trial.done() and trial.exception() is None), None)
            if chosen is None and not untried and all(trial.done() for trial in trials):
                break
        return (chosen or trials[0]).result()
    finally:
        for trial in trials:
            trial.cancel()
            if trial is not chosen and trial.done() and trial.exception() is None:
                trial.result().close()


async def _dial(family: socket.AddressFamily, address: tuple[Any, ...]) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, address)
    except BaseException:
        sock.close()
        raise
    return sock


def _alternating(addresses: list[Address]) -> list[Address]:
    """The families by turns, the first one first (RFC 8305, section 4)."""
    first = [a for a in addresses if a[0] == addresses[0][0]]
    others = [a for a in addresses if a[0] != addresses[0][0]]
    mixed: list[Address] = []
    while first or others:
        mixed += first[:1] + others[:1]
        first, others = first[1:], others[1:]
    return mixed
