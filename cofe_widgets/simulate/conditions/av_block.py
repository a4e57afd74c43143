"""AV blocks; `rhythm` draws the dropped beats of Wenckebach."""

from __future__ import annotations

from dataclasses import replace

from ..heart import P_KERNELS, Hearts
from .condition import Case, Condition, Stage


def _long_pr(hearts: Hearts, case: Case) -> Hearts:
    """PR longer than 200 ms: 203 ms in the mildest, 303 in the severest."""
    pr_s = hearts.qrs_onset_s - hearts.p_onset_s
    delay = case.ill * (0.203 + 0.10 * case.severity**3 - pr_s).clip(min=0)
    mu = hearts.mu.copy()
    mu[:, P_KERNELS] -= delay[:, None]
    return replace(hearts, mu=mu)


CONDITIONS = (
    Condition("IAVB", "conduction", effects={Stage.CONDUCTION: _long_pr}),
    Condition(
        "MoI", "conduction", graded=False, excludes=frozenset({"PAC", "PVC"}), moves_beats=True
    ),
)
