"""The filters that sources are asked with, as the settings have them: what `tocsin check` judges by its purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tocsin.settings.purpose import by_form, judge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.settings import Settings
    from tocsin.settings.purpose import Fault

FILTERS: Final = (("mastodon", "streams"), ("feeds", "urls"), ("x", "words"))
"""Section and field of each list of filters."""
ADDRESSES: Final = frozenset({("feeds", "urls")})
"""Lists of addresses: judged by their form, since the words of an address are its site's."""


def misused(settings: Settings) -> Iterator[tuple[tuple[str, ...], str, Fault]]:
    """Give each filter that looks for something else than an emergency: its key, the filter, and why."""
    for section, field in FILTERS:
        for number, said in enumerate(getattr(getattr(settings, section, None), field, ())):
            words = said.removeprefix("hashtag:").removeprefix("local:") if section == "mastodon" else said
            fault = by_form(words) if (section, field) in ADDRESSES else judge(words)
            if fault is not None:
                yield (section, field, str(number)), said, fault
