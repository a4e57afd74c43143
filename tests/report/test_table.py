"""A table of counterfactuals in words and as a picture."""

import numpy as np
import pandas as pd

from cofe_widgets.audit.numbers import MEASUREMENTS
from cofe_widgets.audit.tables import table_of
from cofe_widgets.markup import escaped

from ..hostile import assert_xml


def made(change_rr, n=12, reached=True, target="AF"):
    rng = np.random.default_rng(0)
    rows = []
    for k in range(n):
        before = dict.fromkeys(MEASUREMENTS, 1.0) | {"rr_sd_ms": 20 + rng.random()}
        after = before | {"rr_sd_ms": before["rr_sd_ms"] + change_rr + rng.random()}
        outcome = {
            "record": k, "name": str(k), "direction": "towards", "level": 0.9, "before": 0.1,
            "after": 0.95, "reached": reached, "space": "", "message": "", "failure": "",
        }  # fmt: skip
        rows.append((outcome, before, after))
    return table_of(rows, target, {})


def test_what_changed_by_more_than_chance_is_told_with_its_medians():
    words = made(100).words()
    assert words.startswith("12 of 12 records reached the answer towards atrial fibrillation.")
    assert (
        "RR variability (SD) 20 to 121 ms" in words or "RR variability (SD) 21 to 121 ms" in words
    )
    assert "QRS" not in words


def test_a_change_too_small_to_be_seen_is_not_told():
    assert "No measurement changed" in made(1).words()


def test_too_few_for_a_test_is_not_called_no_change():
    # 8 pairs: the smallest p is 2 / 256, times 13 measurements 0.10.
    assert "too few for a test of 13 measurements" in made(100, n=8).words()
    assert "No measurement" not in made(100, n=8).words()


def test_none_reached_is_all_that_is_said():
    assert made(100, reached=False).words() == (
        "0 of 12 records reached the answer towards atrial fibrillation."
    )


def test_the_picture_colours_what_changed_alone():
    for theme in ("light", "dark"):
        picture = made(100).figure(theme)
        assert_xml(picture.replace("circle", "path"))
        assert picture.count('<g opacity="1">') == 1
    assert '<g opacity="1">' not in made(1).figure()


def test_a_target_is_text_in_it():
    assert escaped("<b>") in made(100, target="<b>").figure()


def test_the_frame_is_its_table():
    assert isinstance(made(5).to_frame(), pd.DataFrame)
