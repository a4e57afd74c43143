"""`Words`: a counterfactual in words, and whose words they are."""

from __future__ import annotations

from dataclasses import dataclass

from ...markup import escaped


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
        told = f"<p>{escaped(self.text)}</p>"
        if self.rephrased_by:
            told += (
                f"<details><summary>Rephrased by {escaped(self.rephrased_by)}; the measured text"
                f"</summary><p>{escaped(self.original)}</p></details>"
            )
        if self.error:
            told += f"<p><em>Not rephrased: {escaped(self.error)}</em></p>"
        return f"<div>{told}</div>"
