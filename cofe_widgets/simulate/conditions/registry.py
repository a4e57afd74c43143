"""The conditions there are: found in the modules of this folder, combined, and applied to hearts."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...vocabulary.diagnoses import DIAGNOSES, require
from ..heart import P_KERNELS, Array, Hearts, People
from .condition import Case, Condition
from .potassium import with_potassium

_LEAST_PR_SEGMENT_S = 0.010


def discover() -> dict[str, Condition]:
    """The conditions in ``CONDITIONS`` of every module of this folder, in the vocabulary's order.

    Raises
    ------
    LookupError
        When a module names a diagnosis without a row in `vocabulary.diagnoses`, or one that another
        module has already.
    """
    found: dict[str, Condition] = {}
    package = sys.modules[__name__.rpartition(".")[0]]
    for _, name, _ in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        if name == __name__:
            continue
        here = f"simulate/conditions/{name.rpartition('.')[2]}.py"
        for one in getattr(importlib.import_module(name), "CONDITIONS", ()):
            require((one.code, *one.excludes), here)
            if one.code in found:
                raise LookupError(f"{here} names {one.code}, which is simulated already")
            found[one.code] = one
    return {code: found[code] for code in DIAGNOSES if code in found}


#: Conditions that are simulated, by code.
CONDITIONS = discover()
#: Potassium in mmol/L at severity 0 and 1.
POTASSIUM = {one.code: one.potassium for one in CONDITIONS.values() if one.potassium}


def parse(condition: str) -> tuple[str, ...]:
    """Codes of ``"AF+LBBB"``, checked.

    Raises
    ------
    ValueError
        For an unknown code, naming those there are, or codes that exclude each other.
    """
    codes = tuple(dict.fromkeys(code.strip() for code in condition.split("+")))
    unknown = sorted(set(codes) - set(CONDITIONS))
    if unknown:
        raise ValueError(
            f"unknown condition {', '.join(map(repr, unknown))}: "
            f"expected one of {', '.join(CONDITIONS)}, or several joined by '+'"
        )
    kinds = [CONDITIONS[code].kind for code in codes]
    for kind in kinds:
        same = [code for code in codes if CONDITIONS[code].kind == kind]
        if len(same) > 1:
            raise ValueError(f"{' and '.join(same)} exclude each other: a heart has one {kind}")
    for one in CONDITIONS.values():
        others = sorted(one.excludes & set(codes))
        if one.code in codes and others:
            raise ValueError(f"{' and '.join([one.code, *others])} are not simulated together")
    return codes


def apply_conditions(
    hearts: Hearts,
    has: dict[str, NDArray[np.bool_]],
    severity: Array,
    people: People,
    rng: np.random.Generator,
) -> Hearts:
    """The hearts under their conditions.

    Parameters
    ----------
    has : mapping of code to (n,) bool
    severity : (n,)
    """
    individual = rng.normal(size=hearts.vectors.shape).astype(np.float32)
    acting = [
        (stage, act, Case(has[code], severity * has[code], individual))
        for code, condition in CONDITIONS.items()
        if code in has
        for stage, act in condition.effects.items()
    ]
    for _, act, case in sorted(acting, key=lambda one: one[0]):
        hearts = act(hearts, case)
    hearts = with_potassium(hearts, people.potassium)
    # A Q wave or a broad P takes its time from a PR segment that stays.
    mu = hearts.mu.copy()
    gap = hearts.qrs_onset_s - hearts.p_offset_s
    mu[:, P_KERNELS] -= (_LEAST_PR_SEGMENT_S - gap).clip(min=0)[:, None]
    return replace(hearts, mu=mu)


def r_delay_s(healthy: Hearts, hearts: Hearts, has: dict[str, NDArray[np.bool_]]) -> Array:
    """How much later than in the healthy hearts R comes, (n,).

    P and the onset of QRS stay in place, but for conditions that leave R there (``keeps_r``).
    """
    delay = healthy.qrs_onset_s - hearts.qrs_onset_s
    for code, ill in has.items():
        if CONDITIONS[code].keeps_r:
            delay = np.where(ill, 0.0, delay)
    return delay.astype(np.float32)
