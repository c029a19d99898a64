"""From settings to sources: which connections a deployment has."""

from __future__ import annotations

from functools import partial
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import urlsplit

import msgspec

from ingest.files import SourceError
from ingest.recent import Recent
from ingest.source import Policy
from tocsin.ids import content_id
from tocsin.settings.source_rules import MIN_SECRET_CHARS
from tocsin.time import MINUTE_MS, SECOND_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from ingest.source import Source
    from tocsin.settings import Settings

MAX_SECRETS: Final = 4
"""Secrets of one sender that hold at once."""
GROUP: Final = "tocsin.sources"
"""Entry points by which installed packages add kinds of sources: ``(name, options, policy) -> Source``."""


def policy_of(settings: Settings) -> Policy:
    """Give what the settings say of all connections."""
    shared = settings.sources
    sample_after = shared.sample_after_secs
    return Policy(
        backoff_min_ms=round(shared.backoff_min_secs * SECOND_MS),
        backoff_max_ms=round(shared.backoff_max_secs * SECOND_MS),
        healthy_ms=round(shared.healthy_secs * SECOND_MS),
        stall_ms=round(shared.stall_secs * SECOND_MS),
        connect_ms=round(shared.connect_secs * SECOND_MS),
        overlap_ms=round(shared.overlap_secs * SECOND_MS),
        backfill_ms=round(shared.backfill_mins * MINUTE_MS),
        shed_after_ms=None if sample_after is None else round(sample_after * SECOND_MS),
    )


def make_sources(settings: Settings, now: Callable[[], int], only: Collection[str] | None = None) -> list[Source]:
    """Make all sources that the settings name, none connected yet.

    Args:
        settings: of the deployment.
        now: the clock, UTC milliseconds.
        only: sections of the settings, or names of ``sources.others``; all if not given.

    Raises:
        SourceError: a source cannot be made; the message says which and why.
    """
    sections: dict[str, Callable[[], list[Source]]] = {
        "bluesky": lambda: _bluesky(settings),
        "mastodon": lambda: _mastodon(settings, now),
        "feeds": lambda: _feeds(settings, now),
        "push": lambda: _push(settings, now),
        "x": lambda: _x(settings, now),
    }
    sections |= {name: partial(_other, settings, name) for name in settings.sources.others}
    made = [source for section, make in sections.items() if only is None or section in only for source in make()]
    names = [source.name for source in made]
    for name in names:
        if names.count(name) > 1:
            raise SourceError(f"sources: expected a name for one source, got {name} for {names.count(name)}")
    return made


def _bluesky(settings: Settings) -> list[Source]:
    # Each network's library is loaded only where the network is heard.
    from ingest.sources.bluesky import Jetstream  # noqa: PLC0415

    chosen = settings.bluesky
    if not chosen.enabled:
        return []
    policy = msgspec.structs.replace(
        policy_of(settings), max_items_per_sec=chosen.max_posts_per_sec, max_bytes_per_sec=chosen.max_bytes_per_sec
    )
    return [Jetstream("bluesky", chosen, policy)]


def _mastodon(settings: Settings, now: Callable[[], int]) -> list[Source]:
    from ingest.sources.mastodon import MastodonStream  # noqa: PLC0415
    from ingest.sources.mastodon_words import IdMap  # noqa: PLC0415

    chosen = settings.mastodon
    policy = msgspec.structs.replace(
        policy_of(settings),
        # A quiet instance rightly says nothing for long, and only the timeline can tell quiet from deaf.
        stall_ms=round(chosen.stall_secs * SECOND_MS),
        max_items_per_sec=chosen.max_posts_per_sec,
    )
    recent = Recent(window_ms=policy.backfill_ms + policy.overlap_ms + MINUTE_MS)
    made: list[Source] = []
    for instance in chosen.instances:
        ids = IdMap()
        token = secret(
            chosen.tokens.get(instance), chosen.token_paths.get(instance), f"mastodon.token_paths.{instance}"
        )
        for stream in chosen.streams:
            name = f"mastodon:{instance}" if len(chosen.streams) == 1 else f"mastodon:{instance}:{stream}"
            made.append(
                MastodonStream(
                    name, chosen, policy, instance=instance, stream=stream, token=token, now=now, ids=ids, recent=recent
                )
            )
    return made


def _feeds(settings: Settings, now: Callable[[], int]) -> list[Source]:
    from ingest.sources.feeds import Feed  # noqa: PLC0415
    from ingest.sources.robots import Robots  # noqa: PLC0415

    chosen = settings.feeds
    # A feed is rightly silent between two looks at it, and one look may take as long as the settings allow.
    policy = msgspec.structs.replace(
        policy_of(settings), stall_ms=None, connect_ms=round((4 * chosen.timeout_secs + 5) * SECOND_MS)
    )
    robots = Robots(now)
    return [
        Feed(f"feed:{urlsplit(url).hostname}:{content_id(url)[:8]}", url, chosen, policy, now=now, robots=robots)
        for url in chosen.urls
    ]


def _push(settings: Settings, now: Callable[[], int]) -> list[Source]:
    chosen = settings.push
    if not chosen.enabled:
        return []
    from ingest.sources.push import Push  # noqa: PLC0415

    senders = {
        sender: _secrets(chosen.secrets.get(sender), chosen.secret_paths.get(sender), f"push.secret_paths.{sender}")
        for sender in sorted({*chosen.secrets, *chosen.secret_paths})
    }
    for sender, ones in senders.items():
        for one in ones:
            if len(one) < MIN_SECRET_CHARS:
                expected = f"{MIN_SECRET_CHARS} characters or more, got {len(one)}"
                raise SourceError(f"push.secrets.{sender}: expected {expected}")
    return [Push("push", chosen, msgspec.structs.replace(policy_of(settings), stall_ms=None), secrets=senders, now=now)]


def _x(settings: Settings, now: Callable[[], int]) -> list[Source]:
    chosen = settings.x
    if not chosen.enabled:
        return []
    from ingest.sources.x_made import make_x  # noqa: PLC0415

    return make_x(chosen, policy_of(settings), secret(chosen.bearer_token, chosen.token_path, "x.token_path"), now)


def _secrets(given: str | None, path: Path | None, key: str) -> list[str]:
    """Give the secrets of a sender: one, or in a file one a line, the newest first, while they are changed.

    Raises:
        SourceError: the file cannot be read, or holds none or too many.
    """
    if path is None:
        return [secret(given, None, key)]
    lines = [line for line in _read(path, key).splitlines() if line.strip()]
    if not 0 < len(lines) <= MAX_SECRETS:
        raise SourceError(f"{key}: {path}: expected 1 to {MAX_SECRETS} secrets, one a line, got {len(lines)}")
    return [secret(line.strip(), None, key) for line in lines]


def _read(path: Path, key: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{key}: {path}: cannot be read") from error


def secret(given: str | None, path: Path | None, key: str) -> str:
    """Give a secret of the settings, from where it stands.

    Raises:
        SourceError: its file cannot be read, or there is none; the message never holds it.
    """
    if path is not None:
        given = _read(path, key).strip()
    if not given or not given.isprintable():
        raise SourceError(f"{key}: expected a token on one line, got none")
    return given


def _other(settings: Settings, name: str) -> list[Source]:
    options = settings.sources.others[name]
    kind = options.get("kind")
    found = [point for point in entry_points(group=GROUP) if point.name == kind]
    if not found:
        known = ", ".join(sorted(point.name for point in entry_points(group=GROUP))) or "none is installed"
        raise SourceError(f"sources.others.{name}.kind: expected an installed kind ({known}), got {kind}")
    make = cast("Callable[[str, Mapping[str, object], Policy], Source]", found[0].load())
    try:
        return [make(name, {key: value for key, value in options.items() if key != "kind"}, policy_of(settings))]
    except (TypeError, ValueError) as wrong:
        raise SourceError(f"sources.others.{name}: {wrong}") from wrong
