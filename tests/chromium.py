"""Find a Chromium for the browser tests, and install one where that can be done.

Looked for, in this order: the environment variable CHROMIUM, the PATH, Playwright's own download.
``python tests/chromium.py`` prints its path, after installing one if there was none.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ADVICE = (
    "no Chromium for the browser tests. Install one, any of: `apt-get install chromium` (Debian), "
    "`python -m playwright install --with-deps chromium`, or set CHROMIUM to the path of a "
    "Chromium or Chrome that you have."
)


class NoChromiumError(RuntimeError):
    """There is no browser to test in; the message says how to get one."""


def find() -> Path:
    """Return the browser to test in.

    Raises
    ------
    NoChromiumError
        When there is none, or CHROMIUM names no executable file.
    """
    named = os.environ.get("CHROMIUM")
    if named:
        found = shutil.which(named)
        if found is None:
            raise NoChromiumError(f"CHROMIUM is {named!r}, which is no executable file")
        return Path(found)
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
    if own.is_file():
        return own
    raise NoChromiumError(ADVICE)


def install() -> None:
    """Install the Debian package where we may, else Playwright's own download."""
    if shutil.which("apt-get") and os.geteuid() == 0:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (
            ["apt-get", "update", "-qq"],
            ["apt-get", "install", "-qq", "--yes", "--no-install-recommends", "chromium"],
        ):
            subprocess.run(command, env=environment, check=False, stdout=sys.stderr)
        if any(shutil.which(name) for name in NAMES):
            return
    playwright = [sys.executable, "-m", "playwright", "install", "chromium"]
    subprocess.run(playwright, check=False, stdout=sys.stderr)


def main() -> int:
    """Print the path of a Chromium, installing one if need be."""
    try:
        path = find()
    except NoChromiumError as error:
        if os.environ.get("CHROMIUM"):
            print(error, file=sys.stderr)
            return 1
        print("no Chromium found: installing one ...", file=sys.stderr)
        install()
        try:
            path = find()
        except NoChromiumError as still:
            print(still, file=sys.stderr)
            return 1
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
