"""Architectures and shipped weights: a file of weights carries its card and is never a pickle.

A new architecture is a file ``architectures/<name>.py`` with a `torch.nn.Module` in it, and a line in
`_ARCHITECTURES`: weights whose card names it are then saved, loaded and listed like the others.
"""

from __future__ import annotations

import hashlib
import importlib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import WeightsError
from ..values.archive import content, json_of
from .card import card_of
from .number_type import number_type

if TYPE_CHECKING:
    import pandas as pd
    from torch import nn

#: The names and shapes of 10 000 tensors and a card are shorter.
MOST_HEADER = 2 * 2**20
WEIGHTS = Path(__file__).parent / "weights"

#: Architecture name in a card -> module of `architectures` that defines it.
_ARCHITECTURES = {
    "ResNet1d": "resnet",
    "InceptionTime": "inception",
    "Generator": "generator",
    "Encoder": "encoder",
    "UNet": "unet",
    "LeNet1d": "lenet",
    "XResNet1d": "xresnet",
    "ResNet22": "resnet22",
}


@dataclass(frozen=True)
class Loaded:
    """A module with its weights, the card they came with, and the hash of the file."""

    module: nn.Module
    card: dict[str, Any]
    weight_hash: str


def save(module: nn.Module, path: Path, card: dict[str, Any]) -> None:
    """Write ``path`` (safetensors), its card inside, and the card for people beside it (``.md``).

    Parameters
    ----------
    card : dict
        ``architecture`` and ``arguments`` rebuild the module; ``summary``, ``data``, ``licences``,
        ``recipe``, ``seed``, ``metrics`` and ``limits`` are for people; a predictor adds
        ``outputs``, ``output``, ``fs``, ``leads`` and ``seconds``. ``menu=False`` keeps it out of
        menus (`available`).
    """
    from safetensors.torch import save_file

    tensors = {k: v.detach().cpu().contiguous() for k, v in module.state_dict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path, metadata={"card": json.dumps(card)})
    path.chmod(0o644)  # weights are for everyone who can read the package
    path.with_suffix(".md").write_text(_card_text(path.stem, card))


def shipped() -> list[str]:
    """Names of the shipped weights."""
    return sorted(path.stem for path in WEIGHTS.glob("*.safetensors"))


def load(name: str | Path) -> Loaded:
    """Load shipped weights by name, or a file written by `save`.

    Raises
    ------
    WeightsError
        When there is no such model (names those there are), or the file does not match its card.
    """
    path = Path(name)
    if path.suffix != ".safetensors":
        known = shipped()
        if str(name) not in known:
            said = ", ".join(map(str, available().index)) or "none"
            raise WeightsError(
                f"no model named {str(name)[:80]!r}: shipped models are {said}; a file of weights ends "
                "in .safetensors"
            )
        path = WEIGHTS / f"{name}.safetensors"
    try:
        return _load(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise WeightsError(f"{str(path)[-200:]}: {error.strerror or error}") from error


@lru_cache(maxsize=16)
def _load(path: Path, _changed: int) -> Loaded:
    import torch

    # Weights read in inference mode would forbid later gradients.
    with torch.inference_mode(False), number_type():
        return _read(path)


def _read(path: Path) -> Loaded:
    from safetensors.torch import load as parse

    try:
        data = content(path)
        header = _header(data)
        card = card_of(json_of(header.pop("__metadata__")["card"].encode(), MOST_HEADER))
        shapes = {name: tuple(one["shape"]) for name, one in header.items()}
        module = _built(card, shapes)
        module.load_state_dict(parse(data))
    except OSError:
        raise
    except Exception as error:  # whatever a damaged file makes parsers and modules raise
        said = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise WeightsError(f"{path.name[-100:]} holds no weights of ours: {said[:300]}") from error
    module.eval().requires_grad_(False)
    return Loaded(module, card, hashlib.sha256(data).hexdigest()[:16])


def _header(data: bytes) -> dict[str, Any]:
    """What a file of weights says of itself, of bearable size."""
    size = int.from_bytes(data[:8], "little")
    if not 0 < size <= min(MOST_HEADER, len(data) - 8):
        raise ValueError("its header is cut off, or longer than that of any weights")
    header: dict[str, Any] = json_of(data[8 : 8 + size], MOST_HEADER)
    return header


def _built(card: dict[str, Any], shapes: dict[str, tuple[int, ...]]) -> nn.Module:
    """The module of a card, once it is known to be as large as the weights that are there."""
    import torch

    name, arguments = card["architecture"], card["arguments"]
    room = importlib.import_module(f"{__package__}.architectures.{_ARCHITECTURES[name]}")
    with torch.device("meta"):  # takes no memory
        outline = getattr(room, name)(**arguments)
    wanted = {key: tuple(one.shape) for key, one in outline.state_dict().items()}
    other = sorted(
        key for key in wanted.keys() | shapes.keys() if wanted.get(key) != shapes.get(key)
    )
    if other:
        raise ValueError(f"its card describes other weights than it holds: {', '.join(other)}")
    module: nn.Module = getattr(room, name)(**arguments)
    return module


def available(hidden: bool = False) -> pd.DataFrame:
    """The shipped models, one a row: what each is for, its outputs (of models of ECGs), metrics, card.

    Parameters
    ----------
    hidden : bool
        Whether to name those too that menus leave out (``menu`` is false in their card): models to
        test maps on, and further initialisations of a model that is named.
    """
    import pandas as pd
    from safetensors import safe_open

    rows = []
    for path in sorted(WEIGHTS.glob("*.safetensors")):
        with safe_open(str(path), framework="pt") as opened:
            card = json.loads((opened.metadata() or {})["card"])
        if not (hidden or card.get("menu", True)):
            continue
        metrics = "; ".join(f"{k}: {v}" for k, v in card["metrics"].items())
        size = path.stat().st_size / 1e6
        outputs = ", ".join(card.get("outputs", ()))
        row = {
            "name": path.stem,
            "summary": card["summary"],
            "outputs": outputs,
            "metrics": metrics,
        }
        rows.append({**row, "size_mb": round(size, 2), "card": str(path.with_suffix(".md"))})
    columns = ["name", "summary", "outputs", "metrics", "size_mb", "card"]
    return pd.DataFrame(rows, columns=columns).set_index("name")


def _card_text(name: str, card: dict[str, Any]) -> str:
    lines = [f"# {name}", "", card["summary"], ""]
    for key in ("data", "licences", "recipe", "seed"):
        lines += [f"- **{key}**: {card[key]}"]
    lines += ["", "| metric | value |", "|---|---|"]
    lines += [f"| {k} | {v} |" for k, v in card["metrics"].items()]
    lines += ["", "## Limits", "", *(f"- {limit}" for limit in card["limits"]), ""]
    lines += ["Not a medical device.", ""]
    return "\n".join(lines)
