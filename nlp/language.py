"""The language of a post: what its source says, if we know that language, else the best of ours by py3langid.

Pure and deterministic: the model of py3langid is a fixed table, restricted to the languages that the lexica know. A post in another
language gets the nearest of ours, which does no harm: no term of ours will be found in it.

Source: M. Lui, T. Baldwin, "langid.py: An off-the-shelf language identification tool", ACL 2012 (py3langid is its maintained form).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Protocol

LANGUAGES: Final = ("fr", "en", "es", "it", "pt", "de")
"""The languages that the lexica know, as BCP 47 primary subtags."""
DEFAULT: Final = "en"
"""The language of a text without letters."""
LONGEST_CHARS: Final = 600
"""Only so much of a text is read: more changes nothing."""

_NOT_WORDS: Final = re.compile(r"https?://\S+|[@#]\w+|\b(?:rt|via)\b", re.IGNORECASE)


class _Identifier(Protocol):
    def classify(self, text: str) -> tuple[str, float]: ...


@lru_cache(maxsize=1)
def _identifier() -> _Identifier:
    """Load the table once, at first need (0.8 s)."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415  loading costs time and memory: only at need

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(list(LANGUAGES))
    return identifier  # type: ignore[no-any-return]


def language_of(text: str, declared: str | None = None) -> str:
    """Give the language of a text, one of ``LANGUAGES``; a declared language of ours is trusted.

    >>> language_of("whatever", "fr-CA"), language_of("C'est quoi cette fumée au-dessus du port ?"), language_of("🔥🔥")
    ('fr', 'fr', 'en')
    """
    if declared:
        primary = declared.replace("_", "-").split("-", 1)[0].lower()
        if primary in LANGUAGES:
            return primary
    words = _NOT_WORDS.sub(" ", text[:LONGEST_CHARS])
    if not any(c.isalpha() for c in words):
        return DEFAULT
    return _identifier().classify(words)[0]
