"""Differences of glocal maps: a planted one is found, and noise is called noise."""

import numpy as np
import pandas as pd
import pytest

from cofe_widgets.errors import ExplainError
from cofe_widgets.explain.glocal import GlocalDifference, GlocalMap, difference
from cofe_widgets.explain.glocal.aligned import SHAPES


def group(seed, n=12, planted=0.0, places=None, target="A", method="saliency"):
    """A map of noise about an even spread, with more in T of V2."""
    rng = np.random.default_rng(seed)
    arrays = {name: np.ones((n, *shape), np.float32) for name, shape in SHAPES.items()}
    arrays["relevance"] = rng.normal(1, 0.2, (n, 12, 24)).astype(np.float32)
    arrays["relevance"][:, 7, 20] += planted
    failures = pd.DataFrame({"record": [], "failure": []})
    of = np.arange(n, dtype=float) + 100 * seed if places is None else places
    one = np.ones((n, 1), np.float32)
    return GlocalMap(
        target, method, ("A",), of, one, one, failures=failures, seen=n, provenance={}, **arrays
    )


def test_what_was_planted_is_found_and_nothing_else():
    found = difference(group(1, planted=0.6), group(2), permutations=500)
    assert found.cells == [("V2", "T peak")]
    assert found.low[7, 20] < 0.6 < found.high[7, 20]
    assert not found.paired
    assert "1 of 288 cells differ" in found.words() and "T peak in V2 +0." in found.words()


def test_the_same_records_are_compared_in_pairs():
    places = np.arange(12.0)
    one = group(1, planted=0.9, places=places)
    found = difference(one, group(2, places=places), ("new", "old"), permutations=500)
    assert found.paired and found.cells == [("V2", "T peak")]
    assert found.words().startswith("new beside old, the same records")


@pytest.mark.slow
def test_noise_is_called_noise_as_often_as_promised():
    some = [difference(group(2 * k), group(2 * k + 1), permutations=200) for k in range(60)]
    assert (
        sum(bool(one.cells) for one in some) <= 8
    )  # 5 % of 60 are 3; more than 8 has a chance of 1 %
    assert "none of 288 cells differs" in next(one for one in some if not one.cells).words()


def test_it_is_saved_shown_and_told(tmp_path):
    found = difference(group(1, planted=0.6), group(2), permutations=100)
    found.save(tmp_path / "d.npz")
    again = GlocalDifference.load(tmp_path / "d.npz")
    assert np.array_equal(again.p, found.p, equal_nan=True)
    assert len(found.to_frame()) == 288
    assert found.figure("dark").count('stroke-width="1.8"') == 1


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ExplainError, match="one method"):
        difference(group(1), group(2, method="lrp"))
    with pytest.raises(ExplainError, match="4 at least"):
        difference(group(1, n=3), group(2))
