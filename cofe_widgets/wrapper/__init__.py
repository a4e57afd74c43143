"""The Wrapper: any torch module becomes a `Predictor`: ECGs in, answers by name out."""

from .known import known_predictor
from .predictor import SLACK_S, Predictor, load, wrap

__all__ = ["SLACK_S", "Predictor", "known_predictor", "load", "wrap"]
