"""What collections and simulated hearts say of PTB-XL's statements, and the classes made of them."""

import numpy as np
import pytest

from cofe_widgets.simulate import draw
from cofe_widgets.train.data.scp_labels import (
    _block,
    classes,
    diagnosed,
    of_hearts,
    simulated_classes,
    statements,
)
from cofe_widgets.vocabulary.scp_statements import LEVELS, STATEMENTS

NAN = np.nan
PLACE = {code: k for k, code in enumerate(STATEMENTS)}


def said(row):
    """What is known of statements: those that hold, those that do not."""
    row = dict(zip(STATEMENTS, row.tolist(), strict=True))
    return {k for k, v in row.items() if v == 1}, {k for k, v in row.items() if v == 0}


def test_of_ptb_xl_silence_means_absence_and_likelihood_does_not_count():
    there, absent = said(statements("LBBB;ISC_;NSR", "ptbxl", True))
    assert there == {"CLBBB", "ISC_", "SR"} and len(absent) == 68


def test_of_z_scores_no_voltage_is_known():
    there, absent = said(statements("LVH;VCLVH;NSR", "ptbxl_zscore", False))
    assert there == {"LVH", "SR"} and len(absent) == 66
    assert not {"VCLVH", "LVOLT", "HVOLT"} & (there | absent)


def test_other_collections_speak_of_conduction_and_of_normal_ecgs():
    there, absent = said(statements("LAnFB;LVH;NSR", "ludb", True))
    assert there == {"LAFB"} and absent == {"CLBBB", "CRBBB", "IRBBB", "ILBBB", "1AVB", "NORM"}
    there, absent = said(statements("NORM;IRBBB", "cinc2021", True))
    assert there == {"NORM", "IRBBB"} and absent == set(LEVELS["diagnostic"]) - there
    there, absent = said(statements("BBB", "cinc2021", True))
    assert there == set() and absent == {"LAFB", "1AVB"}
    for labels, dataset in (
        ("", "mine"),
        ("QUALITY_acceptable", "mine"),
        ("", "ptbxl"),
        ("AF", "cinc2011"),
    ):
        assert np.isnan(statements(labels, dataset, True)).all()


def test_a_class_is_there_with_one_statement_and_absent_without_all():
    truth = np.zeros((3, 71), np.float32)
    truth[0, PLACE["ASMI"]] = 1
    truth[0, PLACE["AMI"]] = NAN
    truth[1, PLACE["ALMI"]] = NAN
    found = classes(truth, LEVELS["sub"])
    ami, imi = (list(LEVELS["sub"]).index(name) for name in ("AMI", "IMI"))
    np.testing.assert_array_equal(found[:, ami], [1, NAN, 0])
    np.testing.assert_array_equal(found[:, imi], [0, 0, 0])
    above = classes(truth, LEVELS["super"])[:, list(LEVELS["super"]).index("MI")]
    np.testing.assert_array_equal(above, [1, NAN, 0])


def test_a_record_without_a_diagnosis_is_left_out_of_their_levels():
    rows = [("NORM;NSR", "ptbxl"), ("AF;ABQRS", "ptbxl"), ("LBBB", "ludb"), ("", "ptbxl")]
    truth = np.stack([statements(labels, dataset, True) for labels, dataset in rows])
    assert diagnosed(truth).tolist() == [True, False, True, True]  # of the last nothing is known


def test_a_simulated_heart_has_what_was_made_and_what_is_open_stays_open():
    names = ["NSR", "LBBB", "IMI", "IMI", "SB", "AF+LVH"]
    made = draw(names, 3, fs=100, severity=[1, 1, 1, 0.3, 1, 1])
    found = of_hearts(made)
    rows = [said(row) for row in found]
    assert rows[0][0] == {"NORM", "SR"} and len(rows[0][1]) == 69
    assert rows[1][0] == {"CLBBB", "SR"} or rows[1][0] == {"CLBBB"}
    assert "IMI" in rows[2][0] and {"NORM", "CLBBB"} <= rows[2][1]
    assert not {"IMI", "NORM"} & (rows[3][0] | rows[3][1])  # mild: nobody says
    assert "SBRAD" in rows[4][0] and not {"NORM"} & (rows[4][0] | rows[4][1])
    assert {"AFIB", "LVH"} <= rows[5][0] and "NORM" in rows[5][1]
    assert "ISC_" not in rows[5][0] | rows[5][1]  # strain is called ischaemia, or not
    sub = simulated_classes(found, LEVELS["sub"])
    assert np.isnan(sub[:, list(LEVELS["sub"]).index("WPW")]).all()  # the simulator makes none


@pytest.mark.parametrize(
    ("qrs_ms", "complete", "incomplete"),
    [(90, NAN, NAN), (110, 0, 1), (125, NAN, NAN), (140, 1, 0)],
)
def test_a_block_is_complete_by_the_duration_of_qrs(qrs_ms, complete, incomplete):
    row = np.zeros(71, np.float32)
    _block(row, "RBBB", qrs_ms)
    np.testing.assert_array_equal(
        [row[PLACE["CRBBB"]], row[PLACE["IRBBB"]]], [complete, incomplete]
    )
