"""A store that hosts share: objects on S3, or on whatever fsspec can reach, under one address.

``GENERALIST_STORE`` names it (``s3://bucket/prefix``, ``file:///mnt/team``); keys and endpoint of
S3 come from AWS's own variables (``AWS_ENDPOINT_URL``, ``AWS_ACCESS_KEY_ID`` …). Objects appear
whole: S3 has them so, and on a file system they are written aside and renamed. There are no locks,
but ``create`` writes an object only where there is none (S3: ``If-None-Match: *``, a file system: a
hard link), and everything that must be exclusive is made from that (flows/lease.py).

The only importer of fsspec. Whatever goes wrong on the way is one StoreError.
"""

import errno
import json
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from flows.errors import StoreError

VARIABLE = "GENERALIST_STORE"
FORMAT = 1
"""Version of the store's layout, in its first object; a newer one is refused."""
ABOUT = "generalist.json"
_S3 = {"connect_timeout": 5, "read_timeout": 60, "retries": {"max_attempts": 2}}
"""botocore waits a minute for a host that is not there."""


class Store:
    """Objects under one address, by relative names with slashes."""

    def __init__(self, url: str) -> None:
        """StoreError unless the store can be reached, and read or begun."""
        self.url = re.sub(r"//[^/@]*@", "//", url.rstrip("/"))
        """The address without a password."""
        with self._asking("be opened"):
            from fsspec.core import url_to_fs

            self._fs, root = url_to_fs(url.rstrip("/"), **_options(url))
            self._root = str(root).rstrip("/")
            self._on_disk = "file" in self._fs.protocol
        self._begin()

    def _begin(self) -> None:
        about = self.read(ABOUT)
        if about is None:
            self.create(ABOUT, json.dumps({"format": FORMAT}).encode())
            return
        try:
            version = int(json.loads(about)["format"])
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(f"{self.url}/{ABOUT} is damaged ({error}): remove it") from error
        if version > FORMAT:
            raise StoreError(
                f"{self.url}: format {version} is newer than {FORMAT}, which this version reads: "
                "upgrade"
            )

    def read(self, name: str) -> bytes | None:
        """An object; None: there is none of that name."""
        with self._asking(f"be asked for {name}"):
            try:
                return bytes(self._fs.cat_file(self._path(name)))
            except FileNotFoundError as error:
                if "bucket does not exist" in str(error):
                    raise OSError(str(error)) from error
                return None

    def sizes(self, prefix: str) -> dict[str, int]:
        """Bytes of every object under a prefix, by its name relative to that."""
        with self._asking(f"list {prefix}"):
            base = self._path(prefix)
            try:
                found = self._fs.find(base, detail=True)
            except FileNotFoundError:
                return {}
        names = {path[len(base) + 1 :]: int(info["size"]) for path, info in found.items()}
        return {name: size for name, size in names.items() if name and not _is_aside(name)}

    def write(self, name: str, content: bytes) -> None:
        """Put an object, in place of the one that is there."""
        with self._asking(f"take {name}"), self._aside(name) as path:
            self._fs.pipe_file(path, content)

    def create(self, name: str, content: bytes) -> bool:
        """Put an object where there is none; False: there is one already. One caller wins."""
        with self._asking(f"take {name}"):
            if self._on_disk:
                return self._link(name, content)
            try:
                self._fs.pipe_file(self._path(name), content, mode="create")
            except FileExistsError:
                return False
            except OSError as error:  # s3fs: 412, a precondition failed; 409, another was as quick
                if error.errno in (errno.EINVAL, errno.EBUSY) and self.read(name) is not None:
                    return False
                raise
            return True

    def _link(self, name: str, content: bytes) -> bool:
        final = Path(self._path(name))
        final.parent.mkdir(parents=True, exist_ok=True)
        aside = final.with_name(f".{final.name}-{uuid.uuid4().hex}")
        aside.write_bytes(content)
        try:
            os.link(aside, final)
        except FileExistsError:
            return False
        finally:
            aside.unlink()
        return True

    def upload(self, file: Path, name: str) -> None:
        """Put a file's content."""
        with self._asking(f"take {name}"), self._aside(name) as path:
            self._fs.put_file(str(file), path)

    def download(self, name: str, file: Path) -> bool:
        """Write an object into a file; False: it is not there."""
        with self._asking(f"be asked for {name}"):
            file.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._fs.get_file(self._path(name), str(file))
            except FileNotFoundError:
                return False
            return True

    def remove(self, name: str) -> None:
        """Remove an object, or all under a prefix; nothing there is no error."""
        with self._asking(f"remove {name}"):
            try:
                self._fs.rm(self._path(name), recursive=True)
            except FileNotFoundError:
                return

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    @contextmanager
    def _aside(self, name: str) -> Iterator[str]:
        """Where to write an object so that it appears whole: beside it on a disk."""
        path = self._path(name)
        if not self._on_disk:
            yield path
            return
        final = Path(path)
        final.parent.mkdir(parents=True, exist_ok=True)
        aside = final.with_name(f".{final.name}-{uuid.uuid4().hex}")
        try:
            yield str(aside)
            aside.replace(final)
        finally:
            aside.unlink(missing_ok=True)

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        """Turn whatever fsspec and the libraries under it raise into one message."""
        try:
            yield
        except StoreError:
            raise
        except Exception as error:
            lines = str(error).strip().splitlines() or [type(error).__name__]
            raise StoreError(
                f"{VARIABLE}={self.url} cannot {what} ({lines[0][:200]}): check the address, the "
                f"endpoint and the keys, or unset {VARIABLE} to work with what is here"
            ) from error


def _options(url: str) -> dict[str, Any]:
    """Listings are never remembered: other hosts write."""
    if url.startswith(("s3://", "s3a://")):
        return {"use_listings_cache": False, "config_kwargs": _S3}
    return {"use_listings_cache": False}


def _is_aside(name: str) -> bool:
    return name.rpartition("/")[2].startswith(".")


def current() -> Store | None:
    """The store that ``GENERALIST_STORE`` names; None: there is none, and nothing is asked.

    Opened once per process, so that one that cannot be reached is told before any work begins.
    """
    url = os.environ.get(VARIABLE)
    return _opened(url) if url else None


@cache
def _opened(url: str) -> Store:
    if "://" not in url:
        raise StoreError(f"{VARIABLE}={url!r}: is no address; use s3://bucket/prefix or file:///…")
    return Store(url)


def need_room(place: Path, size: int) -> None:
    """StoreError when a disk has no room for so many bytes."""
    free = shutil.disk_usage(place).free
    if free < size:
        raise StoreError(
            f"{place}: {free / 1e6:.0f} MB are free, {size / 1e6:.0f} MB would be brought from "
            "the store: free some space"
        )
