"""Build the list of person names from Faker's: a maintainers' chore; the built file ships.

Usage: ``python scripts/build_person_names.py --faker DIR [--out nlp/data/person_names.tsv]``, ``DIR`` the unpacked wheel of ``faker`` (MIT).

Written are all one-word given names, and those surnames that some place is called too: no other surname is ever asked for.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from pathlib import Path
from typing import Final

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from nlp.fold import fold_name  # noqa: E402  # the path is set above
from nlp.gazetteer import Gazetteer  # noqa: E402

LOCALES: Final = {
    "fr": ("fr_FR",),
    "es": ("es_ES", "es_MX", "es_AR", "es_CO", "es_CL"),
    "it": ("it_IT",),
    "pt": ("pt_BR", "pt_PT"),
    "de": ("de_DE", "de_AT"),
}
"""English is left out: its list calls India, London and Austin names; ``nlp.placewords`` holds its frequent ones."""
SURNAMES: Final = ("es", "it", "pt")
"""Where people are called by a surname that is a town far away ("Alvarado", "Monti"); French and German surnames did not get in the way."""
SHORTEST: Final = 3


def names(locale: str, kind: str) -> set[bytes]:
    """Give the folded one-word names of a locale, ``kind`` being ``first`` or ``last``."""
    provider = import_module(f"faker.providers.person.{locale}").Provider
    found: set[bytes] = set()
    for group in ("names", "names_male", "names_female", "names_nonbinary"):
        listed = getattr(provider, f"{kind}_{group}", ())
        found.update(() if isinstance(listed, property) else map(fold_name, listed))
    return {name for name in found if b" " not in name and len(name) >= SHORTEST}


def main() -> int:
    """Run the chore."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faker", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=ROOT / "nlp" / "data" / "person_names.tsv")
    options = parser.parse_args()
    sys.path.insert(0, str(options.faker))
    table = Gazetteer.load()
    given: dict[bytes, list[str]] = {}
    family: dict[bytes, list[str]] = {}
    for lang, locales in LOCALES.items():
        for name in set().union(*(names(locale, "first") for locale in locales)):
            given.setdefault(name, []).append(lang)
        for name in set().union(*(names(locale, "last") for locale in locales)) if lang in SURNAMES else ():
            if table.name_id(name.decode()) is not None:
                family.setdefault(name, []).append(lang)
    lines = [
        f"{name.decode()}\t{','.join(given.get(name, ())) or '-'}\t{','.join(family.get(name, ())) or '-'}"
        for name in sorted({*given, *family})
    ]
    head = "# One-word given names and surnames, folded: name, languages it is a given name in, languages it is a surname in. From Faker (MIT)."
    options.out.write_text("\n".join([head, *lines]) + "\n")
    print(f"{len(lines)} names, {options.out.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
