"""`figure`: a value as a bqplot figure, for a cell of its own and marks of your own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bqplot import Figure


def figure(value: Any, measurement: str | None = None, direction: str = "towards") -> Figure:
    """What a value says, as a bqplot figure: add marks, change axes, put it in a dashboard.

    Parameters
    ----------
    value : Counterfactual, CounterfactualTable or TwinScore
        Of a counterfactual, the model's answer over the severity. Of a table, what changed: every
        measurement in multiples of the smallest change that counts, a point a record. Of a twin
        score, the true changes and those found, in multiples of the measurement's error. Their
        common axis is even in ``log2(1 + size)``, so that small changes are told apart.
    measurement : str, optional
        Of a table or twin score: this one alone, in its own unit; of a table before and after, of a
        twin score found over true. A key such as ``"qrs_ms"``.
    direction : str
        Of a table: ``"towards"`` the target or ``"back"`` from it.

    Returns
    -------
    bqplot.Figure
        It stands by itself. One that follows the slider of an app is its ``answer_figure``.

    Raises
    ------
    TypeError
        When ``value`` is none of those.
    AuditError
        When there is no such measurement or direction.
    """
    from ...audit import CounterfactualTable, TwinScore
    from ...explain import Counterfactual

    if isinstance(value, Counterfactual):
        from .answer import AnswerPlot
        from .curves import along_path

        plot = AnswerPlot()
        plot.show(along_path(value), 1.0)
        return plot.figure
    if isinstance(value, CounterfactualTable):
        from .audit import changes

        return changes(value, measurement, direction)
    if isinstance(value, TwinScore):
        from .audit import twins

        return twins(value, measurement)
    raise TypeError(
        f"{type(value).__name__} has no figure: expected a Counterfactual, CounterfactualTable or "
        "TwinScore; of an app or a lab, take its answer_figure or curve_figure"
    )
