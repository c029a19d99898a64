"""The console's own static files, read once."""

from __future__ import annotations

from importlib import resources
from typing import Final

KINDS: Final = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
_OWN: Final = ("theme.js", "page.js", "live.js", "board.js", "tuning.js", "coverage.js", "console.css")


def own_files() -> dict[str, tuple[str, bytes]]:
    """Give each file's content type and bytes by name."""
    folder = resources.files("console").joinpath("static")
    return {name: (KINDS[name[name.rindex(".") :]], folder.joinpath(name).read_bytes()) for name in _OWN}
