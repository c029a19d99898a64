"""The web application: pages, fragments, the stream of changes and the one door for decisions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.accounts import Accounts
from console.decide import DecisionError, decision
from console.desk import Desk
from console.door import Door, read_form
from console.exercising import ExercisePages
from console.hub import RELOAD
from console.render import mark
from console.sessions import COOKIE, Session, Sessions
from console.tuning import TuningPages
from console.words import LANGS, WORDS, Lang
from tocsin.time import HOUR_MS

MAX_SHIFT_HOURS: Final = 24
AUDIT_LINES: Final = 200
CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS: Final = (
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)
Page = Callable[[Request, Session], Awaitable[Response]]


class Site:
    """The routes over one desk.

    Args:
        desk: the state.
        accounts: who may enter.
        sessions: who has entered.
        files: static files by name: content type and bytes.
        secure: cookies only over TLS.
        lang: the language of who has not chosen one.
    """

    def __init__(  # noqa: PLR0913  # a site is what it is made of
        self,
        desk: Desk,
        accounts: Accounts,
        sessions: Sessions,
        files: Mapping[str, tuple[str, bytes]],
        *,
        secure: bool,
        lang: Lang = "fr",
    ) -> None:
        self._desk = desk
        self._sessions = sessions
        self._files = files
        self._decided_at = 0
        self._door = Door(desk, accounts, sessions, secure=secure, lang=lang)
        routes = [
            Route("/", self._page(self._board)),
            Route("/incidents/{incident_id}", self._page(self._incident)),
            Route("/incidents/{incident_id}/verdicts", self._page(self._decide), methods=["POST"]),
            Route("/events", self._page(self._events)),
            Route("/coverage", self._page(self._coverage)),
            Route("/shift", self._page(self._shift)),
            Route("/audit", self._page(self._audit)),
            Route("/language", self._page(self._language), methods=["POST"]),
            Route("/logout", self._page(self._door.leave), methods=["POST"]),
            Route("/login", self._door.login, methods=["GET", "POST"]),
            Route("/enter", self._door.enter),
            Route("/static/{name}", self._static),
            Route("/healthz", self._healthz),
            *self._exercising(),
            *self._tuning(),
        ]
        self.asgi: ASGIApp = _Headed(Starlette(routes=routes, exception_handlers={HTTPException: _refused}))

    @property
    def desk(self) -> Desk:
        """The state."""
        return self._desk

    def _exercising(self) -> list[Route]:
        pages = ExercisePages(self)
        return [
            Route("/exercises", self._page(pages.page)),
            Route("/exercises", self._page(pages.declare), methods=["POST"]),
            Route("/exercises/{window_id:path}/end", self._page(pages.end), methods=["POST"]),
        ]

    def _tuning(self) -> list[Route]:
        tuner = self._desk.doors.tuner
        if tuner is None:
            return []
        pages = TuningPages(self, tuner)
        return [
            Route("/tuning", self._page(pages.page)),
            Route("/tuning", self._page(pages.start), methods=["POST"]),
            Route("/tuning/{number:int}.svg", self._page(pages.picture)),
            Route("/tuning/proposals/{number:int}", self._page(pages.approve), methods=["POST"]),
        ]

    # Who asks

    def session(self, request: Request) -> Session | None:
        """Give the session of a request."""
        return self._sessions.get(request.cookies.get(COOKIE))

    def _page(self, inner: Page) -> Callable[[Request], Awaitable[Response]]:
        """Let in who is signed in; refuse a form that did not come from a page of that session."""

        async def outer(request: Request) -> Response:
            session = self.session(request)
            if session is None:
                if request.method == "GET" and request.url.path != "/events":
                    return RedirectResponse("/login", HTTPStatus.SEE_OTHER)
                raise HTTPException(HTTPStatus.UNAUTHORIZED)
            if request.method == "POST":
                form = await read_form(request)
                if not session.fits(form.get("csrf", "")):
                    raise HTTPException(HTTPStatus.FORBIDDEN, WORDS[session.lang]["expired"])
                request.state.form = form
            return await inner(request, session)

        return outer

    def render(self, template: str, session: Session, **values: Any) -> HTMLResponse:
        """Render a page for a person."""
        return HTMLResponse(
            self._desk.renderer.page(template, session.lang, session=session, desk=self._desk, **values),
            headers={"cache-control": "no-store"},
        )

    # Pages

    async def _board(self, _request: Request, session: Session) -> Response:
        return self._screen(session, None)

    async def _incident(self, request: Request, session: Session) -> Response:
        incident_id = request.path_params["incident_id"]
        entry = self._desk.board.get(incident_id)
        if entry is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, WORDS[session.lang]["page_gone"])
        if request.query_params.get("part") == "sheet":
            return self.render("_sheet.html", session, sheet=self._sheet(session, incident_id))
        return self._screen(session, incident_id)

    def _screen(self, session: Session, chosen: str | None) -> Response:
        board = self._desk.board
        return self.render(
            "board.html",
            session,
            lists=self._desk.renderer.lists(board, session.lang),
            marks=[mark(entry, session.lang) for entry in board.entries()],
            chosen=chosen,
            sheet=None if chosen is None else self._sheet(session, chosen),
            seq=board.seq,
            clock_at=board.clock_at,
            zone=str(self._desk.renderer.zone),
        )

    def _sheet(self, session: Session, incident_id: str) -> Any:
        entry = self._desk.board.get(incident_id)
        if entry is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, WORDS[session.lang]["page_gone"])
        record = self._desk.record(session.account.centre, entry.incident.hazard)
        return self._desk.renderer.sheet(self._desk.board, entry, session.lang, record)

    async def _decide(self, request: Request, session: Session) -> Response:
        words = WORDS[session.lang]
        incident_id = request.path_params["incident_id"]
        entry = self._desk.board.get(incident_id)
        if entry is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, words["page_gone"])
        try:
            # Two decisions never bear one instant: the later one has to stand, whatever the clock's grain.
            self._decided_at = max(self._decided_at + 1, self._desk.doors.now())
            verdict = decision(session.account, entry.incident, request.state.form, self._decided_at)
        except DecisionError as error:
            status = HTTPStatus.FORBIDDEN if error.key == "forbidden" else HTTPStatus.UNPROCESSABLE_ENTITY
            raise HTTPException(status, words[error.key]) from error
        self._desk.doors.audit.append(
            at=verdict.at,
            who=f"{verdict.operator}@{verdict.centre}",
            action=f"verdict.{verdict.decision}",
            about=incident_id,
            detail=f"{entry.incident.hazard}: {verdict.reason}" if verdict.reason else entry.incident.hazard,
        )
        problem = self._desk.doors.decide(verdict)
        if problem is not None:
            raise HTTPException(HTTPStatus.CONFLICT, problem)
        self._desk.verdict(verdict)
        if "application/json" in request.headers.get("accept", ""):
            return JSONResponse({"said": words["saved"].format(words["done_" + verdict.decision])})
        return RedirectResponse(f"/incidents/{incident_id}", HTTPStatus.SEE_OTHER)

    async def _events(self, request: Request, session: Session) -> Response:
        if self._desk.hub.full:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE)
        last = request.headers.get("last-event-id") or request.query_params.get("since") or ""
        missed = self._desk.missed(int(last), session.lang) if last.isascii() and last.isdigit() else b""
        return StreamingResponse(
            self._desk.hub.listen(session.lang, RELOAD if missed is None else missed),
            media_type="text/event-stream",
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    async def _coverage(self, _request: Request, session: Session) -> Response:
        desk = self._desk
        names = desk.doors.territories
        areas = desk.coverage.areas(list(names), desk.board.clock_at, any_down=bool(desk.down))
        states = {area.area: area.state for area in areas}
        return self.render(
            "coverage.html", session, areas=areas, states=states, names=names, clock_at=desk.board.clock_at
        )

    async def _shift(self, request: Request, session: Session) -> Response:
        text = request.query_params.get("hours", "12")
        hours = min(MAX_SHIFT_HOURS, max(1, int(text))) if text.isascii() and text.isdigit() and len(text) < 4 else 12
        until_at = self._desk.board.clock_at
        from_at = until_at - hours * HOUR_MS
        chosen = [
            entry
            for entry in self._desk.board.entries()
            if entry.incident.updated_at >= from_at and entry.section != "silent"
        ]
        sheets = [self._sheet(session, entry.incident.incident_id) for entry in chosen]
        return self.render("shift.html", session, sheets=sheets, hours=hours, from_at=from_at, until_at=until_at)

    async def _audit(self, _request: Request, session: Session) -> Response:
        if session.account.role not in {"auditor", "analyst"}:
            raise HTTPException(HTTPStatus.FORBIDDEN, WORDS[session.lang]["forbidden"])
        log = self._desk.doors.audit
        whole, count = log.verify()
        return self.render("audit.html", session, lines=log.latest(AUDIT_LINES), whole=whole, count=count)

    # The rest

    async def _language(self, request: Request, session: Session) -> Response:
        session.lang = LANGS[1 - LANGS.index(session.lang)]
        back = request.state.form.get("back", "/")
        inside = back.startswith("/") and not back.startswith(("//", "/\\"))
        return RedirectResponse(back if inside else "/", HTTPStatus.SEE_OTHER)

    async def _static(self, request: Request) -> Response:
        found = self._files.get(request.path_params["name"])
        if found is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return Response(found[1], media_type=found[0], headers={"cache-control": "max-age=3600"})

    async def _healthz(self, _request: Request) -> Response:
        return Response("alive\n", media_type="text/plain")


async def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"error": error.detail}, error.status_code)
    return Response(error.detail, error.status_code, media_type="text/plain; charset=utf-8")


class _Headed:
    """Adds the protective headers to every answer."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(one for one in HEADERS if one[0] not in given)]
            await send(message)

        await self._inner(scope, receive, headed)
