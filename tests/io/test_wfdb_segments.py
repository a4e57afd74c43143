"""Records in several segments: fixed and variable layout, gaps, and what contradicts itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cofe_widgets import read
from cofe_widgets.ecg import LEADS
from cofe_widgets.errors import EcgFormatError

from . import files


def segment(
    name: str, rows: np.ndarray, names: tuple[str, ...], gain: int = 200
) -> dict[str, bytes]:
    lines = [f"{name} {len(rows)} 250 {rows.shape[1]}"]
    for row, lead in zip(rows, names, strict=True):
        total = (int(row.sum()) + 2**15) % 2**16 - 2**15
        lines.append(f"{name}.dat 16 {gain}(0)/mV 16 0 {row[0]} {total} 0 {lead}")
    text = "\r\n".join(lines) + "\r\n#Age: 61\r\n"
    return {f"{name}.hea": text.encode(), f"{name}.dat": rows.T.astype("<i2").tobytes()}


def fixed(names: tuple[str, ...] = LEADS) -> dict[str, bytes]:
    rows = files.counts(1000)[: len(names)]
    return {
        "r.hea": f"r/2 {len(names)} 250 1000 08:30:00 14/03/2019\r\nr1 600\r\nr2 400\r\n".encode(),
        **segment("r1", rows[:, :600], names),
        **segment("r2", rows[:, 600:], names),
    }


def variable() -> dict[str, bytes]:
    """I, II, V1; then nothing; then II and V5 at another gain, RESP besides."""
    rows = files.counts(1000)
    layout = "\n".join(
        f"~ 0 200(0)/mV 12 0 0 0 0 {lead}" for lead in ("I", "II", "V1", "V5", "RESP")
    )
    return {
        "r.hea": b"r/4 5 250 1000\nr_layout 0\nr1 400\n~ 250\nr2 350\n",
        "r_layout.hea": f"r_layout 5 250 0\n{layout}\n".encode(),
        **segment("r1", rows[[0, 1, 6], :400], ("I", "II", "V1")),
        **segment("r2", 5 * rows[[1, 10, 3], 650:], ("II", "V5", "RESP"), gain=1000),
    }


def test_a_fixed_layout_opens_whole_in_every_way(tmp_path: Path) -> None:
    upload = fixed()
    files.put(tmp_path, upload)
    for source in (upload, tmp_path, tmp_path / "r.hea", tmp_path / "r"):
        record = read(source)
        assert record.leads == LEADS
        np.testing.assert_allclose(record.signal, files.counts(1000) * 0.005, atol=1e-6)
        assert record.meta["source"] == "r.hea"
        assert record.meta["recorded"] == "2019, 08:30"
        assert "warnings" not in record.meta
    one = read(tmp_path / "r2.hea")
    np.testing.assert_allclose(one.signal, files.counts(1000)[:, 600:] * 0.005, atol=1e-6)


def test_a_variable_layout_has_gaps_where_a_segment_lacks_a_signal() -> None:
    record = read(variable())
    rows = files.counts(1000) * 0.005
    assert record.leads == (*LEADS[:6], "V1", "V5")
    np.testing.assert_allclose(record["II"][:400], rows[1, :400], atol=1e-6)
    np.testing.assert_allclose(record["II"][650:], rows[1, 650:], atol=1e-6)
    np.testing.assert_allclose(record["V5"][650:], rows[10, 650:], atol=1e-6)
    np.testing.assert_allclose(record["V1"][:400], rows[6, :400], atol=1e-6)
    missing = dict(zip(record.leads, record.mask, strict=True))
    assert missing["II"].sum() == 250 and missing["V1"].sum() == 600 and missing["V5"].sum() == 650
    assert missing["aVF"][400:].all() and not missing["aVF"][:400].any()
    assert "RESP (respiration)" in record.meta["warnings"][0]


@pytest.mark.parametrize(("start", "end"), [(0, 1), (1.2, 2.4), (2, 3.2), (0.5, 4), (3, 4)])
def test_a_part_across_segments_is_that_part_of_the_whole(start: float, end: float) -> None:
    for upload in (fixed(), variable()):
        whole = read(upload, leads=["II"]).signal
        part = read(upload, start=start, end=end, leads=["II"]).signal
        np.testing.assert_array_equal(part, whole[:, round(start * 250) : round(end * 250)])


def test_a_segment_may_be_segmented_itself() -> None:
    inner = {name.replace("r", "s", 1): data for name, data in fixed().items()}
    inner = {
        n: d.replace(b"r1", b"s1").replace(b"r2", b"s2") if n[-3:] == "hea" else d
        for n, d in inner.items()
    }
    upload = {"r.hea": b"r/2 12 250 2000\ns 1000\ns 1000\n", **inner}
    np.testing.assert_array_equal(read(upload).signal, np.tile(read(fixed()).signal, 2))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"r2.hea": None}, "its segment r2 is not beside it: upload all segments together"),
        ({"r2.dat": None}, r"r1\.dat is not its signal file r2\.dat"),
        ({"r.hea": (b"1000 08", b"1200 08")}, "announces 1200 samples, and its segments hold 1000"),
        ({"r.hea": (b"r2 400", b"r2 401")}, "segment r2 holds 400 samples of 401"),
        ({"r.hea": (b"r2 400\r\n", b""), "r2.hea": None}, "announces 2 segments and describes 1"),
        ({"r.hea": (b"r/2 12 250 1000", b"r/2 12 250 0"), "r2.hea": (b"400", b"300")}, "holds 300 samples of 400"),
        ({"r2.hea": (b"12 250", b"12 500")}, "segment r2 has 500 Hz, the record 250 Hz"),
        ({"r2.hea": (b"dat 16 ", b"dat 16x1:500 ")}, "a skew in r2.dat is longer"),
        ({"r.hea": (b"r2 400", b"../r2 400")}, r"its segment \.\./r2 is not beside it"),
        ({"r.hea": (b"r2 400", b"r 400"), "r2.hea": None}, "its segment r is not beside it"),
        ({"r.hea": (b"r1 600\r\nr2 400", b"~ 600\r\n~ 400"), "r1.hea": None, "r2.hea": None}, "no ECG inside"),
        ({"r.hea": (b"r1 600", b"r1 600 5")}, "line 2 of the header: a segment is described"),
    ],
)  # fmt: skip
def test_segments_that_contradict_their_record_are_refused(change: dict, said: str) -> None:
    upload = fixed()
    for name, edit in change.items():
        if edit is None:
            del upload[name]
        else:
            upload[name] = upload[name].replace(*edit)
    with pytest.raises(EcgFormatError, match=said):
        read(upload)


def test_segments_that_hold_each_other_end() -> None:
    ring = {
        "a.hea": b"a/1 1 250 500\nb 500\n",
        "b.hea": b"b/1 1 250 500\na 500\n",
        "c.hea": b"c/1 1 250 500\na 500\n",
    }
    with pytest.raises(EcgFormatError, match="segmented more than 3 times"):
        read(ring)


def test_another_rate_in_another_segment_is_refused_by_the_lead() -> None:
    upload = fixed(("II", "V5"))
    rows = files.counts(1600)[:1]
    frames = np.concatenate([rows.reshape(-1, 2)[:400], rows.reshape(-1, 2)[:400, :1]], axis=1)
    header = b"r2 2 250 400\nr2.dat 16x2 200 16 0 0 0 0 II\nr2.dat 16 200 16 0 0 0 0 V5\n"
    upload.update({"r2.hea": header, "r2.dat": frames.astype("<i2").tobytes()})
    with pytest.raises(EcgFormatError, match="II has another rate in another segment"):
        read(upload)


def test_a_folder_of_many_records_is_not_one(tmp_path: Path) -> None:
    files.put(tmp_path, {**fixed(), **files.wfdb()})
    with pytest.raises(EcgFormatError, match="a folder with 2 WFDB records"):
        read(tmp_path)
