"""The command line on any console: every code page, every file name, a reader that goes away."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import cofe_widgets
from cofe_widgets.cli import main
from cofe_widgets.cli.console import open_to_any_text

SAMPLES = Path(cofe_widgets.__file__).parent / "samples"
#: File names as people and other systems write them; the last is no text in UTF-8.
NAMES = ["Müller–É", "心電図", "Ω ≥ 3", "a\nb", "\x1b[31mred", "caf\udce9"]


def run(monkeypatch: pytest.MonkeyPatch, encoding: str, *arguments: str) -> tuple[int, str, str]:
    """Status, output and errors of a command on a console of a code page."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\n") for _ in "oe"]
    monkeypatch.setattr(sys, "stdout", streams[0])
    monkeypatch.setattr(sys, "stderr", streams[1])
    try:
        status = main(arguments)
    except SystemExit as stopped:
        status = int(str(stopped))
    monkeypatch.undo()
    out, err = (one.buffer.getvalue().decode(encoding) for one in streams)  # type: ignore[attr-defined]
    return status, out, err


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A record under every name; its file of samples has a plain one."""
    made = tmp_path_factory.mktemp("names")
    shutil.copy(SAMPLES / "sinus.dat", made)
    for name in NAMES:
        shutil.copy(SAMPLES / "sinus.hea", made / f"{name}.hea")
    return made


@pytest.mark.parametrize("encoding", ["cp437", "cp1252", "cp932", "ascii", "utf-8"])
@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_read_on_any_code_page(
    name: str, encoding: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, out, err = run(monkeypatch, encoding, "read", str(folder / f"{name}.hea"))
    assert status == 0 and not err and out.count("Heart rate") == 1
    assert "\x1b" not in out and ".hea (WFDB)\n" in out.split("recording")[0]
    if encoding == "utf-8" and name.isprintable():
        assert f"{name}.hea" in out


@pytest.mark.parametrize("encoding", ["cp437", "ascii"])
@pytest.mark.parametrize(
    "arguments",
    [
        ["read", "心–\x1b.xml"],
        ["read", "caf\udce9.hea"],
        ["read", ""],
        ["explain", "心–.xml"],
        ["explain", "sample:sinus", "--model", "心–"],
        ["explain", "sample:sinus", "--target", "≥心"],
        ["explain", "sample:sinus", "-o", "nö/心.html"],
        ["models", "心–"],
        ["心–"],
        ["train", "心–"],
    ],
)
def test_a_refusal_is_said_on_any_code_page(
    encoding: str, arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    status, _, err = run(monkeypatch, encoding, *arguments)
    assert status == 2 and err.strip() and "\x1b" not in err


@pytest.mark.parametrize(
    "arguments",
    [["models"], ["models", "generator"], ["doctor"], ["--help"], ["explain", "--help"]],
)
def test_what_is_listed_is_printed_on_any_code_page(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, out, err = run(monkeypatch, "ascii", *arguments)
    assert status == 0 and not err and len(out) > 200


def test_what_a_console_lacks_is_written_with_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    open_to_any_text()
    print("–24°, 3×4, 5 µV ± 2, ≥ 6, „é“", flush=True)
    monkeypatch.undo()
    said = stream.buffer.getvalue().decode()  # type: ignore[attr-defined]
    assert said.strip() == '-24 degrees, 3x4, 5 uV +/- 2, >= 6, \\u201e\\xe9"'


@pytest.mark.slow
def test_the_code_page_is_that_of_the_environment(folder: Path) -> None:
    command = [sys.executable, "-m", "cofe_widgets.cli", "read", str(folder / "Müller–É.hea")]
    environment = {**os.environ, "PYTHONIOENCODING": "cp437"}
    done = subprocess.run(command, capture_output=True, env=environment)
    assert done.returncode == 0 and "Müller-É.hea".encode("cp437") in done.stdout


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], pytest.param(["models"], marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("streams", ["out", "both"])
def test_a_reader_that_goes_away_is_no_error(arguments: list[str], streams: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    environment = {**os.environ, "PYTHONUNBUFFERED": ""}
    done = subprocess.run(
        [sys.executable, "-m", "cofe_widgets.cli", *arguments],
        stdout=writer,
        stderr=writer if streams == "both" else subprocess.PIPE,
        env=environment,
    )
    os.close(writer)
    assert done.returncode == 0 and not done.stderr


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_said() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "cofe_widgets.cli", "models"],
            stdout=full,
            stderr=subprocess.PIPE,
        )
    assert done.returncode != 0 and b"Traceback" not in done.stderr and b"No space" in done.stderr
