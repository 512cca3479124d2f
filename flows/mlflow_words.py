"""What MLflow's pages say in words: how an experiment is read, names and descriptions of runs.

MLflow draws a section of charts from what precedes the last slash of a metric's name, in
alphabetical order, bars from metrics at step 0 and lines from others; the names follow from that.
Its tables hold 5,000 characters of a description, and its pages show the first line of an
experiment's.
"""

from collections.abc import Mapping, Sequence

from flows.champion import Decision
from flows.mlflow_tracking import NOTE_LENGTH
from flows.report import ALL_TASKS, safe

DECISIONS = 30
"""As many of the last nights stand in the registered model's description."""
_REASON = 90


def how_to_read(name: str, experiment_id: str) -> str:
    """The description of an experiment, in Markdown."""
    base = f"#/experiments/{experiment_id}"
    machine_learning = "workflowType=machine_learning"
    charts = f"{base}/runs?{machine_learning}&compareRunsMode=CHART"
    return f"""\
**Every night trains two models, scores one of them against baselines, and decides whether it is \
the new champion.** Open this text with the arrow on the right.

**Runs**, told apart by their tag `generalist.kind`:

| kind | what it is | look at |
|---|---|---|
| `pre-training` | *generalist*: corpus and tasks; *language model only*: its twin without tasks | \
`train/…`, `validation/loss` by tokens seen; the page *System metrics* |
| `evaluation` | the generalist's scores on all tasks; links to its training run and back | \
section `{ALL_TASKS}`; `report.html` among its artifacts |
| `history` | two runs, *history: every night* and *history: champion* | section `history`: a line \
per task over all nights; the page of promotions among its artifacts |

**Charts**: [chart view]({charts}), then tick the runs to compare.

- `{ALL_TASKS}/<task>`: the headline score of every task on its test split, from 0 to 1, at a \
glance.
- `eval/<task>/<metric>`: all about one task: the score with its 95 % interval (`…_low`, \
`…_high`), beside it the baselines `chance`, `majority`, `choices_only` (the same choices without \
the prompt), `bag_of_words`, `random_model` and `language_model_only`. Below a baseline the model \
has learnt nothing of that task. `validation_…`: the split that decides about promotion.
- `history/<task>`: headline scores on the validation split, a step per decision.

**Models**: [models]({base}/models?{machine_learning}) lists final weights and kept checkpoints \
with `checkpoint/validation_loss`; sort by it. The registered model [{name}](#/models/{name}) has \
a version per judged run, the aliases `champion` and `challenger`, and the last decisions with \
reasons.

**Filters** to try: `params.seed = '0'`, `params.corpus_version = '…'`, \
`tags.generalist.kind = 'evaluation'`.
"""


def training_name(directory: str, params: Mapping[str, str]) -> str:
    """What a training run is called: its role, its seed, and the first digits of its key."""
    return f"{params['model']}, seed {params.get('seed', '?')}, {short_key(directory)}"


def short_key(directory: str) -> str:
    """The first digits of the key in a product's directory name."""
    return directory.rpartition("-")[2][:6]


def run_link(label: str, experiment_id: str, run_id: str) -> str:
    """A Markdown link to a run's page."""
    return f"[{label}](#/experiments/{experiment_id}/runs/{run_id})"


def promotions(decided: Sequence[Decision], *, length: int = NOTE_LENGTH) -> str:
    """The last decisions as a Markdown table, newest first, in so many characters."""
    lines = ["| night | decision | run | reason |", "|---|---|---|---|"]
    room = length - sum(len(line) + 1 for line in lines)
    for one in list(reversed(decided))[:DECISIONS]:
        decision = "**promoted**" if one.promoted else "not promoted"
        reason = one.reason if len(one.reason) <= _REASON else f"{one.reason[: _REASON - 1]}…"
        run = short_key(one.run)
        line = f"| {one.date[:16].replace('T', ' ')} | {decision} | {run} | {safe(reason)} |"
        if (room := room - len(line) - 1) < 0:
            break
        lines.append(line)
    return "\n".join(lines) + "\n"
