"""ONNX models through onnxruntime: answers, and no gradients."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import WrapError
from .identity import said

_TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
}
_INSTALL = (
    'ONNX models need onnxruntime: pip install "cofe-widgets[onnx]" (for gradients, convert the file '
    "to a torch module: onnx2torch.convert(path))"
)


def is_onnx(given: Any) -> bool:
    """Whether something is an ONNX model: a path that ends so, its bytes, or what onnx makes of it."""
    if isinstance(given, str | Path):
        return Path(given).suffix.lower() in (".onnx", ".ort")
    if isinstance(given, bytes | bytearray):
        # A protobuf: the first field is the version of the format, a small number.
        return len(given) > 16 and given[0] == 8 and 0 < given[1] < 32
    home = type(given).__module__.split(".")[0]
    return home == "onnx" and hasattr(given, "SerializeToString")


class OnnxModel(nn.Module):
    """A graph of onnxruntime as a module.

    Parameters
    ----------
    content : bytes
        Of an ``.onnx`` file.
    name : str
    """

    def __init__(self, content: bytes, name: str) -> None:
        super().__init__()
        self.content, self.name, self._session = content, name, None

    @classmethod
    def of(cls, given: Any) -> OnnxModel:
        """The model of a path, of bytes, or of a ``ModelProto``.

        Raises
        ------
        WrapError
            When onnxruntime is missing or cannot open it.
        """
        if isinstance(given, str | Path):
            try:
                content, name = Path(given).read_bytes(), Path(given).stem
            except (OSError, ValueError) as error:
                raise WrapError(f"{str(given)[-80:]!r} cannot be read: {said(error)}") from error
        elif isinstance(given, bytes | bytearray):
            content, name = bytes(given), "onnx"
        else:
            content, name = given.SerializeToString(), getattr(given.graph, "name", "") or "onnx"
        model = cls(content, name)
        model.session()
        return model

    def session(self) -> Any:
        """The session that computes, made when it is first needed (it does not travel)."""
        if self._session is None:
            try:
                import onnxruntime
            except ImportError as error:
                raise WrapError(_INSTALL) from error
            try:
                self._session = onnxruntime.InferenceSession(
                    self.content, providers=["CPUExecutionProvider"]
                )
            except Exception as error:
                raise WrapError(f"{self.name} is no ONNX model: {said(error)}") from error
        return self._session

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_session": None}

    def get_extra_state(self) -> bytes:
        """The graph with its weights, for the hash."""
        return self.content

    def extra_repr(self) -> str:
        """The name of the file."""
        return self.name

    def forward(self, x: Tensor, *side: Tensor) -> Any:
        """The graph's output; a dict by name where it has several."""
        session = self.session()
        taken = session.get_inputs()
        if len(taken) != 1 + len(side):
            raise TypeError(
                f"the graph takes {', '.join(one.name for one in taken)}, and {1 + len(side)} given"
            )
        feed = {
            one.name: value.detach().cpu().numpy().astype(_TYPES.get(one.type, np.float32))
            for one, value in zip(taken, (x, *side), strict=True)
        }
        answers = session.run(None, feed)
        named = {
            one.name: torch.from_numpy(np.array(answer)).to(x.device)
            if isinstance(answer, np.ndarray) and answer.dtype != object
            else answer
            for one, answer in zip(session.get_outputs(), answers, strict=True)
        }
        return next(iter(named.values())) if len(named) == 1 else named
