"""cofe_widgets: where an ECG model looks, how the ECG must change for it to change its mind, and whether to believe it.

Names load on first use, so that ``import cofe_widgets as cw`` costs no torch.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "LEADS": "ecg",
    "Record": "ecg",
    "EcgError": "ecg",
    "read": "io",
    "EcgFormatError": "io",
    "simulate": "simulate",
    "measure": "signals",
    "r_peaks": "signals",
    "wrap": "wrap",
    "Predictor": "wrap",
    "load": "wrap",
    "available": "models",
    "counterfactual": "explain",
    "Counterfactual": "explain",
    "reconstruct": "explain",
    "sample": "explain",
    "attribute": "explain",
    "Attribution": "explain",
    "METHODS": "explain",
    "ExplainError": "explain",
    "EcgViewer": "widgets",
    "to_html": "widgets",
    "explore": "apps",
}

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class _Package(ModuleType):
    """Keeps ``cw.simulate`` and ``cw.wrap`` functions when the modules of those names are imported."""

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, ModuleType) and name in _HOME:
            value = getattr(value, name)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __dir__() -> list[str]:
    return sorted(__all__)


if "IPython" in sys.modules:
    # Values show themselves when last in a cell; costs nothing elsewhere.
    importlib.import_module(f"{__name__}.widgets.display").register()
