"""Holds back Ctrl-C while a call that writes is under way and its answer is noted, which must not be cut in two.

A call that is cut off may still be carried out, and nobody would know. So the first interrupt waits for its end;
whoever presses again means it, and gets `CutOff`.
"""

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

log = logging.getLogger("toolkit.salesforce")

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class CutOff(KeyboardInterrupt):
    """Interrupted in the middle of a call that writes: what became of it is not known."""


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Raise KeyboardInterrupt at the end of the block instead of within it; a second interrupt raises CutOff at once.

    Signals that are ignored, or end the process without more ado, are left alone. Outside the main thread, where Python
    delivers none, it does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard = 0

    def note(_signal: int, _frame: FrameType | None) -> None:
        nonlocal heard
        heard += 1
        if heard > 1:
            raise CutOff
        log.warning("stopping when the call at hand is answered; interrupt again to cut it off")

    before = {each: signal.getsignal(each) for each in SIGNALS}
    replaced = [each for each, handler in before.items() if callable(handler)]
    for each in replaced:
        signal.signal(each, note)
    try:
        yield
    finally:
        for each in replaced:
            signal.signal(each, before[each])
    if heard:
        raise KeyboardInterrupt
