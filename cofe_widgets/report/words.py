"""A counterfactual in words: of this package or, marked so, of somebody else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from .narrative import narrative

if TYPE_CHECKING:
    from ..explain.counterfactual.find import Counterfactual


@dataclass(frozen=True)
class Words:
    """A narrative, and whose words they are.

    Attributes
    ----------
    text : str
        What to read: the deterministic text, or what ``rephrase`` made of it.
    rephrased_by : str
        Name of the callable that rephrased it; empty for the deterministic text.
    original : str
        The deterministic text, always.
    error : str
        Why it was not rephrased although that was asked; else empty.
    """

    text: str
    rephrased_by: str
    original: str
    error: str = ""

    def __str__(self) -> str:
        if self.rephrased_by:
            return f"{self.text}\n(rephrased by {self.rephrased_by}; original: {self.original})"
        return self.text

    def __repr__(self) -> str:
        return f"Words({self.text!r}{', rephrased' if self.rephrased_by else ''})"

    def _repr_html_(self) -> str:
        told = f"<p>{escape(self.text)}</p>"
        if self.rephrased_by:
            told += (
                f"<details><summary>Rephrased by {escape(self.rephrased_by)}; the measured text"
                f"</summary><p>{escape(self.original)}</p></details>"
            )
        if self.error:
            told += f"<p><em>Not rephrased: {escape(self.error)}</em></p>"
        return f"<div>{told}</div>"


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
