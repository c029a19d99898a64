"""A slot grammar: rules of alternatives that expand to text.

The file format: ``[rule]``, then one alternative a line. ``<rule>`` expands another rule, ``<~rule>`` the rule of the hazard at hand,
``{slot}`` stands for a value given at each expansion. ``*3 `` before an alternative makes it as likely as three, ``~`` alone is the empty
text, ``//`` starts a comment. Everything is resolved when the grammar is compiled, so expanding is only drawing and joining.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from importlib import resources
from typing import Final

from tocsin.model import HAZARDS

SLOTS: Final = (
    "where",
    "town",
    "at_town",
    "of_town",
    "tag_town",
    "admin",
    "quarter",
    "street",
    "street2",
    "near",
    "road",
    "river",
    "clock",
    "minutes",
    "pastyear",
    "phone",
    "link",
)
"""What a caller gives for each expansion, in this order."""
MAX_ALTERNATIVES: Final = 400
"""Most alternatives of one rule, weights counted."""
_SLOT_INDEX: Final = {name: index for index, name in enumerate(SLOTS)}
_PART: Final = re.compile(r"<(~?[a-z0-9_.]+)>|\{([a-z0-9_]+)\}")
_WEIGHT: Final = re.compile(r"\*(\d+) (.*)", re.DOTALL)

_CONTRACTED: Final = (
    (" de le ", " du "),
    (" de les ", " des "),
    (" à le ", " au "),
    (" à les ", " aux "),
    (" de un", " d'un"),
    (" que un", " qu'un"),
)
"""French contracts a preposition with the article of the name after it; no English text holds these."""

Alternative = list["str | int | Rule"]
"""Parts in order: text, a slot's index, or a rule."""


class Rule:
    """The alternatives of one rule, each as likely as the others."""

    __slots__ = ("alternatives", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.alternatives: list[Alternative] = []


class GrammarError(ValueError):
    """A grammar file is wrong: the message names the line or the rule."""


def _read(text: str) -> dict[str, list[str]]:
    rules: dict[str, list[str]] = {}
    current: list[str] | None = None
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("//"):
            continue
        if line.startswith("[") and line.endswith("]") and " " not in line:
            name = line[1:-1]
            if name in rules:
                raise GrammarError(f"line {number}: rule {name!r} stands twice")
            current = rules.setdefault(name, [])
            continue
        if current is None:
            raise GrammarError(f"line {number}: an alternative before the first rule")
        weight = 1
        if found := _WEIGHT.fullmatch(line):
            weight, line = int(found[1]), found[2]
        current.extend(["" if line == "~" else line] * weight)
        if len(current) > MAX_ALTERNATIVES:
            raise GrammarError(f"line {number}: more than {MAX_ALTERNATIVES} alternatives")
    return rules


class Grammar:
    r"""The compiled grammar of one language for all hazards.

    Args:
        text: the grammar file.

    Raises:
        GrammarError: a rule or slot that does not exist, an empty rule, or a rule that contains itself.

    >>> grammar = Grammar("[a]\nhello {town} <b>\n[b]\n!")
    >>> grammar.expand(grammar.rule("a"), [f"<{name}>" for name in SLOTS], lambda: 0.0)
    'hello <town> !'
    """

    def __init__(self, text: str) -> None:
        self._source = _read(text)
        self._rules: dict[tuple[str, str], Rule] = {}
        self._open: list[tuple[str, str]] = []

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all rules, in the order of the file."""
        return tuple(self._source)

    def rule(self, name: str, hazard: str = "") -> Rule:
        """Give a compiled rule for a hazard (``""``: the rule may not speak of the hazard at hand)."""
        known = self._rules.get((name, hazard))
        return known if known is not None else self._compile(name, hazard)

    def has(self, name: str) -> bool:
        """Tell whether the grammar has a rule of this name."""
        return name in self._source

    def _compile(self, name: str, hazard: str) -> Rule:
        key = (name, hazard)
        if key in self._open:
            raise GrammarError(f"rule {name!r} contains itself")
        if not self._source.get(name):
            raise GrammarError(f"no rule {name!r}, or it is empty")
        self._open.append(key)
        rule = Rule(name)
        rule.alternatives = [self._parts(text, name, hazard) for text in self._source[name]]
        self._open.pop()
        self._rules[key] = rule
        return rule

    def _parts(self, text: str, name: str, hazard: str) -> Alternative:
        parts: Alternative = []
        end = 0
        for found in _PART.finditer(text):
            if found.start() > end:
                parts.append(text[end : found.start()])
            end = found.end()
            if slot := found[2]:
                if slot not in _SLOT_INDEX:
                    raise GrammarError(f"rule {name!r}: no slot {slot!r}")
                parts.append(_SLOT_INDEX[slot])
                continue
            inner = found[1]
            if inner.startswith("~"):
                if not hazard:
                    raise GrammarError(f"rule {name!r} speaks of a hazard, and none was given")
                inner = f"{hazard}.{inner[1:]}"
            parts.append(self.rule(inner, hazard))
        if end < len(text):
            parts.append(text[end:])
        return parts

    @staticmethod
    def expand(rule: Rule, slots: Sequence[str], draw: Callable[[], float]) -> str:
        """Expand a rule to text with single spaces; ``draw`` gives uniform numbers in [0, 1)."""
        out: list[str] = []
        _expand(rule, slots, draw, out.append)
        text = " ".join("".join(out).split()).replace(" ,", ",")
        if " de " in text or " à " in text or " que " in text:
            for apart, together in _CONTRACTED:
                if apart in text:
                    text = text.replace(apart, together)
        return text


def _expand(rule: Rule, slots: Sequence[str], draw: Callable[[], float], put: Callable[[str], None]) -> None:
    alternatives = rule.alternatives
    for part in alternatives[int(draw() * len(alternatives))]:
        kind = type(part)
        if kind is str:
            put(part)  # type: ignore[arg-type]  # the type is checked on the line above; isinstance costs twice as much here
        elif kind is int:
            put(slots[part])  # type: ignore[index]
        else:
            _expand(part, slots, draw, put)  # type: ignore[arg-type]


@cache
def load(lang: str) -> Grammar:
    """Load the packaged grammar of a language (``fr`` or ``en``), with every rule compiled for every hazard."""
    raw = resources.files("tocsin.simulation").joinpath(f"data/{lang}.grammar").read_text(encoding="utf-8")
    grammar = Grammar(raw)
    for name in grammar.names:
        for hazard in HAZARDS:
            grammar.rule(name, hazard)
    return grammar
