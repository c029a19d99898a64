"""Settings of the networks that are heard: what they share, then one section a network."""

from __future__ import annotations

from pathlib import Path  # pydantic resolves the annotations at run time
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Url = Annotated[str, Field(min_length=8, max_length=2_048)]
Language = Annotated[str, Field(pattern="^[a-z]{2,3}$")]
Instance = Annotated[str, Field(pattern=r"^[A-Za-z0-9.:\[\]-]{1,255}$")]
PushName = Annotated[str, Field(pattern="^[a-z0-9-]{1,32}$")]


class SourcesSettings(BaseModel):
    """What all networks share: how a connection is kept, and how far back is asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    positions_path: Path | None = Field(
        default=None,
        description="File in which `run` keeps how far each source was heard: a restart goes on there. Workers keep it in the store.",
    )
    stall_secs: float = Field(
        default=30.0,
        ge=1,
        le=3_600,
        description="A connection whose own clock has not moved for so many seconds is ended and made anew.",
    )
    connect_secs: float = Field(default=30.0, gt=0, le=300, description="Seconds that connecting may take.")
    backoff_min_secs: float = Field(
        default=1.0, gt=0, le=60, description="Seconds before the first new try; they double with each."
    )
    backoff_max_secs: float = Field(default=120.0, gt=0, le=3_600, description="Seconds between two tries, at most.")
    healthy_secs: float = Field(
        default=60.0,
        gt=0,
        le=3_600,
        description="Seconds that a connection must have given events before the waits begin anew.",
    )
    overlap_secs: float = Field(
        default=5.0,
        ge=0,
        le=300,
        description="Seconds before a break from which a network is asked again, where it goes by time.",
    )
    backfill_mins: float = Field(
        default=15.0,
        ge=0,
        le=120,
        description="Minutes of what was missed that are asked for after a break; older posts are left out and the gap is told.",
    )
    waiting_lines: int = Field(
        default=20_000,
        ge=100,
        le=1_000_000,
        description="Lines from all sources that may wait for the pipeline; past that, connections are not read.",
    )
    waiting_bytes: int = Field(
        default=33_554_432,
        ge=1_048_576,
        le=4_294_967_296,
        description="Bytes from all sources that may wait for the pipeline.",
    )
    sample_after_secs: float | None = Field(
        default=None,
        gt=0,
        description="Once a stream lags so many seconds, ever fewer of its posts are heard, as a last resort; empty: never.",
    )
    others: dict[str, dict[str, str | int | float | bool]] = Field(
        default={},
        max_length=16,
        description="Sources of installed packages: a name and its options, of which `kind` is the entry point in `tocsin.sources`.",
    )


class BlueskySettings(BaseModel):
    """Bluesky, through Jetstream; no account is needed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(default=False, description="Listen to Bluesky.")
    urls: tuple[Url, ...] = Field(
        default=("wss://jetstream.us-east.bsky.network", "wss://jetstream.us-west.bsky.network"),
        min_length=1,
        max_length=8,
        description="Jetstream instances: the first is used while it answers, then the next.",
    )
    protocol: Literal["v2", "v1"] = Field(
        default="v2", description="`v2` is `subscribeEvents`; `v1` is the older `subscribe` (hosts `jetstream1.…`)."
    )
    languages: tuple[Language, ...] = Field(
        default=(),
        max_length=32,
        description="Languages (two letters) of the posts that are heard; posts that name none are always heard. Empty: all.",
    )
    compress: bool = Field(
        default=True, description="Ask for zstandard frames; `v2` fetches its dictionary, `v1` needs `dictionary_path`."
    )
    dictionary_path: Path | None = Field(
        default=None, description="The zstandard dictionary of `v1`, a file of the Jetstream project."
    )
    ca_path: Path | None = Field(
        default=None, description="Certificates (PEM) that the instances' are checked against; else the system's."
    )
    max_posts_per_sec: float | None = Field(
        default=None, gt=0, description="Events read in a second, at most; empty for no limit."
    )
    max_bytes_per_sec: float | None = Field(
        default=None, gt=0, description="Bytes read in a second, at most; empty for no limit."
    )


class MastodonSettings(BaseModel):
    """Mastodon: streams of instances on which there is an account."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    instances: tuple[Instance, ...] = Field(
        default=(), max_length=32, description="Host names of the instances, such as `mastodon.example`. Empty: none."
    )
    streams: tuple[str, ...] = Field(
        default=("public",),
        min_length=1,
        max_length=16,
        description="`public`, `public:local`, `public:remote`, or `hashtag:word`, heard on each instance.",
    )
    transport: Literal["websocket", "sse"] = Field(
        default="websocket", description="How the stream comes: WebSocket, or server-sent events over HTTP."
    )
    tokens: dict[str, str] = Field(
        default={},
        max_length=32,
        description="Access token by instance, with the scope `read:statuses`; better in files, by `token_paths`.",
    )
    token_paths: dict[str, Path] = Field(
        default={}, max_length=32, description="File that holds the access token, by instance."
    )
    languages: tuple[Language, ...] = Field(
        default=(),
        max_length=32,
        description="Languages of the posts that are heard; posts that name none are. Empty: all.",
    )
    scheme: Literal["https", "http"] = Field(default="https", description="`http` only for a test on the same machine.")
    ca_path: Path | None = Field(
        default=None, description="Certificates (PEM) that the instances' are checked against; else the system's."
    )
    stall_secs: float = Field(
        default=300.0,
        ge=1,
        le=86_400,
        description="A stream that was silent for so many seconds is opened anew and filled up; quiet instances are silent for long.",
    )
    max_backfill_pages: int = Field(
        default=20, ge=0, le=200, description="Pages of 40 posts that are asked for after a break, at most, a stream."
    )
    max_posts_per_sec: float | None = Field(
        default=None, gt=0, description="Events read in a second, at most, an instance; empty for no limit."
    )


class FeedsSettings(BaseModel):
    """RSS and Atom feeds: press, prefectures, traffic, forums."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    urls: tuple[Url, ...] = Field(default=(), max_length=512, description="Addresses of the feeds. Empty: none.")
    network: str = Field(
        default="feeds", pattern="^[a-z0-9-]{1,32}$", description="Name under which their posts count as one network."
    )
    poll_secs: float = Field(default=60.0, ge=5, le=86_400, description="Seconds between two looks at one feed.")
    timeout_secs: float = Field(default=20.0, gt=0, le=300, description="Seconds that one answer may take.")
    max_feed_bytes: int = Field(
        default=2_097_152, ge=1_024, le=33_554_432, description="Bytes of a feed, unpacked; a longer one is not read."
    )
    max_entries: int = Field(default=200, ge=1, le=5_000, description="Entries of a feed that are read, newest first.")
    languages: tuple[Language, ...] = Field(
        default=(),
        max_length=32,
        description="Languages of the entries that are heard; those that name none are. Empty: all.",
    )
    respect_robots: bool = Field(default=True, description="Leave out what the site's robots.txt forbids.")
    ca_path: Path | None = Field(
        default=None, description="Certificates (PEM) that the sites' are checked against; else the system's."
    )


class XSettings(BaseModel):
    """X, through its filtered stream: paid reads, so a narrow side source."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(default=False, description="Listen to X.")
    url: Url = Field(default="https://api.x.com", description="Address of the API.")
    bearer_token: str | None = Field(default=None, description="Token of the app; better in a file, by `token_path`.")
    token_path: Path | None = Field(default=None, description="File that holds the token of the app.")
    words: tuple[str, ...] = Field(
        default=(),
        max_length=1_000,
        description="Words of the rules; empty: the strong terms of the lexicon, in `languages`.",
    )
    languages: tuple[Language, ...] = Field(
        default=("fr",), min_length=1, max_length=8, description="Languages of the rules; each rule names one."
    )
    max_rules: int = Field(default=25, ge=1, le=1_000, description="Rules that the account may hold.")
    rule_chars: int = Field(default=512, ge=64, le=4_096, description="Characters of one rule, at most.")
    backfill_mins: int = Field(
        default=0,
        ge=0,
        le=5,
        description="Minutes that the network gives again after a break, where the account may ask for it.",
    )
    compliance: bool = Field(
        default=False,
        description="Hear the compliance streams too (deletions, edits, accounts); Enterprise access only.",
    )
    monthly_reads: int | None = Field(
        default=None,
        ge=1,
        description="Posts that may be read in a calendar month (UTC), then the source rests; must be said, as each read is paid.",
    )
    ca_path: Path | None = Field(
        default=None, description="Certificates (PEM) that the API's is checked against; else the system's."
    )


class PushSettings(BaseModel):
    """HTTP push: others, such as a municipality's form or bot, send posts themselves."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(default=False, description="Listen for pushed posts.")
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8089, ge=0, le=65_535, description="TCP port to listen on; 0 takes a free one.")
    secrets: dict[PushName, str] = Field(
        default={},
        max_length=64,
        description="Secret by sender's name, 32 characters at least: the key of its signatures, and its bearer token where allowed.",
    )
    secret_paths: dict[PushName, Path] = Field(
        default={}, max_length=64, description="File that holds the secret, by sender's name."
    )
    bearer: bool = Field(
        default=False, description="Accept the secret as a bearer token too; else only signed requests (HMAC-SHA256)."
    )
    clock_skew_secs: float = Field(
        default=300.0, gt=0, le=3_600, description="Seconds by which a signature's time may differ from this clock."
    )
    max_body_bytes: int = Field(
        default=1_048_576, ge=1_024, le=33_554_432, description="Bytes of one request, at most."
    )
    max_posts_per_sec: float = Field(default=50.0, gt=0, description="Posts a second from one sender; past that, 429.")
    cert_path: Path | None = Field(default=None, description="Own certificate (PEM) for HTTPS.")
    key_path: Path | None = Field(default=None, description="Key (PEM) of the certificate.")
