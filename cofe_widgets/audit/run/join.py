"""Many chunks as one Parquet file, a chunk in memory at a time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ...errors import AuditError
from .parquet import SHAPE, SHAPE_OF, atomically, is_list, read


def join(target: Path, files: Sequence[Path]) -> None:
    """Write the rows of all files to one; arrays of several shapes have theirs beside them.

    Raises
    ------
    AuditError
        When a column is a number in one file and a text in another, or the disk is full.
    """
    fields: dict[str, list[pa.Field]] = {}
    for file in files:
        for field in pq.read_schema(file):
            fields.setdefault(field.name, []).append(field)
    try:
        schema = pa.schema([one for some in fields.values() for one in _agreed(some, fields)])
    except pa.ArrowException as error:
        raise AuditError(
            f"the chunks in {target.parent} do not fit together ({str(error)[:160]}): the task gives a "
            "number for one record and a text for another"
        ) from error

    def fill(part: Path) -> None:
        with pq.ParquetWriter(part, schema, compression="zstd") as writer:
            for file in files:
                writer.write_table(_fitted(read(file), schema))

    atomically(target, fill)


def _agreed(some: list[pa.Field], all_fields: dict[str, list[pa.Field]]) -> list[pa.Field]:
    """The field that fits a column of all files, and the one of its shapes where these differ."""
    told = [one for one in some if not pa.types.is_null(one.type)]
    if not told:
        return some[:1]
    first = told[0]
    if first.name.endswith(SHAPE_OF) and first.name.removesuffix(SHAPE_OF) in all_fields:
        return []  # comes with its column
    if not any(is_list(one.type) for one in told):
        several = [pa.schema([one.remove_metadata()]) for one in told]
        return list(pa.unify_schemas(several, promote_options="permissive"))
    if not all(is_list(one.type) for one in told):
        raise pa.ArrowTypeError(f"{first.name} is an array and none")
    if all(one.type == first.type and one.metadata == first.metadata for one in told) and (
        pa.types.is_fixed_size_list(first.type)
    ):
        return [first]
    values = [pa.schema([pa.field("v", one.type.value_type)]) for one in told]
    kind = pa.unify_schemas(values, promote_options="permissive").field("v").type
    shape = pa.field(first.name + SHAPE_OF, pa.list_(pa.int64()))
    return [pa.field(first.name, pa.large_list(kind)), shape]


def _fitted(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """A table with all columns of a schema, in its types."""
    columns = []
    for field in schema:
        own = field.name.removesuffix(SHAPE_OF)
        if field.name in table.column_names:
            column = table.column(field.name).combine_chunks()
            fixed = pa.types.is_fixed_size_list(table.schema.field(field.name).type)
            if fixed and not pa.types.is_fixed_size_list(field.type):
                column = pa.array(column.to_pylist(), field.type)
            columns.append(column.cast(field.type))
        elif own != field.name and own in table.column_names:  # of one shape in this file
            shape = json.loads((table.schema.field(own).metadata or {}).get(SHAPE, b"null"))
            valid = table.column(own).is_valid().to_pylist()
            columns.append(pa.array([shape if ok else None for ok in valid], field.type))
        else:
            columns.append(pa.nulls(len(table), field.type))
    return pa.table(columns, schema=schema)
