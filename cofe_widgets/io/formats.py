"""The registry of file formats: what `read` opens, in the order in which it tries.

A new format is a module with a `Format` in it, and a line here; messages and help follow.
"""

from __future__ import annotations

from importlib import import_module

from .format import Format

#: Modules of this folder, each with its `Format` as ``FORMAT``.
_FILES = (
    "muse",
    "philips",
    "wfdb",
)
FORMATS: list[Format] = [import_module(f".{name}", __package__).FORMAT for name in _FILES]


def names() -> str:
    """The formats as messages and help list them: ``GE MUSE XML, Philips Sierra XML, WFDB``."""
    return ", ".join(one.name for one in FORMATS)


def upload_hint() -> str:
    """The formats as an upload lists them; of a record in several files, which to take together."""
    return ", ".join(
        f"{one.name} ({' and '.join(one.extensions[:2])} together)" if one.header_of else one.name
        for one in FORMATS
    )


def of_several_files() -> list[Format]:
    """The formats whose records are a header with other files beside it."""
    return [one for one in FORMATS if one.header_of]
