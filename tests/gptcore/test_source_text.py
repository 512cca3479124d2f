"""One source file: its documented objects, and what a docstring says of its parameters."""

import textwrap

import pytest

from gptcore.corpus.docstring_sections import documented_parameters
from gptcore.corpus.source_text import source_objects

SECTIONS = {
    "numpy": (
        """
        Norm of a matrix.

        Parameters
        ----------
        x, y : array_like of
            float
            Input.

            A second paragraph.
        ord : {'fro', 2}, optional
            Order: see below.
        *args
        %(placeholder)s
        a and b : int
            Not a name.
        seed : int

        Prose after them : it is no name.

        Other Parameters
        ----------------
        axis: int

        Returns
        -------
        n : float
            The norm.
        """,
        [
            ("x", "array_like of", "float\nInput.\n\nA second paragraph."),
            ("y", "array_like of", "float\nInput.\n\nA second paragraph."),
            ("ord", "{'fro', 2}, optional", "Order: see below."),
            ("args", "", ""),
            ("seed", "int", ""),
            ("axis", "int", ""),
        ],
    ),
    "sections of sympy": (
        "Solve.\n\nParameters\n==========\n\n  n : int\n\n  m : int\nNo name\n",
        [("n", "int", ""), ("m", "int", "")],
    ),
    "google": (
        """
        Load a file.

        Args:
            path (str or Path): Where it is,
                on two lines.
            dims (tuple(int, int), optional): Sizes.
            note: Free text: with a colon.
            **kwargs: Passed on.

        Returns:
            bool: Whether it worked.
        """,
        [
            ("path", "str or Path", "Where it is,\non two lines."),
            ("dims", "tuple(int, int), optional", "Sizes."),
            ("note", "Annotated[int]", "Free text: with a colon."),
            ("kwargs", "", "Passed on."),
        ],
    ),
    "hugging face": (
        """
        Push.

        Args:
            repo_id (`str`, *optional*):
                A name.
            `n`:
                How many.
        """,
        [("repo_id", "`str`, *optional*", "A name."), ("n", "", "How many.")],
    ),
    "sphinx": (
        """
        Bind.

        :param int port: The port,
          a number.
        :param host: Where.
        :type host: str or None
        :param note=3: Free.
        :return: Nothing.
        """,
        [
            ("port", "int", "The port,\na number."),
            ("host", "str or None", "Where."),
            ("note", "Annotated[int]", "Free."),
        ],
    ),
    "none": ("Parameters are not\ndocumented: here.", []),
}


@pytest.mark.parametrize(("text", "expected"), SECTIONS.values(), ids=SECTIONS.keys())
def test_documented_parameters(text: str, expected: list[tuple[str, str, str]]) -> None:
    found = documented_parameters(
        textwrap.dedent(text).strip(), {"note": "Annotated[int]", "port": "no"}
    )
    assert [(item.name, item.type, item.description) for item in found] == expected


SOURCE = '''
"""The module."""
import sys
sys.exit("never executed")

if sys.version_info > (3,):
    def twice(a: "list[int]", /, b=(1,
            2), *rest: int, c: int = 3, **more) -> dict[
                str, int]:
        """  First line.

            Indented.
        """
        def inner():
            """Never read."""
else:
    def twice(): "The second definition."

try:
    class Thing(Base):
        """A thing."""
        def __init__(self, size: int = 1) -> None: ...
        @functools.cached_property
        def width(self) -> float: "Its width."
        @width.setter
        def width(self, value): "Not this one."
        @staticmethod
        def make(kind): "Makes one."
        class Part:
            def of(self): "A method of a part."
finally:
    pass

async def wait(): "Waits: \\N{EM DASH}."
def bare(): pass
'''


def test_source_objects_of_a_module() -> None:
    objects = {item.qualname: item for item in source_objects(SOURCE)}
    assert [(item.qualname, item.kind, item.text) for item in objects.values()] == [
        ("", "module", "The module."),
        ("twice", "function", "First line.\n\nIndented."),
        ("Thing", "class", "A thing."),
        ("Thing.width", "property", "Its width."),
        ("Thing.make", "method", "Makes one."),
        ("Thing.Part.of", "method", "A method of a part."),
        ("wait", "function", "Waits: —."),
    ]
    assert [(p.name, p.annotation, p.default) for p in objects["twice"].parameters] == [
        ("a", '"list[int]"', ""),
        ("b", "", "(1, 2)"),
        ("*rest", "int", ""),
        ("c", "int", "3"),
        ("**more", "", ""),
    ]
    assert objects["twice"].returns == "dict[ str, int]"
    assert [p.name for p in objects["Thing"].parameters] == ["size"]
    assert [p.name for p in objects["Thing.make"].parameters] == ["kind"]
    assert objects["Thing.width"].parameters == ()


@pytest.mark.parametrize("source", ["type X = int", "def f[T](x: T): ...", "def (", "\0"])
def test_the_grammar_is_that_of_the_oldest_python(source: str) -> None:
    with pytest.raises((SyntaxError, ValueError)):
        source_objects(source)
