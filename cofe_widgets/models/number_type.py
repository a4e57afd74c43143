"""The number type that the package computes in, whatever torch's default is."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import torch

Item = TypeVar("Item")


@contextmanager
def number_type(default: torch.dtype | None = None) -> Iterator[None]:
    """Inside, torch's default is the one given, else float32, which the package computes in."""
    import torch

    wanted, now = default or torch.float32, torch.get_default_dtype()
    if wanted == now:
        yield
        return
    torch.set_default_dtype(wanted)
    try:
        yield
    finally:
        torch.set_default_dtype(now)


@contextmanager
def computing() -> Iterator[None]:
    """Inside, torch computes in float32 and with gradients, whatever mode the caller is in.

    What is made in inference mode has no gradients ever, and a search needs them.
    """
    import torch

    with torch.inference_mode(False), number_type():
        yield


def in_number_type(work: Generator[Item, None, None]) -> Generator[Item, None, None]:
    """The items of a generator, each made as `computing` does; between them torch is the caller's."""
    try:
        while True:
            with computing():
                try:
                    item = next(work)
                except StopIteration:
                    return
            yield item
    finally:
        work.close()
