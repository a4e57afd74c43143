"""Whole dashboards composed of widgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..ecg import Record
from ..widgets.explainer.explainer import Explainer

if TYPE_CHECKING:
    from ..wrapper import Predictor

DEFAULT_MODEL = "af-resnet"


def explore(rec: Record | None = None, f: Predictor | str | None = None) -> Explainer:
    """The app: open an ECG, see the model's answer, ask what would change it, drag the answer.

    Every shipped model can be chosen in it. Its second tab dials measurements (`EcgLab`).

    Parameters
    ----------
    rec : Record, optional
        What to start with; without it, the app asks for a file or simulates one.
    f : Predictor or str, optional
        The model to explain, or the name of a shipped one; ``"af-resnet"`` without it.

    Returns
    -------
    Explainer
        A widget; ``record``, ``counterfactuals`` and ``attribution`` hold what it shows.

    Raises
    ------
    TypeError
        When ``rec`` is no Record or ``f`` no Predictor.
    ValueError
        When the model cannot read ``rec``.
    """
    from ..wrapper import Predictor, load

    if rec is not None and not isinstance(rec, Record):
        raise TypeError(f"rec is {type(rec).__name__}: expected a Record (cw.read, cw.simulate)")
    if f is None or isinstance(f, str):
        f = load(f or DEFAULT_MODEL)
    if not isinstance(f, Predictor):
        raise TypeError(f"f is {type(f).__name__}: wrap your model first (cw.wrap)")
    return Explainer(rec, f)
