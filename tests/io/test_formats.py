"""A format is one file and one line: `read`, its messages and the help follow the registry."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import cofe_widgets as cw
from cofe_widgets.cli import main
from cofe_widgets.errors import EcgFormatError
from cofe_widgets.io.formats import FORMATS, names

#: A format as somebody would add it: microvolts of lead II and V1 in text, its description beside it.
TOY = """
import numpy as np
from cofe_widgets.io.format import Format

NAME = "Toy ECG"


def sniff(source):
    return source.head.startswith(b"TOY ")


def read(source):
    fs, name = source.read(1000).decode().split()[1:]
    samples = source.companion(name)
    if samples is None:
        raise source.refuse(NAME, f"{name} is not beside it")
    signal = np.frombuffer(samples.read(10**6), "<i2").reshape(2, -1) / 1000
    return source.record(NAME, signal, float(fs), ["II", "V1"], {"device": "toy"})


def header_of(source):
    stem = source.name.rpartition(".")[0]
    return source.companion(f"{stem}.toy")


FORMAT = Format(NAME, (".toy", ".samples"), sniff, read, header_of)
"""
SIGNAL = np.stack([100 * np.sin(np.arange(500) / 9), 50 * np.cos(np.arange(500) / 7)])
FILES = {"one.toy": b"TOY 250 one.samples", "one.samples": SIGNAL.astype("<i2").tobytes()}


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "toy_format.py").write_text(TOY)
    monkeypatch.syspath_prepend(tmp_path)
    FORMATS.append(importlib.import_module("toy_format").FORMAT)
    yield
    FORMATS.pop()
    sys.modules.pop("toy_format")


@pytest.mark.usefixtures("toy")
def test_a_registered_format_opens_by_any_of_its_files_its_folder_and_as_an_upload(
    tmp_path: Path,
) -> None:
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)
    for source in (*(tmp_path / name for name in ("one.toy", "one.samples", "one", "")), FILES):
        record = cw.read(source)
        assert (record.leads, record.fs, record.meta["format"]) == (("II", "V1"), 250, "Toy ECG")
        np.testing.assert_allclose(record.signal, SIGNAL.astype("<i2") / 1000, atol=1e-6)
    with pytest.raises(EcgFormatError, match=r"Toy ECG\): one\.samples is not beside it"):
        cw.read({"one.toy": FILES["one.toy"]})


def test_messages_and_help_name_every_format(
    request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    def said() -> str:
        with pytest.raises(SystemExit):
            main(["read", "--help"])
        texts = [" ".join(capsys.readouterr().out.split())]
        for unknown in (b"sample,I,II\n", b"\0" * 128 + b"DICM", b"<ecg/>"):
            with pytest.raises(EcgFormatError) as error:
                cw.read(unknown)
            texts.append(str(error.value))
        assert all(names() in text for text in texts), texts
        return "".join(texts)

    assert "Toy ECG" not in said()
    request.getfixturevalue("toy")
    assert said().count("Toy ECG") == 4


def test_an_unregistered_format_is_unknown_again() -> None:
    with pytest.raises(EcgFormatError, match=r"one\.toy: of no known format"):
        cw.read({"one.toy": FILES["one.toy"]})
