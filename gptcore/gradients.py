"""Gradients on their way: from the working weights to the master weights, summed over ranks.

A gradient is moved as soon as it is whole (a hook behind its accumulation), so that bf16 gradients
of a model never exist all at once. In the last micro-step of a step it then sets out at once to be
summed over the ranks, in fp32, while the backward pass goes on; ``arrive`` waits for what is still
under way. Every rank gets the same sums in the same order, so replicas stay equal to the last bit.

Sharded models (``gptcore.sharding``) sum their gradients themselves and need none of this.
"""

from collections.abc import Mapping
from functools import partial

import torch.distributed as dist
from torch import Tensor, nn

from gptcore.distributed import Ranks


class Gradients:
    """Moves what a backward pass makes into ``grad`` of the master weights."""

    def __init__(
        self, working: Mapping[str, nn.Parameter], master: Mapping[str, nn.Parameter], ranks: Ranks
    ) -> None:
        self._summed = ranks.count > 1
        self._under_way: list[dist.Work] = []
        self.last = True
        """Whether this is the last micro-step of its step: gradients are then summed over ranks."""
        for name, parameter in working.items():
            if self._summed or parameter is not master[name]:
                self._hook(parameter, master[name])

    def _hook(self, working: nn.Parameter, master: nn.Parameter) -> None:
        move = partial(self._move, master)
        working.register_post_accumulate_grad_hook(move)  # type: ignore[no-untyped-call]

    def _move(self, master: nn.Parameter, working: Tensor) -> None:
        gradient = working.grad
        if gradient is None:
            return
        if master is not working:
            if master.grad is None:
                master.grad = gradient.float()
            else:
                master.grad.add_(gradient)
            working.grad = None
        if self._summed and self.last and master.grad is not None:
            work = dist.all_reduce(master.grad, async_op=True)
            if work is not None:
                self._under_way.append(work)

    def arrive(self) -> None:
        """Wait until all sums are there."""
        for work in self._under_way:
            work.wait()
        self._under_way.clear()
