"""What a scorecard is asked, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ...ecg import Record
from ...errors import AuditError, ExplainError, WrapError
from ...explain.arguments import check_predictor
from ...explain.attribution import Method, find
from ...explain.attribution import methods as known_methods
from ...models.number_type import computing
from ...wrapper import Predictor
from .check import Check
from .checks import CHECKS
from .place import LEAST_RECORDS, as_seen
from .subjects import DUMMIES, Explained

#: A method by name, as an object, or either with options.
Asked = str | Method | tuple[str | Method, Mapping[str, Any]]
#: What a quick card looks at unless told: methods of at most some dozens of passes through the model.
QUICK_METHODS = ("saliency", "input_x_gradient", "smoothgrad", "integrated_gradients")


def the_records(f: Any, records: Iterable[Record]) -> list[Record]:
    """The records, enough and each fit for the model."""
    from ...wrapper.records import listed

    check_predictor(f)
    some = listed(records)
    if len(some) < LEAST_RECORDS:
        many = f"{len(some)} record{'' if len(some) == 1 else 's'}"
        raise AuditError(
            f"{many}: a scorecard needs {LEAST_RECORDS} at least, for intervals over them and a mean "
            "map of the others; 16 tell much more"
        )
    as_seen(f, some)
    return some


def the_targets(
    f: Predictor, records: Sequence[Record], target: str | Sequence[str] | None, quick: bool
) -> tuple[str, ...]:
    """The outputs that are asked about.

    Unless told, all; of two that exclude each other the last alone, whose maps are those of the first
    turned round. A quick card takes the one that the model's answers to the records divide most evenly.
    """
    if target is not None:
        names = (target,) if isinstance(target, str) else tuple(dict.fromkeys(target))
        if not names:
            raise AuditError("target is empty: name an output, or leave it out for all")
        for name in names:
            try:
                f.index(name)
            except WrapError as error:
                raise ExplainError(str(error)) from error
        return names
    names = f.outputs[-1:] if f.output == "softmax" and len(f.outputs) == 2 else f.outputs
    if not quick or len(names) == 1:
        return names
    if f.output == "linear":
        return names[:1]
    answers = f.predict(records)
    share = [np.mean([one[name] >= 0.5 for one in answers]) for name in names]
    return (names[int(np.argmin(np.abs(np.array(share) - 0.5)))],)


def the_methods(
    f: Predictor,
    records: Sequence[Record],
    targets: Sequence[str],
    methods: Asked | Sequence[Asked] | None,
    quick: bool,
) -> list[Explained]:
    """The methods with all their options; unless told, those that can explain the model.

    Raises
    ------
    ExplainError
        For an unknown method or option, and one that was asked for and cannot explain the model.
    """
    if methods is not None:
        some = [methods] if isinstance(methods, str | Method) or _is_pair(methods) else methods
        found = [_explained(one) for one in some]  # type: ignore[arg-type]
        if not found:
            raise AuditError("methods is empty: name some, or leave it out")
        for one in found:
            for target in targets:
                _try(one, f, records, target)
    else:
        found = []
        for method in known_methods():
            if quick and method.name not in QUICK_METHODS:
                continue
            one = Explained(method, method.checked({}))
            try:
                for target in targets:
                    _try(one, f, records, target)
            except ExplainError:
                continue
            found.append(one)
        if not found:
            raise ExplainError(f"no attribution method can explain {f.name}")
    names = [one.name for one in found]
    twice = {name for name in names if names.count(name) > 1} | {
        one.name for one in DUMMIES if one.name in names
    }
    if twice:
        raise AuditError(f"methods names {', '.join(sorted(twice))} twice, or as a dummy is named")
    return found


def _is_pair(given: Any) -> bool:
    return isinstance(given, tuple) and len(given) == 2 and isinstance(given[1], Mapping)


def _explained(given: Asked) -> Explained:
    named, options = given if isinstance(given, tuple) else (given, {})
    method = find(named)
    return Explained(method, method.checked(options), dict(options))


def _try(one: Explained, f: Predictor, records: Sequence[Record], target: str) -> None:
    with computing():
        one.method.check_model(f.of(records[0]), f.tensor(records[0]), target)
        one.method.facts(f.of(records[0]), **one.options)  # a layer that is not there is refused


def the_checks(checks: str | Check | Sequence[str | Check] | None, quick: bool) -> list[Check]:
    """The checks; unless told all, or the quick set.

    Raises
    ------
    AuditError
        For an unknown one, naming those there are.
    """
    if checks is None:
        return [one for one in CHECKS.values() if one.quick or not quick]
    some = [checks] if isinstance(checks, str | Check) else list(checks)
    for one in some:
        if not isinstance(one, Check) and one not in CHECKS:
            raise AuditError(f"no check {one!r}: choose of {', '.join(CHECKS)}")
    if not some:
        raise AuditError("checks is empty: name some, or leave it out for all")
    found = {one.name: one for one in (k if isinstance(k, Check) else CHECKS[k] for k in some)}
    return list(found.values())
