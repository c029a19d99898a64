"""The service: one question to a BAN (addok), Nominatim or Photon server through geopy; what it found, in one form for all three.

Wire formats: addok's GeoCodeJSON (https://adresse.data.gouv.fr/api-doc/adresse), Nominatim's search
(https://nominatim.org/release-docs/latest/api/Output/), Photon's GeoJSON (https://github.com/komoot/photon). What leaves is the words of
the question, the name of the town, for Nominatim and Photon the box or the position of that town, and nothing else.
"""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec
from geopy.exc import GeocoderParseError, GeocoderServiceError, GeopyError
from geopy.extra.rate_limiter import RateLimiter
from geopy.geocoders import BANFrance, Nominatim, Photon

from tocsin.geocoder.adapter import CappedAdapter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.model import Ask
    from tocsin.settings.geocoder import GeocoderSettings

RESULTS: Final = 5
"""Results that are asked for: the first is not always of the town."""
BOX_KM: Final = 25.0
"""Half side of the box round the town in which Nominatim looks."""
KM_A_DEGREE: Final = 111.2
_CHATTY: Final = ("geopy", "httpx", "httpcore")
"""Libraries that write whole addresses, and so the words, into the log."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One result of a server."""

    name: str
    """The name of the thing itself, or the label when there is none."""
    town: str = ""
    rank: str = ""
    """What the server takes it for, in its own words (``street``, ``locality``, ``municipality``, ``amenity``, ...)."""
    lat: float
    lon: float
    extent_km: float | None = None
    """Half the diagonal of the thing's box, where the server tells one."""
    trust: float = 1.0
    """How sure the server is, 0 to 1; 1 where it does not say."""


class ServiceError(RuntimeError):
    """The server is away, slow, refuses, or talks nonsense.

    ``kind`` is one of ``KINDS``; ``wait_secs`` is for how long the server asks to be left alone, if it does.
    """

    def __init__(self, kind: str, message: str, wait_secs: float | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.wait_secs = wait_secs


class Service(Protocol):
    """Answers questions."""

    def find(self, ask: Ask) -> list[Found]:
        """Give what the server knows, best first; empty when it knows nothing.

        Raises:
            ServiceError: there is no answer to be had now.
        """

    def close(self) -> None:
        """Let connections go."""


class GeopyService:
    """A server asked through geopy, not more often than the settings allow.

    Args:
        settings: which server; ``domain`` must be given.
    """

    def __init__(self, settings: GeocoderSettings) -> None:
        for name in _CHATTY:
            logging.getLogger(name).setLevel(logging.WARNING)
        assert settings.domain is not None, "refused by the rules of the settings"
        self._speaks = settings.service
        options: dict[str, Any] = {
            "domain": settings.domain,
            "scheme": settings.scheme,
            "timeout": settings.timeout_secs,
            "user_agent": settings.user_agent,
            "proxies": None,
            "adapter_factory": CappedAdapter,
        }
        kind = {"ban": BANFrance, "nominatim": Nominatim, "photon": Photon}[settings.service]
        if settings.path is not None:
            kind = type(kind.__name__, (kind,), {"geocode_path": settings.path})
        self._client = kind(**options)
        self._limited = RateLimiter(
            self._client.geocode,
            min_delay_seconds=settings.delay_secs,
            max_retries=0,  # when to ask again is the matter of ``rest``
            error_wait_seconds=settings.delay_secs,
            swallow_exceptions=False,
        )

    def find(self, ask: Ask) -> list[Found]:
        """Ask the server."""
        query = f"{ask.words}, {ask.town.name}"
        options, read = _ways(self._speaks, ask)
        try:
            locations = self._limited(query, exactly_one=False, **options)
            return [read(location.raw, location.latitude, location.longitude) for location in locations or ()]
        except GeocoderParseError as error:
            raise ServiceError("malformed", str(error)) from error
        except GeocoderServiceError as error:
            wait = getattr(error, "retry_after", None)
            raise ServiceError(_kind(error), str(error), None if wait is None else float(wait)) from error
        except GeopyError as error:
            raise ServiceError("refused", str(error)) from error
        except (AttributeError, LookupError, TypeError, ValueError, AssertionError) as error:
            # geopy reads an answer of another form than the documented one with bare indexing.
            raise ServiceError("malformed", f"expected the documented form, got {type(error).__name__}") from error

    def close(self) -> None:
        """Let the connections go."""
        self._client.adapter.close()


def _kind(error: GeocoderServiceError) -> str:
    names = {
        "GeocoderRateLimited": "limited",
        "GeocoderQuotaExceeded": "limited",
        "GeocoderTimedOut": "slow",
        "GeocoderUnavailable": "away",
        "GeocoderAuthenticationFailure": "refused",
        "GeocoderInsufficientPrivileges": "refused",
        "GeocoderQueryError": "refused",
    }
    return names.get(type(error).__name__, "ill")


KINDS: Final = ("limited", "slow", "away", "refused", "ill", "malformed")
"""All kinds of ``ServiceError``."""


def _ways(speaks: str, ask: Ask) -> tuple[dict[str, Any], Callable[[Mapping[str, Any], float, float], Found]]:
    """Give the options of a question and how its results are read."""
    town = ask.town
    if speaks == "ban":
        return {"limit": RESULTS}, _read_ban
    if speaks == "photon":
        return {"limit": RESULTS, "location_bias": (town.lat, town.lon)}, _read_photon
    high = BOX_KM / KM_A_DEGREE
    wide = high / max(0.1, math.cos(math.radians(town.lat)))
    low = (max(-90.0, town.lat - high), max(-180.0, town.lon - wide))
    top = (min(90.0, town.lat + high), min(180.0, town.lon + wide))
    options = {
        "limit": RESULTS,
        "addressdetails": True,
        "viewbox": (low, top),
        "bounded": True,
        "country_codes": town.country.lower() or None,
    }
    return options, _read_nominatim


def _read_ban(raw: Mapping[str, Any], lat: float, lon: float) -> Found:
    told = raw["properties"]
    rank = _text(told.get("type") or told.get("_type"))
    # A house number answers no question of ours, its street does: the number is left out of the name.
    name = told.get("street") if rank == "housenumber" else told.get("name")
    trust = told.get("score", 1.0)
    return Found(
        name=_text(name) or _text(told.get("label")),
        town=_text(told.get("city")),
        rank=rank,
        lat=_degrees(lat, 90.0),
        lon=_degrees(lon, 180.0),
        trust=min(1.0, max(0.0, float(trust))),
    )


def _read_nominatim(raw: Mapping[str, Any], lat: float, lon: float) -> Found:
    address = raw.get("address") or {}
    town = next((address[key] for key in ("city", "town", "village", "municipality", "hamlet") if key in address), "")
    box = raw.get("boundingbox")
    extent = None
    if box is not None:
        south, north, west, east = (float(edge) for edge in box)
        extent = _half_diagonal(south, north, west, east)
    own = _text(raw.get("name")) or _text(raw["display_name"]).split(",")[0]
    place_class = _text(raw.get("class") or raw.get("category"))
    kind = _text(raw.get("addresstype")) or _text(raw.get("type"))
    return Found(
        name=own,
        town=_text(town),
        rank=kind if place_class in {"place", "boundary"} else place_class or kind,
        lat=_degrees(lat, 90.0),
        lon=_degrees(lon, 180.0),
        extent_km=extent,
    )


def _read_photon(raw: Mapping[str, Any], lat: float, lon: float) -> Found:
    told = raw["properties"]
    rank = _text(told.get("type")) or _text(told.get("osm_key"))
    if rank == "house":  # Photon calls every site a house; only one with a number is one
        rank = "housenumber" if told.get("housenumber") else _text(told.get("osm_key"))
    name = told.get("street") if rank == "housenumber" and not told.get("name") else told.get("name")
    extent = None
    if told.get("extent") is not None:
        west, north, east, south = (float(edge) for edge in told["extent"])
        extent = _half_diagonal(south, north, west, east)
    return Found(
        name=_text(name) or _text(told.get("street")),
        town=_text(told.get("city")) or _text(told.get("locality")),
        rank=rank,
        lat=_degrees(lat, 90.0),
        lon=_degrees(lon, 180.0),
        extent_km=extent,
    )


def _half_diagonal(south: float, north: float, west: float, east: float) -> float:
    high = (north - south) * KM_A_DEGREE
    wide = (east - west) * KM_A_DEGREE * math.cos(math.radians((south + north) / 2))
    return round(math.hypot(high, wide) / 2, 3)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(f"expected a text, got {type(value).__name__}")
    return value[:200]


def _degrees(value: Any, limit: float) -> float:
    number = float(value)
    if not -limit <= number <= limit:
        raise ValueError(f"expected degrees within {limit:g}, got {number:g}")
    return round(number, 6)
