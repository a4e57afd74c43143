"""What an attribution method is: one named object that says what it needs and what it promises."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakKeyDictionary

from ...ecg import Record
from ...errors import EcgError, ExplainError
from .gradients import gradient
from .options import Option, checked, options_of

if TYPE_CHECKING:
    from torch import Tensor

    from ...wrapper import Predictor


class Method(ABC):
    """A way to say which samples of an ECG speak for or against an output of a model.

    A method is one file: a subclass, whose docstring states formula and source, and ``METHOD``, the
    object. It may be given to `attribute` as it is, or be made known by name (`register`).

    Attributes
    ----------
    name : str
        As it is asked for: ``"integrated_gradients"``.
    title : str
        For people: "Integrated gradients".
    reference : str
        The paper.
    needs : frozenset of str
        What a model must have, of `NEEDS`; without "gradients" the call runs with them switched off.
    signed : bool
        Whether positive values speak for the target and negative against it.
    complete : bool
        Whether the values sum to the change of the score from a baseline (then `baseline_of`).
    """

    name: ClassVar[str]
    title: ClassVar[str]
    reference: ClassVar[str]
    needs: ClassVar[frozenset[str]] = frozenset()
    signed: ClassVar[bool] = True
    complete: ClassVar[bool] = False

    @abstractmethod
    def __call__(self, predictor: Predictor, x: Tensor, target: str) -> Tensor:
        """Values of the samples of ECGs.

        A subclass adds its options: keyword-only, each with a default and a type (see `Option`).

        Parameters
        ----------
        predictor : Predictor
            No more than its ``batch_size`` ECGs should go through it at once.
        x : Tensor, ``(n, leads, samples)``
            mV, as `Predictor.tensor` gives them. It is not to be changed. What is said of an ECG
            must not depend on the others of the batch.
        target : str

        Returns
        -------
        Tensor
            The shape of ``x``.
        """

    def baseline_of(self, predictor: Predictor, x: Tensor, target: str, **options: Any) -> Tensor:
        """Of a complete method: the ECGs, in the shape of ``x``, from which it counts the score.

        Of several baselines an ECG ``(n, k, leads, samples)``; the mean of their scores counts.
        """
        raise NotImplementedError(f"{self.name} is not complete: it has no baseline")

    def facts(self, predictor: Predictor, **options: Any) -> dict[str, Any]:
        """What provenance says beside the options: what of the model the method found by them.

        Raises
        ------
        ExplainError
            When the model has not what the options say; nothing has been computed yet.
        """
        return {}

    @property
    def options(self) -> dict[str, Option]:
        """The options by name, from the signature of the call."""
        return options_of(type(self).__call__)

    def checked(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """All options, as given or else by default.

        Raises
        ------
        ExplainError
            For an unknown option, or a value of the wrong type or range.
        """
        return checked(self.name, self.options, given)

    def check_model(self, predictor: Predictor, x: Tensor, target: str) -> None:
        """Refuse a model that lacks what the method needs; ``x`` holds an ECG to try it with.

        Raises
        ------
        ExplainError
            Saying what is missing.
        """
        for need in sorted(self.needs):
            lack = NEEDS[need](predictor, x, target)
            if lack:
                raise ExplainError(f"{predictor.name} cannot be explained by {self.name}: {lack}")


#: What the generator draws.
_SECONDS = 10.0
#: Models that gave a gradient, and for which outputs: to look again would double the time of a map.
_DIFFERENTIABLE: WeakKeyDictionary[Predictor, set[str]] = WeakKeyDictionary()


def _gradients(predictor: Predictor, x: Tensor, target: str) -> str:
    seen = _DIFFERENTIABLE.setdefault(predictor, set())
    if target not in seen:
        if predictor.lack_of_gradients:
            return f"it gives no gradient for {target}: {predictor.lack_of_gradients}"
        try:
            gradient(predictor, x[:1], target)
        except ExplainError as error:
            return str(error)
        seen.add(target)
    return ""


def _whole_ecg(predictor: Predictor, x: Tensor, target: str) -> str:
    """Ten seconds of leads of which the twelve can be made, as the generator draws them."""
    if predictor.median_beat:
        return "it takes a median beat, and waves are taken out of ten seconds of ECG"
    if x.shape[2] < round(_SECONDS * predictor.fs):
        seconds = x.shape[2] / predictor.fs
        return f"it is shown {seconds:g} s, and waves are taken out of ten seconds of ECG"
    try:
        Record(x[0].detach().cpu().numpy(), predictor.fs, predictor.leads).standard()
    except EcgError as error:
        return f"it does not see all leads of the ECG that is drawn without waves: {error}"
    return ""


#: What a method may need of a model; each gives what is missing in words, or an empty text.
NEEDS: dict[str, Callable[[Predictor, Tensor, str], str]] = {
    "gradients": _gradients,
    "ten_seconds_of_twelve_leads": _whole_ecg,
}
