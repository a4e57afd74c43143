"""The shipped generator and encoder, which belong together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch

from ..errors import ExplainError
from ..models import Loaded, load
from ..models.architectures.encoder import Encoder
from ..models.architectures.generator import Generator


@dataclass(frozen=True)
class Networks:
    """The shipped generator and encoder."""

    generator: Generator
    encoder: Encoder
    weight_hash: str


@lru_cache(maxsize=1)
@torch.inference_mode(False)  # kept tensors must not forbid later gradients
def networks() -> Networks:
    """Load the generator and the encoder once."""
    g: Loaded = load("generator")
    e: Loaded = load("encoder")
    assert isinstance(g.module, Generator) and isinstance(e.module, Encoder)
    if e.card.get("generator_hash") != g.weight_hash:
        raise ExplainError(
            "the encoder was trained for another generator than the one installed: train it anew "
            "with `cofe-widgets train encoder`, or install weights that belong together"
        )
    return Networks(g.module, e.module, g.weight_hash + e.weight_hash)
