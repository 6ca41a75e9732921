"""Whether a pool's coinbase pays the user's address, and how much of it. Solo pools do; others pay later.

What is looked at is the coinbase of each job, as the miner hashes it: a pool cannot pay anybody else by a block of
that job. Leaves out whether the amount is what the chain allows.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..chain.payout import Payout, address_in, address_of, chains_of, payout_of, script_of
from ..errors import InputError
from ..events import CoinbaseSeen, Paid
from ..work import Job

_SHOWN = 8  # outputs


@dataclass(frozen=True, slots=True)
class Seen:
    event: CoinbaseSeen
    refusal: str  # why the job must not be mined; empty: it may


class PayCheck:
    """user: ADDRESS.worker, or any other name. least: percent that its address must be paid; None: whatever it is.

    Raises InputError when a least is asked for and the user name has no address.
    """

    def __init__(self, pool: str, user: str, least: float | None) -> None:
        self._pool, self._least = pool, least
        self._address = address_in(user)
        if least is not None and self._address is None:
            raise InputError(f"--pays-me: the user name {user[:100]!r} has no address in it; takes ADDRESS.worker")

    def look(self, job: Job) -> Seen | None:
        """None: the user name has no address, and nothing is asked for."""
        if self._address is None:
            return None
        coinbase = job.coinb1 + job.extranonce1 + bytes(job.extranonce2_size) + job.coinb2
        try:
            payout = payout_of(coinbase)
        except ValueError as error:
            event = CoinbaseSeen(self._pool, job.height, self._address, None, None, None, [], 0)
            return Seen(event, "" if self._least is None else f"its coinbase cannot be read: {error}")
        event = self._event(job, payout, self._address)
        return Seen(event, self._refusal(event))

    def _event(self, job: Job, payout: Payout, address: str) -> CoinbaseSeen:
        chain, script = chains_of(address)[0].name, script_of(address)
        paying = sorted(payout.paying, key=lambda output: -output.value)
        shown = [Paid(address_of(o.script, chain) or f"script {o.script[:40].hex()}", o.value) for o in paying[:_SHOWN]]
        to, part, more = payout.to(script), payout.part(script), len(paying) - len(shown)
        return CoinbaseSeen(self._pool, job.height, address, to, part, payout.total, shown, more)

    def _refusal(self, event: CoinbaseSeen) -> str:
        percent = 100 * (event.part or 0)
        if self._least is None or (event.part is not None and percent >= self._least):
            return ""
        return f"its coinbase pays {event.address} {percent:.4g} %, less than the {self._least:g} % of --pays-me"
