"""`python -m joulehash` is `joulehash`.

Until the command line is there, a signal ends all at once, as nothing has begun: an interrupt in the middle of an
import may be lost, or be a page of traceback.
"""

import signal


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from .app.cli import main as command_line

    signal.signal(signal.SIGINT, signal.default_int_handler)
    command_line()


if __name__ == "__main__":
    main()
