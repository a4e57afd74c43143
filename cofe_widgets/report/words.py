"""A counterfactual in words: of this package or, marked so, of somebody else."""

from __future__ import annotations

from collections.abc import Callable

from ..explain.counterfactual import Counterfactual
from ..explain.counterfactual.words import Words
from .narrative import narrative


def words(cf: Counterfactual, rephrase: Callable[[str], str] | None = None) -> Words:
    """Tell a counterfactual, in words of this package or, marked so, of somebody else.

    Parameters
    ----------
    cf : Counterfactual
    rephrase : callable, optional
        Any ``str -> str``, a language model say. It is given the deterministic text alone; its
        answer is shown as its own, and the deterministic text is kept beside it. When it fails or
        answers nothing, the deterministic text stays and ``error`` says why.
    """
    text = narrative(cf)
    if rephrase is None:
        return Words(text, "", text)
    name = getattr(rephrase, "__name__", type(rephrase).__name__).strip("<>")
    try:
        said = rephrase(text)
    except Exception as error:  # whatever somebody else's code raises, the text survives
        return Words(text, "", text, f"{name} failed: {type(error).__name__}: {error}")
    if not isinstance(said, str) or not said.strip():
        return Words(text, "", text, f"{name} answered {said!r}, expected a text")
    return Words(said.strip(), name, text)
