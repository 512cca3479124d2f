"""A model whose weights are spread over ranks (FSDP2), and what it takes to keep it in files.

``fully_shard`` on every Block and on the rest: each rank holds its rows of every fp32 tensor, which
are the master weights, and a Block is put together, in the working precision, only while it is
used. Gradients are summed over ranks in fp32 (a sum and no mean: the loss is a sum too).

Files hold whole tensors, so that any number of ranks can read what another has written: ``whole``
and ``like`` lead from one to the other, one tensor at a time.

torch loads its sharded tensors slowly (a second), so they are imported where they are used.
"""

from typing import Any, Literal, Protocol

import torch
from torch import Tensor

from gptcore.distributed import dtype_of
from gptcore.model import GPT


class Sharded(Protocol):
    """What is spread over ranks and can be put together; all of them must ask for it."""

    @property
    def shape(self) -> torch.Size:
        """Of the whole."""

    @property
    def dtype(self) -> torch.dtype:
        """Of the whole."""

    def full_tensor(self) -> Tensor:
        """The whole."""


Storable = Tensor | Sharded
"""What a file can hold: a tensor that every rank has, or one that is put together."""


def shard(model: GPT, device: torch.device, precision: Literal["auto", "fp32", "bf16"]) -> None:
    """Spread the fp32 weights of a model over all ranks, in place, on ``device``."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import (
        MixedPrecisionPolicy,
        fully_shard,
        register_fsdp_forward_method,
    )

    mesh = init_device_mesh(device.type, (torch.distributed.get_world_size(),))
    # Inputs are not cast: they are ids, and loss weights, which stay exact.
    policy = MixedPrecisionPolicy(
        param_dtype=None if precision == "fp32" else dtype_of(precision),
        reduce_dtype=torch.float32,
        cast_forward_inputs=False,
    )
    for module in (*model.h, model):
        sharded = fully_shard(module, mesh=mesh, mp_policy=policy)
        sharded.set_gradient_divide_factor(1.0)
        sharded.set_force_sum_reduction_for_comms(True)
    register_fsdp_forward_method(model, "loss")


def whole(tensor: Storable) -> Tensor:
    """The tensor itself, or put together from all ranks, which must all call this."""
    return tensor if isinstance(tensor, Tensor) and not is_sharded(tensor) else _together(tensor)


def _together(tensor: Any) -> Tensor:
    full: Tensor = tensor.full_tensor()
    return full


def is_sharded(tensor: object) -> bool:
    """Whether a tensor is spread over ranks."""
    return hasattr(tensor, "full_tensor")


def like(value: Tensor, parameter: Tensor) -> Tensor:
    """A copy of a whole tensor, where and as the parameter is: this rank's part, if it is sharded.

    What has another shape than the parameter (a counter) stays whole.
    """
    copy = value.to(parameter.device, copy=True)
    if not is_sharded(parameter) or copy.shape != parameter.shape:
        return copy
    from torch.distributed.tensor import DTensor, distribute_tensor

    assert isinstance(parameter, DTensor)
    mesh, placements = parameter.device_mesh, parameter.placements
    part: Tensor = distribute_tensor(copy, mesh, placements, src_data_rank=None)
    return part
