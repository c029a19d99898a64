"""The page of exercises: everybody sees which run; analysts declare them and end them early."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from console.decide import DecisionError
from console.exercises import DECLARERS, MAX_LABEL, Stage, declared, ended, stage
from console.words import WORDS
from tocsin.model import HAZARDS, ExerciseWindow
from tocsin.time import HOUR_MS, MINUTE_MS, SECOND_MS

if TYPE_CHECKING:
    from starlette.requests import Request

    from console.app import Site
    from console.sessions import Session

SHOWN: Final = 100
"""Exercises on the page."""
ORDER: Final[tuple[Stage, ...]] = ("running", "coming", "over", "withdrawn")
USUAL_MS: Final = 2 * HOUR_MS
"""What the form proposes."""


class ExercisePages:
    """The routes of the page."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def page(self, _request: Request, session: Session) -> Response:
        """Show the exercises, and to an analyst the form."""
        return self._page(session)

    async def declare(self, request: Request, session: Session) -> Response:
        """Declare an exercise."""
        form: dict[str, str] = request.state.form
        desk = self._site.desk
        try:
            window = declared(session.account, form, desk.renderer.zone, desk.doors.now())
        except DecisionError as error:
            return self._refused(session, error, form)
        return self._act(session, window, "exercise.declared", form)

    async def end(self, request: Request, session: Session) -> Response:
        """End an exercise now, or call off one that has not begun."""
        desk = self._site.desk
        window = desk.exercises.get(request.path_params["window_id"])
        if window is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, WORDS[session.lang]["exercise_gone"])
        try:
            changed = ended(session.account, window, desk.doors.now())
        except DecisionError as error:
            return self._refused(session, error, {})
        return self._act(session, changed, "exercise.called_off" if changed.withdrawn else "exercise.ended", {})

    def _act(self, session: Session, window: ExerciseWindow, action: str, form: Mapping[str, str]) -> Response:
        """Write it down, hand it on, show it: in this order, so that nothing acts without a trace."""
        desk = self._site.desk
        stamp = desk.renderer.stamp
        area = " ".join((*window.departements, *window.communes)) or "*"
        desk.doors.audit.append(
            at=window.declared_at,
            who=f"{window.operator}@{window.centre}",
            action=action,
            about=window.window_id,
            detail=f"{window.label}: {stamp(window.from_at)} – {stamp(window.until_at)}; {' '.join(window.hazards) or '*'}; {area}",
        )
        problem = desk.doors.decide(window)
        if problem is not None:
            return self._page(session, problem, HTTPStatus.CONFLICT, form)
        desk.exercises.take(window)
        return RedirectResponse("/exercises", HTTPStatus.SEE_OTHER)

    def _refused(self, session: Session, error: DecisionError, form: Mapping[str, str]) -> Response:
        words = WORDS[session.lang]
        if error.key == "forbidden":
            raise HTTPException(HTTPStatus.FORBIDDEN, words["forbidden"])
        return self._page(session, words[error.key], HTTPStatus.UNPROCESSABLE_ENTITY, form)

    def _page(
        self,
        session: Session,
        problem: str = "",
        status: HTTPStatus = HTTPStatus.OK,
        form: Mapping[str, str] | None = None,
    ) -> Response:
        desk = self._site.desk
        now_at = desk.doors.now()
        begin_at = now_at - now_at % (5 * MINUTE_MS)
        asked = form or {"from": self._local(begin_at), "until": self._local(begin_at + USUAL_MS)}
        staged = [(one, stage(one, now_at)) for one in desk.exercises.latest()]
        shown = sorted(staged, key=lambda pair: ORDER.index(pair[1]))
        answer = self._site.render(
            "exercises.html",
            session,
            windows=shown[:SHOWN],
            may=session.account.role in DECLARERS and bool(session.account.centre),
            hazards=HAZARDS,
            asked=asked,
            problem=problem,
            longest=MAX_LABEL,
            zone=str(desk.renderer.zone),
        )
        answer.status_code = status
        return answer

    def _local(self, at: int) -> str:
        return datetime.fromtimestamp(at / SECOND_MS, tz=self._site.desk.renderer.zone).strftime("%Y-%m-%dT%H:%M")
