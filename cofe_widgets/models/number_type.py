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


def in_number_type(work: Generator[Item, None, None]) -> Generator[Item, None, None]:
    """The items of a generator, each made in float32; between them torch's default is the caller's."""
    try:
        while True:
            with number_type():
                try:
                    item = next(work)
                except StopIteration:
                    return
            yield item
    finally:
        work.close()
