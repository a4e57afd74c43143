"""`EcgLab`: dial the measurements of an ECG and watch what a model says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...ecg import Record
from ..explainer.edit_state import dials
from ..explainer.what_if import WhatIf

if TYPE_CHECKING:
    from ...wrapper import Predictor


class EcgLab(WhatIf):
    """An ECG under sliders, one for each named measurement, with a model's answer.

    The generator draws the ECG as asked and the patient's own residual rides along: with all dials
    at rest the ECG is the recording itself. Beside what is asked stands what is measured on the
    drawn ECG, and over the dial in hand the model's answer as a curve. Feature modulation, level 2 of
    Arends et al. 2025, table 2.

    Parameters
    ----------
    record : Record
        Ten seconds or more, from which 12 leads can be derived.
    predictor : Predictor
    target : str, optional
        The output that is watched; the first without it.

    Attributes
    ----------
    asked : dict of str to float
        Change asked of each measurement, in its own unit: ``{"pr_ms": 40}``. Can be set.
    dial : str
        The measurement over which the answer is drawn. Can be set.
    edited : Record
        The ECG as dialled.
    achieved : dict of str to float
        What `cofe_widgets.measure` reads from it.
    answers : dict of str to float
        What the model says of it.

    Raises
    ------
    TypeError
        When ``record`` is no Record.
    ExplainError
        When the record is too short, or shows no beats.
    WrapError
        When the model has no output of that name.
    """

    def __init__(self, record: Record, predictor: Predictor, target: str | None = None) -> None:
        from ...generative.directions import directions

        if not isinstance(record, Record):
            raise TypeError(f"record is {type(record).__name__}: expected a Record (cw.read)")
        target = predictor.outputs[predictor.index(target)] if target else predictor.outputs[0]
        super().__init__(("dials",), target=target)
        self._start(predictor, {})
        named = directions()
        edit = named.edit(record)
        self._show_record(edit.record)
        self._answer = predictor.predict(edit.record)
        self._take(edit, dials(named, edit))
