"""``generalist init DIR``: the folder of a project, to be filled with one's own data.

Nothing is ever overwritten, and either all files are written or none.
"""

import os
import shlex
import shutil
import tempfile
from pathlib import Path

from flows.errors import ConfigError

_TEMPLATES = Path(__file__).parent / "templates"
FILES = {"generalist.toml": "generalist.toml", "tasks/topic.py": "topic.py"}
"""File of the project → its template."""
DATA = "data"
"""Folder for rows and texts; made empty."""


def init(directory: Path) -> list[Path]:
    """Write the files of a new project and say what comes next; returns their paths.

    ConfigError when one of them is there already, or the folder cannot be written.
    """
    written = [directory / name for name in FILES]
    if there := [path for path in written if os.path.lexists(path)]:
        raise ConfigError(
            f"{there[0]} is there already and stays as it is: name another folder, or move it away"
        )
    try:
        _write(directory)
    except OSError as error:
        raise ConfigError(
            f"{directory} cannot be written ({error.strerror or error}): name another folder"
        ) from error
    print(_next_steps(directory))
    return written


def _write(directory: Path) -> None:
    """Make the whole beside its place and move it there at once; into a folder, file by file.

    Where that fails, as it does when a file came meanwhile, what was written is taken back.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".generalist-", dir=directory.parent))
    made: list[Path] = []
    try:
        for name, template in FILES.items():
            (aside / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(_TEMPLATES / template, aside / name)
        (aside / DATA).mkdir()
        aside.chmod(0o777 & ~_umask())
        if not directory.exists():
            aside.rename(directory)
            return
        for name in FILES:
            (directory / name).parent.mkdir(exist_ok=True)
            with (directory / name).open("xb") as file:
                made.append(directory / name)
                file.write((aside / name).read_bytes())
        (directory / DATA).mkdir(exist_ok=True)
    except BaseException:
        for path in made:
            path.unlink()
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _umask() -> int:
    """Rights that the process takes from others; mkdtemp takes all, which is too strict."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _next_steps(directory: Path) -> str:
    return f"""\
{directory}/generalist.toml   what is trained on and evaluated: read its comments
{directory}/tasks/topic.py    an example of a task: classification of the rows of a CSV file

Put your data there:
  {directory}/data/labels.csv   rows with the columns text and label, some hundreds or more
  {directory}/data/texts/       a folder of .txt or .md files

Then:
  cd {shlex.quote(str(directory))}
  generalist plan --profile mine
  generalist run --profile mine"""
