"""Where waves begin, peak and end, on the way to the browser.

The twin of ``decodeWaves`` in ``js/src/viewer/fiducials.ts``. Twenty bytes a row: about 20 kB for ten
seconds of twelve leads with all their deflections.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

VERSION = 1
#: Waves, the deflections inside a QRS, and the point at which ST is read.
NAMES = ("P", "QRS", "T", "Q", "R", "S", "L")
_TIMES = ("onset_ms", "peak_ms", "offset_ms")
_COLUMNS = ("lead", "wave", *_TIMES)


def table(delineation: Any) -> pd.DataFrame:
    """The fiducial table of a delineation, of a truth, or itself.

    Raises
    ------
    TypeError
        When it is none of these.
    ValueError
        When columns are missing, or a wave has an unknown name.
    """
    found = getattr(delineation, "fiducials", delineation)
    if not hasattr(found, "columns"):
        raise TypeError(
            f"delineation is {type(delineation).__name__}: expected a Delineation (cw.delineate), "
            "the truth of a simulated ECG, or a fiducial table"
        )
    missing = [name for name in _COLUMNS if name not in found.columns]
    if missing:
        raise ValueError(f"fiducial table without {', '.join(missing)}: it has {list(found)}")
    unknown = sorted(set(found["wave"].unique()) - set(NAMES))
    if unknown:
        raise ValueError(f"fiducial table with waves {unknown}: known are {', '.join(NAMES)}")
    return found


def who(delineation: Any) -> str:
    """Who says where the waves are: the legend's words."""
    kind = type(delineation).__name__
    return {"Truth": "true waves", "Delineation": "delineated waves"}.get(kind, "waves")


def packed_waves(delineation: Any, leads: Sequence[str], source: str = "") -> dict[str, Any]:
    """A delineation as the browser reads it: float32 rows of lead, wave, onset, peak, offset.

    Parameters
    ----------
    delineation : Delineation, Truth or pandas.DataFrame
        As `table` takes it.
    leads : sequence of str
        Those of the ECG on screen; rows of other leads stay behind.
    source : str
        Who says so, as the legend prints it.

    Raises
    ------
    TypeError, ValueError
        As `table`, and when no row belongs to a lead of the ECG.
    """
    found = table(delineation)
    rows = found[found["lead"].isin(list(leads))]
    if len(found) and not len(rows):
        theirs = ", ".join(map(str, found["lead"].unique()))
        raise ValueError(f"the delineation is of {theirs}; the ECG has {', '.join(leads)}")
    values = np.column_stack(
        [
            rows["lead"].map({lead: k for k, lead in enumerate(leads)}),
            rows["wave"].map({name: k for k, name in enumerate(NAMES)}),
            *(rows[name] for name in _TIMES),
        ]
    ).astype("<f4")
    return {
        "version": VERSION,
        "leads": list(leads),
        "names": list(NAMES),
        "rows": len(values),
        "data": values.tobytes(),
        "source": source,
    }
