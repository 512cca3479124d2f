"""Learning-rate schedules as pure functions of the step: there is no state to keep or to lose."""

import math

from gptcore.config import TrainConfig


def learning_rate_factor(config: TrainConfig, step: int, steps: int) -> float:
    """Fraction of the peak rate for step 0 … steps − 1: linear warm-up, then the schedule.

    The first step already moves (1/warm-up of the peak), the last reaches ``final_fraction``.
    """
    warmup = round(steps * config.warmup_tokens / config.tokens)
    if step < warmup:
        return (step + 1) / warmup
    final, left = config.final_fraction, max(1, steps - 1 - warmup)
    progress = (step - warmup) / left
    if config.schedule == "cosine":
        return final + (1 - final) * 0.5 * (1 + math.cos(math.pi * progress))
    if config.schedule == "wsd":
        start = 1 - config.decay_fraction
        progress = max(0.0, progress - start) / max(config.decay_fraction, 1e-9)
    return 1 - (1 - final) * min(1.0, progress)
