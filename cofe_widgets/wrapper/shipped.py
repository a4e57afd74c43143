"""`load`: the predictors that come with the package, and files of weights like theirs."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import WrapError
from ..models import load as load_module
from ..models import shipped
from ..models.number_type import number_type
from .model_input import ModelInput
from .predictor import Predictor

#: What of a predictor `load` sets from the card: another value makes it one of your own.
_OF_CARD = (
    "fs",
    "seconds",
    "output",
    "leads",
    "outputs",
    "preprocess",
    "postprocess",
    "name",
    "input",
    "median_beat",
)


class _Shipped(Predictor):
    """A model of the package's own, which travels by its name as long as it is what `load` gives."""

    _loaded: tuple[Any, ...]

    def _state(self) -> tuple[Any, ...]:
        learning = any(one.requires_grad for one in self.module.parameters())
        return self.weight_hash, learning, *(getattr(self, name) for name in _OF_CARD)

    @property
    def is_shipped(self) -> bool:
        """Whether `load` gives this very model again by its name."""
        return self._state() == self._loaded

    def __reduce_ex__(self, protocol: Any) -> Any:
        if self.is_shipped:
            return _arrived, (self.name, self.weight_hash, str(self.device), self.batch_size)
        return super().__reduce_ex__(protocol)


def load(name: str | Path) -> Predictor:
    """A shipped predictor by name (see ``cw.available()``), or a file of weights with its card.

    Raises
    ------
    WeightsError
        When there is no such model.
    WrapError
        When the weights are no predictor (the generator, say).
    """
    loaded = load_module(name)
    card = loaded.card
    if "outputs" not in card:
        raise WrapError(
            f"{name} is not a predictor: {card.get('summary', 'it has no outputs')[:200]}"
        )
    kind = Predictor if Path(name).suffix else _Shipped  # a file of one's own is not shipped
    with number_type():  # what shipped models compute in
        found = kind(
            copy.deepcopy(
                loaded.module
            ),  # a predictor may be moved or fine-tuned: each has its own
            fs=card["fs"],
            leads=card["leads"],
            outputs=card["outputs"],
            seconds=card["seconds"],
            output=card["output"],
            preprocess=None,
            postprocess=None,
            batch_size=64,
            device="cpu",
            name=Path(name).stem,
            card=card,
            input=_input(card),
            median_beat=card.get("median_beat", False),
        )
    if isinstance(found, _Shipped):
        found._loaded = found._state()
    return found


def _input(card: dict[str, Any]) -> ModelInput | None:
    """How a model is fed that takes less at once than it looks at: crop by crop, their mean."""
    if "window" not in card:
        return None
    return ModelInput(round(card["window"] * card["fs"]), crops=True)


def _arrived(name: str, weight_hash: str, device: str, batch_size: int) -> Predictor:
    """The shipped model that a predictor was before it travelled."""
    found = load(name)
    if found.weight_hash != weight_hash:
        raise WrapError(f"the {name} of this version has other weights than the one that was sent")
    found.module.to(device)
    found.device, found.batch_size = device, batch_size
    return found


def known_predictor(provenance: Mapping[str, Any], f: Predictor | None = None) -> Predictor:
    """The model that ``provenance`` names: the one given, or the shipped one of that name and weights.

    Raises
    ------
    WrapError
        When it is no shipped model, or its weights are others now: then it has to be given.
    """
    if f is not None:
        return f
    name, weights = provenance.get("model"), provenance.get("model_hash")
    if name not in shipped():
        raise WrapError(f"{str(name)[:80]!r} is no shipped model: give it, rerun(f)")
    found = load(str(name))
    if found.weight_hash != weights:
        raise WrapError(f"the {name} of this version has other weights: give yours, rerun(f)")
    return found
