"""Local accounts: names, roles and argon2 hashes in a TOML file that only its owner can read; and the brake on guessing."""

from __future__ import annotations

import tomllib
from collections import OrderedDict
from pathlib import Path
from typing import Final, Literal

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

Role = Literal["viewer", "operator", "analyst", "auditor"]
ROLES: Final[tuple[Role, ...]] = ("viewer", "operator", "analyst", "auditor")

MAX_ACCOUNTS: Final = 10_000
LEAST_PASSWORD: Final = 12
"""Characters: the length the CNIL's recommendation 2022-100 asks of a password that stands behind a brake is eight; we ask for more."""
MOST_PASSWORD: Final = 256
FREE_TRIES: Final = 5
"""Wrong passwords before the waiting begins."""
MOST_WAIT_SECS: Final = 300.0
MAX_BRAKES: Final = 10_000


class Account(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A named person of a centre."""

    name: str
    role: Role
    centre: str = ""
    password: str
    """An argon2id hash, never the password."""


class AccountsError(ValueError):
    """The accounts file cannot be used; the message says where and why."""


class Accounts:
    """The accounts of a file.

    >>> hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    >>> someone = Account(name="op1", role="operator", centre="sdis44", password=hasher.hash("a long password"))
    >>> accounts = Accounts([someone])
    >>> accounts.enter("op1", "a long password") is someone, accounts.enter("op1", "another"), accounts.enter("nobody", "x")
    (True, None, None)
    """

    def __init__(self, accounts: list[Account]) -> None:
        self._accounts = {account.name: account for account in accounts}
        self._hasher = PasswordHasher()
        self._nobody = self._hasher.hash("nobody has this password")

    @classmethod
    def load(cls, path: Path) -> Accounts:
        """Read a file of ``[[account]]`` tables.

        Raises:
            AccountsError: it is no TOML, a field is missing, unknown or of another type, a name comes twice, a hash is none.
            OSError: it cannot be read.
        """
        try:
            tables = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise AccountsError(f"{path}: expected TOML: {error}") from error
        try:
            accounts = msgspec.convert(tables.get("account", []), list[Account])
        except msgspec.ValidationError as error:
            raise AccountsError(f"{path}: [[account]]: {error}") from error
        if set(tables) - {"account"}:
            raise AccountsError(f"{path}: expected [[account]] tables only, got {', '.join(sorted(tables))}")
        if len(accounts) > MAX_ACCOUNTS:
            raise AccountsError(f"{path}: expected at most {MAX_ACCOUNTS} accounts, got {len(accounts)}")
        names = [account.name for account in accounts]
        for account in accounts:
            if names.count(account.name) > 1:
                raise AccountsError(f"{path}: the name {account.name!r} comes more than once")
            if not account.password.startswith("$argon2id$"):
                raise AccountsError(f"{path}: {account.name!r}: expected an argon2id hash as password")
            if account.role != "auditor" and not account.centre:
                raise AccountsError(f"{path}: {account.name!r}: expected a centre for the role {account.role}")
        return cls(accounts)

    def __len__(self) -> int:
        return len(self._accounts)

    def get(self, name: str) -> Account | None:
        """Give the account of a name."""
        return self._accounts.get(name)

    def enter(self, name: str, password: str) -> Account | None:
        """Give the account if the password is right. An unknown name takes as long as a wrong password."""
        account = self._accounts.get(name)
        try:
            self._hasher.verify(self._nobody if account is None else account.password, password[:MOST_PASSWORD])
        except (VerificationError, InvalidHashError):
            return None
        return account


def new_account(name: str, role: Role, centre: str, password: str) -> Account:
    """Make an account.

    Raises:
        AccountsError: the name is empty or odd, or the password too short or too long.
    """
    if not name or len(name) > 64 or not all(letter.isalnum() or letter in "-_. " for letter in name):
        raise AccountsError(f"expected a name of 1 to 64 letters, digits, '-', '_', '.' or blanks, got {name!r}")
    if not LEAST_PASSWORD <= len(password) <= MOST_PASSWORD:
        raise AccountsError(
            f"expected a password of {LEAST_PASSWORD} to {MOST_PASSWORD} characters, got {len(password)}"
        )
    if role != "auditor" and not centre:
        raise AccountsError(f"expected a centre for the role {role}")
    return Account(name=name, role=role, centre=centre, password=PasswordHasher().hash(password))


def table(account: Account) -> str:
    """Write an account as a TOML table; its fields hold no quote by construction of names and hashes.

    >>> print(table(Account(name="op1", role="viewer", centre="sdis44", password="$argon2id$x")), end="")
    [[account]]
    name = "op1"
    role = "viewer"
    centre = "sdis44"
    password = "$argon2id$x"
    """
    lines = [f"{name} = {msgspec.json.encode(getattr(account, name)).decode()}" for name in account.__struct_fields__]
    return "\n".join(["[[account]]", *lines, ""])


class Brake:
    """Slows guessing: after five wrong tries of one key each further one has to wait, twice as long every time.

    >>> brake = Brake()
    >>> [brake.failed("op1", float(second)) for second in range(6)]
    [0.0, 0.0, 0.0, 0.0, 1.0, 2.0]
    >>> brake.wait("op1", 5.5)
    1.5
    >>> brake.passed("op1"); brake.wait("op1", 5.5)
    0.0
    """

    def __init__(self) -> None:
        self._tries: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait(self, key: str, now_secs: float) -> float:
        """Give how many seconds must pass before the next try."""
        _, until = self._tries.get(key, (0, 0.0))
        return max(0.0, until - now_secs)

    def failed(self, key: str, now_secs: float) -> float:
        """Count a wrong try; give how long the next has to wait."""
        tries = self._tries.pop(key, (0, 0.0))[0] + 1
        wait = 0.0 if tries < FREE_TRIES else min(MOST_WAIT_SECS, 2.0 ** (tries - FREE_TRIES))
        self._tries[key] = (tries, now_secs + wait)
        if len(self._tries) > MAX_BRAKES:
            self._tries.popitem(last=False)
        return wait

    def passed(self, key: str) -> None:
        """Forget the wrong tries."""
        self._tries.pop(key, None)
