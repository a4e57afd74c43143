"""Directions that are kept: found once for a model, and never handed on by one that answers otherwise."""

from __future__ import annotations

import gc

import numpy as np
import pytest
import torch
from torch import nn

import cofe_widgets as cw
from cofe_widgets.explain.counterfactual import global_direction as room
from cofe_widgets.explain.counterfactual.objective import Objective

pytestmark = pytest.mark.slow


class Power(nn.Module):
    """Two logits: their difference grows with the power of a signal; counts how often it is asked."""

    def __init__(self):
        super().__init__()
        self.asked = 0

    def forward(self, x):
        self.asked += len(x)
        power = 20 * x.square().mean(dim=(1, 2))
        return torch.stack((0 * power, power - 2), dim=1)


class Scaled:
    """A function whose work can change while it stays the same object."""

    def __init__(self, lead):
        self.lead = lead

    def __call__(self, x):
        return x[:, [self.lead]]


def wrapped(function):
    return cw.wrap(Power(), fs=250, outputs=["no", "yes"], preprocess=function)


def asked(f, target="yes"):
    before = f.module.asked
    direction = room.global_direction(Objective(f, target, 0.9))
    return direction, f.module.asked - before


def test_a_model_with_functions_is_asked_for_its_direction_once():
    f = wrapped(Scaled(1))
    first, often = asked(f)
    again, seldom = asked(f)
    assert torch.equal(first, again) and seldom == len(room.BANK) < often
    other, as_often = asked(f, "no")
    assert as_often == often and not torch.equal(other, first)


def test_a_changed_function_is_never_answered_for():
    changed, fresh = Scaled(1), wrapped(Scaled(7))
    f = wrapped(changed)
    before, _ = asked(f)
    changed.lead = 7
    after, often = asked(f)
    assert often > len(room.BANK)
    assert not torch.equal(after, before) and torch.equal(after, asked(fresh)[0])
    f.preprocess = Scaled(1)
    assert torch.equal(asked(f)[0], before)


def test_what_is_kept_goes_with_the_model():
    f = wrapped(Scaled(1))
    asked(f)
    count = len(room._of_functions)
    del f
    gc.collect()
    assert len(room._of_functions) < count


def test_the_answer_is_the_same_from_a_kept_direction():
    f, record = wrapped(Scaled(1)), cw.simulate("NSR", seed=21)[0].record
    level = (1 + f.predict(record)["yes"]) / 2
    first, again = (cw.counterfactual(record, f, "yes", level, severities=2) for _ in range(2))
    assert np.array_equal(first.signals, again.signals)
