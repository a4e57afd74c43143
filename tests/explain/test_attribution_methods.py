"""What a method is: declared, checked, made known by one file, and refused in words."""

import importlib.util
import json
import re
import textwrap

import numpy as np
import pytest
import torch
from torch import nn

import cofe_widgets as cw
from cofe_widgets import explain
from cofe_widgets.deprecated import warn_of_former
from cofe_widgets.errors import ExplainError
from cofe_widgets.explain import attribution
from cofe_widgets.explain.attribution import Between, Method

TOY = '''
"""A method as a stranger writes it: one file, no gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from cofe_widgets.explain.attribution import Between, Method

if TYPE_CHECKING:
    from torch import Tensor

    from cofe_widgets import Predictor


class Toy(Method):
    """gain * x, or its size."""

    name = "toy"
    title = "A toy"
    reference = "nobody 2025"

    def __call__(
        self,
        predictor: Predictor,
        x: Tensor,
        target: str,
        *,
        gain: Annotated[float, Between(0, 10)] = 2,
        of: Literal["x", "size"] = "x",
        lead: str | None = None,
        order: Annotated[int, Between(1, 3)] | None = None,
        loud: bool = False,
    ) -> Tensor:
        return gain * (x if of == "x" else x.abs())


METHOD = Toy()
'''


@pytest.fixture(scope="module")
def record():
    return cw.simulate("NSR", seed=5, fs=250)[0].record


class Flat(nn.Module):
    """Neither convolution nor ReLU: the mean of two leads."""

    def forward(self, x):
        return x.mean(dim=2)[:, :2]


@pytest.fixture(scope="module")
def f():
    return cw.wrap(Flat(), fs=250, leads=["I", "II"], outputs=["a", "b"])


@pytest.fixture
def toy(tmp_path):
    """The method of a file that is written now, registered."""
    path = tmp_path / "toy.py"
    path.write_text(textwrap.dedent(TOY))
    spec = importlib.util.spec_from_file_location("toy", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield attribution.register(module.METHOD)
    attribution.unregister("toy")


class Plain(Method):
    """The ECG itself."""

    name, title, reference = "plain", "Plain", "nobody"

    def __call__(self, predictor, x, target):
        return x


# -- the registry ---------------------------------------------------------------------------------


def test_a_method_of_one_file_is_listed_and_used_by_name(toy, record, f):
    assert cw.ATTRIBUTION_METHODS[-1] == "toy"
    assert explain.ATTRIBUTION_METHODS == attribution.ATTRIBUTION_METHODS == cw.ATTRIBUTION_METHODS
    assert attribution.methods()[-1] is toy
    row = attribution.table().loc["toy"]
    assert row["title"] == "A toy" and "gain=2, of='x'" in row["options"] and row["needs"] == ""
    att = cw.attribute(record, f, "a", method="toy", gain=np.int64(3), of="size")
    assert np.allclose(att.values, 3 * np.abs(record.select(["I", "II"]).signal))
    with pytest.raises(ExplainError, match="'toy' already"):
        attribution.register(toy)


def test_a_removed_method_is_gone(f, record):
    shipped = cw.ATTRIBUTION_METHODS
    attribution.register(Plain())
    try:
        assert (*shipped, "plain") == cw.ATTRIBUTION_METHODS
    finally:
        attribution.unregister("plain")
    assert shipped == cw.ATTRIBUTION_METHODS
    with pytest.raises(ExplainError, match="'plain': choose one of saliency"):
        cw.attribute(record, f, "a", "plain")
    with pytest.raises(ExplainError, match="'plain'"):
        attribution.unregister("plain")


def test_a_method_may_be_given_as_an_object(record, f):
    att = cw.attribute(record, f, "a", Plain())
    assert att.method == "plain" and np.array_equal(att.values, att.record.signal)
    with pytest.raises(ExplainError, match="no attribution method"):
        cw.attribute(record, f, "a", len)


def test_the_old_name_warns_once_and_works():
    warn_of_former.cache_clear()
    with pytest.warns(DeprecationWarning, match="now called ATTRIBUTION_METHODS") as said:
        assert cw.METHODS == explain.METHODS == attribution.METHODS == cw.ATTRIBUTION_METHODS
    assert len(said) == 1
    assert said[0].filename == __file__
    assert "METHODS" not in cw.__all__


def test_every_shipped_method_says_what_it_is():
    for method in attribution.methods():
        assert method.title and re.search(r"\d{4}", method.reference)
        assert len(type(method).__doc__.splitlines()) > 3
    table = attribution.table()
    assert list(table.index) == list(cw.ATTRIBUTION_METHODS)
    assert table.loc["integrated_gradients", "complete"] and not table.loc["saliency", "complete"]
    assert table.loc["smoothgrad", "options"] == "copies=25, noise_mv=0.02, seed=0"
    assert table.loc["integrated_gradients", "options"] == "steps=50, baseline='zero'"


# -- options --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "options", "words"),
    [
        ("saliency", {"steps": 3}, "saliency has no option 'steps': it has none"),
        (
            "smoothgrad",
            {"noise": 3},
            "no option 'noise' (did you mean 'noise_mv'?): its options are copies",
        ),
        ("smoothgrad", {"copies": 0}, "copies=0: expected a whole number from 1 to 10000"),
        ("smoothgrad", {"copies": 2.5}, "copies=2.5: expected a whole number"),
        ("smoothgrad", {"copies": True}, "copies=True: expected a whole number"),
        ("smoothgrad", {"noise_mv": float("nan")}, "noise_mv=nan: expected a number from 0 to 10"),
        ("smoothgrad", {"noise_mv": "much"}, "noise_mv='much': expected a number"),
        ("integrated_gradients", {"baseline": "noise"}, "expected one of 'zero', 'blurred'"),
        ("toy", {"loud": 1}, "loud=1: expected True or False"),
        ("toy", {"lead": 2}, "lead=2: expected a text or None"),
        ("toy", {"order": 4}, "order=4: expected a whole number from 1 to 3 or None"),
    ],
)
def test_wrong_options_are_refused_in_words(toy, record, f, method, options, words):
    with pytest.raises(ExplainError, match=re.escape(words)):
        cw.attribute(record, f, "a", method, **options)


def test_provenance_has_every_option_as_json(toy, record, f):
    known = cw.attribute(record, f, "a", "toy", order=np.int32(2), lead="II").provenance
    given = {"gain": 2.0, "of": "x", "lead": "II", "order": 2, "loud": False}
    assert known["options"] == given == json.loads(json.dumps(known))["options"]
    assert known["method"] == "toy" and known["model_hash"] == f.weight_hash
    known = cw.attribute(record, f, "a", "integrated_gradients").provenance
    assert known["options"] == {"steps": 50, "baseline": "zero"}
    assert known["signed"] is True and known["complete"] is True
    again = cw.attribute(record, f, "a", known["method"], **known["options"])
    assert again.provenance == json.loads(json.dumps(known))


@pytest.mark.parametrize(
    ("signature", "words"),
    [
        (
            "self, predictor, x",
            "called with (predictor, x, target, *, options), not (predictor, x)",
        ),
        ("self, predictor, x, target, steps=1", "not (predictor, x, target, steps)"),
        ("self, predictor, x, target, *, steps: int", "'steps' has no default"),
        ("self, predictor, x, target, *, steps: int = 1.5", "steps=1.5: expected a whole number"),
        ("self, predictor, x, target, *, steps=1", "'steps' is declared"),
        ("self, predictor, x, target, *, steps: list = ()", "'steps' is declared"),
        ("self, predictor, x, target, *, steps: 'Unknown' = 1", "'Unknown' is not defined"),
        ("self, predictor, x, target, *, batch_size: int = 1", "attribute() takes that"),
    ],
)
def test_a_call_that_declares_its_options_wrongly_is_refused(signature, words):
    space = {"Between": Between}
    exec(f"def call({signature}):\n    return x", space)
    method = type("Wrong", (Plain,), {"__call__": space["call"]})()
    with pytest.raises(ExplainError, match=re.escape(words)):
        attribution.register(method)
    assert "plain" not in cw.ATTRIBUTION_METHODS


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"title": None}, "Wrong has no title"),
        ({"needs": frozenset({"luck"})}, "needs luck: expected any of gradients"),
        ({"complete": True}, "complete from what?"),
    ],
)
def test_a_method_that_declares_itself_wrongly_is_refused(record, f, said, words):
    method = type("Wrong", (Plain,), said)()
    with pytest.raises(ExplainError, match=re.escape(words)):
        attribution.register(method)
    with pytest.raises(ExplainError, match=re.escape(words)):
        cw.attribute(record, f, "a", method)


# -- what a method needs of a model, and gives ----------------------------------------------------


def needy(*needs):
    return type("Needy", (Plain,), {"needs": frozenset(needs)})()


def test_a_model_that_lacks_a_need_is_refused_before_work_begins(record):
    class Asked(Plain):
        needs = frozenset({"gradients"})

        def __call__(self, predictor, x, target):
            raise AssertionError("work began")

    f = cw.wrap(lambda x: x.mean(axis=2)[:, :2], fs=250, leads=["I", "II"], outputs=["a", "b"])
    said = "cannot be explained by plain: .*no gradient.*Without gradients: shapley_sampling, occlusion"
    with pytest.raises(ExplainError, match=said):
        cw.attribute(record, f, "a", Asked())


def test_a_model_without_gradient_is_refused_only_by_methods_that_need_one(record):
    class Detached(nn.Module):
        """Its answer depends on parameters that learn, and on an ECG that it is cut off from."""

        def __init__(self):
            super().__init__()
            self.head = nn.Linear(12, 2)

        def forward(self, x):
            return self.head(x.detach().mean(dim=2))

    f = cw.wrap(Detached(), fs=250, outputs=["a", "b"])
    with pytest.raises(ExplainError, match="Detached cannot be .*plain: .*no gradient for a"):
        cw.attribute(record, f, "a", needy("gradients"))
    assert np.isfinite(cw.attribute(record, f, "a", Plain()).values).all()


def test_gradients_are_switched_off_for_methods_that_need_none(record, f):
    class Asked(Plain):
        def __call__(self, predictor, x, target):
            assert not torch.is_grad_enabled()
            return x

    cw.attribute(record, f, "a", Asked())


def test_values_of_another_shape_are_refused(record, f):
    class Short(Plain):
        def __call__(self, predictor, x, target):
            return x[..., :10]

    with pytest.raises(ExplainError, match=r"plain gives \(1, 2, 10\) for \(1, 2, 2500\)"):
        cw.attribute(record, f, "a", Short())


def test_a_complete_method_counts_from_its_own_baseline(record, f):
    class Half(Plain):
        """All of the change from half the ECG, for a linear model: half of x * weight."""

        complete = True

        def __call__(self, predictor, x, target, *, share: float = 0.5):
            sign = torch.tensor([1.0, -1.0])[:, None]
            return share * x * sign / x.shape[2]

        def baseline_of(self, predictor, x, target, **options):
            return (1 - options["share"]) * x

    for share in (0.5, 0.25):
        att = cw.attribute([record, record], f, "a", Half(), share=share)[1]
        assert att.provenance["completeness_error"] < 1e-3
