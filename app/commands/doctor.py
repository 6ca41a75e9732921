"""`joulehash doctor`."""


def doctor() -> int:
    return 0
