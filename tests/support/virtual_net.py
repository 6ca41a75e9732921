"""A network in memory, for virtual time: the same client and server code runs on it as on TCP, and it can be hurt.

`Network.connect` stands for engine/pools/connect.connect, `Network.listen` for poolserver/server.listen_tcp. Bytes
take `latency_s`, in order; a reader that pauses holds them up. Not modelled: packets, bandwidth, names.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from joulehash.engine.pools.connect import READ_BYTES
from joulehash.engine.pools.url import PoolURL


class Network:
    def __init__(self, latency_s: float = 0.001) -> None:
        self.latency_s = latency_s
        self.pipes: list[Pipe] = []  # the open connections
        self.dials: list[float] = []  # when someone has tried to connect
        self.deaf = False  # nothing answers: attempts hang
        self._listeners: dict[int, MemoryListener] = {}
        self._next_port = 50_000

    async def listen(
        self, factory: Callable[[], asyncio.Protocol], host: str = "10.0.0.1", port: int = 0
    ) -> tuple[MemoryListener, str, int]:
        if not port:
            port = self._next_port
            self._next_port += 1
        if port in self._listeners:
            raise AssertionError(f"port {port} is taken")
        self._listeners[port] = MemoryListener(self, port, factory)
        return self._listeners[port], host, port

    async def connect(self, url: PoolURL) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        loop = asyncio.get_running_loop()
        self.dials.append(loop.time())
        await asyncio.sleep(self.latency_s)
        if self.deaf:
            await asyncio.sleep(3600.0)
        listener = self._listeners.get(url.port)
        if listener is None or not listener.serving:
            raise ConnectionRefusedError(111, "Connection refused")
        pipe = Pipe(self)
        self.pipes.append(pipe)
        reader = asyncio.StreamReader(READ_BYTES, loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        pipe.server.meet(listener.factory())
        pipe.client.meet(protocol)
        return reader, asyncio.StreamWriter(pipe.client, protocol, reader, loop)

    def forget(self, port: int) -> None:
        self._listeners.pop(port, None)


class MemoryListener:
    def __init__(self, network: Network, port: int, factory: Callable[[], asyncio.Protocol]) -> None:
        self._network, self._port, self.factory = network, port, factory
        self.serving = False

    async def start_serving(self) -> None:
        self.serving = True

    def close(self) -> None:
        self.serving = False
        self._network.forget(self._port)


class Pipe:
    """One connection: two transports, each other's peer."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.client, self.server = MemoryTransport(self), MemoryTransport(self)
        self.client.peer, self.server.peer = self.server, self.client
        self.stalled = False

    def stall(self) -> None:
        """From now on bytes are swallowed, both ways, as by a firewall that has forgotten the connection."""
        self.stalled = True

    def cut(self) -> None:
        """Both ends see a reset."""
        self.client.lose(ConnectionResetError(104, "Connection reset by peer"))
        self.server.lose(ConnectionResetError(104, "Connection reset by peer"))

    def time_out(self) -> None:
        """As when TCP's keepalive gives up."""
        self.client.lose(TimeoutError(110, "Connection timed out"))
        self.server.lose(None)


class MemoryTransport(asyncio.Transport):
    def __init__(self, pipe: Pipe) -> None:
        super().__init__({"peername": ("10.0.0.2", 1000 + len(pipe.network.dials))})
        self._pipe = pipe
        self._loop = asyncio.get_running_loop()
        self._protocol: asyncio.Protocol | None = None
        self._under_way: deque[bytes] = deque()  # to the peer; b"" is the end of the stream
        self._paused = self._closing = self._lost = False
        self.peer: MemoryTransport = self

    def meet(self, protocol: asyncio.Protocol) -> None:
        self._protocol = protocol
        protocol.connection_made(self)

    # What a protocol calls

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._closing and not self._pipe.stalled and data:
            self._send(bytes(data))

    def get_write_buffer_size(self) -> int:
        return sum(map(len, self._under_way))

    def pause_reading(self) -> None:
        self._paused = True

    def resume_reading(self) -> None:
        self._paused = False
        self.peer.deliver()

    def is_closing(self) -> bool:
        return self._closing

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        if not self._closing:
            self._send(b"")

    def close(self) -> None:
        """What was written still arrives."""
        if not self._closing:
            self._send(b"")
            self._closing = True
            self._loop.call_soon(self.lose, None)

    def abort(self) -> None:
        """What was written does not arrive, and the peer sees a reset."""
        self._under_way.clear()
        self._closing = True
        self._loop.call_soon(self.lose, None)
        reset = ConnectionResetError(104, "Connection reset by peer")
        self._loop.call_later(self._pipe.network.latency_s, self.peer.lose, reset)

    # What the network does

    def lose(self, error: Exception | None) -> None:
        if self._lost:
            return
        self._lost = self._closing = True
        if (
            self in (self._pipe.client, self._pipe.server)
            and self.peer._lost
            and self._pipe in self._pipe.network.pipes
        ):
            self._pipe.network.pipes.remove(self._pipe)
        if self._protocol is not None:
            self._protocol.connection_lost(error)

    def _send(self, data: bytes) -> None:
        self._under_way.append(data)
        self._loop.call_later(self._pipe.network.latency_s, self.deliver)

    def deliver(self) -> None:
        """What has arrived, unless the peer does not read."""
        peer = self.peer
        while self._under_way and not peer._paused and not peer._lost:
            data = self._under_way.popleft()
            if peer._protocol is None:
                continue
            if data:
                peer._protocol.data_received(data)
            elif not peer._protocol.eof_received():
                peer.close()
