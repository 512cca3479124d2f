"""Several runs one after another on the same ranks, because starting ranks takes seconds.

``torchrun … -m tests.gptcore.ranks JOBS.json``: a list of {"job": …, "stop": steps or null}.
"""

import json
import sys
from itertools import count
from pathlib import Path

from gptcore.config import from_plain
from gptcore.distributed import ranks
from gptcore.pretrain import Job, pretrain


def main() -> None:
    with ranks() as here:
        for entry in json.loads(Path(sys.argv[1]).read_text()):
            asked = count(1)
            stop = entry["stop"]

            def stopping(asked=asked, stop=stop) -> bool:
                # One rank alone is asked to stop; all must do so.
                return here.rank == here.count - 1 and next(asked) == stop

            pretrain(from_plain(Job, entry["job"], "job"), ranks=here, stopping=stopping)


if __name__ == "__main__":
    main()
