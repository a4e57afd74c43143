"""Leads by name, and the limb leads as combinations of I and II."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ..errors import EcgError
from ..vocabulary.leads import LEADS, OTHER_LEADS, own_name, standard_lead

# Einthoven: III = II - I.  Goldberger: aVR = -(I + II)/2, aVL = (I - III)/2 = I - II/2,
# aVF = (II + III)/2 = II - I/2.
FROM_I_II = {
    "I": (1.0, 0.0),
    "II": (0.0, 1.0),
    "III": (-1.0, 1.0),
    "aVR": (-0.5, -0.5),
    "aVL": (1.0, -0.5),
    "aVF": (-0.5, 1.0),
}
LIMB_LEADS = tuple(FROM_I_II)


def lead_name(raw: str) -> str:
    """Return the standard spelling of a lead name.

    Parameters
    ----------
    raw : str
        Any common spelling: ``"i"``, ``"AVR"``, ``"MDC_ECG_LEAD_V1"``, ``"Lead II"``.

    Raises
    ------
    EcgError
        When the name is no known lead.
    """
    name = standard_lead(raw)
    if name is None:
        raise EcgError(
            f"unknown lead {str(raw)[:80]!r}: expected one of {', '.join(LEADS)} "
            f"(or {', '.join(OTHER_LEADS)})"
        )
    return name


def any_name(raw: str) -> str:
    """The standard name of a lead, or its own where its position is not known (``ECG1``)."""
    name = standard_lead(raw) or own_name(raw)
    if not name:
        raise EcgError(
            f"a lead without a name ({raw!r}): expected names such as {', '.join(LEADS)}"
        )
    return name


def limb_matrix(leads: Iterable[str] = LIMB_LEADS) -> NDArray[np.float32]:
    """Coefficients of the limb ``leads`` on (I, II): shape ``(len(leads), 2)``.

    Einthoven's law and Goldberger's definitions of the augmented leads.
    """
    return np.array([FROM_I_II[name] for name in leads], dtype=np.float32)


def expand_matrix() -> NDArray[np.float32]:
    """Map of the eight independent leads (I, II, V1..V6) to all twelve: shape ``(12, 8)``."""
    matrix = np.zeros((12, 8), np.float32)
    matrix[:6, :2] = limb_matrix()
    matrix[6:, 2:] = np.eye(6, dtype=np.float32)
    return matrix
