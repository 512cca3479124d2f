"""Text → tokens → model → scores: tokenizer, GPT, training and scoring, no pipeline around."""

import os

# Threads of GNU's OpenMP spin while they wait. Beside another busy process that takes training to a
# tenth of its speed, because a thread that spins holds the core that the other needs; with a short
# spin it keeps nearly all of it (docs/experiments.md). Read when torch is imported.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
