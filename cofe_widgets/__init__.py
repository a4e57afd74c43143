"""cofe_widgets: where an ECG model looks, and how the ECG must change to change its mind.

Names load on first use, so that ``import cofe_widgets as cw`` costs no torch.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what __getattr__ below finds, for type checkers and editors
    from . import audit as audit
    from .apps.audit import audit_app as audit_app
    from .apps.explore import explore as explore
    from .audit import Scorecard as Scorecard
    from .audit import scorecard as scorecard
    from .ecg import LEADS as LEADS
    from .ecg import Record as Record
    from .errors import EcgError as EcgError
    from .errors import EcgFormatError as EcgFormatError
    from .errors import ExplainError as ExplainError
    from .errors import WrapError as WrapError
    from .explain import ATTRIBUTION_METHODS as ATTRIBUTION_METHODS
    from .explain import Attribution as Attribution
    from .explain import attribute as attribute
    from .explain.concepts import Concept as Concept
    from .explain.concepts import ConceptScores as ConceptScores
    from .explain.concepts import concepts as concepts
    from .explain.concepts import label_correlation as label_correlation
    from .explain.counterfactual import Counterfactual as Counterfactual
    from .explain.counterfactual import counterfactual as counterfactual
    from .explain.discovery import Clusters as Clusters
    from .explain.discovery import discover as discover
    from .explain.glocal import GlocalMap as GlocalMap
    from .explain.glocal import glocal as glocal
    from .generative import reconstruct as reconstruct
    from .generative import sample as sample
    from .io import read as read
    from .io.collection import read_many as read_many
    from .models import available as available
    from .report.maps import compare_maps as compare_maps
    from .signals import RULES as RULES
    from .signals import Delineation as Delineation
    from .signals import Quality as Quality
    from .signals import delineate as delineate
    from .signals import measure as measure
    from .signals import median_beat as median_beat
    from .signals import quality as quality
    from .signals import r_peaks as r_peaks
    from .signals import rules as rules
    from .simulate import simulate as simulate
    from .widgets.audit.concepts import ConceptGrid as ConceptGrid
    from .widgets.heart.heartlab import HeartLab as HeartLab
    from .widgets.lab.ecglab import EcgLab as EcgLab
    from .widgets.page import to_html as to_html
    from .widgets.plots.values import figure as figure
    from .widgets.viewer.viewer import EcgViewer as EcgViewer
    from .wrapper import Predictor as Predictor
    from .wrapper import load as load
    from .wrapper import wrap as wrap

from ._version import __version__
from .late import provide

_HOME = {
    "LEADS": "ecg",
    "Record": "ecg",
    "EcgError": "errors",
    "read": "io",
    "read_many": "io.collection",
    "EcgFormatError": "errors",
    "simulate": "simulate",
    "measure": "signals",
    "median_beat": "signals",
    "delineate": "signals",
    "Delineation": "signals",
    "r_peaks": "signals",
    "quality": "signals",
    "Quality": "signals",
    "rules": "signals",
    "RULES": "signals",
    "wrap": "wrapper",
    "Predictor": "wrapper",
    "load": "wrapper",
    "available": "models",
    "counterfactual": "explain",
    "Counterfactual": "explain",
    "reconstruct": "generative",
    "sample": "generative",
    "attribute": "explain",
    "glocal": "explain.glocal",
    "GlocalMap": "explain.glocal",
    "discover": "explain.discovery",
    "Clusters": "explain.discovery",
    "Attribution": "explain",
    "ATTRIBUTION_METHODS": "explain",
    "concepts": "explain",
    "Concept": "explain",
    "ConceptScores": "explain",
    "label_correlation": "explain",
    "compare_maps": "report.maps",
    "scorecard": "audit",
    "Scorecard": "audit",
    "directions": "generative",
    "Directions": "generative",
    "ExplainError": "errors",
    "WrapError": "errors",
    "ConceptGrid": "widgets",
    "EcgLab": "widgets",
    "EcgViewer": "widgets",
    "HeartLab": "widgets",
    "figure": "widgets",
    "to_html": "widgets",
    "explore": "apps",
    "audit_app": "apps",
}

#: Names whose value changes (methods can be registered), hence never kept here.
_LIVE = ("ATTRIBUTION_METHODS",)

#: Rooms that are reached as such: ``cw.audit.counterfactual_table``.
_ROOMS = ("audit",)

__all__ = ["__version__", *_HOME, *_ROOMS]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
        if name not in _LIVE:
            globals()[name] = value
        return value
    if name in _ROOMS:
        return importlib.import_module(f"{__name__}.{name}")
    if name == "METHODS":  # the old name of ATTRIBUTION_METHODS
        return importlib.import_module(f"{__name__}.explain.attribution.registry").old_name()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class _Package(ModuleType):
    """Keeps ``cw.simulate`` and ``cw.wrap`` functions when modules of those names are imported."""

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, ModuleType) and name in _HOME:
            value = getattr(value, name)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __dir__() -> list[str]:
    return sorted(__all__)


# Rooms that make what values below them show of themselves.
provide(
    {
        "needed_answer": f"{__name__}.explain.reasons",
        "why": f"{__name__}.explain.reasons",
        "trust_card": f"{__name__}.audit.trust",
        "words": f"{__name__}.report.words",
        "scorecard_words": f"{__name__}.report.scorecard",
        "scorecard_figure": f"{__name__}.report.figures.scorecard",
        "changes_words": f"{__name__}.report.glocal",
        "glocal_changes_figure": f"{__name__}.report.figures.glocal",
        "difference_words": f"{__name__}.report.glocal",
        "difference_figure": f"{__name__}.report.figures.glocal",
        "glocal_words": f"{__name__}.report.glocal",
        "glocal_figure": f"{__name__}.report.figures.glocal",
        "clusters_words": f"{__name__}.report.discovery",
        "clusters_figure": f"{__name__}.report.figures.discovery",
        "curves_figure": f"{__name__}.report.figures.curves",
        "table_words": f"{__name__}.report.table",
        "changes_figure": f"{__name__}.report.figures.changes",
        "subgroups_figure": f"{__name__}.report.figures.subgroups",
        "concept_words": f"{__name__}.report.concepts",
        "concept_grid": f"{__name__}.report.figures.concepts",
        "concept_correlation": f"{__name__}.report.figures.concepts",
    }
)

if "IPython" in sys.modules:
    # Values show themselves when last in a cell; costs nothing elsewhere.
    importlib.import_module(f"{__name__}.widgets.display").register()
