"""Concept activation vectors: all linear classifiers of a layer fitted together, in closed form.

A classifier is a ridge regression of +1 and -1 on standardised features, its strength chosen by leaving
one out. It is solved through the Gram matrix of the records, so that a layer of 40,000 features is fitted
exactly and none of them has to be thrown away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

#: The normal of the classifier's border, as Kim et al. have it; or the difference of the two means, which is
#: not turned aside by what the features share with noise (Pahde et al., arXiv:2202.03482).
Direction = Literal["classifier", "pattern"]
#: Strengths of the ridge that are tried, in multiples of the mean eigenvalue.
RIDGES = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
#: Share of the drawn records that the accuracy is measured on.
HELD_OUT = 1 / 3
#: Features that vary less, as a share of the layer's largest standard deviation, are constant.
_CONSTANT = 1e-5


@dataclass(frozen=True)
class Draw:
    """What one CAV is fitted to and tried on.

    Attributes
    ----------
    train, test : ndarray of int
        Rows of the features: positives first, then as many negatives.
    """

    train: NDArray[np.int64]
    test: NDArray[np.int64]


def draws(
    positives: NDArray[np.int64],
    negatives: NDArray[np.int64],
    count: int,
    most: int,
    dice: np.random.Generator,
    paired: bool = False,
) -> list[Draw]:
    """As many positives as negatives for each CAV, drawn anew, two thirds to fit and one to try.

    Parameters
    ----------
    positives, negatives : ndarray of int
        Rows.
    most : int
        Of each at most.
    paired : bool
        Whether they are pairs, which stay together (twins, of which one must not tell of the other).
    """
    size = min(len(positives), len(negatives), most)
    held = max(1, round(HELD_OUT * size))
    out = []
    for _ in range(count):
        yes = dice.permutation(len(positives))[:size]
        no = yes if paired else dice.permutation(len(negatives))[:size]
        has, lacks = positives[yes], negatives[no]
        train = np.concatenate([has[held:], lacks[held:]])
        test = np.concatenate([has[:held], lacks[:held]])
        out.append(Draw(train, test))
    return out


def scale_of(features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of features ``(n, features)``; infinite where one is constant."""
    mean, sd = features.mean(dim=0), features.std(dim=0, correction=0)
    least = _CONSTANT * sd.max()
    return mean, torch.where(sd > least, sd, torch.inf)


def fitted(
    features: Tensor, drawn: Sequence[Draw], direction: Direction = "classifier"
) -> tuple[Tensor, Tensor]:
    """All CAVs of a layer.

    Parameters
    ----------
    features : Tensor, shape (rows, features)
        Standardised.
    drawn : sequence of Draw
    direction : "classifier" or "pattern"

    Returns
    -------
    vectors : Tensor, shape (draws, features)
        Towards the positives, in standardised features: normal to the border between the two, as long as the
        means of the two lie apart along it; or from the mean of the negatives to that of the positives.
    accuracy : Tensor, shape (draws,)
        Share of the held-out records on the right side.
    """
    gram = features @ features.T / features.shape[1]
    vectors = torch.zeros(len(drawn), features.shape[1], dtype=features.dtype)
    accuracy = torch.zeros(len(drawn), dtype=features.dtype)
    sizes = [(len(one.train), len(one.test)) for one in drawn]
    for size in dict.fromkeys(sizes):
        places = [k for k, one in enumerate(sizes) if one == size]
        train = torch.from_numpy(np.stack([drawn[k].train for k in places]))
        test = torch.from_numpy(np.stack([drawn[k].test for k in places]))
        weights, right = _solved(gram, train, test)
        half = train.shape[1] // 2
        means = torch.cat(
            [weights.new_full((half,), 1 / half), weights.new_full((half,), -1 / half)]
        )
        weights = means.expand_as(weights) if direction == "pattern" else weights
        normal, apart = (
            _of_rows(one.expand_as(weights), train, features) for one in (weights, means)
        )
        length = normal.square().sum(dim=1, keepdim=True)
        gap = (normal * apart).sum(dim=1, keepdim=True)
        vectors[places] = normal * (gap / length.clamp(min=torch.finfo(length.dtype).tiny))
        accuracy[places] = right
    return vectors, accuracy


def _of_rows(weights: Tensor, train: Tensor, features: Tensor) -> Tensor:
    """Sums of the training records by their weights ``(draws, train)``, ``(draws, features)``."""
    rows = features.new_zeros(len(train), len(features))
    return rows.scatter_add_(1, train, weights) @ features


def _solved(gram: Tensor, train: Tensor, test: Tensor) -> tuple[Tensor, Tensor]:
    """Weights of the training records ``(draws, train)`` and the accuracy on the others ``(draws,)``."""
    m = train.shape[1]
    own = gram[train[:, :, None], train[:, None, :]].double()
    other = gram[test[:, :, None], train[:, None, :]].double()
    y = torch.ones(m, dtype=torch.float64)
    y[m // 2 :] = -1  # as many of one as of the other: the mean is zero
    level = own.mean(dim=1, keepdim=True)
    centred = own - level - own.mean(dim=2, keepdim=True) + own.mean(dim=(1, 2), keepdim=True)
    values, basis = torch.linalg.eigh(centred)
    values = values.clamp(min=0)
    mean = values.mean(dim=1).clamp(min=1e-12)
    ridges = mean[:, None] * torch.tensor(RIDGES, dtype=torch.float64)  # (draws, ridges)
    kept = values[:, None, :] / (values[:, None, :] + ridges[:, :, None])
    along = (basis.mT @ y)[:, None, :]  # (draws, 1, m)
    said = (kept * along) @ basis.mT
    leverage = kept @ basis.square().mT + 1 / m
    missed = ((y - said) / (1 - leverage).clamp(min=1e-9)).square().mean(dim=2)
    best = missed.argmin(dim=1)
    ridge = ridges.gather(1, best[:, None])
    weights = torch.einsum("nij,nj->ni", basis, along[:, 0] / (values + ridge))
    weights = weights - weights.mean(dim=1, keepdim=True)
    score = torch.einsum("nij,nj->ni", other - level, weights)
    half = test.shape[1] // 2
    # On the border itself a record is on neither side.
    right = torch.cat([score[:, :half], -score[:, half:]], dim=1)
    hits = (right > 0).double() + 0.5 * (right == 0).double()
    return weights.to(gram.dtype), hits.mean(dim=1).to(gram.dtype)
