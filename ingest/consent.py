"""Consent and purpose: which posts are not heard although they are public, because their author, or the operator, said so.

Pure: rules and facts in, a reason of a closed list out. A fact that the network does not tell (``None``) withholds nothing. The text is not
looked at.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from hashlib import blake2b
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import msgspec

Withheld = Literal["not_indexable", "noindex", "bot", "label", "source_denied", "domain_denied", "objection"]
WITHHELD: Final[dict[Withheld, str]] = {
    "not_indexable": "The author does not let public posts be found by search (Mastodon `indexable`).",
    "noindex": "The author asks search engines to stay away (Mastodon `noindex`).",
    "bot": "The account says that it is automated: it is no witness.",
    "label": "The author or the network put a label on the post or the account that asks for it.",
    "source_denied": "The operator has left out its source.",
    "domain_denied": "The operator has left out the site that it was written on.",
    "objection": "The author objected: the account stands, hashed, in the list of objections.",
}
"""Why a post is not heard, for the counters that are published."""
MAX_LABELS: Final = 64
"""Labels of one post that are looked at."""
OBJECTION_PERSON: Final = b"tocsin objection"
HASH_CHARS: Final = 32
"""Hex digits of the hash of an account that objected."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a network tells of a post, its author and the site it was written on."""

    source: str
    author: str
    link: str | None = None
    indexable: bool | None = None
    noindex: bool | None = None
    bot: bool | None = None
    labels: tuple[str, ...] = ()

    @classmethod
    def of(cls, source: str, author: str, told: dict[str, Any]) -> Facts:
        """Take the facts from fields of a line as they came; what has another type than it should tells nothing.

        >>> Facts.of("s", "a", {"bot": "yes", "labels": ["x", 1], "indexable": False})
        Facts(source='s', author='a', link=None, indexable=False, noindex=None, bot=None, labels=('x',))
        """
        flags = {name: told.get(name) for name in ("indexable", "noindex", "bot")}
        labels, link = told.get("labels"), told.get("link")
        return cls(
            source=source,
            author=author,
            link=link if isinstance(link, str) else None,
            labels=tuple(one for one in labels[:MAX_LABELS] if isinstance(one, str))
            if isinstance(labels, list)
            else (),
            **{name: flag for name, flag in flags.items() if isinstance(flag, bool)},
        )


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What is withheld. The defaults withhold what an author has asked for, and automated accounts."""

    honour_indexable: bool = True
    honour_noindex: bool = True
    hear_bots: tuple[str, ...] = ()
    """Patterns of sources whose automated accounts are heard (a service's own feed)."""
    labels: tuple[str, ...] = ("!no-unauthenticated", "!hide", "!takedown")
    allow_sources: tuple[str, ...] = ("*",)
    deny_sources: tuple[str, ...] = ()
    deny_domains: tuple[str, ...] = ()
    """Sites, with all below them."""
    objections: frozenset[str] = frozenset()
    """Hashes of accounts that objected (``objection``)."""

    @property
    def has_lists(self) -> bool:
        """Whether the operator's own lists may withhold a post of which its network tells nothing."""
        return bool(self.deny_sources or self.deny_domains or self.objections) or self.allow_sources != ("*",)

    def withheld(self, facts: Facts) -> Withheld | None:  # noqa: PLR0911 - one for each reason, in their order
        """Say why a post is not heard, or ``None``: the operator's lists come first, then the author's word.

        >>> Rules().withheld(Facts(source="mastodon", author="a", indexable=False))
        'not_indexable'
        >>> Rules(honour_indexable=False).withheld(Facts(source="mastodon", author="a", indexable=False)) is None
        True
        """
        if not _matches(facts.source, self.allow_sources) or _matches(facts.source, self.deny_sources):
            return "source_denied"
        if self.deny_domains and facts.link is not None and _below(facts.link, self.deny_domains):
            return "domain_denied"
        if self.objections and objection(facts.source, facts.author) in self.objections:
            return "objection"
        if facts.noindex and self.honour_noindex:
            return "noindex"
        if facts.indexable is False and self.honour_indexable:
            return "not_indexable"
        if facts.labels and not self._labels.isdisjoint(facts.labels):
            return "label"
        if facts.bot and not _matches(facts.source, self.hear_bots):
            return "bot"
        return None

    @property
    def _labels(self) -> frozenset[str]:
        return frozenset(self.labels)


def objection(source: str, author: str) -> str:
    """Give the hash (32 hex digits) under which an account that objects stands in the list: the list names nobody.

    It has no secret, so that the list works on any deployment; whoever knows an account can look it up, nobody can read the list.
    """
    return blake2b(
        f"{source}\0{author}".encode("utf-8", "surrogatepass"), digest_size=HASH_CHARS // 2, person=OBJECTION_PERSON
    ).hexdigest()


def objections(text: str) -> frozenset[str]:
    """Read a list of objections: one hash a line, ``#`` begins a remark.

    Raises:
        ValueError: a line is no hash.
    """
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    for number, line in enumerate(lines, start=1):
        if line and (len(line) != HASH_CHARS or not set(line) <= set("0123456789abcdef")):
            raise ValueError(f"line {number}: expected {HASH_CHARS} hex digits, got {len(line)} characters")
    return frozenset(filter(None, lines))


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _below(link: str, domains: tuple[str, ...]) -> bool:
    try:
        host = (urlsplit(link).hostname or "").lower()
    except ValueError:  # no address: it leads to no site
        return False
    return any(host == domain or host.endswith("." + domain) for domain in domains)
