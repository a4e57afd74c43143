"""Checkpoints of a training run: safetensors and JSON, no pickle; written whole or not at all."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ...steps import Step
from .parallel import rank


class Run:
    """A folder ``runs/NAME`` with ``state.safetensors``, ``log.csv`` and what TensorBoard reads.

    Of several processes (`parallel`), the first alone writes.

    Parameters
    ----------
    folder : Path
    modules, optimizers : mappings of name to object
        What to save and restore.

    Attributes
    ----------
    row : dict or None
        The newest row of the log; None before the first.
    """

    def __init__(
        self,
        folder: Path,
        modules: dict[str, nn.Module],
        optimizers: dict[str, torch.optim.Optimizer],
    ) -> None:
        self.folder, self.modules, self.optimizers = folder, modules, optimizers
        folder.mkdir(parents=True, exist_ok=True)
        self.board = _board(folder) if rank() == 0 else None
        self.row: dict[str, float | int | str] | None = None

    def save(self, step: int, **values: Any) -> None:
        """Store all modules and optimizers after ``step``."""
        if rank():
            return
        tensors = {
            f"{n}/{k}": v for n, m in self.modules.items() for k, v in m.state_dict().items()
        }
        for name, optimizer in self.optimizers.items():
            for index, slots in optimizer.state_dict()["state"].items():
                for slot, value in slots.items():
                    tensors[f"optimizer/{name}/{index}/{slot}"] = torch.as_tensor(value)
        tensors = {k: v.detach().cpu().contiguous() for k, v in tensors.items()}
        partial = self.folder / "state.partial"
        save_file(tensors, partial, metadata={"state": json.dumps({"step": step, **values})})
        os.replace(partial, self.folder / "state.safetensors")

    def resume(self) -> dict[str, Any] | None:
        """Restore the newest checkpoint and return its values; None at a first start."""
        path = self.folder / "state.safetensors"
        if not path.exists():
            return None
        tensors = load_file(path)
        for name, module in self.modules.items():
            module.load_state_dict(_under(tensors, f"{name}/"))
        for name, optimizer in self.optimizers.items():
            state: dict[int, dict[str, Tensor]] = {}
            for key, value in _under(tensors, f"optimizer/{name}/").items():
                index, slot = key.split("/")
                state.setdefault(int(index), {})[slot] = value
            groups = optimizer.state_dict()["param_groups"]
            optimizer.load_state_dict({"state": state, "param_groups": groups})
        return read_metadata(path)

    def log(self, **values: float | int | str) -> None:
        """Append a row to ``log.csv`` and to TensorBoard's; ``step`` counts the rows."""
        if rank():
            return
        self.row = dict(values)
        for name, value in values.items():
            if self.board and name != "step" and not isinstance(value, str):
                self.board.add_scalar(name, value, int(values.get("step", 0)))
        if self.board:
            self.board.flush()
        path = self.folder / "log.csv"
        new = not path.exists()
        with path.open("a", newline="") as lines:
            writer = csv.DictWriter(lines, fieldnames=list(values))
            if new:
                writer.writeheader()
            writer.writerow(values)

    def at(self, step: int, last: int) -> Step[Any]:
        """What those who watch are told after ``step`` of ``last``."""
        return Step(step / last, f"step {step} of {last}", self.row)

    def cut_off(self, step: int, last: int) -> Step[Any]:
        """The same where time is up: without a result."""
        said = f"stopped after step {step} of {last}: the checkpoint is in {self.folder}"
        return Step(step / last, said, self.row)


def _board(folder: Path) -> Any:
    """TensorBoard's writer, or None, said plainly, where the package is not installed."""
    if importlib.util.find_spec("tensorboard") is None:
        print(
            "TensorBoard is not installed: the log is log.csv alone "
            "(pip install 'cofe-widgets[train]' adds TensorBoard)",
            flush=True,
        )
        return None
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder))


def read_metadata(path: Path) -> dict[str, Any]:
    """The ``state`` entry of a checkpoint's header."""
    from safetensors import safe_open

    with safe_open(str(path), framework="pt") as opened:
        return json.loads((opened.metadata() or {}).get("state", "{}"))


def read_modules(folder: Path) -> dict[str, dict[str, Tensor]]:
    """State of every module in the checkpoint of a run folder."""
    states: dict[str, dict[str, Tensor]] = {}
    for key, value in load_file(folder / "state.safetensors").items():
        name, _, rest = key.partition("/")
        states.setdefault(name, {})[rest] = value
    return states


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
