"""JSON by HTTP from a device that may be broken or hostile: one short answer, in a few seconds, of known types.

No redirects, no compression, nothing of the request or the password in an error.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Mapping
from typing import Literal, TypeVar

import aiohttp
import msgspec

from ...engine.errors import DeviceError

T = TypeVar("T")
ANSWER_S = 3.0
MOST_BYTES = 1 << 16
_LOOK = "see that it is powered and in this network"


Login = Literal["none", "basic", "digest"]


class JsonDevice:
    """`name` is what errors call it."""

    def __init__(self, name: str, host: str, port: int, user: str = "", password: str = "") -> None:
        self._name, self._user, self._password = name, user, password
        self._login: Login = "none"
        self._base = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        self._session: aiohttp.ClientSession | None = None

    async def login(self, how: Login) -> None:
        """How it wants user and password from now on; "none": not, or in the query."""
        if how != self._login:
            await self.close()
            self._login = how

    async def get(self, path: str, query: Mapping[str, str], kind: type[T]) -> T:
        """Raises DeviceError."""
        try:
            async with asyncio.timeout(ANSWER_S):
                return msgspec.json.decode(await self._fetch(path, query), type=kind)
        except DeviceError:
            raise
        except TimeoutError:
            raise self.error(f"does not answer within {ANSWER_S:g} s; {_LOOK}") from None
        except (aiohttp.ClientError, ValueError, RecursionError) as error:
            if isinstance(error, aiohttp.ClientConnectorError):
                raise self.error(f"cannot be reached ({error.strerror or 'no such host'}); {_LOOK}") from None
            what = "its answer is not understood" if isinstance(error, ValueError) else "the connection broke"
            raise self.error(f"{what} ({type(error).__name__}); is it a device of this kind?") from None
        except OSError as error:
            raise self.error(f"cannot be reached ({error.strerror}); {_LOOK}") from None

    def error(self, what: str) -> DeviceError:
        return DeviceError(f"{self._name}: {what}")

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _fetch(self, path: str, query: Mapping[str, str]) -> bytes:
        if self._session is None:
            self._session = self._opened()
        request = self._session.get(f"{self._base}{path}", params=query, allow_redirects=False)
        async with request as response:
            if response.status in (401, 403):
                remedy = "it takes another user or password" if self._user else "give USER:PASSWORD@ before its host"
                raise self.error(f"does not let us in; {remedy}")
            if response.status != 200:
                raise self.error(f"answers with HTTP {response.status}; is it a device of this kind?")
            answer = bytearray()
            while len(answer) <= MOST_BYTES and (piece := await response.content.read(MOST_BYTES)):
                answer += piece
            if len(answer) > MOST_BYTES:
                raise self.error(f"answers with more than {MOST_BYTES} bytes; is it a device of this kind?")
            return bytes(answer)

    def _opened(self) -> aiohttp.ClientSession:
        login = self._login if self._user else "none"
        basic = b64encode(f"{self._user}:{self._password}".encode()).decode()
        return aiohttp.ClientSession(
            middlewares=(aiohttp.DigestAuthMiddleware(self._user, self._password),) if login == "digest" else (),
            headers={"Accept-Encoding": "identity"} | ({"Authorization": f"Basic {basic}"} if login == "basic" else {}),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )
