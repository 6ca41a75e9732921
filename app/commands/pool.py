"""`joulehash pool`."""


def pool() -> int:
    return 0
