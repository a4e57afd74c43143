"""The audit app: tabs that compute, models that are turned to, files that are taken away."""

import base64
import io
import re

import pandas as pd
import pytest

import cofe_widgets as cw
from cofe_widgets.audit import AuditError, CounterfactualTable, Subgroups
from cofe_widgets.widgets.audit.app import TABS, AuditApp

ERRS = "Whom does it err on?"
MIND = "What would change its mind?"


@pytest.fixture(scope="module")
def hearts():
    return [one.record for name in ("NSR", "AF") for one in cw.simulate(name, n=4, seed=1)]


@pytest.fixture(scope="module")
def computed(hearts):
    app = cw.audit_app(hearts, "af-resnet")
    app.panels[ERRS].bar.start()
    app.panels[MIND].target = "AF"
    app.panels[MIND].bar.start()
    return app


def test_tabs_compute_and_hold_values(computed):
    values = computed.values
    assert isinstance(values[ERRS], Subgroups)
    assert isinstance(values[MIND], CounterfactualTable)
    assert values[MIND].reached.asked.sum() == 4  # those that are AF already are not asked
    assert "8 simulated ECGs" in computed.report()
    assert computed.panels[ERRS]._picture.value.startswith("<svg")


def test_a_class_is_chosen_and_its_errors_shown(computed):
    panel = computed.panels[ERRS]
    before = panel._picture.value
    panel.target = "AF" if panel.target != "AF" else "SR"
    assert panel._picture.value != before


def test_files_hold_what_was_computed(computed):
    files = computed.files()
    assert set(files) == {
        f"{name}.{kind}"
        for name in ("what-would-change-its-mind", "whom-does-it-err-on")
        for kind in ("csv", "parquet", "svg")
    } | {"audit.html"}
    table = pd.read_parquet(io.BytesIO(files["whom-does-it-err-on.parquet"]))
    again = pd.read_csv(io.BytesIO(files["whom-does-it-err-on.csv"]))
    assert len(table) == len(again) == len(computed.values[ERRS].table)
    computed.prepare()
    links = re.findall(
        r'download="([^"]+)" href="data:[^,]+;base64,([^"]+)"', computed._files.value
    )
    assert {name: base64.b64decode(data) for name, data in links} == files


def test_nothing_computed_is_said(hearts):
    app = cw.audit_app(hearts, "af-resnet")
    assert app.values == {}
    app.prepare()
    assert "nothing was computed yet" in app._files.value


def test_what_was_computed_of_one_model_is_kept_beside_another(hearts):
    app = cw.audit_app(hearts, ["af-resnet", "nine-resnet"])
    app.panels[ERRS].bar.start()
    app.model = "nine-resnet"
    assert app.values == {}
    assert list(app._tabs.titles) == list(TABS)
    app.model = "af-resnet"
    assert ERRS in app.values


def test_a_class_that_every_record_is_called_is_refused_in_words(hearts):
    app = cw.audit_app([hearts[-1]], "af-resnet")
    panel = app.panels[MIND]
    panel.target = "AF"
    panel.bar.start()
    assert "the model calls every record AF" in panel.bar.words
    assert not panel.bar.busy


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"records": []}, "no records"),
        ({"models": []}, "no models"),
        ({"models": [object()]}, "wrap it first"),
        ({"models": ["af-resnet", "af-resnet"]}, "two models have one name"),
        ({"labels": [["AF"]]}, "one for each"),
    ],
)
def test_what_cannot_be_audited_is_refused(hearts, change, words):
    asked = {"records": hearts, "models": "af-resnet", **change}
    with pytest.raises(AuditError, match=words):
        cw.audit_app(**asked)


def test_it_is_a_widget(hearts):
    assert isinstance(cw.audit_app(hearts, "af-resnet"), AuditApp)


@pytest.mark.slow
def test_a_selection_of_the_group_can_be_mapped():
    some = [one.record for name in ("NSR", "AF") for one in cw.simulate(name, n=7, seed=1)]
    app = cw.audit_app(some, "af-resnet")
    group, looks = app.panels["What is in the group?"], app.panels["Where does it look?"]
    looks.group, looks.target, group.target, group.clusters = (
        "those selected in the group",
        "AF",
        "AF",
        2,
    )
    looks.bar.start()
    assert "nothing is selected" in looks.bar.words
    group.bar.start()
    group.selected = (5, 6)
    looks.bar.start()
    assert list(looks.value.places) == [5, 6]
