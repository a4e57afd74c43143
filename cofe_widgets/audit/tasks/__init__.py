"""Tasks by name: what `audit.run` and ``cofe-widgets audit`` do to every record, one a file.

A task is a frozen dataclass that is called with a list of records and gives a dict each.
"""

from .attributions import Attributions
from .counterfactuals import Counterfactuals
from .glocal import Glocal
from .measurements import Measurements
from .predictions import Predictions
from .together import Together

#: Name on the command line -> task.
TASKS: dict[str, type] = {
    one.name: one for one in (Measurements, Predictions, Attributions, Glocal, Counterfactuals)
}

__all__ = [
    "TASKS",
    "Attributions",
    "Counterfactuals",
    "Glocal",
    "Measurements",
    "Predictions",
    "Together",
]
