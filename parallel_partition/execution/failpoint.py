"""Places in the code where a test may let this process die, stand still or fail, to see what becomes of the rest.

``PARALLEL_PARTITION_FAILPOINT=name=kill`` (or ``stop``, ``raise``; ``name=kill@3`` for the third time) arms one of them
when the library is imported, for one time. Without that variable, as in production, `reach` and `watched` do nothing.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Mapping

from parallel_partition.postgres.session import Exchange, Session

VARIABLE = "PARALLEL_PARTITION_FAILPOINT"

_SPECIFICATION = re.compile(r"(?P<name>[a-z_.]+)=(?P<action>kill|stop|raise)(?:@(?P<time>[1-9]\d*))?")


class FailpointReached(Exception):
    """What ``raise`` raises."""


class Failpoint:
    """One armed place; it acts once.

    Parameters
    ----------
    specification : ``name=action`` or ``name=action@time``

    Raises
    ------
    ValueError : it is neither
    """

    def __init__(self, specification: str) -> None:
        found = _SPECIFICATION.fullmatch(specification)
        if found is None:
            raise ValueError(f"{VARIABLE} is name=kill, =stop or =raise, also with @2, not {specification!r}")
        self.name = found["name"]
        self._action = found["action"]
        self._times = int(found["time"] or 1)

    def reach(self, name: str) -> None:
        """Act, if this is the place and the time."""
        if name != self.name:
            return
        self._times -= 1
        if self._times:
            return
        if self._action == "raise":
            raise FailpointReached(name)
        os.kill(os.getpid(), signal.SIGKILL if self._action == "kill" else signal.SIGSTOP)


armed: Failpoint | None = Failpoint(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None


def reach(name: str) -> None:
    """Say that the code has come to a place."""
    if armed is not None:
        armed.reach(name)


def watched(
    exchanges: Mapping[str, tuple[Session, Exchange]], sent: str, answered: str
) -> Mapping[str, tuple[Session, Exchange]]:
    """The same exchanges; two places are reached when one has been sent, and when one has been answered."""
    if armed is None:
        return exchanges
    return {
        server: (session, _watched(each, sent, answered)) for server, (session, each) in exchanges.items()
    }


def _watched(exchange: Exchange, sent: str, answered: str) -> Exchange:
    waits = False
    while True:
        try:
            both = next(exchange)
        except StopIteration as stop:
            reach(answered)
            return list(stop.value)
        if not waits:
            reach(sent)
            waits = True
        yield both
