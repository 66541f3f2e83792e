"""The thread in which long SQL is read: the parser's C code recurses, and nothing guards its stack.

Importing this module hands `run_on_large_stack` to the parser.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from parallel_partition import errors
from parallel_partition.planning.parse import LARGE_STACK, use_large_stack

#: The stack size of new threads is one setting for all: who changes it puts it back before another does.
_setting = threading.Lock()


def run_on_large_stack(work: Callable[[], None]) -> None:
    """Call ``work``, which raises nothing, in a new thread with `LARGE_STACK` bytes of stack, and wait for it.

    A thread for each call costs 0.1 ms, little beside reading a long statement, and none has to be kept.

    Raises
    ------
    errors.OperationalError : the operating system gives no such thread
    """
    thread = threading.Thread(target=work, name="parallel_partition-parser", daemon=True)
    with _setting:
        before = threading.stack_size(LARGE_STACK)
        try:
            thread.start()
        except RuntimeError as error:
            raise errors.OperationalError(
                f"no thread with a stack of {LARGE_STACK >> 20} MB of address space can be started, which reading"
                f" a statement of this length needs: {error}"
            ) from error
        finally:
            threading.stack_size(before)
    thread.join()


use_large_stack(run_on_large_stack)
