"""The exceptions of joulehash, by who is to blame.

    JoulehashError
    ├── InputError(ValueError)          ours: what the user gave cannot be used; exit 2
    ├── PoolError(ConnectionError)      the pool's
    │   ├── PoolUnreachable             no connection, no TLS, or it went silent
    │   ├── PoolRefused                 it answered, and said no (authorization, subscription)
    │   └── ProtocolError               it sent what cannot be understood
    ├── NodeError(ConnectionError)      the Bitcoin node's
    └── DeviceError(OSError)            a device's
        ├── DeviceAbsent                it is not plugged in
        └── DeviceFaulty                to start it again would harm it

The text of each names the value, the bound with its unit, and what to do.
"""

from __future__ import annotations

from typing import cast


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


class DeviceAbsent(DeviceError):
    """It is not plugged in. That is told once, and looked for until it is there again."""


class DeviceFaulty(DeviceError):
    """To start it again would harm it: a person must see to it first. That is told once, and it is left alone."""


def cause(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """What is to be told instead of a group: its only error, or the first when all of them were to be expected."""
    errors: list[BaseException] = []
    for error in group.exceptions:
        inner = cast("BaseExceptionGroup[BaseException]", error)
        errors.append(cause(inner) if isinstance(error, BaseExceptionGroup) else error)
    expected = all(isinstance(error, JoulehashError) for error in errors)
    return errors[0] if expected or len(errors) == 1 else group
