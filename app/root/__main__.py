"""`python -m joulehash` is `joulehash`."""

from .app.cli import main

main()
