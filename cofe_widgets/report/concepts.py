"""Concept scores in words: which concepts a model uses, and whether the ECG itself bears it out."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

from ..vocabulary.diagnoses import title_with_code
from .reasons import percent

if TYPE_CHECKING:
    from ..explain.concepts import ConceptScores

#: How the causal check is told.
_AGREES = {
    "yes": "moving the ECG along it does the same",
    "no": "moving the ECG along it does the opposite",
    "undecided": "moving the ECG along it decides nothing",
    "mixed": "as many layers for as against; moving the ECG along it",
    "not asked": "no named edit moves an ECG along it",
}


def concept_words(scores: ConceptScores) -> str:
    """A sentence a concept, and what a star is worth.

    Parameters
    ----------
    scores : ConceptScores
    """
    said = [_concept(scores, name) for name in scores.names]
    told = [_asked(scores), *said, _dummies(scores), _failed(scores)]
    return " ".join(filter(None, told))


def of_models(scores: ConceptScores) -> str:
    """The models in a few words: "nine-resnet", "ptbxl-lenet (10 models)"."""
    names = list(dict.fromkeys(scores.models))
    many = len(scores.models)
    shown = ", ".join(names[:3]) + (" ..." if len(names) > 3 else "")
    return shown if many == 1 else f"{shown} ({many} models)"


def class_line(scores: ConceptScores, concept: str, output: str) -> str:
    """What layers say of a concept and class: "positive in 5 of 6 layers", "no layer has a star"."""
    i = list(scores.concepts.concept).index(concept)
    k = scores.outputs.index(output)
    stars = scores.stars[i, :, k]
    middle = scores.quartiles[1, i, :, k]
    up, down = int((stars & (middle > 0.5)).sum()), int((stars & (middle < 0.5)).sum())
    of = len(scores.layers)
    parts = [
        f"{word} in {n} of {of} layers" for word, n in (("positive", up), ("negative", down)) if n
    ]
    return " and ".join(parts) or "no layer has a star"


def _asked(scores: ConceptScores) -> str:
    facts = scores.provenance
    simulated = int(facts.get("simulated_records", 0))
    records = scores.members.shape[1]
    of = f", {simulated} of them simulated" if 0 < simulated < records else ""
    of = ", all simulated" if simulated == records else of
    return f"TCAV of {of_models(scores)} on {records} records{of}."


def _concept(scores: ConceptScores, name: str) -> str:
    row: dict[str, Any] = scores.concepts[scores.concepts.concept == name].iloc[0].to_dict()
    if row["note"] and row["concept"] not in _asked_names(scores):
        return f"{name} was not asked: {row['note']}."
    i = list(scores.concepts.concept).index(name)
    told = int(scores.separable[i].sum())
    of = len(scores.layers)
    if not told:
        return f"{name} ({row['title']}) cannot be told apart in any layer: nothing follows."
    asked = [one for one, note in zip(scores.outputs, scores.classes.note, strict=True) if not note]
    own = [one for one in scores.owns(name) if one in asked]
    parts = []
    for output in [*own, *(one for one in asked if one not in own)]:
        starred = int(scores.stars[i, :, scores.outputs.index(output)].sum())
        if starred and (output in own or starred >= of / 2):
            line = class_line(scores, name, output)
            parts.append(f"{line} for {title_with_code(output)}{_causal(scores, name, output)}")
        elif output in own:
            parts.append(f"not used consistently for {title_with_code(output)}, its own class")
    separable = f"separable in {told} of {of} layers"
    nothing = "no class has a star in half of the layers"
    return f"{name} ({row['title']}), {separable}: {'; '.join(parts) or nothing}."


def _asked_names(scores: ConceptScores) -> set[str]:
    known = [isfinite(float(one.max())) for one in scores.mean_accuracy]
    return {name for name, one in zip(scores.concepts.concept, known, strict=True) if one}


def _causal(scores: ConceptScores, name: str, output: str) -> str:
    table = scores.causal
    rows = table[(table.concept == name) & (table["class"] == output)]
    if not len(rows):
        return ""
    row = rows.iloc[0]
    if not isfinite(row.change):
        return f" ({_AGREES['not asked']})" if row.agree == "not asked" else ""
    mixed = row.agree == "undecided" and row.stars and not isfinite(row.tcav)
    return f" ({_AGREES['mixed' if mixed else row.agree]}: log-odds {row.change:+.2f})"


def _dummies(scores: ConceptScores) -> str:
    found = scores.dummy_stars
    if not found["cells"]:
        return "No random concept stands beside it: what a star is worth is not known."
    n, cells = int(found["stars"]), int(found["cells"])
    return (
        f"Random concepts have a star in {n} of {cells} cells ({percent(found['rate'])}); without the "
        f"accuracy they would have it in {percent(found['rate_unguarded'])}."
    )


def _failed(scores: ConceptScores) -> str:
    n = scores.failed.record.nunique()
    return f"{n} records could not be judged, taken or moved: see failed." if n else ""
