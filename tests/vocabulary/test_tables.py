"""The tables of the vocabulary: each thing is said once, and what is not said is refused at import."""

import math
import re
from pathlib import Path

import pytest

import cofe_widgets
from cofe_widgets.signals import BEAT_UNITS, LEAD_UNITS, UNITS
from cofe_widgets.signals.criteria import diagnoses as criteria
from cofe_widgets.simulate import CONDITIONS
from cofe_widgets.vocabulary import diagnoses, edits, measurements
from cofe_widgets.vocabulary.measurements import MEASUREMENTS

PACKAGE = Path(cofe_widgets.__file__).parent


def test_every_measurement_has_a_unit_a_title_and_an_order():
    for key, one in MEASUREMENTS.items():
        assert one.key == key and one.title and one.unit in measurements.UNITS
        assert 0 < one.least <= one.least_irregular
    titles = [one.title for one in MEASUREMENTS.values()]
    assert len(set(titles)) == len(titles)
    listed = {*measurements.OF_RECORD, *measurements.OF_LEAD, *measurements.OF_BEAT}
    assert listed == {*UNITS, *LEAD_UNITS, *BEAT_UNITS}
    assert set(MEASUREMENTS) - listed == {"p_amplitude_or_0_mv"}


@pytest.mark.parametrize(
    ("key", "before", "after", "by"),
    [
        ("qrs_axis_deg", 170.0, -170.0, 20.0),
        ("qrs_axis_deg", -170.0, 170.0, -20.0),
        ("qrs_ms", 90.0, 120.0, 30.0),
    ],
)
def test_an_angle_changes_by_the_shorter_way_round(key, before, after, by):
    assert MEASUREMENTS[key].change(before, after) == pytest.approx(by)


def test_what_counts_is_beyond_the_error_and_present_and_absent_always_differ():
    qrs, ratio = MEASUREMENTS["qrs_ms"], MEASUREMENTS["rs_ratio"]
    assert qrs.differ(90.0, 98.0) and not qrs.differ(90.0, 97.0)
    assert qrs.differ(90.0, math.nan) and not qrs.differ(math.nan, math.nan)
    assert not ratio.differ(0.1, 99.0)  # no error is known: it is never said to have changed


def test_titles_in_a_sentence_keep_the_names_of_waves():
    said = {key: MEASUREMENTS[key].in_sentence for key in MEASUREMENTS}
    assert said["heart_rate_bpm"] == "heart rate"
    assert said["p_amplitude_mv"] == "P amplitude" and said["qtc_fridericia_ms"].startswith("QTc")


def test_shares_are_printed_in_per_cent_and_angles_in_degrees():
    share, angle = MEASUREMENTS["p_presence"], MEASUREMENTS["qrs_axis_deg"]
    assert (share.scale, share.symbol, share.digits) == (100.0, "%", 0)
    assert (angle.scale, angle.symbol, angle.digits) == (1.0, "°", 0)
    assert MEASUREMENTS["t_amplitude_mv"].digits == 2


def test_a_diagnosis_without_a_row_is_refused_when_its_registry_is_imported():
    with pytest.raises(LookupError, match=r"a toy registry names ZZZ, .* add a row there first"):
        diagnoses.require(["AF", "ZZZ"], "a toy registry")
    assert set(CONDITIONS) <= set(diagnoses.DIAGNOSES)
    with pytest.raises(LookupError, match=r"asks a third arm of AF: .* knows no P waves"):
        criteria._resolved("AF", ("no P waves", "a third arm"))


def test_spellings_are_unique_and_codes_are_their_own_keys():
    rows = diagnoses.DIAGNOSES.values()
    assert all(code == one.code for code, one in diagnoses.DIAGNOSES.items())
    for spelled in ([one.scp for one in rows if one.scp], [n for one in rows for n in one.snomed]):
        assert len(set(spelled)) == len(spelled)
    assert diagnoses.FROM_SCP["AFIB"] == diagnoses.FROM_SNOMED["164889003"] == "AF"
    assert all(n.isdigit() for one in rows for n in one.snomed)


def test_an_output_without_a_row_is_called_by_its_code():
    assert diagnoses.title_with_code("AF") == "atrial fibrillation (AF)"
    assert diagnoses.title_with_code("potassium_mmol_l") == "potassium"
    assert diagnoses.title("age") == diagnoses.title_with_code("age") == "age"
    assert diagnoses.belonging("age") is None and "rr_sd_ms" in (diagnoses.belonging("AF") or ())


def test_what_belongs_to_a_diagnosis_or_an_edit_is_measured():
    rows = (*diagnoses.DIAGNOSES.values(), *diagnoses.QUANTITIES.values())
    named = {name for one in rows for name in one.changes or ()}
    named |= {name for one in edits.EDITS.values() for name in one.asks}
    assert named <= set(MEASUREMENTS)


def test_an_edit_of_nothing_is_at_rest_and_amounts_are_read_by_people():
    zero = dict.fromkeys(edits.EDITS, 0.0)
    assert edits.amounts(zero) == {
        **{name: one.rest for name, one in edits.EDITS.items()},
        edits.MORPHOLOGY: 0.0,
    }
    told = edits.amounts({**zero, "pr": 0.04, "qrs": math.log(1.2), "st": -2.0})
    assert told["pr"] == pytest.approx(40) and told["qrs"] == pytest.approx(1.2)
    assert told["st"] == pytest.approx(-0.2) and told["heart_rate"] == 1
    assert set(edits.FORMER_NAMES.values()) <= set(edits.EDITS)
    assert not set(edits.FORMER_NAMES) & set(edits.EDITS)


def test_each_unit_and_title_is_written_once():
    """No second table of units or titles: neither stands beside a measurement's key elsewhere."""
    beside = re.compile(r'"(\w+)"[:,] *\(?"([^"]+)"')
    said = {(k, text) for k, one in MEASUREMENTS.items() for text in (one.title, one.unit) if text}
    found = {
        path.relative_to(PACKAGE).as_posix(): set(beside.findall(path.read_text())) & said
        for path in PACKAGE.rglob("*.py")
        if path.name != "measurements.py"
    }
    assert {place: pairs for place, pairs in found.items() if pairs} == {}
