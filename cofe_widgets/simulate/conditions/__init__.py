"""What can ail a heart: one file a family of conditions.

A new condition is a file here with a tuple ``CONDITIONS`` of `Condition`, and a row for its code in
`vocabulary.diagnoses`; menus, messages and training follow. What it can do: turn the waves of a heart
(``effects``: a `Form` or any function of hearts and a `Case`), set the heart rate (`Rate`), set the
potassium. Beats that come otherwise than at a rate are drawn in `simulate.rhythm`.
"""

from .condition import Act, Case, Condition, Form, Rate, Stage
from .ectopy import ectopic_hearts
from .registry import CONDITIONS, POTASSIUM, apply_conditions, parse, r_delay_s

__all__ = [
    "CONDITIONS",
    "POTASSIUM",
    "Act",
    "Case",
    "Condition",
    "Form",
    "Rate",
    "Stage",
    "apply_conditions",
    "ectopic_hearts",
    "parse",
    "r_delay_s",
]
