"""Who is signed in: a random token in a cookie, everything else kept here; and tokens that let somebody in once."""

from __future__ import annotations

import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from console.accounts import Account
from console.words import Lang

MAX_SESSIONS: Final = 2_000
IDLE_SECS: Final = 12 * 3_600.0
"""A shift; who is silent for longer signs in again."""
MOST_SECS: Final = 24 * 3_600.0
TICKET_SECS: Final = 3_600.0
"""How long a ticket of one entry holds."""
COOKIE: Final = "tocsin_session"


class Session:
    """One signed-in browser."""

    __slots__ = ("account", "began_secs", "csrf", "lang", "seen_secs")

    def __init__(self, account: Account, lang: Lang, now_secs: float) -> None:
        self.account = account
        self.lang = lang
        self.csrf = secrets.token_urlsafe(32)
        self.began_secs = self.seen_secs = now_secs

    def fits(self, token: str) -> bool:
        """Tell whether a form came from a page of this session."""
        return hmac.compare_digest(self.csrf.encode(), token.encode())


class Sessions:
    """The open sessions, by token. The longest silent goes first when there are too many.

    Args:
        now: a monotone clock, seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._open: OrderedDict[str, Session] = OrderedDict()
        self._tickets: dict[str, tuple[Account, Lang, float]] = {}

    def __len__(self) -> int:
        return len(self._open)

    def begin(self, account: Account, lang: Lang) -> str:
        """Open a session; give its token."""
        token = secrets.token_urlsafe(32)
        self._open[token] = Session(account, lang, self._now())
        if len(self._open) > MAX_SESSIONS:
            self._open.popitem(last=False)
        return token

    def get(self, token: str | None) -> Session | None:
        """Give the session of a token, unless it was silent or open for too long."""
        session = self._open.get(token) if token else None
        if session is None or token is None:
            return None
        now = self._now()
        if now - session.seen_secs > IDLE_SECS or now - session.began_secs > MOST_SECS:
            del self._open[token]
            return None
        session.seen_secs = now
        self._open.move_to_end(token)
        return session

    def end(self, token: str | None) -> None:
        """Close a session."""
        if token:
            self._open.pop(token, None)

    def ticket(self, account: Account, lang: Lang) -> str:
        """Give a secret that lets its holder in once, as this account."""
        token = secrets.token_urlsafe(32)
        self._tickets[token] = (account, lang, self._now() + TICKET_SECS)
        return token

    def redeem(self, ticket: str) -> str | None:
        """Open a session for a ticket; it is spent by that."""
        known = self._tickets.pop(ticket, None)
        if known is None:
            return None
        account, lang, until = known
        return self.begin(account, lang) if self._now() <= until else None
