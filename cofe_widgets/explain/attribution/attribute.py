"""Attribution: where a model looks, signs kept; any method, one record or many."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from numbers import Integral
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from ...ecg import Record
from ...errors import EcgError, ExplainError, WrapError
from ...markup import line
from ...models.number_type import computing
from ...provenance import provenance
from ...values import Value, checks, remakes
from ...wrapper import Predictor, known_predictor
from ...wrapper.records import alike, listed
from ..arguments import check_predictor, filled
from .batch import INCOMPLETE, Batch, at, told, where
from .by_wave import by_wave
from .by_window import explained_by_window
from .given import TOLD, Ecg, given_ecgs
from .method import Method
from .registry import find, methods

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor, nn


@dataclass(frozen=True, eq=False)
class Attribution(Value):
    """Signed relevance of every sample of every lead for one output.

    Attributes
    ----------
    values : (leads, T) float32
        Change of the target's log-odds (or value) per mV for gradients, or the share of it for
        methods that multiply by the input. Positive speaks for the target, negative against.
    record : Record
        The ECG as the model saw it: its leads, rate and length.
    target, method : str
    provenance : dict
        Model and hash of its weights, ``method`` with all its ``options``, whether the values are
        ``signed`` and ``complete``; of complete ones ``completeness_error``, by how much their sum
        misses the change of the score from the baseline, relative to that change (None where the
        score does not change), and a ``warning`` where it is large.
    """

    values: NDArray[np.float32]
    record: Record
    target: str
    method: str
    provenance: dict[str, Any] = field(default_factory=dict)

    _error = ExplainError

    @property
    def fs(self) -> float:
        """Sampling rate in Hz."""
        return self.record.fs

    @property
    def leads(self) -> tuple[str, ...]:
        """Leads of the rows."""
        return self.record.leads

    @cached_property
    def by_wave(self) -> pd.DataFrame:
        """How much of the relevance lies on each wave of each lead.

        The waves are those of `delineate`, of each sample the likeliest.

        Returns
        -------
        DataFrame
            Rows (lead, wave): P, PR, QRS, ST, T, TP of each lead, and of all leads together ("all").
            ``share`` of the absolute relevance of the whole map; ``net``, the same with signs kept, so
            that what speaks for and against cancels; ``duration``, the share of all samples that it is;
            ``enrichment``, share over duration: 1 is what an even map has. NaN where there is nothing.

        Raises
        ------
        ExplainError
            For a record of more than five minutes.
        """
        return by_wave(self.values, self.record)

    def __repr__(self) -> str:
        missed = self.provenance.get("completeness_error") or 0.0
        more = f", misses the answer by {missed:.0%}" if missed > INCOMPLETE else ""
        what = f"{line(self.method)} for {line(self.target)}"
        return f"Attribution({what}, {len(self.leads)} leads{more})"

    def _check(self) -> None:
        """Refuse fields of another kind, and values that are not of the record."""
        super()._check()
        shape = self.record.signal.shape
        windows = "windows_s" in self.provenance  # the model cannot be asked about all of them
        checks.array(self.values, "values", np.float32, shape, size=1e30, missing=windows)


@overload
def attribute(
    record: Record,
    f: Predictor,
    target: str,
    method: str | Method = "saliency",
    batch_size: int | None = None,
    window: float | str = "first",
    **options: Any,
) -> Attribution: ...
@overload
def attribute(
    record: Iterable[Record],
    f: Predictor,
    target: str,
    method: str | Method = "saliency",
    batch_size: int | None = None,
    window: float | str = "first",
    **options: Any,
) -> list[Attribution]: ...
@overload
def attribute(
    record: Record,
    f: Predictor,
    target: Sequence[str],
    method: str | Method = "saliency",
    batch_size: int | None = None,
    window: float | str = "first",
    **options: Any,
) -> dict[str, Attribution]: ...
@overload
def attribute(
    record: Iterable[Record],
    f: Predictor,
    target: Sequence[str],
    method: str | Method = "saliency",
    batch_size: int | None = None,
    window: float | str = "first",
    **options: Any,
) -> dict[str, list[Attribution]]: ...
def attribute(
    record: Record | Iterable[Record],
    f: Predictor,
    target: str | Sequence[str],
    method: str | Method = "saliency",
    batch_size: int | None = None,
    window: float | str = "first",
    **options: Any,
) -> Any:
    """Which samples of which leads speak for or against ``target``.

    Nothing is computed before everything that was given is found sound. The records, the model and
    its parameters are left as they were.

    Parameters
    ----------
    record : Record, or several
    f : Predictor
    target : str, or several
        Output by name. Several give a dict of what each gives by itself.
    method : str or Method
        One of ``cw.ATTRIBUTION_METHODS`` (`cofe_widgets.explain.attribution.table` says what each
        does and which options it has), or an object.
    batch_size : int, optional
        ECGs that go through the model at once; by default what ``f`` says. It decides memory and
        speed, not values.
    window : "first", "all" or float
        Of one record that is longer than the model: its first window, all windows one after the
        other, or the one that begins at so many seconds. With "all", ``values`` are of the whole
        record, NaN where the model cannot be asked (a gap), and ``provenance`` has ``windows_s``,
        where each begins, and ``answers``, what the model says of ``target`` there.
    **options
        Of the method: ``steps=100`` of integrated gradients, ``baseline=`` of those that count from
        one: a name (`baseline.Named`), a `Record`, an array of mV as the model sees it, or one of these
        for each record.

    Returns
    -------
    Attribution
        Of several records a list, in their order; of several targets a dict of these by target.

    Raises
    ------
    ExplainError
        For an unknown method, option or target, a model that lacks what the method needs, or that
        gives values which are not finite.
    EcgError
        When a record is too short for the model or lacks a lead it needs; says which of several.
    """
    if not isinstance(target, str):
        return _of_each(record, f, target, method, batch_size, window, options)
    method = find(method)
    chosen = method.checked(options)
    sized = _sized(f, target, batch_size)
    if window != "first":
        _check_windowed(method, chosen)

        def explain(pieces: Sequence[Record]) -> list[Attribution]:
            return attribute(pieces, f, target, method, batch_size, **options)

        return explained_by_window(record, sized, target, window, explain)
    one = isinstance(record, Record)
    with computing():
        seen, rows = _read(record, sized)
        if not rows:
            return []
        chosen = _with_ecgs(method, chosen, sized, rows)
    found: dict[int, Attribution] = {}
    try:
        with _as_it_was(f.module), computing():
            _check_model(method, sized.of(seen[0]), rows[0], target)
            # Side inputs are of a record: each is explained alone.
            most = 1 if f.side.names else sized.batch_size
            for places in alike([row.shape for row in rows], most):
                bound = sized.of(seen[places[0]])
                work = Batch(method, at(chosen, places), bound, target, None if one else places)
                found |= _explained(work, places, seen, rows)
    except RuntimeError as error:
        raise ExplainError(f"{f.name} cannot be explained by {method.name}: {error}") from error
    return found[0] if one else [found[k] for k in range(len(rows))]


def _explained(
    work: Batch, places: Sequence[int], seen: Sequence[Record], rows: Sequence[Tensor]
) -> dict[int, Attribution]:
    """An attribution of each of the ECGs at some places."""
    import torch

    values, facts = work.explained(torch.cat([rows[k] for k in places]))
    name, options = work.method.name, told(work.options)
    known = provenance(work.f, method=name)
    out = {}
    for k, array, fact in zip(places, values, facts, strict=True):
        more = {"options": {**options}, **fact, **filled(seen[k])}
        cut = array[:, : seen[k].samples].copy()
        out[k] = Attribution(cut, seen[k], work.target, name, {**known, **more})
    return out


def _of_each(
    record: Any, f: Predictor, targets: Any, method: Any, batch_size: Any, window: Any, options: Any
) -> dict[str, Any]:
    """The attributions for each of several targets, by target; all are known before work begins."""
    try:
        names = list(dict.fromkeys(targets))
    except TypeError as error:
        raise ExplainError(
            f"target={targets!r:.80}: expected the name of an output, or a list of names"
        ) from error
    for name in names:
        _sized(f, name, batch_size)
    records = record if isinstance(record, Record) else listed(record)
    return {
        name: attribute(records, f, name, method, batch_size, window, **options) for name in names
    }


def _with_ecgs(
    method: Method, options: dict[str, Any], f: Predictor, rows: Sequence[Tensor]
) -> dict[str, Any]:
    """The options with ECGs that were given as the model takes them, checked."""
    kinds = {name: option.of_ecgs for name, option in method.options.items()}
    return {
        name: given_ecgs(name, value, kinds[name] is Ecg, f, rows)
        if kinds[name] and not isinstance(value, str)
        else value
        for name, value in options.items()
    }


def _check_windowed(method: Method, options: dict[str, Any]) -> None:
    """Refuse an ECG that was given for a record that is explained by windows."""
    for name, option in method.options.items():
        if option.of_ecgs and not isinstance(options[name], str):
            raise ExplainError(
                f"{name} is an ECG, and window= explains parts of the record: explain "
                "record.crop(start, end) with that part of it"
            )


def _check_model(method: Method, f: Predictor, x: Tensor, target: str) -> None:
    """Refuse a model that lacks what the method needs; says which methods need no gradients."""
    try:
        method.check_model(f, x, target)
    except ExplainError as error:
        if f.differentiable or "gradients" not in method.needs:
            raise
        without = [one.name for one in methods() if "gradients" not in one.needs]
        raise ExplainError(f"{error}. Without gradients: {', '.join(without)}") from error


@remakes(Attribution)
def _again(value: Attribution, f: Predictor | None = None, **changes: Any) -> Any:
    """The call that made it, on the record it holds (as the model sees it)."""
    same = changes.get("method", value.method) == value.method  # another method has other options
    asked = {"target": value.target, "method": value.method, **changes}
    asked = {**(value.provenance["options"] if same else {}), **asked}
    for name, given in asked.items():
        if isinstance(given, str) and given.startswith(TOLD):
            raise ExplainError(
                f"{name} was an ECG that is not kept: give it again, rerun({name}=...)"
            )
    if "windows_s" in value.provenance:
        asked.setdefault("window", "all")
    return attribute(value.record, known_predictor(value.provenance, f), **asked)


def _sized(f: Predictor, target: str, batch_size: int | None) -> Predictor:
    """The predictor with the batch size that was asked for; refused when it cannot be asked."""
    check_predictor(f)
    try:
        f.index(target)
    except WrapError as error:
        raise ExplainError(str(error)) from error
    if batch_size is None:
        return f
    if not isinstance(batch_size, Integral) or isinstance(batch_size, bool) or batch_size < 1:
        raise ExplainError(f"batch_size={batch_size!r}: expected a whole number from 1")
    sized = copy.copy(f)  # the same module
    sized.batch_size = int(batch_size)
    return sized


def _read(given: Record | Iterable[Record], f: Predictor) -> tuple[list[Record], list[Tensor]]:
    """The ECGs as the model sees them, and as it takes them, each ``(1, leads, samples)``."""
    import torch

    records = listed(given)
    seen, rows = [], []
    for place, record in enumerate(records):
        words = where(None if given is record else place)
        try:
            seen.append(f.seen(record))
            rows.append(torch.from_numpy(f.taken(seen[-1]).copy())[None].to(f.device))
            f.of(record)  # what it takes beside the ECG is there
        except EcgError as error:
            raise EcgError(f"{words}{error}") from error
    return seen, rows


@contextmanager
def _as_it_was(module: nn.Module) -> Iterator[None]:
    """Whatever is done inside, parts of the module that were in training are so again."""
    training = [(part, part.training) for part in module.modules()]
    try:
        yield
    finally:
        for part, mode in training:
            part.training = mode
