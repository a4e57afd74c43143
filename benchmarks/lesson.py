"""What benchmarks of attribution found, for notebook 04: ``notebooks/images/maps.json``, pictures beside it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

FOLDER = Path("notebooks/images")
FOUND = FOLDER / "maps.json"


def keep(part: str, said: Sequence[str], table: pd.DataFrame, picture: Path | None = None) -> None:
    """Put sentences, a table and a picture (``part`` is its name) of one benchmark in place of the last."""
    told = json.loads(FOUND.read_text()) if FOUND.exists() else {}
    rows = json.loads(table.to_json(double_precision=3))  # NaN as null
    told[part] = {"said": list(said), "table": rows}
    FOUND.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    if picture:
        shutil.copyfile(picture, FOLDER / f"{part}.svg")
