"""Files of weights with wrong cards, and what is no file of weights: `WeightsError`, at once."""

import json
import os
import shutil
import time

import pytest

import cofe_widgets as cw
from cofe_widgets.errors import WeightsError
from cofe_widgets.models import WEIGHTS
from cofe_widgets.models import load as load_module

GOOD = WEIGHTS / "af-inception.safetensors"


def rewritten(path, change, header_too=False):
    data = GOOD.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header, body = json.loads(data[8 : 8 + size]), data[8 + size :]
    card = json.loads(header["__metadata__"]["card"])
    change(header if header_too else card)
    if not header_too:
        header["__metadata__"]["card"] = json.dumps(card)
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)
    return path


def refused(path, match):
    start = time.process_time()
    with pytest.raises(WeightsError, match=match) as info:
        cw.load(path)
    assert time.process_time() - start < 2 and len(str(info.value)) < 500


def test_a_rewritten_file_that_is_sound_loads(tmp_path):
    path = rewritten(tmp_path / "own.safetensors", lambda card: card.update(summary="mine"))
    assert cw.load(path).outputs == cw.load("af-inception").outputs


def _argument(name, value):
    return lambda card: card["arguments"].update({name: value})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        *(
            (lambda c, k=k: c.pop(k), f"lacks '{k}'")
            for k in ("architecture", "arguments", "fs", "leads")
        ),
        *((lambda c, k=k: c.pop(k), f"lacks '{k}'") for k in ("output", "seconds")),
        (lambda c: c.update(window="long"), "says window"),
        (lambda c: c.update(window=0), "says window"),
        (lambda c: c.update(median_beat="yes"), "says median_beat"),
        (lambda c: c.update(menu="no"), "says menu"),
        (lambda c: c.update(architecture="os"), "lacks 'os'"),
        (lambda c: c.update(architecture=["ResNet1d"]), "names no architecture"),
        (lambda c: c.update(architecture="ResNet1d"), "other weights"),
        (lambda c: c.update(arguments=[]), "names no architecture"),
        (_argument("leads", 10**9), "no sound argument 'leads'"),
        (_argument("outputs", 99_999), "names 2 outputs of 99999"),
        (_argument("fs", float("nan")), "no sound argument 'fs'"),
        (_argument("fs", "250"), "no sound argument 'fs'"),
        (_argument("invented", 1), "invented"),
        (_argument("leads", {"a": 1}), "no sound argument"),
        (_argument("leads", 11), "names 12 leads of 11"),
        (lambda c: c.update(outputs="SR"), "says outputs"),
        (lambda c: c.update(outputs=["SR", "SR"]), "says outputs"),
        (lambda c: c.update(outputs=["SR"]), "names 1 outputs of 2"),
        (lambda c: c.update(outputs=[1, 2]), "says outputs"),
        (lambda c: c.update(output="magic"), "says output"),
        (lambda c: c.update(fs="fast"), "says fs"),
        (lambda c: c.update(fs=1e300), "says fs"),
        (lambda c: c.update(leads=["?"] * 12), "says leads"),
        (lambda c: c.update(seconds=-1), "says seconds"),
        (lambda c: c.update(seconds=None), "says seconds"),
        (lambda c: c.update(summary=["a"]), "no sound summary"),
    ],
)
def test_wrong_cards_are_refused_in_words(change, said, tmp_path):
    refused(rewritten(tmp_path / "own.safetensors", change), said)


@pytest.mark.parametrize(
    "change",
    [
        lambda h: h.pop("__metadata__"),
        lambda h: h.update(__metadata__={}),
        lambda h: h.update(__metadata__={"card": "[" * 100_000}),
        lambda h: h.update(__metadata__={"card": "[]"}),
        lambda h: h.update(odd={"dtype": "F32", "shape": [10**9, 10**9], "data_offsets": [0, 4]}),
        lambda h: h.pop(sorted(h)[-1]),
        lambda h: next(v for k, v in h.items() if k != "__metadata__").update(shape=[1]),
    ],
)
def test_wrong_headers_are_refused_in_words(change, tmp_path):
    refused(rewritten(tmp_path / "own.safetensors", change, True), "holds no weights of ours")


def test_other_files_are_refused_at_once(tmp_path):
    path = tmp_path / "own.safetensors"
    for data in (
        b"",
        b"\xff" * 8,
        (2**40).to_bytes(8, "little"),
        bytes(100),
        GOOD.read_bytes()[:-10],
    ):
        path.write_bytes(data)
        refused(path, "holds no weights of ours")
    path.unlink()
    os.mkfifo(path)
    refused(path, "it is no file")
    path.unlink()
    path.mkdir()
    refused(path, "it is no file")
    refused(tmp_path / "none.safetensors", "No such file")
    path.rmdir()
    path.symlink_to("/dev/zero")
    refused(path, "it is no file")


@pytest.mark.parametrize(
    "name", ["../weights/af-resnet", "./af-resnet", "", ".", "a" * 500, "af-resnet\0"]
)
def test_names_are_those_of_the_list_and_no_paths(name):
    with pytest.raises(WeightsError, match="no model named"):
        load_module(name)


def test_a_path_to_weights_is_a_path(tmp_path):
    shutil.copy(GOOD, tmp_path / "own.safetensors")
    assert (
        cw.load(tmp_path / "own.safetensors").outputs
        == cw.load(str(tmp_path / "own.safetensors")).outputs
    )
    with pytest.raises(WeightsError, match="is not a predictor|no model"):
        load_module(tmp_path / "own")
