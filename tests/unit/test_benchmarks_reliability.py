"""The reliability picture: what is read from an account, what is refused, and that the packaged account can be drawn."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

import reliability

ROOT = Path(__file__).parents[2]

ACCOUNT = """### Reliability by set and language: said → found (posts)

| | 0–0.5 | 0.5–1 |
|---|---|---|
| pairs fr | 0.30 → 0.25 (40) | – |
| grammar fr | 0.30 → 0.25 (40) | 0.70 → 0.75 (12) |
| t26 ? | 0.30 → 0.25 (40) | 0.70 → 0.75 (12) |

### Other: table

| t26 es | 0.10 → 0.90 (9) | 0.70 → 0.75 (12) |
"""


def test_only_the_drawn_sets_of_known_languages_are_read_and_only_from_their_table() -> None:
    assert reliability.read_curves(ACCOUNT) == {"fr": {"pairs": [reliability.Dot(0.30, 0.25, 40)]}}


def test_an_account_without_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="Reliability by set and language"):
        reliability.read_curves("### By set\n")


def test_the_packaged_account_can_be_drawn(tmp_path: Path) -> None:
    curves = reliability.read_curves((ROOT / "nlp" / "data" / "SENSE.md").read_text(encoding="utf-8"))
    assert set(curves) == set(reliability.LANGUAGES)
    reliability.draw(curves, tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")
