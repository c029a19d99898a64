"""The command line: one module a command, loaded only when it is called.

Exit codes: 0 done, 1 the thing asked for failed, 2 bad usage, settings or input, 130 interrupted.
"""

from __future__ import annotations

import difflib
import errno
import sys
from typing import TYPE_CHECKING, Annotated, Final

import cyclopts
from cyclopts import App, Parameter

from tocsin import __version__
from tocsin.runtime.logging import LogFormat, LogLevel, configure
from tocsin.settings.problem import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

DONE: Final = 0
FAILED: Final = 1
BAD_USAGE: Final = 2
INTERRUPTED: Final = 130
MENDABLE: Final = frozenset({errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES, errno.ENOSPC, errno.EDQUOT})
"""Errors of the system without a file name that a person can mend: a line says enough, a traceback would not help."""

COMMANDS: Final[dict[str, str]] = {
    "demo": "Play simulated France live: the first thing to run. Ends by itself.",
    "run": "Run the configured sources and all stages on this machine.",
    "worker": "Run one stage over Kafka and Redis.",
    "account": "Add a person to the console's accounts.",
    "outbox": "Show which alerts wait to be delivered, or try dead letters again.",
    "gap": "Leave an origin that is away out of the detector's clock.",
    "settings": "Change the settings of the running detector, or show them.",
    "replay": "Replay recorded posts in event time and write the incidents. Deterministic.",
    "extract": "Show what Tocsin hears in a text: hazards, sense, places.",
    "geocode": "Ask the geocoder about recorded mentions, for a replay.",
    "simulate": "Write a seeded stream of posts with its ground truth.",
    "score": "Score incidents against the truth.",
    "tune": "Play recorded history under other settings: recall, delay, false alarms.",
    "explain": "Say why an incident was raised, or why nothing was; what would have changed it.",
    "power": "Put invented events into a recorded background: what is detected, and what is not.",
    "baseline": "Learn what ordinary days hold, keep it as a file, look into it.",
    "train": "Fit the sense model on labelled posts.",
    "test": "Run scenario tests, and the examples that stand in lexicon files.",
    "quotes": "Read what the most credible posts of an incident say: with a role and a reason, and audited.",
    "objection": "Note that an account does not want to be heard; its name is not kept.",
    "audit": "Verify or show the log of who read and who decided what.",
    "check": "Check settings files; name every problem with file and line.",
    "graph": "Print the topology of the pipeline.",
    "topics": "Print the topics: what they carry and how long they are kept.",
}
"""Every command and its one line of help; ``tocsin.cli.<name>`` holds the function of the same name."""

app = App(
    name="tocsin",
    help="Hears emergencies in public posts and tells dispatch centres where, what and how sure.",
    version=__version__,
    help_format="markdown",
)
for _name, _help in COMMANDS.items():
    app.command(f"tocsin.cli.{_name}:{_name}", name=_name, help=_help)


@app.meta.default
def _launch(
    *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
    log_format: LogFormat | None = None,
    log_level: LogLevel = "info",
) -> int:
    """Set up the logs, then run the command.

    Args:
        tokens: the command and its arguments.
        log_format: how log lines look on standard error; `console` on a terminal, else `json`.
        log_level: the least level of log lines that are written.
    """
    configure(log_format, log_level)
    code = app(tokens, exit_on_error=False, print_error=False, result_action="return_value")
    return code if isinstance(code, int) else DONE


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line on arguments (those of the process when ``None``); give the exit code."""
    tokens = list(sys.argv[1:] if argv is None else argv)
    try:
        code = app.meta(tokens, exit_on_error=False, print_error=False, result_action="return_value")
    except (cyclopts.CycloptsError, SettingsError) as error:
        return _refuse(_explain(error))
    except BrokenPipeError:
        # The reader of our output went away (`tocsin … | head`): that is its right, and nothing to report.
        sys.stderr.close()
        return DONE
    except OSError as error:
        if error.filename is None and error.errno not in MENDABLE:
            raise
        return _refuse(f"{error.filename}: {error.strerror}" if error.filename is not None else str(error.strerror))
    except KeyboardInterrupt:
        return INTERRUPTED
    return code if isinstance(code, int) else DONE


def _explain(error: cyclopts.CycloptsError | SettingsError) -> str:
    if isinstance(error, SettingsError):
        return "\n".join(str(problem) for problem in error.problems)
    if isinstance(error, cyclopts.UnknownCommandError):
        # Its own message would import every command to find the nearest one.
        given = str((error.unused_tokens or [""])[0])
        nearest = difflib.get_close_matches(given, COMMANDS, n=1)
        hint = f" (did you mean {nearest[0]}?)" if nearest else ""
        return f"expected a command, got {given}{hint}\nTry: tocsin --help"
    return f"{error}\nTry: tocsin --help"


def _refuse(message: str) -> int:
    sys.stderr.write(f"tocsin: {message}\n")
    return BAD_USAGE
