"""Redaction at the edge: whatever may lead to a person is masked before a text goes on.

Masking keeps the length, so that an offset in the redacted text is the same offset in the original. A mask is made of ``_``: it is no
letter (no term, no name can appear in it) and ``@___`` still reads as a handle, which tells a reply or a repost.

It fails on what has no form of its own: a person's name in plain words. No later room stores the text either.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

MASK: Final = "_"
MAX_PASSES: Final = 16
"""Looks at one text: all but a hostile one need two, the second to see that nothing is left."""

_SOCIAL: Final = (
    r"(?:[\w-]+\.)*(?:twitter\.com|x\.com|t\.me|telegram\.me|facebook\.com|fb\.com|instagram\.com|threads\.(?:net|com)|tiktok\.com"
    r"|linkedin\.com|snapchat\.com|youtube\.com|bsky\.app|bsky\.social|mastodon\.\w+|mamot\.fr|piaille\.fr|wa\.me|vk\.com|reddit\.com)"
)
_URL: Final = re.compile(r"\b(https?://|www\.)(?P<rest>[^\s<>\"'»)\]]+)", re.IGNORECASE)
_SOCIAL_BARE: Final = re.compile(rf"(?<![\w@./-]){_SOCIAL}/(?P<rest>[^\s<>\"'»)\]]+)", re.IGNORECASE)
_SOCIAL_HOST: Final = re.compile(rf"{_SOCIAL}\Z", re.IGNORECASE)
_EMAIL: Final = re.compile(r"[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_HANDLE: Final = re.compile(r"(?<![\w.])@\w[\w.-]{0,63}(?:@[\w-]{1,63}(?:\.[\w-]{1,63})+)?")
_DID: Final = re.compile(r"\bdid:[a-z0-9]{2,16}:[\w.:%-]{2,200}", re.IGNORECASE)
_PHONE: Final = re.compile(
    r"(?<![\w+])(?:"
    r"(?:\+|00)[1-9]\d{0,2}[ .()/-]{0,2}(?:\d[ .()/-]{0,2}){6,12}\d"  # international
    r"|0[1-9](?:[ .-]?\d\d){4}"  # France
    r"|0\d{2,4}[ -]?\d{3}[ -]?\d{3,4}"  # United Kingdom, Italy, Germany
    r"|(?:1[ .-])?\(?[2-9]\d\d\)?[ .-][2-9]\d\d[.-]\d{4}"  # North America
    r")(?!\w)"
)
_PLATE: Final = re.compile(
    r"(?<![\w-])(?:"
    r"[A-HJ-NP-TV-Z]{2}-\d{3}-[A-HJ-NP-TV-Z]{2}"  # France since 2009
    r"|[A-HJ-NP-TV-Z]{2}\d{3}[A-HJ-NP-TV-Z]{2}"
    r"|\d{2,4}-[A-HJ-NP-TV-Z]{2,3}-(?:\d\d|2[AB]|97\d)"  # France before 2009
    r"|[A-HJ-PR-Y]{2}\d\d[A-HJ-PR-Z]{3}"  # United Kingdom
    r")(?![\w-])"
)
_PLATE_SAID: Final = re.compile(
    r"(?<!\w)(?:plaques?|immatriculations?|immatricul\w{2,4}|number ?plate|licen[cs]e plate|reg(?:istration)?)"
    r"(?:\s+(?:n[°o]|is|est))?\s*:?\s+(?P<rest>[A-Z0-9]{1,4}(?:[ -][A-Z0-9]{1,4}){1,3})(?![\w])"
)
_HOUSE_BEFORE: Final = re.compile(
    r"(?<![\w/:.,-])(?!(?:19|20)\d\d\b)(?P<number>\d{1,4})(?=(?:\s?(?:bis|ter|quater|[a-d]))?,?\s+"
    r"(?:rue|avenue|av|bd|bld|blvd|boulevard|all[ée]e|impasse|chemin|quai|square|passage|villa|r[ée]sidence|lotissement|hameau"
    r"|sente|sentier|venelle|faubourg|fbg|route|place|cours(?!\s+d))\b)"
    r"|(?<=\bat )(?P<at>\d{1,5})(?=[a-z]?\s+(?:[A-Z][\w'’-]*\s+){1,3}"
    r"(?-i:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Close|Court|Ct|Crescent|Terrace|Boulevard|Blvd|Way|Place|Square)\b)",
    re.IGNORECASE,
)
"""Numbers of homes where they stand before the street: French, English."""
_HOUSE_AFTER: Final = re.compile(
    r"(?:\b(?:calle|avenida|avda|plaza|paseo|via|viale|corso|piazza|rua|travessa|praça)\.?(?:\s+(?!\d)[\w'’.]{1,30}){1,4},?"
    r"|(?:stra(?:ß|ss)e|str\.|weg|platz|gasse)),?\s+(?:n[º°o.]*\s*)?(?P<number>\d{1,4})(?=[a-z]?\s*(?:[,.;!?)]|$))",
    re.IGNORECASE,
)
"""Numbers of homes where they stand after it: Spanish, Italian, Portuguese, German; before a stop, so that no count is taken for one."""
_DIGIT: Final = re.compile(r"\d")
_LETTER_OR_DIGIT: Final = re.compile(r"[^\W_]")


def redact(text: str) -> str:
    """Mask handles, e-mail addresses, phone numbers, number plates, numbers of homes, decentralised ids, personal parts of URLs.

    The result has the length of the text in code points. It is idempotent.

    >>> redact("RT @someone: feu rue Foch, 06 12 34 56 78, voir https://x.com/someone/status/1")
    'RT @_______: feu rue Foch, __ __ __ __ __, voir https://x.com/________________'
    >>> redact("Accident A7 km 104, le 12/04/2026 à 10h30, appelez le 112")
    'Accident A7 km 104, le 12/04/2026 à 10h30, appelez le 112'
    """
    for _ in range(MAX_PASSES):
        masked = _mask_once(text)
        if masked == text:
            break
        text = masked
    return text


def _mask_once(text: str) -> str:
    """Mask what can be seen; what stood glued to it may be seen only now."""
    if "/" in text:
        text = _URL.sub(_mask_url, text)
        text = _SOCIAL_BARE.sub(_rest(_mask_all), text)
    if "@" in text:
        text = _EMAIL.sub(lambda match: _mask_word(match[0]), text)
        text = _HANDLE.sub(lambda match: "@" + _mask_all(match[0][1:]), text)
    text = _DID.sub(lambda match: "did:" + _mask_all(match[0][4:]), text)
    if _DIGIT.search(text) is None:
        return text
    text = _PHONE.sub(lambda match: _mask_word(match[0]), text)
    text = _PLATE.sub(lambda match: _mask_word(match[0]), text)
    text = _PLATE_SAID.sub(_rest(_mask_word), text)
    text = _HOUSE_BEFORE.sub(lambda match: _mask_all(match[0]), text)
    return _HOUSE_AFTER.sub(_mask_number, text)


def shape(raw: bytes, limit: int) -> bytes:
    """Give the shape of a refused line: its first ``limit`` bytes with letters as ``x``, digits as ``9``, others as they are.

    A line that cannot be read cannot be redacted field by field; its shape shows what is wrong with it and holds nobody's words.

    >>> shape(b'{"id": "a1", "lat": 4', 64)
    b'{"xx": "x9", "xxx": 9'
    """
    return raw[:limit].translate(_SHAPE)


_SHAPE: Final = bytes(
    ord("9")
    if chr(code).isdigit() and code < 128
    else ord("x")
    if chr(code).isalpha() and code < 128
    else code
    if 32 <= code < 127
    else ord("?")
    for code in range(256)
)


def _mask_all(text: str) -> str:
    return MASK * len(text)


def _mask_word(text: str) -> str:
    """Mask letters and digits, keep the punctuation between them."""
    return _LETTER_OR_DIGIT.sub(MASK, text).replace("@", MASK)


def _rest(mask: Callable[[str], str]) -> Callable[[re.Match[str]], str]:
    def replace(match: re.Match[str]) -> str:
        start = match.start("rest") - match.start()
        return match[0][:start] + mask(match["rest"])

    return replace


def _mask_number(match: re.Match[str]) -> str:
    start = match.start("number") - match.start()
    return match[0][:start] + _mask_all(match["number"])


def _mask_url(match: re.Match[str]) -> str:
    """Keep scheme and host; keep the path of a site that is no social network, but for its ``@name`` and ``~name`` parts."""
    scheme, rest = match[1], match["rest"]
    authority, slash, path = rest.partition("/")
    user, at, host = authority.rpartition("@")
    kept = scheme + _mask_all(user + at) + host + slash
    if _SOCIAL_HOST.match(host.partition(":")[0]):
        return kept + _mask_all(path)
    cut = next((index for index, char in enumerate(path) if char in "?#"), len(path))
    segments = [_mask_all(part) if part[:1] in ("@", "~") else part for part in path[:cut].split("/")]
    return kept + "/".join(segments) + _mask_all(path[cut:])
