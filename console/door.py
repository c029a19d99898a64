"""Entering and leaving: names and passwords, tickets of one entry, and the brake on guessing."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from console.accounts import Accounts, Brake
from console.desk import Desk
from console.sessions import COOKIE, Session, Sessions
from console.words import WORDS, Lang

MAX_BODY: Final = 4_096
"""Bytes of a form."""
MAX_FIELDS: Final = 40


async def read_form(request: Request) -> dict[str, str]:
    """Read an urlencoded form of a few fields.

    Raises:
        HTTPException: it is too long, or no such form.
    """
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=MAX_FIELDS)
    except (UnicodeDecodeError, ValueError) as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST) from error
    return dict(fields)


class Door:
    """The way in and out."""

    def __init__(self, desk: Desk, accounts: Accounts, sessions: Sessions, *, secure: bool, lang: Lang) -> None:
        self._desk = desk
        self._accounts = accounts
        self._sessions = sessions
        self._secure = secure
        self._lang = lang
        self._brake = Brake()

    async def login(self, request: Request) -> Response:
        """Let in who has the right password; who guesses waits."""
        lang: Lang = self._lang
        if request.method == "GET":
            return self._page(lang, "")
        form = await read_form(request)
        name, now = form.get("name", ""), time.monotonic()
        keys = (f"name {name}", f"client {request.client.host if request.client else ''}")
        wait = max(self._brake.wait(key, now) for key in keys)
        if wait > 0:
            return self._page(lang, WORDS[lang]["login_wait"].format(int(wait) + 1), HTTPStatus.TOO_MANY_REQUESTS)
        account = self._accounts.enter(name, form.get("password", ""))
        if account is None:
            for key in keys:
                self._brake.failed(key, now)
            self._note("login.refused", name[:64])
            return self._page(lang, WORDS[lang]["login_bad"], HTTPStatus.UNAUTHORIZED)
        self._brake.passed(keys[0])
        self._note("login", f"{account.name}@{account.centre}")
        return self._entered(self._sessions.begin(account, lang))

    async def enter(self, request: Request) -> Response:
        """Let in who holds a ticket, once."""
        token = self._sessions.redeem(request.query_params.get("ticket", ""))
        if token is None:
            return RedirectResponse("/login", HTTPStatus.SEE_OTHER)
        return self._entered(token)

    def _page(self, lang: Lang, problem: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
        page = self._desk.renderer.page("login.html", lang, problem=problem, session=None)
        return HTMLResponse(page, status, headers={"cache-control": "no-store"})

    def _entered(self, token: str) -> Response:
        response = RedirectResponse("/", HTTPStatus.SEE_OTHER)
        response.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=self._secure, path="/")
        return response

    async def leave(self, request: Request, session: Session) -> Response:
        """End a session."""
        self._sessions.end(request.cookies.get(COOKIE))
        self._note("logout", f"{session.account.name}@{session.account.centre}")
        response = RedirectResponse("/login", HTTPStatus.SEE_OTHER)
        response.delete_cookie(COOKIE, path="/")
        return response

    def _note(self, action: str, who: str) -> None:
        doors = self._desk.doors
        doors.audit.append(at=doors.now(), who=who, action=action, about="", detail="")
