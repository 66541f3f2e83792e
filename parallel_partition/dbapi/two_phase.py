"""PEP 249's two-phase commit, ``tpc_begin()`` and so on, over all servers of a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg import Xid, pq
from psycopg.rows import Row

from parallel_partition import errors
from parallel_partition.execution import tpc
from parallel_partition.execution.transaction import Transaction
from parallel_partition.postgres.driver_errors import as_driver_error, known_at

if TYPE_CHECKING:
    from parallel_partition.execution.stream_plan import StreamingRunner

_IDLE = pq.TransactionStatus.IDLE


class TwoPhaseConnection(psycopg.Connection[Row]):
    """The methods of a connection for a transaction manager that commits in two phases.

    A transaction is prepared on every server that it wrote, and is one to `tpc_recover`, `tpc_commit` and
    `tpc_rollback`, whichever connection they are called on. Those two may be called again where a server could not be
    told; what was committed on one server can then only be committed. Until it is ended, the rows that it wrote are
    locked, and ``isolation="snapshot"`` has to wait.
    """

    transaction_state: Transaction
    runner: StreamingRunner

    def check_usable(self) -> None:
        """Raise when the connection is closed."""
        raise NotImplementedError  # the connection that this is a part of has it

    def tpc_begin(self, xid: Xid | str) -> None:
        """Begin a transaction to be committed in two phases; see psycopg's ``tpc_begin``.

        Parameters
        ----------
        xid : what `xid` makes, or any text
        """
        with self.lock:
            self.check_usable()
            self.runner.refuse_while_streaming()
            status = self.transaction_state.status
            if status != _IDLE:
                raise _misused(f"can't start two-phase transaction: connection in status {status.name}")
            if self._autocommit:
                raise _misused("can't use two-phase transactions in autocommit mode")
            self._tpc = (xid if isinstance(xid, Xid) else Xid.from_string(xid), False)
            self.transaction_state.explicit = True

    def tpc_prepare(self) -> None:
        """Prepare the transaction on every server that it wrote, or roll it back and raise.

        Raises
        ------
        psycopg.NotSupportedError : it did what no prepared transaction can do, or a server's
            max_prepared_transactions is 0
        parallel_partition.errors.StaleMap : the shard map changed in mid-transaction; all was rolled back
        """
        with self.lock:
            self.check_usable()
            if self._tpc is None:
                raise _misused("'tpc_prepare()' must be called inside a two-phase transaction")
            if self._tpc[1]:
                raise _misused("'tpc_prepare()' cannot be used during a prepared two-phase transaction")
            xid = self._tpc[0]
            try:
                tpc.prepare(self.transaction_state, str(xid))
            except psycopg.errors.ObjectNotInPrerequisiteState as error:
                raise as_driver_error(errors.NotSupportedError(str(error))) from error
            self._tpc = (xid, True)

    def tpc_commit(self, xid: Xid | str | None = None) -> None:
        """Commit a prepared transaction, on all of its servers; without ``xid`` this connection's own, prepared or not.

        Raises
        ------
        psycopg.errors.UndefinedObject : nothing is prepared as ``xid``
        psycopg.errors.ObjectNotInPrerequisiteState : it is being rolled back
        psycopg.Error : a server could not be told; call it again
        """
        self._tpc_end(xid, commit=True)

    def tpc_rollback(self, xid: Xid | str | None = None) -> None:
        """Roll back a prepared transaction, on all of its servers; as `tpc_commit`."""
        self._tpc_end(xid, commit=False)

    def _tpc_end(self, xid: Xid | str | None, *, commit: bool) -> None:
        with self.lock:
            self.check_usable()
            self.runner.refuse_while_streaming()
            name = "tpc_commit()" if commit else "tpc_rollback()"
            if xid is None and self._tpc is None:
                raise _misused(f"{name} without xid must must be called inside a two-phase transaction")
            if xid is not None and self._tpc is not None:
                raise _misused(f"{name} with xid must must be called outside a two-phase transaction")
            if self._tpc is not None and not self._tpc[1]:
                self._tpc = None
                end = self.transaction_state.commit if commit else self.transaction_state.rollback
                end()
                return
            if self.transaction_state.status != _IDLE:
                command = "COMMIT PREPARED" if commit else "ROLLBACK PREPARED"
                self.transaction_state.fail()
                message = f"{command} cannot run inside a transaction block"
                raise known_at(psycopg.errors.ActiveSqlTransaction(message), None)
            mine = self._tpc[0] if self._tpc is not None else xid
            tpc.finish(
                self.transaction_state,
                str(mine if isinstance(mine, Xid) else Xid.from_string(mine or "")),
                commit=commit,
            )
            self._tpc = None

    def tpc_recover(self) -> list[Xid]:
        """The transactions that are prepared on servers of the cluster by `tpc_prepare`, each once.

        Raises
        ------
        psycopg.Error : a server cannot be asked
        """
        with self.lock:
            self.check_usable()
            self.runner.refuse_while_streaming()
            self.transaction_state.refuse_when_failed()
            database = self.info.dbname
            found: dict[str, Xid] = {}
            for part in tpc.parts(self.transaction_state):
                if part.name not in found or part.number == 1:
                    xid = Xid.from_string(part.name)
                    found[part.name] = Xid(
                        xid.format_id, xid.gtrid, xid.bqual, part.prepared, part.owner, database
                    )
            return list(found.values())


def _misused(message: str) -> errors.Error:
    return as_driver_error(errors.ProgrammingError(message))
