"""The one spelling in which all matching is done: lower case, no accents, Latin-1 bytes, single spaces.

People write "SÉISME", "seisme", "Se\u0301isme", "ｓéisme", "#SéismeLyon" and "seiiiisme"; dictionaries hold one form. The fold makes them
meet: case and accents fall, ligatures open, what is no letter or digit becomes a space, runs of three and more equal letters shrink, a
hashtag is cut in its words, letters of other alphabets that imitate Latin ones inside a Latin word become Latin, and the emoji that tell of
emergencies become words. ``fold`` is for speed (no Python step per character); ``fold_aligned`` gives the same bytes and the way back to
the code points of the original.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from ahocorasick_rs import BytesAhoCorasick

SEPARATOR: Final = b"\x1d"
"""Stands between the posts in ``fold_many``; no folded text holds it."""
BATCH_FROM: Final = 2_048
"""Bytes from which whole arrays are quicker than steps: the same result both ways."""
EXPANSIONS_CACHED: Final = 8_192
"""How many characters outside Latin-1 keep their folded form at hand."""
RUNS_CACHED: Final = 8_192
"""How many runs of characters outside Latin-1 keep their folded form at hand."""
RUN_CHARS_CACHED: Final = 8
"""Characters of the longest run that is kept."""
HASHTAGS_CACHED: Final = 8_192
"""How many hashtags keep their cuts at hand."""

EMOJI_WORDS: Final[dict[str, str]] = {
    "🔥": "fire", "🚒": "firetruck", "🚑": "ambulance", "🚓": "police", "🚔": "police", "👮": "police", "🚨": "siren",
    "💥": "bang", "🌊": "wave", "🌪": "tornado", "🌀": "cyclone", "💣": "bomb", "🔫": "gun", "🔪": "knife", "🆘": "sos",
    "🚁": "helicopter", "🩸": "blood", "🌋": "volcano", "⛈": "storm", "🌩": "storm", "🏚": "ruin", "⚠": "warning",
    "☣": "hazmat", "☢": "hazmat", "💀": "skull", "☠": "skull", "😱": "scream", "😨": "scream", "😰": "scream",
    "😭": "cry", "🙏": "pray", "🎆": "fireworks", "🎇": "fireworks", "😂": "laugh", "🤣": "laugh",
}  # fmt: skip
"""Emoji that become words (written ``emoji`` + the word when folded); all others are spaces."""
_EMOJI_OF: Final = {f"emoji{word}": char for char, word in reversed(EMOJI_WORDS.items())}
"""The first emoji of each word."""


def shown(folded: str) -> str:
    """Give folded words for a person to read: emoji are emoji again.

    >>> shown("emojifiretruck"), shown("tremblement de terre")
    ('🚒', 'tremblement de terre')
    """
    if "emoji" not in folded:
        return folded
    return " ".join(_EMOJI_OF.get(word, word) for word in folded.split(" "))


_LETTERS: Final[dict[str, str]] = {
    "œ": "oe", "Œ": "OE", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ħ": "h", "Ħ": "H", "ı": "i", "ŋ": "n", "Ŋ": "N", "ẞ": "SS", "ŧ": "t",
    "Ŧ": "T", "ĸ": "k", "ə": "e", "Ə": "E", "ƒ": "f",
}  # fmt: skip
"""Latin letters without a compatibility decomposition."""
_HOMOGLYPHS: Final[dict[str, str]] = dict(
    zip(
        "аеорсухіјѕԁһԛԝвкмнтАВЕКМНОРСТУХІЈЅαοενρτυικηβΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
        "aeopcyxijsdhqwbkmhtABEKMHOPCTYXIJSaoevptuiknbABEZHIKMNOPTYX",
        strict=True,
    )
)
"""Cyrillic and Greek letters that look Latin; they count as Latin only when they touch an ASCII letter."""

_DOUBLED: Final = frozenset(
    b"boom baboom kaboom vroom flood floods flooded flooding shoot shooting shooter blood door roof room school good "
    b"wood food look took soon too moon pool see need street been feel tree three free screen seen week speed wheel "
    b"smell all fall falling fell wall hell hello call killed kill pull will still yell help off stuff allo terre "
    b"guerre merde panne coree balle balles appelle cree".split()
)
"""Words that keep two letters where a run of three and more shrinks ("boooom" is "boom"); in all others one is kept."""

_SPLIT_WORDS: Final = (
    "tremblementdeterre|earthquake|glissementdeterrain|incendie|inondations|inondation|explosion|effondrement|fusillade|attentat|"
    "carambolage|accident|avalanche|tornade|tornado|tempete|tempête|ouragan|hurricane|cyclone|wildfire|flooding|floods|flood|seisme|séisme|"
    "terremoto|alluvione|bombing|haze|shooting|attack|temblor|sismo|crues|crue"
)
"""Hazard words at which a hashtag in one case is cut ("#incendielyon", "#calgaryflood")."""
_HASHTAG: Final = re.compile(r"[#＃](\w+)")
_CAMEL: Final = re.compile(r"(?<=[^\W_A-ZÀ-ÖØ-Þ])(?=[A-ZÀ-ÖØ-Þ])|(?<=[A-ZÀ-ÖØ-Þ])(?=[A-ZÀ-ÖØ-Þ][a-zß-öø-ÿ])")
_SPLIT: Final = re.compile(
    rf"^(?:{_SPLIT_WORDS})(?=[^\W\d_]{{3,}}$)|(?<=[^\W\d_]{{2}})(?={_SPLIT_WORDS}$)", re.IGNORECASE
)
_RUN: Final = re.compile(rb"([a-z])\1{2,}")
_UNEQUAL: Final = re.compile("[ßÆæÞþ\xad]")
_WIDE_RUN: Final = re.compile(r"[^\x00-\xff]+")
_POLICY: Final = "tocsin.fold"


def _build_table(*, keep_separator: bool) -> bytes:
    table = bytearray(b" " * 256)
    for code in range(256):
        plain = unicodedata.normalize("NFKD", chr(code))[0].lower()
        if plain.isascii() and plain.isalnum():
            table[code] = ord(plain)
    special = {
        "ß": 1,
        "Æ": 2,
        "æ": 2,
        "Þ": 3,
        "þ": 3,
        "ø": ord("o"),
        "Ø": ord("o"),
        "Ð": ord("d"),
        "ð": ord("d"),
        "µ": ord("u"),
    }
    for letter, code in special.items():
        table[ord(letter)] = code
    for fraction in "¼½¾":
        table[ord(fraction)] = ord(" ")
    if keep_separator:
        table[SEPARATOR[0]] = SEPARATOR[0]
    return bytes(table)


_TABLE: Final = _build_table(keep_separator=False)
_TABLE_MANY: Final = _build_table(keep_separator=True)
_RUNS: Final = BytesAhoCorasick([bytes([letter]) * 3 for letter in range(ord("a"), ord("z") + 1)])
_LETTERS_FROM: Final = ord("a")
"""The first letter among folded bytes; digits and spaces come before it."""


@lru_cache(maxsize=EXPANSIONS_CACHED)
def _expand(char: str) -> str:
    """Give what one character outside Latin-1 stands for, in Latin-1; empty for marks and invisible characters."""
    if char in EMOJI_WORDS:
        return f" emoji{EMOJI_WORDS[char]} "
    if char in _LETTERS:
        return _LETTERS[char]
    plain = ""
    for part in unicodedata.normalize("NFKD", char):
        if part in _LETTERS:
            plain += _LETTERS[part]
        elif ord(part) < 256:
            plain += part
        elif unicodedata.category(part) not in {"Mn", "Me", "Cf"}:
            plain += " "
    return plain


def _touches(text: str, start: int, end: int) -> bool:
    """Tell whether an ASCII letter stands right before or after a stretch of a text."""
    before, after = text[start - 1 : start], text[end : end + 1]
    return (before.isascii() and before.isalpha()) or (after.isascii() and after.isalpha())


def _expand_run(run: str, *, touching: bool) -> list[str]:
    """Expand the characters of a run outside Latin-1, look-alikes to Latin letters when an ASCII letter touches the run."""
    if touching:
        return [_HOMOGLYPHS.get(char) or _expand(char) for char in run]
    return [_expand(char) for char in run]


@lru_cache(maxsize=RUNS_CACHED)
def _short_run(run: str, touching: bool) -> bytes:
    return "".join(_expand_run(run, touching=touching)).encode("latin-1")


def _fold_error(error: UnicodeError) -> tuple[bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text, start, end = error.object, error.start, error.end
    run, touching = text[start:end], _touches(text, start, end)
    if end - start <= RUN_CHARS_CACHED:
        return _short_run(run, touching), end
    return "".join(_expand_run(run, touching=touching)).encode("latin-1"), end


# A codec error policy is the only way to touch just the characters outside Latin-1 without a Python step for all the others.
codecs.register_error(_POLICY, _fold_error)


def _finish(raw: bytes, table: bytes) -> bytes:
    data = raw.translate(table, b"\xad")
    for private, plain in ((b"\x01", b"ss"), (b"\x02", b"ae"), (b"\x03", b"th")):
        if private in data:
            data = data.replace(private, plain)
    return data


def _encode(text: str, table: bytes) -> bytes:
    return _finish(text.encode("latin-1", _POLICY), table)


@lru_cache(maxsize=HASHTAGS_CACHED)
def _tag_cuts(word: str) -> tuple[int, ...]:
    """Give the positions inside a hashtag (without its sign) before which it is cut, in order."""
    if word.islower() or word.isupper() or word[1:].islower():
        return tuple(cut.end() for cut in _SPLIT.finditer(word))
    return tuple(cut.start() for cut in _CAMEL.finditer(word))


def _hashtag_cuts(text: str) -> list[int]:
    """Give the code-point positions before which a hashtag is cut, in order."""
    cuts: list[int] = []
    for tag in _HASHTAG.finditer(text):
        inside = _tag_cuts(tag[1])
        if inside:
            first = tag.start(1)
            cuts += [first + cut for cut in inside]
    return cuts


def _cut(text: str, cuts: list[int]) -> str:
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    return " ".join(pieces)


def _thrice(data: bytes) -> list[int]:
    """Give, in order, where three equal letters in a row begin: all such places or only the first of each three."""
    if len(data) < BATCH_FROM:
        return [start for _, start, _ in _RUNS.find_matches_as_indexes(data)]
    raw = np.frombuffer(data, dtype=np.uint8)
    same = raw[1:] == raw[:-1]
    found: list[int] = np.flatnonzero(same[1:] & same[:-1] & (raw[2:] >= _LETTERS_FROM)).tolist()
    return found


def _run_excess(data: bytes) -> list[tuple[int, int]]:
    """Give the byte ranges to drop so that no letter stands three times in a row, in order."""
    excess: list[tuple[int, int]] = []
    last = -1
    for start in _thrice(data):
        if start < last:
            continue
        end = start
        while end < len(data) and data[end] == data[start]:
            end += 1
        word_start, word_end = data.rfind(b" ", 0, start) + 1, data.find(b" ", end)
        word = data[word_start : word_end if word_end >= 0 else len(data)]
        keep = 2 if _RUN.sub(rb"\1\1", word) in _DOUBLED else 1
        excess.append((start + keep, end))
        last = end
    return excess


def _squeeze(data: bytes) -> bytes:
    if len(data) < BATCH_FROM:
        words = b" ".join(data.split())
        data = b" " + words + b" " if words else b" "
    else:
        raw = np.frombuffer(data, dtype=np.uint8)
        kept = raw != 32
        kept[1:] |= kept[:-1]
        kept[0] = True
        data = raw[kept].tobytes()
    excess = _run_excess(data)
    if not excess:
        return data
    pieces = zip([0, *(end for _, end in excess)], [*(start for start, _ in excess), len(data)], strict=True)
    return b"".join(data[start:end] for start, end in pieces)


def fold(text: str) -> bytes:
    """Fold a text; the result has one space at both ends and between words, and the same bytes as ``fold_aligned(text).data``.

    >>> fold("Énorme BOOOOUM, cœur de l'A7 🔥 #TremblementDeTerre")
    b' enorme boum coeur de l a7 emojifire tremblement de terre '
    """
    if "#" in text or "＃" in text:
        text = _cut(text, _hashtag_cuts(text))
    return _squeeze(b" " + _encode(text, _TABLE) + b" ")


def fold_many(texts: Sequence[str]) -> bytes:
    r"""Fold a batch in one pass: ``SEPARATOR.join(fold(text) for text in texts)``, byte for byte.

    >>> fold_many(["Feu !", "", "À Aÿ"])
    b' feu \x1d \x1d a ay '
    """
    joined = " \x1d ".join(texts)
    if joined.count("\x1d") != len(texts) - 1:  # a text holds the separator itself
        joined = " \x1d ".join([text.replace("\x1d", " ") for text in texts])
    if "#" in joined or "＃" in joined:
        joined = _cut(joined, _hashtag_cuts(joined))
    return _squeeze(b" " + _encode(joined, _TABLE_MANY) + b" ")


def fold_name(name: str) -> bytes:
    """Fold a dictionary entry: the words of ``fold`` without the outer spaces.

    >>> fold_name("  Saint-Étienne "), fold_name("L'Haÿ-les-Roses")
    (b'saint etienne', b'l hay les roses')
    """
    return fold(name).strip(b" ")


class Folded:
    """A folded text and the way back: every byte knows its stretch of code points in the original.

    Attributes:
        data: the folded bytes, one space at both ends.
        length: how many code points the original has.
    """

    __slots__ = ("_origins", "data", "length")

    def __init__(self, data: bytes, origins: npt.NDArray[np.int32], length: int) -> None:
        self.data = data
        self.length = length
        self._origins = origins

    def origin(self, i: int) -> int:
        """Give the code-point offset from which byte ``i`` comes (the text's length for the last space).

        Raises:
            IndexError: ``i`` is outside ``data``.
        """
        return int(self._origins[i])

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Give the half-open code-point span of the original that the non-empty byte span ``[start, end)`` comes from.

        Combining marks and letters of a shortened run belong to the letter they follow.

        Raises:
            ValueError: the byte span is empty or outside ``data``.
        """
        if not 0 <= start < end <= len(self.data):
            raise ValueError(f"expected 0 <= start < end <= {len(self.data)}, got [{start}, {end})")
        first, last = self.origin(start), self.origin(end - 1)
        after = self.origin(end) if end < len(self.data) else self.length
        return first, min(max(last + 1, after), self.length)


def fold_aligned(text: str) -> Folded:
    """Fold a text and keep the way back to its code points (for texts that passed the gate: some 20 microseconds).

    >>> folded = fold_aligned("Gros s\u0301éisme")
    >>> start = folded.data.index(b"seisme")
    >>> folded.span(start, start + 6)
    (5, 12)
    """
    cuts = _hashtag_cuts(text) if "#" in text or "＃" in text else []
    source = _cut(text, cuts) if cuts else text
    positions = np.arange(len(text), dtype=np.int32)
    if cuts:
        positions = np.insert(positions, cuts, np.asarray(cuts, dtype=np.int32))
    widths = _widths(source)
    origins = positions if widths is None else np.repeat(positions, widths)
    outer = np.array([0], dtype=np.int32), np.array([len(text)], dtype=np.int32)
    origins = np.concatenate((outer[0], origins, outer[1]))
    data = b" " + _encode(source, _TABLE) + b" "
    raw = np.frombuffer(data, dtype=np.uint8)
    kept = np.ones(len(raw), dtype=np.bool_)
    kept[1:] = ~((raw[1:] == 32) & (raw[:-1] == 32))
    data, origins = raw[kept].tobytes(), origins[kept]
    excess = _run_excess(data)
    if excess:
        kept = np.ones(len(data), dtype=np.bool_)
        for start, end in excess:
            kept[start:end] = False
        data, origins = np.frombuffer(data, dtype=np.uint8)[kept].tobytes(), origins[kept]
    return Folded(data, origins, len(text))


def _widths(source: str) -> npt.NDArray[np.int32] | None:
    """Give how many folded bytes each code point makes before squeezing; ``None`` when it is one for each."""
    if source.isascii():
        return None
    widths = np.ones(len(source), dtype=np.int32)
    for found in _WIDE_RUN.finditer(source):
        expanded = _expand_run(found.group(), touching=_touches(source, found.start(), found.end()))
        widths[found.start() : found.end()] = [len(_finish(part.encode("latin-1"), _TABLE)) for part in expanded]
    for found in _UNEQUAL.finditer(source):
        widths[found.start()] = 0 if found.group() == "\xad" else 2
    return widths
