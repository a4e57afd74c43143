"""The shipped predictors answer as medicine says, on simulated hearts with known answers."""

import numpy as np
import pytest

import cofe_widgets as cw
from cofe_widgets.models import WEIGHTS

PREDICTORS = {
    "af-resnet": (("SR", "AF"), "softmax"),
    "af-inception": (("SR", "AF"), "softmax"),
    "potassium-resnet": (("potassium_mmol_l",), "linear"),
    "nine-resnet": (
        ("NSR", "AF", "SB", "STach", "IAVB", "RBBB", "LBBB", "LQRSV", "LVH"),
        "sigmoid",
    ),
}


def answers(f, condition, n=12, **options):
    """Mean answer by name to simulated hearts, the same ones every time."""
    records = [each.record for each in cw.simulate(condition, n=n, seed=3, fs=250, **options)]
    each = f.predict(records)
    return {name: float(np.mean([one[name] for one in each])) for name in f.outputs}


@pytest.mark.parametrize("name", PREDICTORS)
def test_a_predictor_is_small_and_named_as_promised(name):
    f = cw.load(name)
    assert (f.outputs, f.output) == PREDICTORS[name]
    assert (WEIGHTS / f"{name}.safetensors").stat().st_size < 3e6
    assert f.card["metrics"] and f.card["limits"]


@pytest.mark.parametrize("name", ["af-resnet", "af-inception"])
def test_fibrillation_is_told_from_sinus_rhythm_and_from_extrasystoles(name):
    f = cw.load(name)
    assert answers(f, "AF")["AF"] > 0.75
    assert answers(f, "NSR")["AF"] < 0.2
    assert answers(f, "NSR+PVC")["AF"] < 0.4  # irregular, with P waves


def test_two_models_of_fibrillation_are_of_different_kinds():
    one, other = cw.load("af-resnet"), cw.load("af-inception")
    assert type(one.module) is not type(other.module)
    assert one.card["seed"] != other.card["seed"]


def test_the_potassium_card_says_first_what_it_learned_from():
    card = (WEIGHTS / "potassium-resnet.md").read_text().splitlines()
    assert card[2].startswith("Trained on simulated ECGs only, because no open potassium labels")


def test_potassium_rises_in_the_same_hearts():
    f = cw.load("potassium-resnet")
    rising = [answers(f, "NSR", potassium=k)["potassium_mmol_l"] for k in (4.5, 5.5, 6.5, 7.5)]
    assert (np.diff(rising) > 0).all() and rising[-1] - rising[0] > 1.5
    block = answers(f, "LBBB", potassium=4.5)["potassium_mmol_l"]
    assert block < rising[2]  # a wide QRS alone is no hyperkalaemia


@pytest.mark.parametrize("name", ["SB", "STach", "IAVB", "RBBB", "LBBB", "LQRSV", "LVH"])
def test_a_diagnosis_becomes_likelier_as_it_sets_in_or_the_card_warns_of_it(name):
    f = cw.load("nine-resnet")
    healthy = answers(f, "NSR")[name]
    mild, full = (answers(f, name, severity=s)[name] for s in (0.5, 1.0))
    rises = healthy < mild + 0.02 and mild < full + 0.1 and full > healthy + 0.3
    warned = [limit for limit in f.card["limits"] if limit.startswith("Hardly better than chance")]
    assert rises or name in warned[0].split(": ")[1]


@pytest.mark.parametrize("name", ["ptbxl-lenet", "ptbxl-lenet-9", "ptbxl-xresnet1d50"])
def test_statements_of_ptb_xl_are_told_apart_in_simulated_hearts(name):
    f = cw.load(name)
    assert f.output == "sigmoid" and f.samples == 250
    asked = {"NSR": "NORM", "LBBB": "CLBBB", "RBBB": "CRBBB", "IMI": "IMI", "AMI": "AMI"}
    said = {code: answers(f, code, n=6) for code in asked}
    for code, statement in asked.items():
        others = [said[other][statement] for other in asked if other != code]
        assert said[code][statement] > 0.5 > max(others), (code, said[code])


def test_superclasses_of_ptb_xl_are_told_apart_in_simulated_hearts():
    f = cw.load("ptbxl-super-lenet")
    assert f.outputs == ("NORM", "MI", "STTC", "CD", "HYP")
    for code, superclass in {"NSR": "NORM", "LBBB": "CD", "IMI": "MI", "LVH": "HYP"}.items():
        said = answers(f, code, n=6)
        assert said[superclass] > 0.5 and (code == "NSR") == (said["NORM"] > 0.4), (code, said)


def test_a_louder_ecg_is_the_same_to_a_model_of_z_scores():
    f, record = cw.load("ptbxl-lenet"), cw.simulate("LVH", seed=3)[0].record
    louder = cw.Record(record.signal * 1.5, record.fs, record.leads)
    assert f.predict(louder) == pytest.approx(f.predict(record), abs=0.01)
    assert any("cannot see voltage" in one for one in f.card["limits"])
