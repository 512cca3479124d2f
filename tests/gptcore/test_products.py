"""Products with matrices in other layouts are the same products."""

from collections.abc import Callable

import pytest
import torch
from torch.nn import functional as F

from gptcore import products
from gptcore.products import Gelu, Packed, Plain, Product, product

Make = Callable[[torch.Tensor, torch.Tensor | None, Gelu | None], Product]
MAKERS: dict[str, Make] = {
    "view": lambda w, b, g: Plain(w, b, g, turned=False),
    "turned": lambda w, b, g: Plain(w, b, g, turned=True),
    "packed": lambda w, b, g: Packed(w, b, g, rows=3),
}
needs_packing = pytest.mark.skipif(not products._can_pack(), reason="this torch cannot pack")


@torch.inference_mode()
@pytest.mark.parametrize("rows", [1, 3, 40])
@pytest.mark.parametrize("gelu", ["tanh", "none", None])
@pytest.mark.parametrize(
    ("maker", "dtype"),
    [
        ("view", torch.float32),
        ("turned", torch.float32),
        ("view", torch.bfloat16),
        pytest.param("packed", torch.bfloat16, marks=needs_packing),
    ],
)
def test_every_layout_makes_the_same_product(
    maker: str, dtype: torch.dtype, gelu: Gelu | None, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products, "_SMALL", 0)
    torch.manual_seed(rows)
    weight, bias, h = (torch.randn(n).to(dtype) for n in ((24, 16), (24,), (rows, 16)))
    exact = F.linear(h.double(), weight.double(), bias.double())
    expected = exact if gelu is None else F.gelu(exact, approximate=gelu)
    error = {"atol": 1e-5, "rtol": 1e-5} if dtype is torch.float32 else {"atol": 0.05, "rtol": 0.02}
    made = MAKERS[maker](weight, bias, gelu)(h)
    torch.testing.assert_close(made.double(), expected, **error)
    x = torch.ones(rows, 24, dtype=dtype)
    MAKERS[maker](weight, bias, None).add_to(x, h)
    torch.testing.assert_close(x.double(), 1 + exact, **error)
    alone = MAKERS[maker](weight, None, None)(h)
    torch.testing.assert_close(alone.double(), exact - bias.double(), **error)


@needs_packing
def test_the_layout_follows_dtype_and_rows_only() -> None:
    weight = torch.ones(8, 16)
    assert isinstance(product(weight.bfloat16(), None, 1), Packed)
    assert isinstance(product(weight.bfloat16(), None, None), Plain)
    turned = [product(weight, None, rows)._weight.is_contiguous() for rows in (None, 1, 3, 4)]  # type: ignore[attr-defined]
    assert turned == [False, False, False, True]
