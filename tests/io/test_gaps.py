"""A stretch that is missing costs only itself; so does what no heart makes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cofe_widgets import read
from cofe_widgets.ecg import LEADS
from cofe_widgets.errors import EcgFormatError

from . import files

INVALID = -32768


def rows(samples: int = 2500) -> np.ndarray:
    return files.counts(samples)


def test_a_gap_in_a_chest_lead_is_a_gap_and_the_rest_is_untouched() -> None:
    stored = rows()
    stored[8, 1000:1250] = INVALID
    record = read(files.wfdb(stored))
    expected = np.zeros((12, 2500), bool)
    expected[8, 1000:1250] = True
    np.testing.assert_array_equal(record.mask, expected)
    np.testing.assert_allclose(record.signal[~expected], (stored * 0.005)[~expected], atol=1e-6)
    assert record.meta.get("warnings", ()) == ()


@pytest.mark.parametrize("lead", LEADS[:6])
def test_a_gap_in_a_limb_lead_follows_from_the_others(lead: str) -> None:
    stored = rows()
    stored[LEADS.index(lead), 1000:1250] = INVALID
    record = read(files.wfdb(stored))
    assert not record.has_gaps
    np.testing.assert_allclose(record.signal, rows() * 0.005, atol=2e-5)


def test_a_printout_of_three_rows_and_four_columns_opens_as_what_it_is() -> None:
    stored = np.full((12, 2500), INVALID)
    for column in range(4):
        at = slice(column * 625, column * 625 + 625)
        stored[3 * column : 3 * column + 3, at] = rows()[3 * column : 3 * column + 3, at]
    stored[1] = rows()[1]
    record = read(files.wfdb(stored))
    assert record.leads == LEADS and record.samples == 2500
    assert not record.mask[1].any()
    assert record.mask[6:].sum(axis=1).tolist() == [1875] * 6
    # In its own column a limb lead is the file's, in the next one III follows from nothing.
    np.testing.assert_allclose(record["III"][:625], rows()[2, :625] * 0.005, atol=2e-5)
    # In the second column II and the augmented leads tell I and III.
    np.testing.assert_allclose(record["I"][625:1250], rows()[0, 625:1250] * 0.005, atol=1e-4)
    assert record.mask[record.leads.index("I"), 1250:].all()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(6, 11), st.integers(0, 460), st.integers(11, 60)), max_size=6)
)
def test_any_gaps_come_back_as_the_same_mask(gaps: list[tuple[int, int, int]]) -> None:
    stored = rows(500)
    expected = np.zeros((12, 500), bool)
    for row, start, length in gaps:
        stored[row, start : start + length] = INVALID
        expected[row, start : start + length] = True
    record = read(files.wfdb(stored))
    # Runs of up to 40 ms are bridged; these are longer unless the end of the strip cuts them.
    longer = [(r, s, n) for r, s, n in gaps if min(n, 500 - s) > 10]
    for row, start, length in longer:
        assert record.mask[row, start : start + length].all()
    assert not (record.mask & ~expected).any()


def test_a_part_is_what_the_whole_holds_there() -> None:
    whole = read(files.wfdb(rows()))
    part = read(files.wfdb(rows()), start=2, end=4.5)
    np.testing.assert_array_equal(part.signal, whole.signal[:, 500:1125])
    np.testing.assert_array_equal(read(files.wfdb(rows()), start=9).signal, whole.signal[:, 2250:])
    one = read(files.wfdb(rows()), start=2, end=4.5, leads=["V3", "aVF"])
    np.testing.assert_array_equal(one.signal, part.select(["V3", "aVF"]).signal)
    for make in (files.muse(), files.philips()):
        part = read(make, start=0.5, end=1.5)
        np.testing.assert_array_equal(part.signal, read(make).signal[:, 125:375])


@pytest.mark.parametrize("asked", [{"start": 10}, {"end": 10.1}, {"start": 99, "end": 100}])
def test_a_part_beyond_the_end_is_refused_with_the_length(asked: dict[str, float]) -> None:
    with pytest.raises(EcgFormatError, match="it lasts 10 s: there is no part"):
        read(files.wfdb(rows()), **asked)  # type: ignore[arg-type]


def test_a_part_in_which_nothing_was_recorded_is_refused() -> None:
    stored = rows()
    stored[:, 500:1500] = INVALID
    with pytest.raises(EcgFormatError, match="every sample of every lead is marked invalid"):
        read(files.wfdb(stored), start=3, end=5)


# -- artefacts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("height", [4000, -6000, 32000])
@pytest.mark.parametrize("row", [8, 0])
def test_a_brief_artefact_is_missing_and_the_record_opens(row: int, height: int) -> None:
    stored = rows()
    stored[row, 1200:1215] = height
    record = read(files.wfdb(stored, gain="200(0)/mV"))
    lead = LEADS[row]
    if row == 8:
        assert record.mask[row, 1200:1215].all()
        assert record.mask[row].sum() < 60
        others = np.delete(np.arange(12), row)
        np.testing.assert_allclose(record.signal[others], (stored * 0.005)[others], atol=1e-6)
    else:  # what I was there follows from the other limb leads
        np.testing.assert_allclose(record[lead], rows()[row] * 0.005, atol=1e-4)
    (note,) = [one for one in record.meta["warnings"] if lead in one and "no heart makes" in one]
    assert "s at 4.7" in note


def test_an_artefact_in_the_limb_leads_is_not_brought_back_by_the_derived_ones() -> None:
    stored = rows()
    stored[:6, 1200:1215] += (np.array([1, 0, -1, -0.5, 1, -0.5]) * 6000).astype(int)[:, None]
    record = read(files.wfdb(stored))
    assert np.nanmax(np.abs(record.signal)) < 15.5
    assert record.mask[0, 1200:1215].all() and not record.mask[6:].any()


def test_a_derived_lead_that_no_heart_has_is_missing_there() -> None:
    stored = rows(500)[:2] * 0
    stored[0] = rows(500)[0]
    stored[0, 100:110], stored[1, 100:110] = 2800, -2800  # 14 and -14 mV: III would be 28
    record = read(files.wfdb(stored, ("I", "II")))
    assert record.mask[record.leads.index("III"), 100:110].all()
    assert "lead III reaches" in record.meta["warnings"][0]


@pytest.mark.parametrize("scale", [20, 50, 1000])
def test_a_wrong_scale_is_refused_with_advice(scale: int) -> None:
    with pytest.raises(EcgFormatError, match="convert the signal to millivolts first"):
        read(files.wfdb(gain=f"{200 / scale:g}(0)/mV"))


def test_one_lead_that_is_no_ecg_throughout_costs_only_itself() -> None:
    upload = files.wfdb(rows())
    lines = upload["ecg.hea"].decode().splitlines()
    lines[9] = lines[9].replace("200(0)/mV", "0.2(0)/mV")
    record = read({**upload, "ecg.hea": "\n".join(lines).encode()})
    np.testing.assert_array_equal(record.mask.all(axis=1), [lead == "V3" for lead in LEADS])
    assert "lead V3 reaches" in record.meta["warnings"][0]
    lines[9] = lines[9].replace("0.2(0)/mV", "200(200000000)/mV")  # a million millivolts from zero
    record = read({**upload, "ecg.hea": "\n".join(lines).encode()})
    assert "lead V3 lies -1e+06 mV from zero" in record.meta["warnings"][0]


def test_a_million_millivolts_in_every_lead_are_refused() -> None:
    with pytest.raises(EcgFormatError, match="which no electrode does"):
        read(files.wfdb(gain="200(200000000)/mV"))
