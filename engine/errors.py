"""The exceptions of joulehash, by who is to blame.

    JoulehashError
    ├── InputError(ValueError)          ours: what the user gave cannot be used; exit 2
    ├── PoolError(ConnectionError)      the pool's
    │   ├── PoolUnreachable             no connection, no TLS, or it went silent
    │   ├── PoolRefused                 it answered, and said no (authorization, subscription)
    │   └── ProtocolError               it sent what cannot be understood
    ├── NodeError(ConnectionError)      the Bitcoin node's
    └── DeviceError(OSError)            a device's

The text of each names the value, the bound with its unit, and what to do.
"""

from __future__ import annotations


class JoulehashError(Exception):
    """Everything that is expected to go wrong."""


class InputError(JoulehashError, ValueError):
    """What the user gave cannot be used."""


class PoolError(JoulehashError, ConnectionError):
    """A pool failed us."""


class PoolUnreachable(PoolError):
    """No connection to the pool, no trusted TLS, or no word from it."""


class PoolRefused(PoolError):
    """The pool answered, and refused."""


class ProtocolError(PoolError):
    """The pool sent what cannot be understood."""


class NodeError(JoulehashError, ConnectionError):
    """The Bitcoin node cannot be reached, or refused."""


class DeviceError(JoulehashError, OSError):
    """A device failed; the others go on."""
