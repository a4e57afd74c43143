"""What records are called in a table that leaves the session."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..ecg import Record
from ..errors import EcgFormatError
from ..values.identity import public_name


@dataclass(frozen=True)
class Names:
    """How the records of an audit are called: by the caller, by their hash, or by their files.

    Attributes
    ----------
    given : sequence of str or None
        The caller's own names, one a record.
    keep_identity : bool
        Whether a record may be called by its file.
    """

    given: Sequence[str] | None
    keep_identity: bool

    def name(self, place: int, source: Record | str | Path, record: Record | None) -> str:
        """What to call the record at a place; ``record`` is None where it could not be read."""
        if self.given is not None and place < len(self.given):
            return str(self.given[place])
        if self.keep_identity:
            if not isinstance(source, Record):
                return str(source)
            known = [str(source.meta[k]) for k in ("patient_id", "source") if source.meta.get(k)]
            return known[0] if known else f"record {place}"
        return f"record {place}" if record is None else public_name(record)

    def reason(self, error: Exception, source: Record | str | Path) -> str:
        """Why a record has no answer, without the name of its file unless that may be told."""
        if self.keep_identity or isinstance(source, Record):
            return str(error)
        path = Path(os.fspath(source))
        said = str(error)
        if isinstance(error, EcgFormatError):
            said = f"{error.format}: {error.reason}" if error.format else error.reason
        for name in (str(path), str(path.parent), path.name, path.stem):
            if len(name) > 2:
                said = re.compile(re.escape(name), re.IGNORECASE).sub("the file", said)
        return said
