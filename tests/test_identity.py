"""Who the patient is stays in the session: nothing that leaves says it, unless that is asked for."""

from __future__ import annotations

import json
import zipfile

import pytest

import cofe_widgets as cw
from cofe_widgets.cli import main
from cofe_widgets.ecg import LEADS
from cofe_widgets.io import read
from cofe_widgets.simulate import simulate
from cofe_widgets.values.identity import public_name
from cofe_widgets.vocabulary.identity import without_identity, year_and_time
from cofe_widgets.vocabulary.meta import META, public_meta

from .io import files

#: Surname, given name, number, birthday, doctor, day of the recording: as files write them.
SECRETS = (
    "Mustermann",
    "Annegret",
    "889977123",
    "1950",
    "Feelgood",
    "14/03",
    "03-14",
    "2019-03-14",
)
NAME = "Mustermann_Annegret_889977123"
SIGNED = "Confirmed by Dr. Feelgood, 2019-03-14"


def assert_impersonal(text: str) -> None:
    assert [one for one in SECRETS if one.lower() in text.lower()] == []


def recordings() -> dict[str, dict[str, bytes]]:
    """Ten seconds of a simulated heart in every format, of a person who is named wherever that can be."""
    record = simulate("NSR", seed=7, fs=250)[0].record
    rows = (record.signal * 200).round().astype("int16")
    eight = {lead: rows[LEADS.index(lead)] for lead in ("I", "II", *LEADS[6:])}
    muse = files.muse(eight).decode("latin-1")
    muse = muse.replace("4711", "889977123").replace("Müller", "Mustermann")
    born = "<PatientFirstName>Annegret</PatientFirstName><DateofBirth>01-02-1950</DateofBirth>"
    muse = muse.replace("<PatientAge>", f"{born}<PatientAge>")
    muse = muse.replace("Normal sinus rhythm", f"Normal sinus rhythm. {SIGNED}")
    comments = (
        "#Age: 61\n#Sex: Female\n#Name: Annegret Mustermann\n#MRN: 889977123\n#DOB: 01/02/1950\n"
    )
    comments += f"#<diagnoses>:\n#Sinus rhythm\n#{SIGNED}\n#Patient ID: 889977123\n"
    wfdb = files.wfdb(rows, comments=comments)
    header = wfdb["ecg.hea"].replace(b"ecg", NAME.encode())
    return {
        "MUSE": {f"{NAME}.xml": muse.encode("latin-1")},
        "WFDB": {f"{NAME}.hea": header, f"{NAME}.dat": wfdb["ecg.dat"]},
    }


@pytest.fixture(scope="module", params=list(recordings()))
def folder(request, tmp_path_factory):
    """A folder with one recording, named after a person."""
    return files.put(tmp_path_factory.mktemp("of"), recordings()[request.param])


@pytest.fixture(scope="module")
def path(folder):
    return sorted(folder.iterdir())[-1]


@pytest.fixture(scope="module")
def record(path):
    return read(path)


@pytest.fixture(scope="module")
def f():
    return cw.load("af-resnet")


@pytest.fixture(scope="module")
def values(record, f):
    return {
        "cf": cw.counterfactual(record, f, "AF", severities=2),
        "att": cw.attribute(record, f, "AF"),
        "delineation": cw.delineate(record),
    }


def unpacked(path) -> str:
    with zipfile.ZipFile(path) as stored:
        assert [one for one in stored.namelist() if not one.endswith((".npy", ".json"))] == []
        return stored.read("value.json").decode()


def test_saved_values_say_nothing_of_the_person(values, tmp_path):
    for name, value in values.items():
        value.save(tmp_path / f"{name}.npz")
        text = unpacked(tmp_path / f"{name}.npz")
        assert_impersonal(text)
        assert_impersonal(repr(value))
        again = type(value).load(tmp_path / f"{name}.npz")
        again.save(tmp_path / "again.npz")
        assert_impersonal(unpacked(tmp_path / "again.npz"))
    text = unpacked(tmp_path / "att.npz")
    assert '"age": 61' in text and '"sex": "F"' in text  # what a reader needs is kept


def test_identity_is_kept_where_that_is_asked_for(values, tmp_path):
    values["att"].save(tmp_path / "a.npz", keep_identity=True)
    assert NAME in unpacked(tmp_path / "a.npz")
    again = cw.Attribution.load(tmp_path / "a.npz")
    assert again.record.meta["source"].startswith(NAME)
    again.save(tmp_path / "b.npz")
    assert_impersonal(unpacked(tmp_path / "b.npz"))


def test_pages_and_pictures_say_nothing_of_the_person(record, values, f, tmp_path):
    app = cw.explore(record, f)
    app._error = f"{NAME}.xml: damaged"
    shown = (record, values["cf"], values["att"], cw.EcgViewer(record, overlay=record), app)
    for k, value in enumerate(shown):
        page = cw.to_html(value, tmp_path / f"{k}.html").read_text("utf-8")
        assert_impersonal(without_samples(page))
    for widget in (cw.EcgViewer(record), app):
        assert_impersonal(widget._repr_mimebundle_()[0]["image/svg+xml"])
        assert_impersonal(widget._ecg["name"])  # files that the browser writes are called so
        assert widget._ecg["title"].startswith(NAME)  # on screen it is called as its file


def without_samples(page: str) -> str:
    """A page without the module and the samples in it, in which chance may spell anything."""
    start, rest = page.split('<script type="application/json" id="held">')
    held, end = rest.split("</script>", 1)
    state = json.loads(held)["state"]
    for name in ("_ecg", "_overlay", "_shade", "_attribution"):
        if state.get(name):
            state[name].pop("signal")
    for found in state.get("_found", ()):
        found.pop("frames")
    style = start.index("<style>"), start.index("</style>")
    return start[: style[0]] + start[style[1] :] + json.dumps(state, ensure_ascii=False) + end


@pytest.mark.slow
def test_audits_say_nothing_of_the_person(path, record, f, tmp_path):
    gone, broken = path.with_name(f"{NAME}_2.xml"), tmp_path / f"{NAME}.xml"
    broken.write_text("<no ecg>")
    of_number = cw.Record(record.signal, record.fs, record.leads, {"patient_id": "889977123"})
    records = [path, gone, broken, of_number, record.crop(0, 3)]
    store = tmp_path / "store"
    table = cw.audit.counterfactual_table(records, f, "AF", store=store, progress=False)
    table.save(tmp_path / "t.npz")
    said = (
        unpacked(tmp_path / "t.npz") + table._repr_html_() + table.outcomes.to_csv() + repr(table)
    )
    said += "".join(one.read_text() + one.name for one in store.iterdir())
    assert_impersonal(said)
    assert table.outcomes.name.tolist() == [
        *(public_name(record), "record 1", "record 2", public_name(record)),
        public_name(record.crop(0, 3)),
    ]
    assert "no such file" in table.outcomes.failure[1] and len(table.failures) == 3
    mine = cw.audit.counterfactual_table(
        records, f, "AF", store=store, progress=False, names=["a", "b", "c", "d", "e"]
    )
    assert mine.outcomes.name.tolist() == ["a", "b", "c", "d", "e"]
    kept = cw.audit.counterfactual_table(
        records, f, "AF", store=store, progress=False, keep_identity=True
    )
    assert kept.outcomes.name.tolist()[:4] == [str(path), str(gone), str(broken), "889977123"]
    assert NAME in kept.outcomes.failure[1]
    with pytest.raises(cw.audit.AuditError, match="1 names for 5 records"):
        cw.audit.counterfactual_table(records, f, "AF", names=["a"])


@pytest.mark.slow
def test_the_command_line_tells_of_the_person_no_more_than_it_was_told(
    path, tmp_path, capsys, caplog
):
    page = tmp_path / "page.html"
    assert main(["read", str(path)]) == 0
    assert main(["explain", str(path), "--target", "AF", "--severities", "2", "-o", str(page)]) == 0
    said = capsys.readouterr()
    told = (said.out + said.err + caplog.text).replace(NAME, "")  # the name that it was given
    assert_impersonal(told)
    assert_impersonal(without_samples(page.read_text("utf-8")))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Normal ECG. Confirmed by Dr. A. Smith (123) on 3/4/2019", "Normal ECG."),
        ("Sinus rhythm - Electronically signed by: Smith", "Sinus rhythm - Electronically"),
        ("REVIEWED BY: SMITH, JOHN MD", ""),
        ("Name: John Smith", ""),
        ("MRN: 12345", ""),
        ("DOB: 1/2/1950", ""),
        ("Left bundle branch block (SNOMED CT 733534002)",) * 2,
    ],
)
def test_statements_lose_signatures_names_and_dates(text, left):
    assert without_identity(text) == left


def test_of_a_date_year_and_time_of_day_may_leave():
    assert year_and_time("2019-03-14 08:30:00") == "2019, 08:30"
    assert year_and_time("14-Mar-2019 08:30") == "2019, 08:30"
    assert year_and_time("2019, 08:30") == "2019, 08:30"
    assert year_and_time("unknown") is None


def test_of_meta_only_what_is_known_to_say_nothing_may_leave():
    meta = {
        "patient_id": "1",
        "mrn": 5,
        "name": "x",
        "age": 61,
        "source": "a.xml",
        "title": "Case 7",
    }
    assert public_meta(meta) == {"age": 61, "title": "Case 7"}
    simulated = dict(simulate("AF", seed=1)[0].record.meta)
    assert public_meta(simulated) == simulated
    assert set(simulated) <= set(META)
    whole = {
        "identity": {"name": "Zoe Quux", "comments": "sinus"},
        "statements": ("Sinus rhythm, Quux",),
    }
    assert public_meta(whole) == {"statements": ("Sinus rhythm, [name]",)}
    assert public_meta({"age": "born 1950", "sex": "Anna Mustermann"}) == {}
    assert public_meta({"high_pass_hz": "0.05", "labels": {"a": 1}, "warnings": [1]}) == {}
