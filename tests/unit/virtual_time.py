"""An event loop whose time jumps to the next timer instead of waiting: hours of back-off pass in milliseconds."""

import asyncio
import selectors


class _Jumping(selectors.SelectSelector):
    def __init__(self):
        super().__init__()
        self.secs = 0.0

    def select(self, timeout=None):
        ready = super().select(0)
        if not ready and timeout:
            self.secs += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """``time`` is virtual; nothing real may be waited for."""

    def __init__(self):
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self):
        return self._jumping.secs

    @property
    def now_ms(self):
        return 1_795_320_000_000 + round(self._jumping.secs * 1_000)


def run(make):
    """Run ``make(loop)``, a coroutine, to its end."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(make(loop))
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
