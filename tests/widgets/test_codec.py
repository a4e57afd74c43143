"""The int16 codec: what is lost, what is refused, and that the bytes are the agreed ones."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from cofe_widgets.widgets.core.codec import pack, unpack

GOLDEN = json.loads((Path(__file__).parent / "codec.json").read_text())


@given(
    arrays(
        np.float32,
        array_shapes(min_dims=2, max_dims=3, max_side=20),
        elements=st.floats(-15, 15, width=32),
    )
)
def test_error_is_at_most_half_a_count(signal):
    packed = pack(signal)
    bound = 0.5 * np.asarray(packed["scale"])[:, None] + 1e-6
    assert (np.abs(unpack(packed) - signal) <= bound).all()


def test_error_of_an_ecg_is_below_a_tenth_of_a_microvolt():
    signal = np.random.default_rng(0).uniform(-3, 3, (12, 5000))
    packed = pack(signal)
    assert len(packed["data"]) == 120_000
    assert np.abs(unpack(packed) - signal).max() < 1e-4


def test_golden_bytes_of_the_browser_tests():
    packed = pack(GOLDEN["values"])
    assert base64.b64encode(packed["data"]).decode() == GOLDEN["packed"]["data"]
    assert packed["scale"] == pytest.approx(GOLDEN["packed"]["scale"])
    assert {k: packed[k] for k in ("version", "dtype", "shape")} == {
        k: GOLDEN["packed"][k] for k in ("version", "dtype", "shape")
    }


def test_missing_samples_are_missing_on_the_other_side_and_nothing_else_is():
    values = np.array([[np.nan, -2.0, 2.0, np.nan], [np.nan] * 4, [0.0, 1.0, -1.0, 0.5]])
    out = unpack(pack(values))
    assert (np.isnan(out) == np.isnan(values)).all()
    np.testing.assert_allclose(out, values, atol=4e-5)


@pytest.mark.parametrize("bad", [np.zeros(5), [[np.inf, 0.0]], [[-np.inf, np.nan]]])
def test_refuses_what_it_cannot_carry(bad):
    with pytest.raises(ValueError, match=r"infinite|expected"):
        pack(bad)


@pytest.mark.parametrize(
    "fault", [{"version": 9}, {"dtype": "int32"}, {"shape": [2, 9]}, {"scale": [1.0]}]
)
def test_refuses_to_read_another_form(fault):
    with pytest.raises(ValueError, match=r"expected version|does not fit"):
        unpack({**pack(np.ones((2, 4))), **fault})
