"""Real servers and a real browser: JupyterLab and Voila on a free loopback port, Chromium on them.

Nothing outside 127.0.0.1 can be reached by the browser: what needs a CDN fails here.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
OUTSIDE = re.compile(r"^(?!http://127\.0\.0\.1[:/]|data:|blob:|file:)")
#: A shared machine may be busy: waits are generous, and a pass does not use them up.
PATIENCE_MS = 30_000
EXPLAIN_MS = 240_000
#: Two points or more on the curve of a search (a level line has no height and counts as hidden).
GROWING = re.compile(r",.* .*,")
expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder drives a browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


@dataclass
class Tab:
    """A page of the browser, and what went wrong in it."""

    page: Page
    errors: list[str] = field(default_factory=list)
    blocked: list[str] = field(default_factory=list)

    def hear(self, message: ConsoleMessage) -> None:
        """Keep errors that are not merely the echo of a blocked request or a missing favicon."""
        if message.type != "error":
            return
        where = str(message.location.get("url", ""))
        if "Failed to load resource" in message.text and not where.startswith("http://127.0.0.1"):
            return
        self.errors.append(f"{message.text} ({where})")

    def ours(self) -> list[str]:
        """Errors that name our widgets or any uncaught exception."""
        words = ("cofe", "anywidget", "uncaught", "widget")
        return [e for e in self.errors if any(word in e.lower() for word in words)]


@pytest.fixture(scope="session")
def browser(chromium: Path) -> Iterator[Browser]:
    """One Chromium for all tests."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=FLAGS)
        yield browser
        browser.close()


def _open_tab(browser: Browser, **options: object) -> Tab:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, **options)  # type: ignore[arg-type]
    page = context.new_page()
    tab = Tab(page)

    def guard(route: Route) -> None:
        tab.blocked.append(route.request.url)
        route.abort()

    context.route(OUTSIDE, guard)
    page.on("console", tab.hear)
    page.on("pageerror", lambda error: tab.errors.append(f"uncaught: {error}"))
    page.set_default_timeout(PATIENCE_MS)
    return tab


@pytest.fixture
def tab(browser: Browser) -> Iterator[Tab]:
    """A fresh page whose network ends at the loopback."""
    tab = _open_tab(browser)
    yield tab
    tab.page.context.close()


@pytest.fixture
def dark_tab(browser: Browser) -> Iterator[Tab]:
    """The same for somebody who prefers dark pages."""
    tab = _open_tab(browser, color_scheme="dark")
    yield tab
    tab.page.context.close()


@dataclass
class Server:
    """A running server and the folder it serves."""

    url: str
    token: str
    folder: Path

    def notebook(self, *cells: str) -> str:
        """Write a notebook of these cells; its name."""
        name = f"test_{secrets.token_hex(4)}.ipynb"
        kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
        code = [nbformat.v4.new_code_cell(cell) for cell in cells]
        book = nbformat.v4.new_notebook(cells=code, metadata={"kernelspec": kernel})
        nbformat.write(book, self.folder / name)
        return name

    def run(self, tab: Tab, notebook: str) -> Page:
        """Open a notebook in JupyterLab and run all of it."""
        page = tab.page
        page.goto(f"{self.url}/lab/tree/{notebook}?reset&token={self.token}")
        page.wait_for_selector(".jp-Notebook .jp-Cell")
        page.wait_for_function(
            "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status"
            " === 'idle'"
        )
        page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
        return page

    def show(self, tab: Tab, *cells: str) -> Page:
        """Open a notebook of these cells as a page of Voila."""
        tab.page.goto(f"{self.url}/voila/render/{self.notebook(*cells)}")
        return tab.page


def _environment(folder: Path) -> dict[str, str]:
    """Nothing of the user's own Jupyter, and our checkout on the path of the kernels."""
    places = {
        name: str(folder / name.lower())
        for name in (
            "JUPYTER_CONFIG_DIR",
            "JUPYTER_DATA_DIR",
            "JUPYTER_RUNTIME_DIR",
            "JUPYTERLAB_SETTINGS_DIR",
            "JUPYTERLAB_WORKSPACES_DIR",
            "IPYTHONDIR",
        )
    }
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, **places, "PYTHONPATH": path, "JUPYTER_PLATFORM_DIRS": "1"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _serve(command: Sequence[str], ready: str, folder: Path, log: Path) -> Iterator[None]:
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=_environment(folder.parent),
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        end = time.monotonic() + 120
        while True:
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{command[2]} did not start:\n{log.read_text()[-4000:]}")
            try:
                with urllib.request.urlopen(ready, timeout=5):
                    break
            except (urllib.error.URLError, OSError):
                time.sleep(0.25)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """JupyterLab, serving copies of the notebooks of the project."""
    home = tmp_path_factory.mktemp("lab")
    folder = home / "notebooks"
    shutil.copytree(ROOT / "notebooks", folder)
    settings = home / "jupyterlab_settings_dir" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')
    port, token = _free_port(), secrets.token_hex(16)
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"),
        f"--port={port}",
        "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={folder}",
        "--LabApp.expose_app_in_browser=True",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.news_url=None",
        "--LabApp.extension_manager=readonly",
    ]
    ready = f"http://127.0.0.1:{port}/api/status?token={token}"
    server = Server(f"http://127.0.0.1:{port}", token, folder)
    for _ in _serve(command, ready, folder, home / "server.log"):
        yield server


@pytest.fixture(scope="session")
def voila(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Voila, serving the dashboard."""
    home = tmp_path_factory.mktemp("voila")
    folder = home / "notebooks"
    shutil.copytree(ROOT / "notebooks", folder)
    port = _free_port()
    command = [
        *(sys.executable, "-m", "voila", "dashboard.ipynb", "--no-browser"),
        f"--port={port}",
        "--Voila.ip=127.0.0.1",
    ]
    url = f"http://127.0.0.1:{port}"
    # The page itself starts a kernel; a static file says as well that the server is up.
    ready = f"{url}/voila/static/voila.js"
    for _ in _serve(command, ready, folder, home / "server.log"):
        yield Server(url, "", folder)


@pytest.fixture(scope="session")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Voila, serving whatever notebooks a test writes: `Server.show` opens one."""
    folder = tmp_path_factory.mktemp("gallery")
    port = _free_port()
    command = [
        *(sys.executable, "-m", "voila", str(folder), "--no-browser"),
        f"--port={port}",
        "--Voila.ip=127.0.0.1",
    ]
    url = f"http://127.0.0.1:{port}"
    for _ in _serve(command, f"{url}/voila/static/voila.js", folder, folder / "server.log"):
        yield Server(url, "", folder)
