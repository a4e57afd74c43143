"""Where a value comes from: the one form in which every value of the package says it."""

from __future__ import annotations

from typing import Any, Protocol

from ._version import __version__


class Weighted(Protocol):
    """A model with a name, a hash of its weights and, where it has some, ``facts`` of its use."""

    name: str

    @property
    def weight_hash(self) -> str:
        """Hash of the weights as they are."""


def provenance(predictor: Weighted | None = None, **facts: Any) -> dict[str, Any]:
    """Everything an answer depends on, as JSON can hold it.

    Parameters
    ----------
    predictor : Predictor or another model with ``name`` and ``weight_hash``, optional
        The model that was asked; its name and the hash of its weights are noted.
    **facts
        Parameters, seeds, hashes of other networks.

    Returns
    -------
    dict
        ``model`` and ``model_hash`` (of a predictor), ``model_use`` (how it is asked, where that is
        not the usual way), the facts, and ``version`` of the package.
    """
    model: dict[str, Any] = {}
    if predictor is not None:
        model = {"model": predictor.name, "model_hash": predictor.weight_hash}
        use = getattr(predictor, "facts", {})
        model |= {"model_use": use} if use else {}
    return {**model, **facts, "version": __version__}
