"""Lines about a run come now and then, and say when it will be done."""

from gptcore.progress import Progress


def test_a_line_comes_at_intervals_and_counts_from_where_the_process_began() -> None:
    said: list[str] = []
    seconds = iter(range(0, 1000, 5))
    progress = Progress(said.append, step=100, steps=200, clock=lambda: float(next(seconds)))
    for step in range(101, 111):  # five seconds each
        progress.tell(step, {"train/loss": 4.0, "tokens_per_second": 1234.0})
    assert said == [
        "step 103 of 200: loss 4.000, 1,234 tokens/s, 0:08:05 left",
        "step 106 of 200: loss 4.000, 1,234 tokens/s, 0:07:50 left",
        "step 109 of 200: loss 4.000, 1,234 tokens/s, 0:07:35 left",
    ]
