"""`load`: the predictors that come with the package, and files of weights like theirs."""

from __future__ import annotations

import copy
from pathlib import Path

from ..errors import WrapError
from ..models import load as load_module
from .predictor import Predictor


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
        raise WrapError(f"{name} is not a predictor: {card['summary']}")
    return Predictor(
        copy.deepcopy(loaded.module),  # a predictor may be moved or fine-tuned: each has its own
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
    )
