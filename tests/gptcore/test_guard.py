"""Steps that cannot be right move nothing, and are remembered alike after a resumption."""

import json
import math

import pytest

from gptcore.config import StreamConfig, TrainConfig
from gptcore.errors import ConfigError, TrainingError
from gptcore.guard import MEMORY, Guard


def _config(**changes: float) -> TrainConfig:
    mixture = (StreamConfig(name="corpus", rate=1),)
    return TrainConfig(mixture=mixture, tokens=1000, **changes)  # type: ignore[arg-type]


def _settled(**changes: float) -> Guard:
    guard = Guard(_config(**changes), {})
    for step in range(MEMORY):
        assert guard.reason(step, 3.0, 1.0 + step % 3) is None  # median 2
    return guard


@pytest.mark.parametrize(("loss", "norm"), [(math.nan, 1), (math.inf, 1), (3, math.nan)])
def test_no_number_is_skipped_from_the_first_step_on(loss: float, norm: float) -> None:
    guard = Guard(_config(spike_factor=0), {})
    assert "step 1 is skipped" in str(guard.reason(1, loss, norm))
    assert guard.reason(2, 3.0, 1.0) is None
    assert guard.skipped == 1


def test_a_spike_is_skipped_once_there_is_a_measure() -> None:
    young = Guard(_config(), {})
    assert young.reason(1, 3.0, 1.0) is None and young.reason(2, 3.0, 1e6) is None
    guard = _settled(spike_factor=10)
    assert guard.reason(70, 3.0, 20.0) is None
    assert "gradient norm=21, the median is 2" in str(guard.reason(71, 3.0, 21.0))
    assert guard.reason(72, 3.0, 2.0) is None and guard.skipped == 1
    assert _settled(spike_factor=0).reason(70, 3.0, 1e6) is None


def test_a_spike_is_no_measure_for_the_next() -> None:
    guard = _settled(max_skipped=100)
    assert all(guard.reason(step, 3.0, 50.0) for step in range(100))


def test_too_many_in_a_row_end_the_run() -> None:
    guard = _settled(max_skipped=2)
    for _ in range(3):  # a good step in between begins the count anew
        assert guard.reason(1, math.nan, 1.0) and guard.reason(2, math.nan, 1.0)
        assert guard.reason(3, 3.0, 2.0) is None
    assert guard.reason(4, math.nan, 1.0) and guard.reason(5, math.nan, 1.0)
    with pytest.raises(TrainingError, match=r"step 6: loss=nan.*2 steps.*lower learning_rate"):
        guard.reason(6, math.nan, 1.0)


def test_a_restored_guard_judges_alike() -> None:
    guard = _settled(max_skipped=2)
    guard.reason(1, math.nan, 1.0)
    other = Guard(_config(max_skipped=2), json.loads(json.dumps(guard.state)))
    assert other.state == guard.state
    found = guard.reason(2, 3.0, 40.1)
    assert found is not None and found == other.reason(2, 3.0, 40.1)
    for one in (guard, other):
        with pytest.raises(TrainingError):
            one.reason(3, 3.0, 1e9)


def test_a_factor_that_would_skip_healthy_steps_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"spike_factor=0\.5: use more than 1, or 0"):
        _config(spike_factor=0.5)
