"""What no single field can know: settings that contradict each other (refused) and settings that surprise (advice)."""

from __future__ import annotations

import difflib
import ipaddress
from typing import TYPE_CHECKING, Final

from tocsin.model import HAZARDS
from tocsin.settings.filters import misused
from tocsin.settings.finding import Finding
from tocsin.settings.source_rules import network_advice, network_contradictions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.settings import Settings

PRIVILEGED_PORTS: Final = 1_024
OPEN_HOSTS: Final = frozenset({"0.0.0.0", "::", "*"})  # noqa: S104  # named here to advise against it
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


def contradictions(settings: Settings) -> Iterator[Finding]:
    """Give every setting that cannot be meant together with another, or that names what does not exist."""
    yield from _spreads(settings)
    yield from _budgets(settings)
    yield from _files(settings)
    yield from _cluster(settings)
    yield from _purposes(settings)
    yield from _page(settings)
    yield from network_contradictions(settings)
    if settings.geocoder.enabled and settings.geocoder.domain is None:
        yield Finding(("geocoder", "domain"), "the host of a server, as geocoder.enabled asks for one", "nothing")
    if settings.detector.min_placed_voices > settings.detector.min_voices:
        expected = f"at most detector.min_voices ({settings.detector.min_voices})"
        yield Finding(("detector", "min_placed_voices"), expected, str(settings.detector.min_placed_voices))


def _page(settings: Settings) -> Iterator[Finding]:
    console = settings.console
    if (console.tls_certificate_path is None) != (console.tls_key_path is None):
        yield Finding(("console", "tls_certificate_path"), "a certificate and its key, or neither", "one of them")
    if not console.enabled:
        return
    if console.accounts_path is None:
        expected = "a file of accounts, as console.enabled asks for one (`tocsin account` writes it)"
        yield Finding(("console", "accounts_path"), expected, "nothing")
    if console.host not in LOOPBACK and console.tls_certificate_path is None and not console.behind_tls:
        expected = "loopback, or TLS: console.tls_certificate_path, or console.behind_tls with a proxy that ends it"
        yield Finding(("console", "host"), expected, console.host)


def _purposes(settings: Settings) -> Iterator[Finding]:
    for key, said, fault in misused(settings):
        yield Finding(key, "a filter that looks for emergencies", f"{said!r}, which names {fault}")


def _cluster(settings: Settings) -> Iterator[Finding]:
    kafka = settings.kafka
    if kafka.security_protocol.startswith("SASL") and kafka.sasl_mechanism is None:
        yield Finding(("kafka", "sasl_mechanism"), f"a mechanism, as {kafka.security_protocol} needs one", "nothing")
    if kafka.sasl_mechanism is not None and (kafka.sasl_username is None or kafka.sasl_password is None):
        yield Finding(("kafka", "sasl_username"), "a user name and a password for SASL", "not both")
    if kafka.delivery_secs * 1_000 <= kafka.request_secs * 1_000 + kafka.linger_ms:
        expected = f"more than kafka.request_secs ({kafka.request_secs:g}) and kafka.linger_ms together"
        yield Finding(("kafka", "delivery_secs"), expected, f"{kafka.delivery_secs:g}")
    if (kafka.ssl_cert_path is None) != (kafka.ssl_key_path is None):
        yield Finding(("kafka", "ssl_cert_path"), "a certificate and its key, or neither", "one of them")
    if (settings.store.ssl_cert_path is None) != (settings.store.ssl_key_path is None):
        yield Finding(("store", "ssl_cert_path"), "a certificate and its key, or neither", "one of them")


def _spreads(settings: Settings) -> Iterator[Finding]:
    for hazard, spread_km in settings.detector.spread_km.items():
        key = ("detector", "spread_km", hazard)
        if hazard not in HAZARDS:
            near = difflib.get_close_matches(hazard, HAZARDS, n=1)
            nearest = f"detector.spread_km.{near[0]}" if near else None
            yield Finding(key, f"a hazard ({', '.join(HAZARDS)})", hazard, nearest)
        elif spread_km <= 0:
            yield Finding(key, "a number greater than 0", f"{spread_km:g}")


def _budgets(settings: Settings) -> Iterator[Finding]:
    for territory, budget_mins in settings.detector.territory_budgets_mins.items():
        key = ("detector", "territory_budgets_mins", territory)
        if not (len(territory) == 2 and territory.isascii() and territory.isalpha() and territory.isupper()):
            upper = ".".join((*key[:-1], territory.upper())) if len(territory) == 2 else None
            yield Finding(key, "a country of two capital letters (ISO 3166-1)", territory, upper)
        elif budget_mins <= 0:
            yield Finding(key, "a number greater than 0", f"{budget_mins:g}")


def _files(settings: Settings) -> Iterator[Finding]:
    incidents, geojson = settings.dispatch.incidents_path, settings.dispatch.geojson_path
    if incidents is not None and incidents == geojson:
        yield Finding(("dispatch", "geojson_path"), "another file than dispatch.incidents_path", str(geojson))
    for key, path in (("incidents_path", incidents), ("geojson_path", geojson)):
        if path is not None and path in settings.ingest.follow_paths:
            yield Finding(("dispatch", key), "a file that ingest.follow_paths does not read", str(path))


def advice(settings: Settings) -> Iterator[Finding]:
    """Give every setting that is allowed and will surprise: why is said in what is expected."""
    yield from network_advice(settings)
    pane_secs, lateness_secs = settings.time.pane_secs, settings.time.lateness_secs
    if lateness_secs > pane_secs:
        expected = f"at most time.pane_secs ({pane_secs}): every alert waits for it"
        yield Finding(("time", "lateness_secs"), expected, str(lateness_secs))
    if 0 < settings.detector.watch_secs < pane_secs:
        expected = f"at least time.pane_secs ({pane_secs}): a watch is looked at once a pane"
        yield Finding(("detector", "watch_secs"), expected, f"{settings.detector.watch_secs:g}")
    if min(settings.detector.windows_mins) * 60 < pane_secs:
        expected = f"windows of at least time.pane_secs ({pane_secs})"
        yield Finding(("detector", "windows_mins"), expected, f"{min(settings.detector.windows_mins):g} min")
    if settings.ingest.duplicate_horizon_mins * 60 < lateness_secs:
        expected = f"at least time.lateness_secs ({lateness_secs}): a post may come twice within it"
        yield Finding(("ingest", "duplicate_horizon_mins"), expected, f"{settings.ingest.duplicate_horizon_mins} min")
    if settings.ingest.max_dead_letter_bytes > settings.ingest.max_line_bytes:
        expected = f"at most ingest.max_line_bytes ({settings.ingest.max_line_bytes})"
        yield Finding(("ingest", "max_dead_letter_bytes"), expected, str(settings.ingest.max_dead_letter_bytes))
    geocoder = settings.geocoder
    if geocoder.enabled and geocoder.scheme == "http" and not _is_inside(geocoder.domain or ""):
        expected = "`https`, or a server on this machine or in a network of your own: the words go out in the clear"
        yield Finding(("geocoder", "scheme"), expected, geocoder.scheme)
    if settings.distributed.origins and settings.store.keys_url in (None, settings.store.url):
        expected = "a second server, without persistence: a destroyed key stays in the append-only file of this one"
        yield Finding(("store", "keys_url"), expected, settings.store.keys_url or "nothing")
    if settings.metrics.enabled and settings.metrics.host in OPEN_HOSTS:
        expected = "an address of the inside: the page asks nobody for a name"
        yield Finding(("metrics", "host"), expected, settings.metrics.host)
    if settings.metrics.enabled and 0 < settings.metrics.port < PRIVILEGED_PORTS:
        expected = f"a port from {PRIVILEGED_PORTS} on, or 0: lower ones need a privilege"
        yield Finding(("metrics", "port"), expected, str(settings.metrics.port))


def _is_inside(domain: str) -> bool:
    """Tell whether a host is this machine's or a private network's: by its address, or a name without a dot."""
    host = domain.rpartition(":")[0] if domain.rpartition(":")[2].isdigit() else domain
    host = host.strip("[]")
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost" or "." not in host
