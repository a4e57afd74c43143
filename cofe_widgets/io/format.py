"""What `read` must know of a file format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..ecg import Record
from .source import Source


@dataclass(frozen=True)
class Format:
    """A file format, as its module declares it.

    Attributes
    ----------
    name : str
        What people call it; messages and help list it.
    extensions : tuple of str
        How its files usually end, with the dot, the header's first where a record is several files;
        ``header_of`` is then needed. The end of a name never decides the format.
    sniff : callable
        Whether a file is of this format, told by its content: ``source.head``.
    read : callable
        The record in such a file. What is wrong with it is raised as ``source.refuse(name, reason)``.
    header_of : callable, optional
        Where a record is several files: the file to read for one of the others, or None.
    whole : callable, optional
        Of several headers, those that are not parts of another one.
    """

    name: str
    extensions: tuple[str, ...]
    sniff: Callable[[Source], bool]
    read: Callable[[Source], Record]
    header_of: Callable[[Source], Source | None] | None = None
    whole: Callable[[Sequence[Source]], list[Source]] = list
