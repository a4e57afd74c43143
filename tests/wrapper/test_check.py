"""What is said of a model whose description is wrong, right, or not to be told."""

import pytest
import torch
from torch import nn

import cofe_widgets as cw


class Changed(nn.Module):
    """The shipped model as one would bring it that was trained on other units, rates, polarity."""

    def __init__(self, change):
        super().__init__()
        self.net, self.change = cw.load("af-resnet").module, change

    def forward(self, x):
        return self.net(self.change(x))


@pytest.fixture(scope="module")
def records():
    return [one.record for code in ("NSR", "AF") for one in cw.simulate(code, n=6, seed=4)]


TRUTH = ["SR"] * 6 + ["AF"] * 6


def wrapped(change):
    return cw.wrap(Changed(change), fs=250, outputs=["SR", "AF"], name="mine")


def test_a_right_description_is_not_spoken_against(records):
    found = cw.load("af-resnet").check(records, TRUTH)
    assert "nothing speaks against" in found.says and "af-resnet on 12 records" in repr(found)
    table = found.to_frame()
    assert table.loc["as given", "right"] == 1 and table.loc["as given", "change"] == 0
    assert table.loc["/ 1000", "right"] < 0.9 and "worse" in table.loc["/ 1000", "says"]
    assert table.loc["baseline + 0.5 mV", "says"] == "makes no difference"


@pytest.mark.parametrize("truth", [TRUTH, None])
def test_a_model_of_microvolts_is_found_with_and_without_known_answers(truth, records):
    found = wrapped(lambda x: x / 1000).check(records, truth)
    assert "units='uV'" in found.says and "units='V'" not in found.says


def test_a_model_of_another_rate_is_found(records):
    half = wrapped(
        lambda x: torch.nn.functional.interpolate(x[..., :1250], size=2500, mode="linear")
    )
    assert "half the rate" in half.check(records, TRUTH).says


def test_without_known_answers_it_says_that_it_cannot_tell(records):
    found = cw.load("af-resnet").check(records)
    assert "cannot be told" in found.says
    assert found.to_frame()["right"].isna().all()
    few = cw.load("af-resnet").check(records[:1] + records[-1:], ["SR", "AF"])
    assert "Without known answers" in few.says


def test_values_and_what_cannot_be_checked(records):
    f = cw.load("potassium-resnet")
    truth = [[answer["potassium_mmol_l"]] for answer in f.predict(records)]
    found = f.check(records, truth)
    assert found.to_frame().loc["as given", "right"] == pytest.approx(0, abs=1e-5)
    with pytest.raises(cw.WrapError, match="two or more"):
        f.check(records[:1])
    with pytest.raises(cw.WrapError, match="3 known answers for 12"):
        f.check(records, truth[:3])
    with pytest.raises(cw.WrapError, match="no output 'VT'"):
        cw.load("af-resnet").check(records, ["VT"] * 12)
