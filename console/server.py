"""The console as a part of a running Tocsin: pages served from a thread of their own, fed from the pipeline's thread."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self
from zoneinfo import ZoneInfo

import msgspec

from console.accounts import Account, Accounts
from console.app import Site
from console.board import Notice
from console.coverage import Source
from console.desk import Desk, Doors
from console.files import own_files
from console.render import Renderer
from console.sessions import Sessions
from console.words import Lang
from tocsin.model import Alert, ExerciseWindow, Incident, Mention, Verdict
from tocsin.runtime.web import WebServer

CLOCK_SECS: Final = 1.0
"""The stream's clock is told to viewers no oftener than this."""
MAX_HEARD: Final = 100_000
"""Placed mentions that may wait to be counted."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where and how the console is served."""

    host: str
    port: int
    zone: str = "Europe/Paris"
    lang: Lang = "fr"
    certificate: str = ""
    """Path of the TLS certificate chain (PEM); empty: no TLS, for loopback or behind a proxy that ends TLS."""
    key: str = ""
    secure: bool = False
    """Cookies go over TLS only: with a certificate, or behind a proxy that ends TLS."""


class ConsoleServer:
    """Serves the console from entering to leaving the context. Port 0 takes a free one. Its methods may be called from any thread.

    Args:
        place: where.
        doors: what it may do to the rest.
        accounts: who may enter.
        files: further static files (the map's), by name: content type and bytes.

    Raises:
        OSError: the address is in use or not ours, or the certificate cannot be read.
    """

    def __init__(self, place: Place, doors: Doors, accounts: Accounts, files: Mapping[str, tuple[str, bytes]]) -> None:
        self._place = place
        self._sessions = Sessions(time.monotonic)
        self._desk = Desk(doors, Renderer(ZoneInfo(place.zone)))
        self._desk.remember()
        secure = place.secure or bool(place.certificate)
        site = Site(self._desk, accounts, self._sessions, {**own_files(), **files}, secure=secure, lang=place.lang)
        self._heard: deque[tuple[str, int]] = deque(maxlen=MAX_HEARD)
        self._told_secs = float("-inf")
        self._server = WebServer(
            site.asgi, place.host, place.port, name="console", certificate=place.certificate, key=place.key
        )

    @property
    def address(self) -> str:
        """Where a browser finds it."""
        return self._server.address

    def invite(self, account: Account) -> str:
        """Give an address that lets its first visitor in as this account, once."""
        return f"{self.address}/enter?ticket={self._sessions.ticket(account, self._place.lang)}"

    def incident(self, incident: Incident) -> None:
        """Show one revision."""
        self._server.soon(lambda: self._desk.incident(incident))

    def verdict(self, verdict: Verdict) -> None:
        """Show a decision that was made elsewhere."""
        self._server.soon(lambda: self._desk.verdict(verdict))

    def exercise(self, window: ExerciseWindow) -> None:
        """Show an exercise that was declared, or declared anew."""
        self._server.soon(lambda: self._desk.exercises.take(window))

    def alert(self, alert: Alert) -> None:
        """Show an alert that went out."""
        notice = Notice(
            alert_id=alert.alert_id,
            incident_id=alert.incident_id,
            centre=alert.centre,
            status=alert.status,
            msg_type=alert.msg_type,
            at=alert.sent_at,
        )
        self._server.soon(lambda: self._desk.notice(notice))

    def mention(self, mention: Mention) -> None:
        """Count a placed mention for the coverage."""
        place = mention.place
        area = None if place is None else place.admin.departement or (place.country or None)
        if area:
            self._heard.append((area, mention.event_at))

    def source(self, source: Source) -> None:
        """Show the state of a source."""
        self._server.soon(lambda: self._desk.source(source))

    def clock(self, at: int) -> None:
        """Move the stream's clock; what happens oftener than once a second is skipped."""
        now = time.monotonic()
        if now - self._told_secs < CLOCK_SECS:
            return
        self._told_secs = now
        heard = [self._heard.popleft() for _ in range(len(self._heard))]

        def move() -> None:
            for area, heard_at in heard:
                self._desk.coverage.heard(area, heard_at)
            self._desk.clock(at)

        self._server.soon(move)

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, trace)
