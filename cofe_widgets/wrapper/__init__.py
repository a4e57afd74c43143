"""The Wrapper: any torch module becomes a `Predictor`: ECGs in, answers by name out."""

from .length import SLACK_S
from .predictor import Predictor
from .shipped import known_predictor, load
from .wrap import wrap

__all__ = ["SLACK_S", "Predictor", "known_predictor", "load", "wrap"]
