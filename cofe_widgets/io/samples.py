"""The ECGs that come with the package: simulated, in WFDB form, known by short names."""

from __future__ import annotations

from pathlib import Path

from ..errors import EcgFormatError

SAMPLE_PREFIX = "sample:"
_FOLDER = Path(__file__).parent.parent / "samples"


def sample_names() -> tuple[str, ...]:
    """Names that `sample_path` and ``read("sample:...")`` know."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.hea")))


def sample_path(name: str) -> Path:
    """Path of an embedded ECG's header.

    Raises
    ------
    EcgFormatError
        When there is none of that name; lists those there are.
    """
    if name not in sample_names():
        there = ", ".join(sample_names()) or "none in this installation"
        raise EcgFormatError(f"{SAMPLE_PREFIX}{name}", "", f"no such sample: there are {there}")
    return _FOLDER / f"{name}.hea"
