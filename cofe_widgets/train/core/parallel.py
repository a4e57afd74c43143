"""One recipe on several processes: started by ``torchrun``, each on a share of every batch.

    torchrun --nproc_per_node=4 --max-restarts=3 -m -- cofe_widgets.train.recipes.generator --device cuda

Gradients are averaged before each step; the first process alone validates, logs and saves. A process
that dies ends all; torchrun starts them again, and they go on from the newest checkpoint.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import torch
from torch import Tensor, distributed, nn


def join(device: str) -> torch.device:
    """Meet the other processes, if ``torchrun`` started any, and take a device.

    Returns
    -------
    torch.device
        With ``device="cuda"`` the GPU of this process's own number.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not distributed.is_initialized():
        distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    if device == "cuda":
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    return torch.device(device)


def rank() -> int:
    """Number of this process, before it meets the others and after it parts too; 0 where it is alone."""
    return int(os.environ["RANK"]) if int(os.environ.get("WORLD_SIZE", "1")) > 1 else 0


def processes() -> int:
    """How many take part."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def share(modules: Iterable[nn.Module]) -> None:
    """Give every process the parameters and buffers of the first."""
    if processes() > 1:
        for module in modules:
            for value in module.state_dict().values():
                distributed.broadcast(value, 0)


def average_gradients(parameters: Iterable[Tensor]) -> None:
    """Mean of the gradients of all processes, in place."""
    if processes() == 1:
        return
    grads = [p.grad for p in parameters if p.grad is not None]
    flat = torch.cat([g.flatten() for g in grads])
    distributed.all_reduce(flat)
    flat /= processes()
    for g, part in zip(grads, flat.split([g.numel() for g in grads]), strict=True):
        g.copy_(part.view_as(g))


def agree(flag: bool, device: torch.device) -> bool:
    """True in every process as soon as it is in one."""
    if processes() == 1:
        return flag
    value = torch.tensor(float(flag), device=device)
    distributed.all_reduce(value)
    return bool(value > 0)


def leave() -> None:
    """Part from the other processes, all at once: none closes what another still waits on."""
    if distributed.is_initialized():
        distributed.barrier()
        distributed.destroy_process_group()
