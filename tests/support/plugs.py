"""Small HTTP servers that answer as plugs do, over real TCP."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

Answer = Mapping[str, object] | bytes | int
Answers = Callable[[web.Request], Answer]


@dataclass
class PlugServer:
    """`answers` maps a path to what it says: JSON, bytes, or the code of an error."""

    answers: dict[str, Answers] = field(default_factory=dict[str, Answers])
    asked: list[str] = field(default_factory=list[str])
    port: int = 0

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[PlugServer]:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path_qs)
        answers = self.answers.get(request.path)
        answer = 404 if answers is None else answers(request)
        if isinstance(answer, int):
            headers: dict[str, str] = {}
            if answer == 401:
                nonce, opaque = "00112233445566778899aabbccddeeff", "ff"
                headers["WWW-Authenticate"] = (
                    f'Digest realm="shellyplugs", qop="auth", nonce="{nonce}", opaque="{opaque}", algorithm=SHA-256'
                )
            return web.Response(status=answer, headers=headers)
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        return web.Response(body=body, content_type="application/json")


def shelly2(watts: Callable[[], float], joules: Callable[[], float]) -> dict[str, Answers]:
    """As Gen2 has it: Wh with a step of one, power in tenths of a watt."""
    return {
        "/shelly": lambda _: {"id": "shellyplusplugs-0011", "gen": 2, "app": "PlusPlugS", "auth_en": False},
        "/rpc/Switch.GetStatus": lambda _: {
            "id": 0,
            "output": True,
            "apower": round(watts(), 1),
            "voltage": 230.1,
            "aenergy": {"total": joules() // 3600, "by_minute": [1.0, 2.0, 3.0], "minute_ts": 1_700_000_000},
        },
    }


def shelly1(watts: Callable[[], float], joules: Callable[[], float]) -> dict[str, Answers]:
    return {
        "/shelly": lambda _: {"type": "SHPLG-S", "mac": "001122", "auth": False, "num_meters": 1},
        "/meter/0": lambda _: {
            "power": round(watts(), 2),
            "overpower": 0.0,
            "is_valid": True,
            "timestamp": 1_700_000_000,
            "counters": [1.0, 2.0, 3.0],
            "total": joules() // 60,
        },
    }


def tasmota(watts: Callable[[], float], joules: Callable[[], float]) -> dict[str, Answers]:
    def energy(_: web.Request) -> Answer:
        figures = {"Total": joules() // 3600 / 1000, "Power": round(watts()), "Voltage": 230, "Factor": 0.98}
        return {"StatusSNS": {"Time": "2026-01-01T00:00:00", "ENERGY": figures}}

    return {"/cm": energy}
