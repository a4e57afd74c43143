"""The Visualizer: what a person sees and drags; thin, around the rooms below."""

from __future__ import annotations

import importlib
from typing import Any

# On first use: values that show themselves must not cost an import of ipywidgets before.
_HOME = {
    "ConceptGrid": "audit.concepts",
    "CounterfactualViewer": "explainer.counterfactual_viewer",
    "EcgLab": "lab.ecglab",
    "EcgViewer": "viewer.viewer",
    "Explainer": "explainer.explainer",
    "HeartLab": "heart.heartlab",
    "figure": "plots.values",
    "to_html": "page",
}

__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
