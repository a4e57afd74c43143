"""Blocks as Parquet (extra ``audit``): one file a chunk, whole or not there, its failures inside it."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ...errors import AuditError
from .chunk import Block

#: Keys of a file's own words.
CHUNK, SHAPE = b"cofe_widgets.chunk", b"shape"
#: A column of arrays of several shapes has another beside it that says which.
SHAPE_OF = "__shape"


def table_of(block: Block, facts: Mapping[str, Any]) -> pa.Table:
    """The table of a block: numbers, texts, and arrays as lists of a fixed size with their shape.

    Raises
    ------
    AuditError
        When a value is a number in one row and a text in another.
    """
    names = dict.fromkeys(("record", "name"))
    for row in block.rows:
        names.update(dict.fromkeys(row))
    columns, fields = [], []
    for name in names:
        for field, column in _column(name, [row.get(name) for row in block.rows]):
            fields.append(field)
            columns.append(column)
    told = {**facts, "failures": block.failures, "seconds": block.seconds, "done": block.done}
    told["worker"] = block.worker
    schema = pa.schema(fields, metadata={CHUNK: json.dumps(told)})
    return pa.table(columns, schema=schema)


def _column(name: str, values: list[Any]) -> list[tuple[pa.Field, pa.Array]]:
    arrays = [one for one in values if isinstance(one, np.ndarray)]
    try:
        if not arrays:
            kind = {"record": pa.int64(), "name": pa.string()}.get(name)
            if kind is None and any(isinstance(one, float) for one in values):
                kind = pa.float64()
            column = pa.array(values, kind)
            return [(pa.field(name, column.type), column)]
        if len(arrays) + sum(one is None for one in values) < len(values):
            raise TypeError("an array in one row and none in another")
    except (pa.ArrowException, TypeError, OverflowError) as error:
        raise AuditError(
            f"the task's {name} is of several kinds ({str(error)[:120]}): give one kind, None where it is "
            "missing"
        ) from error
    kind = np.result_type(*arrays)
    shapes = {one.shape for one in arrays}
    if len(shapes) == 1:
        (shape,) = shapes
        size = int(np.prod(shape))
        blank = np.zeros(shape, kind)
        flat = np.stack([blank if one is None else one for one in values]).astype(kind)
        mask = pa.array([one is None for one in values])
        column = pa.FixedSizeListArray.from_arrays(pa.array(flat.ravel()), size, mask=mask)
        return [(pa.field(name, column.type, metadata={SHAPE: json.dumps(shape)}), column)]
    column = pa.array(
        [None if one is None else one.ravel().astype(kind) for one in values],
        pa.large_list(pa.from_numpy_dtype(kind)),
    )
    said = pa.array([None if one is None else list(one.shape) for one in values])
    return [
        (pa.field(name, column.type), column),
        (pa.field(name + SHAPE_OF, said.type), said),
    ]


def write(table: pa.Table, path: Path) -> None:
    """Write a file that appears whole or not at all.

    Raises
    ------
    AuditError
        When the disk is full, or cannot be written to.
    """
    atomically(path, lambda part: pq.write_table(table, part, compression="zstd"))


def atomically(path: Path, fill: Callable[[Path], object]) -> None:
    """Give a name to a file when it is whole: ``fill`` writes it under another.

    Raises
    ------
    AuditError
        When the disk is full, or cannot be written to.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}.part")
    try:
        fill(part)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise AuditError(
            f"{path.parent}: {error.strerror or error}. What was finished before is kept: make room, and "
            "the same call goes on from there"
        ) from error
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def facts_of(path: Path) -> dict[str, Any] | None:
    """What a chunk's file says of itself; None for a file that is damaged or no chunk's."""
    try:
        words = pq.read_schema(path).metadata or {}
        told = json.loads(words[CHUNK])
        return told if isinstance(told, dict) and pq.ParquetFile(path).metadata else None
    except (pa.ArrowException, OSError, KeyError, ValueError):
        return None


def read(path: Path, columns: Iterable[str] | None = None) -> pa.Table:
    """A chunk's table, or some of its columns."""
    held = set(pq.read_schema(path).names)
    wanted = None if columns is None else [one for one in columns if one in held]
    # Not `read_table`, which takes folders for data of their own.
    return pq.ParquetFile(path).read(columns=wanted)


def is_list(kind: pa.DataType) -> bool:
    """Whether a column holds arrays."""
    return bool(
        pa.types.is_fixed_size_list(kind) or pa.types.is_large_list(kind) or pa.types.is_list(kind)
    )


def scalars(table: pa.Table) -> pa.Table:
    """A table without its arrays."""
    return table.select([one.name for one in table.schema if not is_list(one.type)])


def arrays(table: pa.Table, name: str) -> list[np.ndarray | None]:
    """The arrays of one column, in their shapes; None where a row has none."""
    if name not in table.column_names:
        return [None] * len(table)
    field, column = table.schema.field(name), table.column(name).combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], field.type)
    if not is_list(field.type):
        raise AuditError(f"{name} is a column of numbers or texts: .table[{name!r}]")
    if pa.types.is_fixed_size_list(field.type):
        shape = tuple(json.loads((field.metadata or {})[SHAPE]))
        flat = column.values.slice(column.offset * field.type.list_size)
        whole = flat.to_numpy(zero_copy_only=False)[: len(column) * field.type.list_size]
        rows = whole.reshape(len(column), *shape)
        return [
            row if ok else None for row, ok in zip(rows, column.is_valid().to_pylist(), strict=True)
        ]
    shapes = table.column(name + SHAPE_OF).to_pylist()
    return [
        None if shape is None else one.values.to_numpy(zero_copy_only=False).reshape(shape)
        for one, shape in zip(column, shapes, strict=True)
    ]
