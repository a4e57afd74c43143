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
from .by_wave import by_wave
from .by_window import explained_by_window
from .gradients import score
from .method import Method
from .registry import find

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor, nn


#: Values of a complete method that miss the change of the score by more than this do not add up to it.
INCOMPLETE = 0.25


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
def attribute(
    record: Record | Iterable[Record],
    f: Predictor,
    target: str,
    method: str | Method = "saliency",
    batch_size: int | None = None,
    window: float | str = "first",
    **options: Any,
) -> Attribution | list[Attribution]:
    """Which samples of which leads speak for or against ``target``.

    Nothing is computed before everything that was given is found sound. The records, the model and
    its parameters are left as they were.

    Parameters
    ----------
    record : Record, or several
    f : Predictor
    target : str
        Output by name.
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
        Of the method: ``steps=100`` of integrated gradients.

    Returns
    -------
    Attribution
        Of several records a list, in their order.

    Raises
    ------
    ExplainError
        For an unknown method, option or target, a model that lacks what the method needs, or that
        gives values which are not finite.
    EcgError
        When a record is too short for the model or lacks a lead it needs; says which of several.
    """
    method = find(method)
    options = method.checked(options)
    sized = _sized(f, target, batch_size)
    if window != "first":

        def explain(pieces: Sequence[Record]) -> list[Attribution]:
            return attribute(pieces, f, target, method, batch_size, **options)

        return explained_by_window(record, sized, target, window, explain)
    one = isinstance(record, Record)
    with computing():
        seen, rows = _read(record, sized)
    if not rows:
        return []
    found: dict[int, Attribution] = {}
    try:
        with _as_it_was(f.module), computing():
            method.check_model(sized.of(seen[0]), rows[0], target)
            # Side inputs are of a record: each is explained alone.
            most = 1 if f.side.names else sized.batch_size
            for places in alike([row.shape for row in rows], most):
                bound = sized.of(seen[places[0]])
                work = _Batch(method, options, bound, target, None if one else places)
                made = work.explained([seen[k] for k in places], [rows[k] for k in places])
                found |= dict(zip(places, made, strict=True))
    except RuntimeError as error:
        raise ExplainError(f"{f.name} cannot be explained by {method.name}: {error}") from error
    return found[0] if one else [found[k] for k in range(len(rows))]


def _missed(error: float, scaling: str) -> dict[str, str]:
    """What provenance says of values that do not add up to the answer."""
    return {
        "warning": f"the values miss the change of the score from the baseline by {error:.0%} of it: "
        f"they do not add up to the answer{scaling}. More steps, or another baseline (baseline='blurred' for a "
        "model that scales its input), may mend it"
    }


@remakes(Attribution)
def _again(value: Attribution, f: Predictor | None = None, **changes: Any) -> Any:
    """The call that made it, on the record it holds (as the model sees it)."""
    same = changes.get("method", value.method) == value.method  # another method has other options
    asked = {"target": value.target, "method": value.method, **changes}
    asked = {**(value.provenance["options"] if same else {}), **asked}
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
    records = listed(given)
    seen, rows = [], []
    for place, record in enumerate(records):
        where = _where(None if given is record else place)
        try:
            seen.append(f.seen(record))
            rows.append(f.tensor(record))
            f.of(record)  # what it takes beside the ECG is there
        except EcgError as error:
            raise EcgError(f"{where}{error}") from error
    return seen, rows


def _where(place: int | None) -> str:
    """How a message about one of several records begins."""
    return "" if place is None else f"records[{place}]: "


@contextmanager
def _as_it_was(module: nn.Module) -> Iterator[None]:
    """Whatever is done inside, parts of the module that were in training are so again."""
    training = [(part, part.training) for part in module.modules()]
    try:
        yield
    finally:
        for part, mode in training:
            part.training = mode


@dataclass(frozen=True)
class _Batch:
    """One question to ECGs that go through the model together; ``places`` are theirs."""

    method: Method
    options: dict[str, Any]
    f: Predictor
    target: str
    places: Sequence[int] | None

    def explained(self, seen: Sequence[Record], rows: Sequence[Tensor]) -> list[Attribution]:
        """An attribution of each."""
        import torch

        x = torch.cat(tuple(rows))
        values = self.values(x)
        promise = {"signed": self.method.signed, "complete": self.method.complete}
        facts: list[dict[str, Any]] = [{} for _ in seen]
        if self.method.complete:
            facts = [{"completeness_error": one} for one in self.completeness_errors(x, values)]
        for fact, record in zip(facts, seen, strict=True):
            fact |= filled(record)
        for fact, ecg in zip(facts, x, strict=True):
            missed = fact.get("completeness_error") or 0.0
            fact |= _missed(missed, self.scaling(ecg[None])) if missed > INCOMPLETE else {}
        name, target = self.method.name, self.target
        known = provenance(self.f, method=name, options={**self.options}, **promise)
        return [
            Attribution(
                array[:, : record.samples].copy(),
                record,
                target,
                name,
                {**known, "options": {**self.options}, **more},
            )
            for record, array, more in zip(seen, values, facts, strict=True)
        ]

    def values(self, x: Tensor) -> NDArray[np.float32]:
        """What the method says, checked: ``(n, leads, samples)``."""
        import torch

        name, f = self.method.name, self.f
        # A copy: what a method does to its input must not reach the check of completeness.
        with torch.set_grad_enabled("gradients" in self.method.needs):
            values = self.method(f, x.clone(), self.target, **self.options)
        if values.shape != x.shape:
            raise ExplainError(f"{name} gives {tuple(values.shape)} for {tuple(x.shape)}")
        array = values.detach().cpu().numpy().astype(np.float32)
        self.check_finite(array, f"{f.name} gives NaN or infinite {name} for {self.target}")
        return array

    def completeness_errors(self, x: Tensor, values: NDArray[np.float32]) -> list[float | None]:
        """``|sum - change| / |change|`` of each, the change that of the score from the baseline."""
        import torch

        with torch.no_grad():
            start = self.method.baseline_of(self.f, x, self.target, **self.options)
            before, after = (
                score(self.f, ecgs, self.target).cpu().double().numpy() for ecgs in (start, x)
            )
        self.check_finite(
            before,
            f"{self.f.name} answers NaN or infinity for {self.target} to the baseline, from which "
            f"{self.method.name} counts{self.scaling(x)}: choose another baseline (baseline='blurred'), or "
            "another method",
        )
        total = values.sum(axis=(1, 2), dtype=float)
        return [
            float(abs(s - c) / abs(c)) if c and np.isfinite(c) else None
            for s, c in zip(total, after - before, strict=True)
        ]

    def scaling(self, x: Tensor) -> str:
        """Of a model that scales its input, what that does to a baseline of 0 mV; else empty."""
        import torch

        with torch.no_grad():
            half, whole = (score(self.f, ecgs, self.target) for ecgs in (0.5 * x, x))
        if not torch.allclose(half, whole, rtol=1e-3, atol=1e-4):
            return ""
        return (
            f" ({self.f.name} scales its input: it answers the same to an ECG of half the height, all "
            "the way to 0 mV, where there is nothing to scale)"
        )

    def check_finite(self, numbers: NDArray[Any], said: str) -> None:
        """Refuse numbers ``(n, ...)`` that are not finite, naming the first record that has them."""
        bad = ~np.isfinite(numbers.reshape(len(numbers), -1)).all(axis=1)
        if bad.any():
            place = None if self.places is None else self.places[int(bad.argmax())]
            raise ExplainError(f"{_where(place)}{said}")
