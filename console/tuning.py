"""The analysts' page: choose a recording, move the knobs, see what would have been gained and lost; propose it, and let another approve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Protocol

import msgspec
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from console.words import WORDS

if TYPE_CHECKING:
    from starlette.requests import Request

    from console.app import Site
    from console.sessions import Session

MAX_WHY: Final = 300


class TuningError(ValueError):
    """What was asked for cannot be done; the message says why, for a person."""


class Knob(msgspec.Struct, frozen=True, kw_only=True):
    """One setting of the detector that the page offers."""

    key: str
    now: float
    low: float
    high: float
    whole: bool
    """Whether only whole numbers are meant."""
    about: str
    """What it does, as the settings' own description says."""


class Line(msgspec.Struct, frozen=True):
    """One figure under the settings in force and under those that were tried."""

    name: str
    now: str
    then: str


class Told(msgspec.Struct, frozen=True):
    """One alert that is gained or lost."""

    at: int
    hazard: str
    place: str
    fate: str


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a trial found."""

    recording: str
    changes: tuple[tuple[str, str], ...]
    lines: tuple[Line, ...]
    gained: tuple[Told, ...]
    lost: tuple[Told, ...]
    same: int
    picture: bytes
    """SVG: recall, false alarms and delay against the budget."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One trial: under way, done or failed."""

    number: int
    recording: str
    asked: Mapping[str, str]
    """The values of the form, by key."""
    secs: float
    found: Found | None = None
    problem: str = ""


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """A change of settings that waits for a second analyst."""

    number: int
    by: str
    at: int
    changes: tuple[tuple[str, str], ...]
    why: str
    approved_by: str = ""


class Tuner(Protocol):
    """The workbench behind the page."""

    def recordings(self) -> Sequence[str]:
        """Give the names of the recordings that can be played."""

    def knobs(self) -> Sequence[Knob]:
        """Give the settings that the page offers, with the values in force."""

    def start(self, recording: str, changes: Mapping[str, str]) -> int:
        """Begin a trial; give its number.

        Raises:
            TuningError: the recording or a value cannot be used, or another trial is under way.
        """

    def look(self, number: int) -> Job | None:
        """Give the state of a trial."""

    def propose(self, by: str, at: int, changes: Mapping[str, str], why: str) -> Proposal:
        """Propose a change of the settings in force.

        Raises:
            TuningError: a value cannot be used, or nothing is changed.
        """

    def approve(self, number: int, by: str, at: int) -> Proposal:
        """Put a proposal in force from a pane on.

        Raises:
            TuningError: there is no such proposal, it is settled, or the approver is its author.
        """

    def proposals(self) -> Sequence[Proposal]:
        """Give the proposals, the latest first."""


class TuningPages:
    """The routes of the page, for analysts alone."""

    def __init__(self, site: Site, tuner: Tuner) -> None:
        self._site = site
        self._tuner = tuner

    async def page(self, request: Request, session: Session) -> Response:
        """Show the form, the last trial and the proposals."""
        return self._page(request, session)

    async def start(self, request: Request, session: Session) -> Response:
        """Begin a trial, or propose what stands in the form."""
        self._admit(session)
        form: dict[str, str] = request.state.form
        changes = {knob.key: form[knob.key] for knob in self._tuner.knobs() if form.get(knob.key, "").strip()}
        doors = self._site.desk.doors
        who = f"{session.account.name}@{session.account.centre}"
        why = " ".join(form.get("why", "").split())[:MAX_WHY]
        if form.get("action") == "propose" and not why:
            return self._page(request, session, WORDS[session.lang]["needs_reason"])
        try:
            if form.get("action") == "propose":
                made = self._tuner.propose(session.account.name, doors.now(), changes, why)
                told = ", ".join(f"{key} = {value}" for key, value in made.changes)
                doors.audit.append(
                    at=made.at, who=who, action="settings.proposed", about=str(made.number), detail=f"{told}: {why}"
                )
                return RedirectResponse("/tuning", HTTPStatus.SEE_OTHER)
            number = self._tuner.start(form.get("recording", ""), changes)
        except TuningError as error:
            return self._page(request, session, str(error))
        return RedirectResponse(f"/tuning?job={number}", HTTPStatus.SEE_OTHER)

    async def approve(self, request: Request, session: Session) -> Response:
        """Put a proposal of somebody else in force."""
        self._admit(session)
        doors = self._site.desk.doors
        number = request.path_params["number"]
        who = f"{session.account.name}@{session.account.centre}"
        try:
            # Written down first: what acts without a trace must not be.
            doors.audit.append(at=doors.now(), who=who, action="settings.approving", about=str(number), detail="")
            self._tuner.approve(number, session.account.name, doors.now())
        except TuningError as error:
            return self._page(request, session, str(error))
        return RedirectResponse("/tuning", HTTPStatus.SEE_OTHER)

    async def picture(self, request: Request, session: Session) -> Response:
        """Give the curves of a trial."""
        self._admit(session)
        job = self._tuner.look(request.path_params["number"])
        if job is None or job.found is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        # Shown as an image, so that neither style nor script of it reaches the page; its own style is allowed within.
        headers = {
            "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
            "cache-control": "no-store",
        }
        return Response(job.found.picture, media_type="image/svg+xml", headers=headers)

    def _page(self, request: Request, session: Session, problem: str = "") -> Response:
        self._admit(session)
        text = request.query_params.get("job", "")
        job = self._tuner.look(int(text)) if text.isascii() and text.isdigit() and len(text) < 10 else None
        asked: Mapping[str, str] = getattr(request.state, "form", None) or (
            {} if job is None else {**job.asked, "recording": job.recording}
        )
        answer = self._site.render(
            "_trial.html" if request.query_params.get("part") == "trial" else "tuning.html",
            session,
            recordings=self._tuner.recordings(),
            knobs=self._tuner.knobs(),
            asked=asked,
            job=job,
            proposals=self._tuner.proposals(),
            problem=problem,
        )
        if problem:
            answer.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
        return answer

    @staticmethod
    def _admit(session: Session) -> None:
        if session.account.role != "analyst":
            raise HTTPException(HTTPStatus.FORBIDDEN, WORDS[session.lang]["forbidden"])
