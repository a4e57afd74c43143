"""The simulated ECGs on which an app checks maps: half with the target's condition, half without."""

import pytest

from cofe_widgets.audit.scorecards import with_and_without
from cofe_widgets.wrapper import load


def labels(records):
    return [tuple(one.meta["labels"]) for one in records]


@pytest.mark.parametrize(
    ("model", "target", "expected"),
    [
        ("af-resnet", "AF", [("AF",), ("NSR",), ("AF",), ("NSR",)]),
        # The simulator knows no "SR": what there is, is of what the model is asked about.
        ("af-resnet", "SR", [("NSR",), ("AF",), ("NSR",), ("AF",)]),
        ("nine-resnet", "LBBB", [("LBBB",), ("NSR",), ("LBBB",), ("AF",), ("LBBB",), ("SB",)]),
        ("nine-resnet", "NSR", [("NSR",), ("AF",), ("NSR",), ("SB",)]),
    ],
)
def test_half_have_it(model, target, expected):
    found = with_and_without(load(model), target, len(expected), seed=1)
    assert labels(found) == expected
    assert len({one.signal.tobytes() for one in found}) == len(found)


def test_the_same_seed_draws_the_same():
    f = load("af-resnet")
    first, again = (with_and_without(f, "AF", 5, seed=2) for _ in range(2))
    assert [one.signal.tobytes() for one in first] == [one.signal.tobytes() for one in again]
