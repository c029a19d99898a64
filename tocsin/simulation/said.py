"""One simulated post, as the oracle knows it: what was said, by whom, when, and what it truly is."""

from __future__ import annotations

from random import Random
from typing import Final, Literal

import msgspec

from tocsin.simulation.grammar import SLOTS
from tocsin.simulation.world import Town, at, hashtag, of, river_phrase, road_phrase

Kind = Literal[
    "plain",
    "hot",
    "single_true",
    "cry",
    "witness",
    "detail",
    "question",
    "relay",
    "media",
    "official",
    "denial",
    "after",
    "repost",
    "bot",
    "decoy",
]
"""What a post is, by the hand that made it: the oracle's label."""

RELEVANT: Final[frozenset[str]] = frozenset(
    {"cry", "witness", "detail", "question", "relay", "media", "official", "repost", "single_true"}
)
UNSURE: Final[frozenset[str]] = frozenset({"after", "denial", "bot"})
"""Neither relevant nor irrelevant: labelled ``null``."""

_ID_MIX: Final = 0x9E37_79B9_7F4A_7C15
_AUTHOR_MIX: Final = 0xC2B2_AE3D_27D4_EB4F
_MASK: Final = (1 << 64) - 1


class Said(msgspec.Struct, kw_only=True, gc=False):
    """One post before the faults of the way to us: ``told_at`` is its true instant."""

    told_at: int
    number: int
    """Unique in the stream; its identity is made of it."""
    author: int
    text: str
    lang: str
    kind: Kind
    hazard: str | None = None
    event: str | None = None
    lat: float | None = None
    lon: float | None = None
    profile: str | None = None
    repost_of: int | None = None
    names: tuple[tuple[str, float, float], ...] = ()
    """Places named in the text, as typed by the grammar, with their positions."""

    @property
    def relevant(self) -> bool | None:
        """Whether it tells of something real, here and now; ``None``: nobody could say."""
        return True if self.kind in RELEVANT else None if self.kind in UNSURE else False


def post_id(seed: int, number: int) -> str:
    """Give the opaque identity of a post: a bijection of its number, so never the same for two posts."""
    return f"s{(number * _ID_MIX + seed * _AUTHOR_MIX) & _MASK:016x}"


def author_id(seed: int, number: int) -> str:
    """Give the opaque identity of an author."""
    return f"a{(number * _AUTHOR_MIX + seed * _ID_MIX) & _MASK:016x}"


def slots_of(town: Town, rng: Random, *, quarter: str | None = None, where: str = "") -> list[str]:
    """Give one draw of values for all slots of the grammar around a town.

    Args:
        town: whose names to use.
        rng: the source of the draw.
        quarter: fixes the quarter.
        where: the phrase that says where.
    """
    draw = rng.random

    def one(items: tuple[str, ...]) -> str:
        return items[int(draw() * len(items))]

    minutes = int(draw() * 60)
    values = {
        "where": where,
        "town": town.name,
        "at_town": at(town.name, town.lang),
        "of_town": of(town.name, town.lang),
        "tag_town": hashtag(town.name),
        "admin": town.admin,
        "quarter": quarter or one(tuple(spot[0] for spot in town.quarters)),
        "street": one(town.streets),
        "street2": one(town.streets),
        "near": one(tuple(spot[0] for spot in town.near)),
        "road": road_phrase(one(town.roads), town.lang),
        "river": river_phrase(one(town.rivers), town.lang),
        "clock": f"{6 + int(draw() * 17)}h{minutes:02d}"
        if town.lang == "fr"
        else f"{6 + int(draw() * 17)}:{minutes:02d}",
        "minutes": str(10 + int(draw() * 50)),
        "pastyear": str(1910 + int(draw() * 110)),
        # Numbers that the French and British regulators keep free for fiction.
        "phone": f"01 99 00 {int(draw() * 90) + 10} {int(draw() * 90) + 10}"
        if town.lang == "fr"
        else f"020 7946 0{int(draw() * 900) + 100}",
        "link": f"https://example.org/{int(draw() * 0xFFFFFF):06x}",
    }
    return [values[name] for name in SLOTS]
