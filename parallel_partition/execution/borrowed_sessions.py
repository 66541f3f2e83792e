"""The sessions that one connection has borrowed, one per server, and what it has changed in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack

from psycopg import Notify
from psycopg.errors import Diagnostic

from parallel_partition.execution.failures import lost_with_session
from parallel_partition.postgres.pool import Pools
from parallel_partition.postgres.session import PREPARE_THRESHOLD, PREPARED_MAX, Session


class BorrowedSessions(Mapping[str, Session]):
    """Sessions by server, borrowed when first needed.

    ``settings_touched`` is True once SET changed settings: from then on no session can be replaced by another.
    ``holds_state`` is True once something else was left in sessions that somebody relies on, as locks and temporary
    tables: from then on none that was lost can be.

    Parameters
    ----------
    pools : where they come from
    on_notice : is told every notice of every server
    on_session : is told every session that is borrowed
    on_notify : is told every notification
    """

    def __init__(
        self,
        pools: Pools,
        on_notice: Callable[[Diagnostic], None],
        on_session: Callable[[Session], None],
        on_notify: Callable[[Notify], None],
    ) -> None:
        self._pools = pools
        self._on_notice = on_notice
        self._on_notify = on_notify
        self._on_session = on_session
        self._sessions: dict[str, Session] = {}
        self._prepare_threshold: int | None = PREPARE_THRESHOLD
        self._prepared_max: int | None = PREPARED_MAX
        self.settings_touched = False
        self.holds_state = False
        #: Where what was held is lost.
        self._lost: set[str] = set()

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
        if server in self._sessions and self.holds_state:
            self._lost.add(server)
        self.give_back(server)
        if self.settings_touched:
            raise lost_with_session(
                server, "the settings made by SET: close this connection and open another"
            )
        if server in self._lost:
            what = "what this connection held in its sessions (locks, temporary tables, LISTEN and the like)"
            raise lost_with_session(server, f"{what}: close this connection and open another")
        session = self._pools[server].acquire_session()
        session.prepare_threshold, session.prepared_max = self._prepare_threshold, self._prepared_max
        session.connection.add_notice_handler(self._on_notice)
        session.connection.add_notify_handler(self._on_notify)
        self._sessions[server] = session
        self._on_session(session)
        return session

    def give_back(self, server: str) -> None:
        """Give a session back to its pool, whatever state it is in."""
        session = self._sessions.pop(server, None)
        if session is not None:
            session.connection.remove_notice_handler(self._on_notice)
            session.connection.remove_notify_handler(self._on_notify)
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

    def touch(self, *, holds: bool = False) -> None:
        """Note that session state was changed: the sessions are reset before others get them.

        Parameters
        ----------
        holds : somebody may rely on it from now on
        """
        self.holds_state = self.holds_state or holds
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

    @property
    def prepared_max(self) -> int | None:
        """How many statements stay prepared in a session; None for any number."""
        return self._prepared_max

    @prepared_max.setter
    def prepared_max(self, value: int | None) -> None:
        self._prepared_max = value
        for session in self._sessions.values():
            session.prepared_max = value
