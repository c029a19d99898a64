"""Reading of the sources: comma-separated, gzipped or not, and the hand-made tables that lie beside this file."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import Final

TABLES: Final = Path(__file__).with_name("tables")


def read_csv(path: Path) -> list[dict[str, str]]:
    """Read a UTF-8 comma-separated file with a header, gzipped or not."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def read_table(name: str) -> list[list[str]]:
    """Read a hand-made table of this folder: tab-separated, ``#`` starts a comment line."""
    text = (TABLES / name).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines() if line.strip() and not line.startswith("#")]
