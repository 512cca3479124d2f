"""Literal in, literal out: what the tasks of tasks_to_text.tasks.documentation show."""

import pytest

from tasks_to_text.tasks.documentation import (
    PACKAGE,
    PARAMETER_TYPE,
    package_distract,
    package_example,
    package_rows,
    parameter_type_example,
    parameter_type_keys,
    parameter_type_rows,
)
from tasks_to_text.tasks.documented_types import mask_types, simple_type
from tasks_to_text.tasks.package_names import mask_names
from tasks_to_text.tasks.wording import clip, head_key


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("bool", "bool"),
        ("`bool`, *optional*, defaults to `True`", "bool"),
        (":py:class:`bool`", "bool"),
        ("Optional[bool]", "bool"),
        ("Boolean (default: False)", "bool"),
        ("int | None", "int"),
        ("None or int, default: None", "int"),
        ("positive integer", "int"),
        ("string (optional, default='utf-8')", "str"),
        ("string or None, optional (default=None)", "str"),
        ("(N, 2) array_like, optional", "array"),
        ("array-like of shape (n_samples,) or (n_samples, n_outputs)", "array"),
        ("array_like, shape (N,) or (N, N)", "array"),
        ("a 2D numpy.ndarray", "array"),
        ("torch.Tensor", "array"),
        ("{array-like, sparse matrix} of shape (n_samples, n_features)", "array"),
        ("np.ndarray[bool]", "array"),
        ("float array_like, with any shape", "array"),
        ("", ""),
        ("float", ""),
        ("int or str", ""),
        ("int, tuple", ""),
        ("list[int]", ""),
        ("list[Tensor]", ""),
        ("array-like of shape (n,) or float, default=None", ""),
        ("int, (int, int, *index*), or `.SubplotSpec`, default: (1, 1, 1)", ""),
    ],
)
def test_a_type_counts_when_it_is_one_alone(written: str, expected: str) -> None:
    assert simple_type(written) == expected


def test_words_that_say_the_type_are_masked_and_evidence_stays() -> None:
    text = "int, optional. If True, the string ``str_value`` is an int64 ndarray; print 3 hints."
    masked = "___, optional. If True, the ___ ``____value`` is an ___ ___; print 3 hints."
    assert mask_types(text, "___") == masked


def test_parameter_type_reads_like_this() -> None:
    source = {
        "id": "numpy:numpy.sum",
        "group": "numpy.core",
        "documented": [
            {
                "name": "axis",
                "type": "None or int",
                "description": "Axis, an int,\n  to sum along.",
            },
            {"name": "out", "type": "ndarray or tuple", "description": "Where the result goes."},
            {"name": "keepdims", "type": "bool, optional", "description": "Short."},
        ],
    }
    rows = list(parameter_type_rows([source], "train"))
    assert [row["id"] for row in rows] == ["numpy:numpy.sum#axis"]
    example = parameter_type_example(rows[0])
    assert example.prompt == "Parameter: axis\nDescription: Axis, an ___, to sum along.\nType:"
    assert example.target == " int"
    assert example.choices == (" array", " bool", " int", " str")
    assert example.gold == 2
    assert example.group == "numpy.core"
    assert example.segments == ("axis", "Axis, an ___, to sum along.")


def test_parameters_with_the_same_name_and_opening_are_the_same_question() -> None:
    row = {"name": "Axis", "description": "one two three four five six seven eight nine"}
    other = {"name": "axis", "description": "One two three four five six seven eight ten"}
    third = {"name": "axis", "description": "one two three four five six seven other"}
    (named, copied), (same, _), (different, _) = map(parameter_type_keys, (row, other, third))
    assert named == same != different
    elsewhere = {**row, "name": "dim", "description": row["description"].upper()}
    assert parameter_type_keys(elsewhere)[1] == copied
    assert len(parameter_type_keys({**row, "description": "Sum the axis."})) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See numpy.linalg.norm and np.dot.", "See ___ and ___."),
        ("PyTorch's Tensor; a torchvision model", "___'s Tensor; a ___ model"),
        (">>> import numpy as np\n>>> np.sum(x)\n", ">>> ___(x)\n"),
        ("from torch.nn import Linear\nUse it.", "Use it."),
        ("Values come\nfrom the table.", "Values come\nfrom the table."),
        ("scikit-learn and sklearn, gitignore, git", "___ and ___, gitignore, ___"),
        ("a np_array, gits and pandora", "a ___, gits and pandora"),
        ("a digital snapshot of the input", "a digital snapshot of the input"),
    ],
)
def test_names_paths_aliases_and_imports_are_masked(text: str, expected: str) -> None:
    names = frozenset({"numpy", "torch", "scikit-learn", "sklearn", "git"})
    assert mask_names(text, names, "___") == expected


def test_package_reads_like_this() -> None:
    def row(name: str, module: str, text: str) -> dict[str, str]:
        return {
            "id": f"{name}:{module}",
            "group": module,
            "distribution": name,
            "module": module,
            "text": text,
        }

    source = [
        row("numpy", "numpy.core", "Sum of array elements over a given axis, with numpy."),
        row("torch", "torch.nn", "import torch\nA linear layer as in NumPy, but with gradients."),
        row("scipy", "scipy.fft", "Too short."),
    ]
    rows = package_distract(list(package_rows(source, "train")))
    assert [row["text"] for row in rows] == [
        "Sum of array elements over a given axis, with ___.",
        "A linear layer as in ___, but with gradients.",
    ]
    example = package_example({**rows[1], "choices": ("numpy", "torch")})
    assert example.prompt == (
        "Documentation:\nA linear layer as in ___, but with gradients.\nPackage:"
    )
    assert (example.target, example.choices, example.gold) == (" torch", (" numpy", " torch"), 1)


def test_distractors_are_gold_elsewhere_and_come_up_evenly() -> None:
    packages = [f"p{i}" for i in range(8)]
    rows = [{"id": f"{i}", "package": packages[i % 8]} for i in range(1600)]
    distracted = package_distract(rows)
    shown = [name for row in distracted for name in row["choices"]]
    assert set(shown) == set(packages)
    for name in packages:  # gold once in every four times that it is shown
        assert 0.21 < 200 / shown.count(name) < 0.29
    for row in distracted:
        assert len(set(row["choices"])) == 4
        assert row["package"] in row["choices"]
    gold = [row["choices"].index(row["package"]) for row in distracted]
    assert all(0.2 < gold.count(i) / 1600 < 0.3 for i in range(4))
    assert package_distract(rows[5:7]) != package_distract(rows)[5:7]  # from these rows alone
    assert package_distract(rows) == distracted


def test_clip_keeps_whole_words_and_counts_bytes() -> None:
    assert clip("one two three", 13) == "one two three"
    assert clip("one two three", 12) == "one two"
    assert clip("one two three", 7) == "one two"
    assert clip("één twee", 8) == "één"
    assert clip("unbroken", 3) == ""
    assert head_key("A  b\nC d e f g h i j") == "a b c d e f g h"


@pytest.mark.parametrize("task", [PARAMETER_TYPE, PACKAGE], ids=lambda task: task.name)
def test_another_wording_is_another_version(task) -> None:  # type: ignore[no-untyped-def]
    assert task.template_hash == task.template_hash
    assert len(task.template_hash) == 12
