"""`joulehash bench`."""


def bench() -> int:
    return 0
