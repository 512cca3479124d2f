"""Reading a log of one JSON object per line, which a crash may have cut off."""

from pathlib import Path


def json_lines(path: Path) -> list[bytes]:
    """The lines of a log; [] where there is none.

    Bytes, because a crash may cut a line off within a character; and a line ends at a newline only,
    while text from a person may hold others that ``str.splitlines`` knows (U+2028, U+0085).
    """
    content = path.read_bytes() if path.exists() else b""
    return [line for line in content.split(b"\n") if line.strip()]
