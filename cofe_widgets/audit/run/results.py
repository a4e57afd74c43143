"""`AuditResults`: rows of many records, in memory or in a folder, and the records that have none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...errors import AuditError
from ...markup import escaped, html_table
from .chunk import Block
from .folder import FAILURES, Folder

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class AuditResults:
    """What a task said of many records.

    Attributes
    ----------
    blocks : tuple of Block
        What is in memory; empty where a folder holds it.
    folder : Folder or None
    numbers : tuple of int
        The chunks that these results are of.
    known : dict of int to dict
        Of a folder's chunks, what each says of itself.
    provenance : dict
        Task, its hash, records, chunks, part, version.
    refused : tuple of dict
        Files that never became a record, as rows of `failures`.
    """

    blocks: tuple[Block, ...] = ()
    folder: Folder | None = None
    numbers: tuple[int, ...] = ()
    known: dict[int, dict[str, Any]] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    refused: tuple[dict[str, Any], ...] = ()

    def _told(self, name: str) -> list[Any]:
        if self.folder is None:
            return [getattr(block, name) for block in self.blocks]
        return [self.known[number][name] for number in self.numbers]

    @cached_property
    def failures(self) -> pd.DataFrame:
        """The records that were skipped: record (place), name, step, reason.

        Steps are "find" (a file that never became a record, place -1), "open", "task" and "worker".
        """
        import pandas as pd

        rows = [*self.refused, *(one for some in self._told("failures") for one in some)]
        table = pd.DataFrame(rows, columns=list(FAILURES))
        return table.sort_values("record", kind="stable", ignore_index=True)

    @property
    def done(self) -> int:
        """Records that were looked at, those that failed included."""
        return int(sum(self._told("done")))

    @property
    def seconds(self) -> float:
        """Seconds that workers spent on records, summed over workers."""
        return float(sum(self._told("seconds")))

    @cached_property
    def table(self) -> pd.DataFrame:
        """Numbers and texts, a row each, by record; arrays are left to `arrays`."""
        import pandas as pd

        parts = list(self.frames())
        if not parts:
            return pd.DataFrame({"record": pd.Series(dtype=int), "name": pd.Series(dtype=str)})
        whole = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
        return whole.sort_values("record", kind="stable", ignore_index=True)

    def to_frame(self) -> pd.DataFrame:
        """See `table`."""
        return self.table

    def frames(self) -> Iterator[pd.DataFrame]:
        """Numbers and texts chunk by chunk, for more than memory holds."""
        import pandas as pd

        if self.folder is not None:
            for table in self.folder.tables(self.numbers):
                part = self.folder.parquet.scalars(table)
                if len(part):
                    yield part.to_pandas()
            return
        for block in self.blocks:
            rows = [
                {k: v for k, v in row.items() if not isinstance(v, np.ndarray)}
                for row in block.rows
            ]
            if rows:
                yield pd.DataFrame(rows)

    def each_array(self, name: str) -> Iterator[tuple[int, NDArray[Any] | None]]:
        """Places and arrays of one name, in the order of the chunks; None where a row has none.

        Raises
        ------
        AuditError
            When there is no such array.
        """
        there = False
        if self.folder is not None:
            wanted = ["record", name, f"{name}__shape"]
            for table in self.folder.tables(self.numbers, wanted):
                there = there or name in table.column_names
                values = self.folder.parquet.arrays(table, name)
                yield from zip(table.column("record").to_pylist(), values, strict=True)
        else:
            for block in self.blocks:
                for row in block.rows:
                    value = row.get(name)
                    if value is not None and not isinstance(value, np.ndarray):
                        raise AuditError(
                            f"{name} is a column of numbers or texts: .table[{name!r}]"
                        )
                    there = there or name in row
                    yield row["record"], value
        if not there:
            raise AuditError(f"there is no {name!r} in these results")

    def arrays(self, name: str) -> NDArray[Any]:
        """The arrays of one name, ``(rows, ...)``, a row each as in `table`; NaN where a row has none.

        Raises
        ------
        AuditError
            When there is none, they differ in shape (`each_array` gives them one by one), or whole
            numbers are missing.
        """
        pairs = sorted(self.each_array(name), key=lambda pair: pair[0])
        shapes = {one.shape for _, one in pairs if one is not None}
        if len(shapes) != 1:
            said = ", ".join(map(str, sorted(shapes)[:4])) or "none at all"
            raise AuditError(
                f"{name} has arrays of {len(shapes)} shapes ({said}): each_array({name!r}) gives them one "
                "by one"
            )
        (shape,) = shapes
        kind = np.result_type(*(one for _, one in pairs if one is not None))
        if any(one is None for _, one in pairs) and kind.kind != "f":
            raise AuditError(f"{name} is missing in some rows: each_array({name!r}) says which")
        blank = np.full(shape, np.nan if kind.kind == "f" else 0)
        return np.stack([blank if one is None else one for _, one in pairs]).astype(kind)

    def __repr__(self) -> str:
        name = self.provenance.get("task", "task")
        return f"AuditResults({name}: {self.done} records, {len(self.failures)} failures)"

    def _repr_html_(self) -> str:
        parts = [f"<p>{escaped(repr(self))}</p>", html_table(self.table.head(10))]
        if len(self.failures):
            parts.append(html_table(self.failures.head(10), index=False))
        return "".join(parts)
