"""The sessions that one connection has borrowed, one per server, and what it has changed in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack

from psycopg.errors import Diagnostic

from parallel_partition.execution.failures import lost_with_session
from parallel_partition.postgres.pool import Pools
from parallel_partition.postgres.session import PREPARE_THRESHOLD, Session


class BorrowedSessions(Mapping[str, Session]):
    """Sessions by server, borrowed when first needed.

    ``settings_touched`` is True once SET changed settings: from then on no session can be replaced by another.

    Parameters
    ----------
    pools : where they come from
    on_notice : is told every notice of every server
    on_session : is told every session that is borrowed
    """

    def __init__(
        self, pools: Pools, on_notice: Callable[[Diagnostic], None], on_session: Callable[[Session], None]
    ) -> None:
        self._pools = pools
        self._on_notice = on_notice
        self._on_session = on_session
        self._sessions: dict[str, Session] = {}
        self._prepare_threshold: int | None = PREPARE_THRESHOLD
        self.settings_touched = False

    def __getitem__(self, server: str) -> Session:
        return self._sessions[server]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sessions)

    def __len__(self) -> int:
        return len(self._sessions)

    @property
    def listed(self) -> list[Session]:
        """The sessions, listed at once: another thread may ask."""
        return list(self._sessions.values())

    def find(self, server: str) -> Session | None:
        """The session on a server; None where there is none, or where it was lost, be it while nobody used it."""
        session = self._sessions.get(server)
        return None if session is None or session.lost_while_idle() else session

    def borrow(self, server: str) -> Session:
        """Borrow a session on a server, instead of the lost one where there was one.

        Raises
        ------
        errors.ServerUnavailable : the server cannot be reached, or settings were lost with the session
        """
        self.give_back(server)
        if self.settings_touched:
            raise lost_with_session(
                server, "the settings made by SET: close this connection and open another"
            )
        session = self._pools[server].acquire_session()
        session.prepare_threshold = self._prepare_threshold
        session.connection.add_notice_handler(self._on_notice)
        self._sessions[server] = session
        self._on_session(session)
        return session

    def give_back(self, server: str) -> None:
        """Give a session back to its pool, whatever state it is in."""
        session = self._sessions.pop(server, None)
        if session is not None:
            session.connection.remove_notice_handler(self._on_notice)
            self._pools[server].release_session(session)

    def give_all_back(self) -> None:
        """Give every session back, also when one of them cannot be."""
        with ExitStack() as stack:
            for server in self._sessions:
                stack.callback(self.give_back, server)

    def abandon(self) -> None:
        """Close all of them where garbage collection cannot give them back."""
        for session in self._sessions.values():
            self._pools[session.server].abandon(session)

    def touch(self) -> None:
        """Note that session state was changed: the sessions are reset before others get them."""
        for session in self._sessions.values():
            session.touched = True

    @property
    def prepare_threshold(self) -> int | None:
        """How often a statement runs before it is prepared; None for never."""
        return self._prepare_threshold

    @prepare_threshold.setter
    def prepare_threshold(self, value: int | None) -> None:
        self._prepare_threshold = value
        for session in self._sessions.values():
            session.prepare_threshold = value
