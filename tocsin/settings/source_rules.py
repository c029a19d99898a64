"""What no single field of the networks' settings can know: what contradicts itself, and what will surprise."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from tocsin.settings.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tocsin.settings import Settings

ORIGIN_PREFIX: Final = "source:"
"""Marks the name of a section of networks where a path could stand (``distributed.origins``)."""
MIN_SECRET_CHARS: Final = 32
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_STREAMS: Final = ("public", "public:local", "public:remote", "hashtag:")


def network_sections(settings: Settings) -> list[str]:
    """Give the sections whose networks are heard, and the names of other sources: what an origin may name."""
    heard = {
        "bluesky": settings.bluesky.enabled,
        "mastodon": bool(settings.mastodon.instances),
        "feeds": bool(settings.feeds.urls),
        "push": settings.push.enabled,
        "x": settings.x.enabled,
    }
    return [*(name for name, on in heard.items() if on), *settings.sources.others]


def network_contradictions(settings: Settings) -> Iterator[Finding]:
    """Give every setting of the networks that cannot be meant."""
    shared = settings.sources
    if shared.backoff_min_secs > shared.backoff_max_secs:
        expected = f"at most sources.backoff_max_secs ({shared.backoff_max_secs:g})"
        yield Finding(("sources", "backoff_min_secs"), expected, f"{shared.backoff_min_secs:g}")
    if shared.positions_path is not None and shared.positions_path in settings.ingest.follow_paths:
        yield Finding(
            ("sources", "positions_path"), "a file that ingest.follow_paths does not read", str(shared.positions_path)
        )
    for name, options in shared.others.items():
        if not isinstance(options.get("kind"), str):
            yield Finding(("sources", "others", name, "kind"), "the name of an installed kind", "none")
    yield from _addresses("bluesky", "urls", settings.bluesky.urls, ("wss", "ws"))
    yield from _addresses("feeds", "urls", settings.feeds.urls, ("https", "http"))
    yield from _mastodon(settings)
    yield from _push(settings)
    yield from _x(settings)
    yield from _origins(settings)


def network_advice(settings: Settings) -> Iterator[Finding]:
    """Give every setting of the networks that is allowed and will surprise."""
    bluesky, push = settings.bluesky, settings.push
    if bluesky.enabled and bluesky.protocol == "v1" and bluesky.compress and bluesky.dictionary_path is None:
        expected = "bluesky.dictionary_path: without the dictionary v1 comes uncompressed"
        yield Finding(("bluesky", "compress"), expected, "true")
    for index, url in enumerate(bluesky.urls if bluesky.enabled else ()):
        if urlsplit(url).scheme == "ws" and urlsplit(url).hostname not in _LOOPBACK:
            yield Finding(("bluesky", "urls", str(index)), "wss://: others could change what is heard", url)
    for instance in settings.mastodon.instances if settings.mastodon.scheme == "http" else ():
        if instance.partition(":")[0] not in _LOOPBACK:
            yield Finding(("mastodon", "scheme"), "https: the token travels in the clear", "http")
    if push.enabled and push.host not in _LOOPBACK and push.cert_path is None:
        expected = "push.cert_path, or 127.0.0.1 behind a proxy that speaks HTTPS"
        yield Finding(("push", "host"), expected, push.host)
    if push.enabled and push.bearer and push.cert_path is None and push.host not in _LOOPBACK:
        yield Finding(("push", "bearer"), "signatures where there is no HTTPS: a token can be read on the way", "true")
    if settings.x.enabled and settings.x.backfill_mins == 0:
        expected = "1 to 5, where the account may ask for it: without it what a break hides is lost"
        yield Finding(("x", "backfill_mins"), expected, "0")
    if network_sections(settings) and shared_is_forgetful(settings):
        expected = "a file: without it a restart does not know what was missed"
        yield Finding(("sources", "positions_path"), expected, "nothing")


def shared_is_forgetful(settings: Settings) -> bool:
    """Say whether an embedded run would forget how far it heard."""
    return settings.sources.positions_path is None and not settings.distributed.origins


def _addresses(section: str, field: str, urls: Sequence[str], schemes: tuple[str, ...]) -> Iterator[Finding]:
    for index, url in enumerate(urls):
        key = (section, field, str(index)) if field.endswith("s") else (section, field)
        try:
            parts = urlsplit(url)
            whole = parts.scheme in schemes and parts.hostname and parts.port != 0
        except ValueError:
            yield Finding(key, f"an address ({schemes[0]}://host/…)", url)
            continue
        if not whole:
            yield Finding(key, f"an address ({schemes[0]}://host/…)", url)
        elif "@" in parts.netloc:
            yield Finding(key, "an address without a user or a password", without_user(url))
        elif urls.index(url) != index:
            yield Finding(key, "each address once", url)


def without_user(url: str) -> str:
    """Give an address with its user and password left out.

    >>> without_user("https://a:b@c.example/feed")
    'https://…@c.example/feed'
    """
    scheme, _, rest = url.partition("://")
    return f"{scheme}://…@{rest.rpartition('@')[2]}"


def _mastodon(settings: Settings) -> Iterator[Finding]:
    chosen = settings.mastodon
    for instance in chosen.instances:
        given = (instance in chosen.tokens) + (instance in chosen.token_paths)
        if given != 1:
            expected = f"one token for {instance}, here or in mastodon.tokens"
            yield Finding(("mastodon", "token_paths"), expected, "none" if not given else "two")
    yield from _strangers("mastodon", {"tokens": chosen.tokens, "token_paths": chosen.token_paths}, chosen.instances)
    for index, stream in enumerate(chosen.streams):
        word = stream.removeprefix("hashtag:")
        known = stream in _STREAMS[:3] or (stream.startswith("hashtag:") and word.isalnum())
        if not known or chosen.streams.index(stream) != index:
            near = difflib.get_close_matches(stream, _STREAMS, n=1)
            expected = "public, public:local, public:remote or hashtag:word, each once"
            yield Finding(
                ("mastodon", "streams", str(index)), expected, stream, near[0] if near and not known else None
            )


def _strangers(section: str, tables: Mapping[str, Mapping[str, object]], names: Sequence[str]) -> Iterator[Finding]:
    for field, table in tables.items():
        for name in table:
            if name not in names:
                near = difflib.get_close_matches(name, names, n=1)
                nearest = f"{section}.{field}.{near[0]}" if near else None
                yield Finding((section, field, name), f"an instance of {section}.instances", name, nearest)


def _push(settings: Settings) -> Iterator[Finding]:
    chosen = settings.push
    if chosen.enabled and not (chosen.secrets or chosen.secret_paths):
        yield Finding(("push", "enabled"), "a sender in push.secrets or push.secret_paths", "none")
    for sender, secret in chosen.secrets.items():
        if len(secret) < MIN_SECRET_CHARS:
            expected = f"a secret of {MIN_SECRET_CHARS} characters or more"
            yield Finding(("push", "secrets", sender), expected, f"{len(secret)} characters")
        if sender in chosen.secret_paths:
            yield Finding(("push", "secret_paths", sender), "one secret a sender", "two")
    if (chosen.cert_path is None) != (chosen.key_path is None):
        yield Finding(("push", "cert_path"), "a certificate and its key, or neither", "one of them")
    same = settings.metrics.enabled and chosen.port == settings.metrics.port != 0
    if chosen.enabled and same and chosen.host == settings.metrics.host:
        yield Finding(("push", "port"), "another port than metrics.port", str(chosen.port))


def _x(settings: Settings) -> Iterator[Finding]:
    chosen = settings.x
    given = (chosen.bearer_token is not None) + (chosen.token_path is not None)
    if given > 1 or (chosen.enabled and not given):
        yield Finding(("x", "token_path"), "one token, here or in x.bearer_token", "two" if given else "none")
    if chosen.enabled and chosen.monthly_reads is None:
        yield Finding(("x", "monthly_reads"), "how many posts may be read in a month, as each is paid", "nothing")
    yield from _addresses("x", "url", (chosen.url,), ("https", "http"))
    if chosen.url.startswith("http:") and urlsplit(chosen.url).hostname not in _LOOPBACK:
        yield Finding(("x", "url"), "https://: the token would travel in the clear", chosen.url)
    if len(set(chosen.languages)) != len(chosen.languages):
        yield Finding(("x", "languages"), "each language once", ", ".join(chosen.languages))


def _origins(settings: Settings) -> Iterator[Finding]:
    sections = network_sections(settings)
    for origin, paths in settings.distributed.origins.items():
        key = ("distributed", "origins", origin)
        named = [str(path).removeprefix(ORIGIN_PREFIX) for path in paths if str(path).startswith(ORIGIN_PREFIX)]
        for section in named:
            if section not in sections:
                near = difflib.get_close_matches(section, sections, n=1)
                expected = f"a network that is heard ({', '.join(sections) or 'none is'})"
                yield Finding(key, expected, f"{ORIGIN_PREFIX}{section}", f"{ORIGIN_PREFIX}{near[0]}" if near else None)
        if named and len(named) != len(paths):
            yield Finding(
                key, "networks or files, not both in one origin", f"{len(named)} of {len(paths)} are networks"
            )
        if named and not settings.distributed.follow:
            yield Finding(("distributed", "follow"), f"true, as the origin {origin} is of networks", "false")
