"""The table of many counterfactuals: both ways, resumed, with records that fail among them."""

import json
import re

import numpy as np
import pytest
import torch
from torch import nn

import cofe_widgets as cw
from cofe_widgets.audit import counterfactual_table, questions
from cofe_widgets.generative.networks import networks


class QrsPower(nn.Module):
    """A model with a gradient everywhere: tall QRS in V5 or not."""

    def forward(self, x):
        power = 10 * x[:, 0].square().mean(dim=1)
        return torch.stack((torch.zeros_like(power), power - 1), dim=1)


@pytest.fixture(scope="module")
def f():
    return cw.load("af-resnet")


@pytest.fixture(scope="module")
def hearts():
    return [
        one.record
        for name, n in (("NSR", 3), ("AF", 2))
        for one in cw.simulate(name, n, seed=3, fs=250)
    ]


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def mixed(hearts, f, kept, tmp_path_factory):
    """Good records of both kinds, one too short, one without beats, and a file that is none."""
    nonsense = tmp_path_factory.mktemp("files") / "broken.xml"
    nonsense.write_text("<no ecg>")
    hum = np.tile(0.2 * np.sin(2 * np.pi * 0.4 * np.arange(2500) / 250), (12, 1))
    records = [hearts[0], hearts[1].crop(0, 6), *hearts[2:], cw.Record(hum, 250), nonsense]
    made = []
    table = counterfactual_table(
        records,
        f,
        "AF",
        both_ways=True,
        store=kept,
        progress=False,
        each=lambda place, direction, cf: made.append((place, direction, cf.reached)),
    )
    return records, table, made


def test_each_record_is_asked_in_its_own_direction_and_broken_ones_lose_nothing(mixed):
    _, table, made = mixed
    outcomes = table.outcomes.set_index("record")
    assert outcomes.direction[[0, 2, 3, 4]].tolist() == ["towards", "towards", "back", "back"]
    assert outcomes.level[[0, 3]].tolist() == pytest.approx([0.9, 0.1])
    assert sorted(table.failures.record) == [1, 5, 6]
    reasons = " ".join(table.failures.failure)
    assert "6.00 s long" in reasons and "beats found" in reasons
    assert {place for place, _, _ in made} == {0, 2, 3, 4}
    assert outcomes.reached[[0, 2]].all() and outcomes.after[[0, 2]].min() >= 0.9 - 1e-6
    assert table.reached.failed.sum() == 3 and table.reached.reached.tolist() == [2, 2]


def test_the_numbers_are_those_of_the_counterfactuals(mixed, f):
    records, table, _ = mixed
    alone = cw.counterfactual([records[0], records[2]], f, "AF", severities=2)
    for place, cf in zip((0, 2), alone, strict=True):
        row = table.outcomes.index[table.outcomes.record == place][0]
        assert table.original.loc[row, "rr_sd_ms"] == pytest.approx(
            cw.measure(cf.original)["rr_sd_ms"]
        )
        assert table.counterfactual.loc[row, "qrs_ms"] == pytest.approx(
            cw.measure(cf.record())["qrs_ms"], abs=8
        )
    towards = table.table.loc["towards"]
    assert towards.n["rr_sd_ms"] == 2
    assert towards.change["rr_sd_ms"] > 0 and towards.rank_biserial["rr_sd_ms"] == 1


def test_an_interrupted_run_goes_on_where_it_was(mixed, f, kept, monkeypatch):
    records, table, _ = mixed
    files = sorted(kept.glob("*.json"))
    assert len(files) == 5  # what reached the model: four explained, one without beats
    monkeypatch.setattr(questions, "counterfactual", None)  # nothing may be searched again
    again = again_of(records, f, kept)
    assert again.outcomes.equals(table.outcomes)
    assert again.original.equals(table.original) and again.counterfactual.equals(
        table.counterfactual
    )


def again_of(records, f, kept, **changes):
    return counterfactual_table(
        records, f, "AF", both_ways=True, store=kept, progress=False, **changes
    )


@pytest.mark.slow
def test_a_file_cut_off_is_worked_out_again_and_other_questions_are_other_files(
    mixed, hearts, f, kept
):
    before = {path.name for path in kept.glob("*.json")}
    whole = sorted(kept.glob("*.json"))[0]
    text = whole.read_text()
    whole.write_text(text[: len(text) // 2])
    again_of(mixed[0], f, kept)
    assert {path.name for path in kept.glob("*.json")} == before
    assert json.loads(whole.read_text()).keys() == json.loads(text).keys()
    again_of(hearts[:1], f, kept, seed=1)
    assert len(list(kept.glob("*.json"))) == len(before) + 1
    assert not list(kept.glob("*.part"))


def test_it_saves_loads_and_shows(mixed, tmp_path):
    _, table, _ = mixed
    path = tmp_path / "table.json"
    table.save(path)
    again = cw.audit.CounterfactualTable.load(path)
    assert again.table.equals(table.table) and again.provenance == table.provenance
    assert again.provenance["networks_hash"] == networks().weight_hash
    assert re.match(r"CounterfactualTable\(2 of \d reached towards AF; 2 of", repr(table))
    html = table._repr_html_()
    assert "rr_sd_ms" in html and "6.00 s long" in html
    path.write_text("[1, 2]")
    with pytest.raises(cw.audit.AuditError, match=r"table\.json is no saved"):
        cw.audit.CounterfactualTable.load(path)


def test_p_waves_and_spaces_are_counted(mixed):
    _, table, _ = mixed
    assert table.p_waves.loc["towards", "there before"] == 1
    assert table.spaces.to_numpy().sum() == table.outcomes.reached.sum()


@pytest.mark.slow
def test_values_are_taken_up_and_down_by_as_much(hearts):
    f = cw.wrap(QrsPower(), fs=250, leads=["V5"], outputs=["zero", "power"], output="linear")
    table = counterfactual_table(
        hearts[:1], f, "power", by=0.5, both_ways=True, progress=False, severities=2
    )
    up, down = table.outcomes.itertuples()
    assert (up.direction, down.direction) == ("towards", "back")
    assert up.after - up.before == pytest.approx(0.5, abs=0.05)
    assert down.after - down.before == pytest.approx(-0.5, abs=0.05)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"target": "VT"}, "'VT'.*SR, AF"),
        ({"level": 1.5}, "between 0 and 1"),
        ({"by": 1.0}, "answers probabilities"),
        ({"level": 0.3, "both_ways": True}, "between 0.5 and 1"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_any_work(hearts, f, tmp_path, asked, message):
    with pytest.raises(ValueError, match=message):
        counterfactual_table(hearts, f, **{"target": "AF", "store": tmp_path, **asked})
    assert not list(tmp_path.iterdir()) or not list(tmp_path.glob("*.json"))


def test_a_model_of_values_needs_a_value_and_a_table_needs_records(hearts, f):
    values = cw.wrap(QrsPower(), fs=250, leads=["V5"], outputs=["zero", "power"], output="linear")
    with pytest.raises(cw.audit.AuditError, match="give level.*or by"):
        counterfactual_table(hearts, values, "power")
    with pytest.raises(cw.audit.AuditError, match="no records"):
        counterfactual_table([], f, "AF", progress=False)


def test_a_record_that_is_there_already_is_said_one_by_one(hearts, f):
    table = counterfactual_table([hearts[0], hearts[3]], f, "AF", progress=False)
    assert "already answers AF" in table.failures.failure[0]
    assert table.outcomes.reached.tolist() == [True, False]


def test_what_is_kept_is_of_this_version_and_of_the_rooms_an_audit_imports(tmp_path, monkeypatch):
    from cofe_widgets.audit import store

    package = tmp_path / "cofe_widgets"
    for place in ("signals/beats.py", "models/resnet.py", "widgets/viewer.py", "values.py"):
        (package / place).parent.mkdir(parents=True, exist_ok=True)
        (package / place).write_text("one = 1\n")
    monkeypatch.setattr(store, "_PACKAGE", package)

    def hashed():
        store.code_hash.cache_clear()
        return store.code_hash()

    first = hashed()
    (package / "widgets/viewer.py").write_text("two = 2\n")
    assert hashed() == first  # no audit imports a widget
    for place in ("signals/beats.py", "models/resnet.py", "values.py"):
        before = hashed()
        (package / place).write_text("two = 2\n")
        assert hashed() != before
    before = hashed()
    monkeypatch.setattr(store, "__version__", "9.9.9")
    assert hashed() != before
    store.code_hash.cache_clear()


def test_no_audit_imports_a_room_that_its_results_do_not_depend_on():
    import grimp

    from cofe_widgets.audit.store import ROOMS_ABOVE

    graph = grimp.build_graph("cofe_widgets")
    upstream = graph.find_upstream_modules("cofe_widgets.audit", as_package=True)
    assert not {name.split(".")[1] for name in upstream} & ROOMS_ABOVE


@pytest.mark.slow
def test_a_run_that_is_killed_keeps_every_answer_made_before(hearts, tmp_path):
    class Power(nn.Module):
        """Asked so often; killed when asked more often than ``most``."""

        asked, most = 0, np.inf

        def forward(self, x):
            self.asked += 1
            if self.asked > self.most:
                raise KeyboardInterrupt
            power = 20 * x.square().mean(dim=(1, 2))
            return torch.stack((0 * power, power - 2), dim=1)

    f, at, made = cw.wrap(Power(), fs=250, outputs=["no", "yes"]), [], []
    level = (1 + max(one["yes"] for one in f.predict(hearts[:3]))) / 2
    asked = {"target": "yes", "level": level, "progress": False}
    counterfactual_table(hearts[:1], f, **asked)  # what is found once for a model is found
    f.module.asked = 0
    counterfactual_table(hearts[:3], f, **asked, each=lambda *_: at.append(f.module.asked))
    assert at[0] < at[1] < at[2]
    f.module.asked, f.module.most = 0, at[1]  # in the midst of the third
    with pytest.raises(KeyboardInterrupt):
        counterfactual_table(hearts[:3], f, **asked, store=tmp_path)
    assert len(list(tmp_path.glob("*.json"))) == 2
    f.module.most = np.inf
    counterfactual_table(hearts[:3], f, **asked, store=tmp_path, each=lambda k, *_: made.append(k))
    assert made == [2]
