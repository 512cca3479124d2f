"""Which rows of train are held out, for a source that lacks a split: by a hash, and nothing else.

Neither the order of the rows nor other rows change where a row belongs; nor, as long as they draw
by the same key, which task reads it.
"""

import hashlib
import json
from collections.abc import Mapping

from tasks_to_text.task import Row


def drawn(group: str, shares: Mapping[str, float], seed: int = 0) -> str:
    """The split of a group of a source that holds ``shares`` of train out.

    A fraction of a hash decides: the lowest are test, then comes validation, then train.
    """
    digest = hashlib.blake2b(f"{seed}:{group}".encode(errors="replace"), digest_size=8).digest()
    fraction, bound = int.from_bytes(digest) / 2**64, 0.0
    for split in ("test", "validation"):
        bound += shares.get(split, 0.0)
        if fraction < bound:
            return split
    return "train"


def record_key(record: Row) -> str:
    """What stands for a record on its own: a digest of all that it holds."""
    whole = json.dumps(dict(record), sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.blake2b(whole.encode(errors="replace"), digest_size=8).hexdigest()


class Ids:
    """The ids that were seen, in little memory."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()

    def add(self, value: object) -> bool:
        """Whether an id is new; none at all (null, blank) always is."""
        if value is None or not str(value).strip():
            return True
        key = hashlib.blake2b(str(value).encode(errors="replace"), digest_size=16).digest()
        new = key not in self._seen
        self._seen.add(key)
        return new
