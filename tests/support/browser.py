"""A browser without a window, for the tests of pages; they skip where there is none, and fail where one is demanded."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


class Browser:
    """`console` is what the page complained of: scripts, policies, resources that did not load."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._folder = folder

    def dom(self, page: Path) -> tuple[str, str]:
        """The page as the browser understood it, and its console."""
        done = self._run("--dump-dom", page.as_uri())
        console = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
        return done.stdout, "\n".join(console)

    def picture(self, page: Path, target: Path, width: int = 1000, height: int = 1600) -> None:
        """What one sees, as a PNG."""
        self._run(f"--screenshot={target}", f"--window-size={width},{height}", "--hide-scrollbars", page.as_uri())

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [self._program, "--headless", "--disable-gpu", "--no-first-run", "--enable-logging=stderr"]
        command += ["--disable-dev-shm-usage", f"--user-data-dir={self._folder / 'profile'}"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--no-sandbox")  # it refuses to run as root with it
        return subprocess.run([*command, *arguments], check=True, capture_output=True, text=True, timeout=120)


def browser(folder: Path) -> Browser:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        reason = f"there is no {' or '.join(NAMES)} here"
        if os.environ.get("JOULEHASH_REQUIRE"):
            pytest.fail(reason)
        pytest.skip(reason)
    return Browser(found, folder)
