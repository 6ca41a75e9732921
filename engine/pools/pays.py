"""Whether a pool's coinbase pays the user's address, and how much of it. Solo pools do; others pay later.

What is looked at is the coinbase of each job, as the miner hashes it: a pool cannot pay anybody else by a block of
that job. Leaves out whether the amount is what the chain allows.
"""

from __future__ import annotations

from ..chain.payout import Payout, address_in, address_of, chains_of, payout_of, script_of
from ..errors import InputError
from ..events import CoinbaseSeen, Paid, Report
from ..work import Job

_SHOWN = 8  # outputs


class PayCheck:
    """user: ADDRESS.worker, or any other name. least: percent that its address must be paid; None: whatever it is.

    part       0 to 1, what of the newest job's coinbase is the user's; None: it is not known
    underpaid  that is too little

    Raises InputError when a least is asked for and the user name has no address.
    """

    def __init__(self, pool: str, user: str, least: float | None, report: Report) -> None:
        self._pool, self._least, self._report = pool, least, report
        self._told = False
        self.part: float | None = None
        self.underpaid = False
        self._address = address_in(user)
        if least is not None and self._address is None:
            raise InputError(f"--pays-me: the user name {user[:100]!r} has no address in it; takes ADDRESS.worker")

    def begin(self) -> None:
        """A new connection, of which the first coinbase is told."""
        self._told = self.underpaid = False

    def look(self, job: Job) -> str:
        """Why it must not be mined; empty: it may."""
        if self._address is None:
            return ""
        coinbase = job.coinb1 + job.extranonce1 + bytes(job.extranonce2_size) + job.coinb2
        try:
            payout = payout_of(coinbase)
        except ValueError as error:
            event = CoinbaseSeen(self._pool, job.height, self._address, None, None, None, [], 0)
            refusal = "" if self._least is None else f"its coinbase cannot be read: {error}"
        else:
            event = self._event(job, payout, self._address)
            refusal = self._refusal(event)
        if not self._told:
            self._told = True
            self._report(event)
        self.part, self.underpaid = event.part, bool(refusal)
        return refusal

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
