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

if TYPE_CHECKING:
    import pandas as pd
    from torch import nn

WEIGHTS = Path(__file__).parent / "weights"

#: Architecture name in a card -> module of `architectures` that defines it.
_ARCHITECTURES = {
    "ResNet1d": "resnet",
    "InceptionTime": "inception",
    "Generator": "generator",
    "Encoder": "encoder",
    "UNet": "unet",
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
        ``outputs``, ``output``, ``fs``, ``leads`` and ``seconds``.
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
    path = WEIGHTS / f"{name}.safetensors"
    if str(name).endswith(".safetensors"):
        path = Path(name)
    if not path.exists():
        known = ", ".join(shipped()) or "none"
        raise WeightsError(f"no model named {str(name)!r}: shipped models are {known}")
    return _load(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=16)
def _load(path: Path, _changed: int) -> Loaded:
    import torch

    with torch.inference_mode(False):  # weights read inside one would forbid later gradients
        return _read(path)


def _read(path: Path) -> Loaded:
    from safetensors import SafetensorError, safe_open
    from safetensors.torch import load as parse

    try:
        with safe_open(str(path), framework="pt") as opened:
            card = json.loads((opened.metadata() or {})["card"])
        content = path.read_bytes()
        room = importlib.import_module(
            f"{__package__}.architectures.{_ARCHITECTURES[card['architecture']]}"
        )
        module = getattr(room, card["architecture"])(**card["arguments"])
        module.load_state_dict(parse(content))
    except (SafetensorError, KeyError, json.JSONDecodeError, TypeError, RuntimeError) as error:
        raise WeightsError(f"{path.name} holds no weights of ours: {error}") from error
    module.eval().requires_grad_(False)
    return Loaded(module, card, hashlib.sha256(content).hexdigest()[:16])


def available() -> pd.DataFrame:
    """The shipped models, one a row: what each is for, its outputs (of models of ECGs), metrics, card."""
    import pandas as pd
    from safetensors import safe_open

    rows = []
    for path in sorted(WEIGHTS.glob("*.safetensors")):
        with safe_open(str(path), framework="pt") as opened:
            card = json.loads((opened.metadata() or {})["card"])
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
