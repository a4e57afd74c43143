"""`concepts`: whether a model uses what cardiologists would call the reason (TCAV)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...ecg import Record
from ...errors import ExplainError, WrapError
from ...provenance import provenance
from ...steps import Step, Work, streamed
from ...values import remakes
from ...values.identity import record_hash
from ...wrapper import Predictor, known_predictor
from ...wrapper.identity import hash_with
from ...wrapper.layers import Layer
from ...wrapper.records import listed
from ..arguments import check_predictor
from .assembly import Fits
from .causal_table import causal_table
from .chosen_layers import chosen_layers
from .concept import Concept, listed_concepts
from .fit_model import fit_model
from .membership import Failed, belongs, fitting, labels_of, memberships
from .plan import LEAST_EXAMPLES, Numbers, planned
from .result import ConceptScores

Array = NDArray[np.float64]
#: Share of the work that is judging records, and that is the causal check.
_JUDGED, _CAUSAL = 0.15, 0.25


@streamed
def concepts(
    records: Iterable[Record],
    f: Predictor | Sequence[Predictor],
    concepts: Iterable[Any] | None = None,
    classes: Sequence[str] | None = None,
    labels: Iterable[Any] | None = None,
    *,
    examples: str = "labels",
    layers: Sequence[str] | None = None,
    features: str = "pooled",
    direction: str = "classifier",
    cavs: int = 10,
    dummies: int = 10,
    most: int = 200,
    hearts: int = 100,
    causal: int = 8,
    seed: int = 0,
) -> Work[ConceptScores]:
    """Whether a model uses what cardiologists would call the reason: TCAV with clinical rules.

    In each of six layers a linear classifier tells records with a concept from as many without it, drawn
    anew for every one of ten CAVs and tried on a third that it was not fitted to. The TCAV score of a class
    is the share of its examples whose log-odds grow along the classifier's normal (Kim et al. 2018,
    arXiv:1711.11279; Wagner et al. 2024, sections 2.6 and A.3). Beside it stand random concepts, and what
    the model says when the ECG itself is moved along the concept by a named edit.

    Parameters
    ----------
    records : iterable of Record
        Those that have concepts and those that have not, and the examples of the classes; any rate and length
        that the model takes.
    f : Predictor or list of Predictor
        Several are initialisations of one network: same outputs, same layers, other weights.
    concepts : list, optional
        Names of rules (``cw.RULES``), ``"AGE>75"``, ``"SEX=FEMALE"``, conditions of the simulator at a
        severity (``"LBBB@0.8"``: twins are the negatives), functions of a record, (name, function),
        (name, answers) or `Concept`; those of the paper's table 1 unless given.
    classes : sequence of str, optional
        Outputs; all with `LEAST_EXAMPLES` examples or more unless given.
    labels : iterable, optional
        Label codes of each record, instead of its ``meta["labels"]``.
    examples : "labels", "predictions" or "all"
        Which records a class's score is over: those labelled with it (as in the paper), those that the
        models say it of on average (probability of a half or more), or all.
    layers : sequence of str, optional
        Six unless given, from input to output; all of the answer goes through each (`chosen_layers`).
    features : "pooled" or "flat"
        Of a layer with a time axis: the mean over time of each channel, as beats of different records do not
        come at the same time; or every value by itself.
    direction : "classifier" or "pattern"
        What a CAV is: the normal of the classifier, as in the paper; or the difference of the means of
        records with the concept and without, which what is shared with noise does not turn aside (Pahde et
        al., arXiv:2202.03482).
    cavs, dummies, most, hearts : int
        CAVs of a concept in a layer; random concepts; records with a concept that one CAV sees at most;
        simulated hearts of a condition.
    causal : int
        Examples of each class that are moved along each concept that has a named edit; 0 for none.
    seed : int

    Returns
    -------
    ConceptScores

    Raises
    ------
    ExplainError
        Unknown concepts, layers or options; a model without gradients or layers; a class without examples
        that was asked for; no concept with 20 records with it and 20 without.

    Notes
    -----
    A TCAV score has a sign and no size; ``scores.effects`` are the sizes. On ten networks whose cause is known
    (``python -m benchmarks concepts --planted``) both directions give the cause its stars, but for what is not
    the cause the effect of "pattern" has the sign of the true twins more often than that of "classifier".

    ``concepts.steps(...)`` does the same as a generator of `Step`; ``partial`` is the value so far, with NaN
    for classes that are not done. Nothing is kept from one call to the next.
    """
    models = _models(f)
    asked = listed_concepts(concepts)
    numbers = _numbers(cavs, dummies, most, hearts, causal, seed)
    if features not in ("pooled", "flat"):
        raise ExplainError(f"features={features!r}: expected 'pooled' or 'flat'")
    if direction not in ("classifier", "pattern"):
        raise ExplainError(f"direction={direction!r}: expected 'classifier' or 'pattern'")
    names = _classes(models[0], classes)
    found_layers = _layers(models, layers)
    failed: Failed = []
    some = listed(records)
    kept = fitting(models, some, failed)
    if not kept:
        why = f": {failed[0][2]}" if failed else ""
        raise ExplainError(f"none of {len(some)} records can be asked about{why}"[:480])
    told = labels_of(some, labels)
    members = np.full((len(asked), len(some)), np.nan)
    rows = memberships(some, asked, failed)
    for place, row in enumerate(rows):
        members[:, place] = row
        yield Step(_JUDGED * (place + 1) / len(some), "which records have a concept")
    left_out = np.setdiff1d(np.arange(len(some)), kept)
    members[:, left_out] = np.nan
    own = [some[k] for k in kept]
    plan = planned(own, asked, members[:, kept], models[0].outputs, numbers, seed)
    in_class = _examples(examples, models, own, [told[k] for k in kept], names)
    classes_used, in_class = _usable(names, in_class, classes is not None)
    fits = Fits(plan, found_layers[0], classes_used, in_class, kept, len(some), failed)
    call = {
        "concepts": [one.name if one.values is None else [one.name, _told(one)] for one in asked],
        "classes": None if classes is None else list(classes),
        "labels": None if labels is None else [list(one) for one in told],
        "examples": examples,
        "layers": [one.name for one in found_layers[0]],
        "features": features,
        "direction": direction,
        "cavs": cavs,
        "dummies": dummies,
        "most": most,
        "hearts": hearts,
        "causal": causal,
        "seed": seed,
    }
    fits.facts = _facts(models, some, call)
    share = (1 - _JUDGED - (_CAUSAL if causal else 0)) / len(models)
    for place, (one, its) in enumerate(zip(models, found_layers, strict=True)):
        drawn = [one for one in plan.drawn if one is not None]
        how: Any = (features, direction)
        work = fit_model(one, its, plan.records, plan.own, drawn, in_class, classes_used, *how)
        before = _JUDGED + share * place
        for done, message, fit in work:
            partial = None if fit is None else fits.value(fit)
            yield Step(min(before + share * done, 1.0), message, partial)
        assert fit is not None
        fits.done.append(fit)
    value = fits.value()
    if causal:
        for done, message in causal_table(value, plan, models, causal, seed, fits):
            yield Step(1 - _CAUSAL + _CAUSAL * done, message)
        value = fits.value()
    yield Step(1.0, repr(value), None, value)


@remakes(ConceptScores)
def _again(
    value: ConceptScores,
    records: Iterable[Record],
    f: Predictor | Sequence[Predictor] | None = None,
    **changes: Any,
) -> ConceptScores:
    """The call that made it, on records that have to be given."""
    if f is None:
        known = value.provenance
        f = [
            known_predictor({"model": name, "model_hash": hashed}, None)
            for name, hashed in zip(known["models"], known["model_hashes"], strict=True)
        ]
    call = value.call
    call["concepts"] = [one if isinstance(one, str) else tuple(one) for one in call["concepts"]]
    return concepts(records, f, **{**call, **changes})


def _told(one: Concept) -> list[bool | None]:
    """The answers of a concept that was given them, as JSON can hold them."""
    assert one.values is not None
    return [bool(value) if np.isfinite(value) else None for value in one.values]


def _models(f: Any) -> list[Predictor]:
    """The models, checked against each other."""
    models = list(f) if isinstance(f, list | tuple) else [f]
    if not models:
        raise ExplainError("f=[]: expected a Predictor (cw.load, cw.wrap), or several")
    for one in models:
        check_predictor(one)
        if not one.differentiable:
            raise ExplainError(
                f"{one.name} has no gradients ({one.lack_of_gradients}): TCAV asks how an answer changes "
                "along a direction inside the model"[:200]
            )
        if one.outputs != models[0].outputs:
            raise ExplainError(
                f"{one.name} answers {', '.join(one.outputs[:5])}, and {models[0].name} "
                f"{', '.join(models[0].outputs[:5])}: several models are initialisations of one network"
            )
    hashes = [one.weight_hash for one in models]
    for k, one in enumerate(hashes):
        if one in hashes[:k]:
            raise ExplainError(
                f"models {hashes.index(one)} and {k} have the same weights: scores that agree would say "
                "nothing; give other initialisations"
            )
    return models


def _numbers(cavs: Any, dummies: Any, most: Any, hearts: Any, causal: Any, seed: Any) -> Numbers:
    given = {
        "cavs": (cavs, 1), "dummies": (dummies, 0), "most": (most, 20), "hearts": (hearts, 20),
        "causal": (causal, 0), "seed": (seed, 0),
    }  # fmt: skip
    for name, (value, least) in given.items():
        if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < least:
            raise ExplainError(f"{name}={value!r}: expected a whole number from {least}")
    return Numbers(int(cavs), int(dummies), int(most), int(hearts))


def _classes(f: Predictor, classes: Sequence[str] | None) -> list[str]:
    names = (
        [classes] if isinstance(classes, str) else list(f.outputs if classes is None else classes)
    )
    if not names or len(set(names)) < len(names):
        raise ExplainError(f"classes={names!r}: expected outputs of {f.name}, each once")
    for name in names:
        try:
            f.index(name)
        except WrapError as error:
            raise ExplainError(str(error)) from error
    return names


def _layers(models: Sequence[Predictor], names: Sequence[str] | None) -> list[list[Layer]]:
    """The layers of each model, which have the same names and shapes."""
    first = chosen_layers(models[0], names)
    out = [first]
    for one in models[1:]:
        its = chosen_layers(one, [layer.name for layer in first])
        if [layer.shape for layer in its] != [layer.shape for layer in first]:
            raise ExplainError(
                f"the layers of {one.name} have other shapes than those of {models[0].name}: several "
                "models are initialisations of one network"
            )
        out.append(its)
    return out


def _examples(
    how: str,
    models: Sequence[Predictor],
    records: Sequence[Record],
    labels: Any,
    names: Sequence[str],
) -> Array:
    """Which records are examples of each class, ``(classes, records)``."""
    if how == "all":
        return np.ones((len(names), len(records)))
    if how == "predictions":
        if models[0].output == "linear":
            raise ExplainError(
                f"{models[0].name} answers values: examples='all' takes every record"
            )
        said = [[[one[name] for name in names] for one in f.predict(records)] for f in models]
        return (np.mean(said, axis=0).T >= 0.5).astype(float)
    if how != "labels":
        raise ExplainError(f"examples={how!r}: expected 'labels', 'predictions' or 'all'")
    if not any(labels):
        raise ExplainError(
            "no record has labels: give labels=, records with meta['labels'], or "
            "examples='predictions', which takes the models' own word"
        )
    return belongs(labels, names)


def _usable(names: Sequence[str], in_class: Array, asked: bool) -> tuple[list[str], Array]:
    """The classes that have examples; one that was asked for has to."""
    counts = in_class.sum(axis=1)
    short = [
        f"{name} {int(n)}" for name, n in zip(names, counts, strict=True) if n < LEAST_EXAMPLES
    ]
    if (asked and short) or len(short) == len(names):
        raise ExplainError(
            f"too few examples of classes ({', '.join(short)}; {LEAST_EXAMPLES} are needed): give more "
            "records, other classes=, or examples='predictions' or 'all'"
        )
    return list(names), in_class


def _facts(
    models: Sequence[Predictor], records: Sequence[Record], call: dict[str, Any]
) -> dict[str, Any]:
    hashes = [record_hash(one) for one in records]
    return provenance(
        models=[one.name for one in models],
        model_hashes=[one.weight_hash for one in models],
        records=len(records),
        records_hash=hash_with("", {"records": hashes}),
        simulated_records=sum(one.meta.get("source") == "simulated" for one in records),
        call=call,
    )
