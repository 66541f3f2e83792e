"""The commit over several servers and its recovery as a machine of states, small enough to visit all of them.

One client, a decider and two other participants, two recoveries at once. Messages may arrive late or never, and the
client and every server may die anywhere. ``broken`` is a rule that is left out, to see that it is needed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple, TypeVar

T = TypeVar("T")

PARTS = (0, 1)
#: What the protocol rests on; without any one of these a state is reached that must not be.
RULES = (
    "recovery inserts an abort before it reads the decision",
    "the tag of PREPARE is looked at",
    "a decision that is there fails the decider's commit",
    "an old transaction cannot decide",
    "commits are kept while a part is prepared",
    "an answer that was lost is asked for",
    "parts are committed behind the decision",
)


class Reader(NamedTuple):
    """A recovery at work: which part it found, and the outcome once it has it."""

    part: int
    committed: bool | None


class State(NamedTuple):
    """Everything that the protocol knows.

    ``client``: working, preparing, deciding, lost (the answer to its decision), over or dead; ``told`` what its caller
    was told. ``answers``: of each PREPARE, None, "ok" or "failed". ``parts`` and ``decider``: active, broken (a
    statement failed before), prepared, committed or aborted. ``messages``: what is on its way to each part; ``asked``:
    the decision is on its way. ``row``: the decision. ``old``: so much time has passed that no decision is waited for.
    """

    client: str = "working"
    told: str | None = None
    answers: tuple[str | None, ...] = (None, None)
    parts: tuple[str, ...] = ("active", "active")
    decider: str = "active"
    messages: tuple[str | None, ...] = (None, None)
    asked: bool = False
    row: bool | None = None
    readers: tuple[Reader | None, ...] = (None, None)
    old: bool = False


STARTS = (State(), State(parts=("broken", "active")), State(parts=("active", "broken")))


def wrong(state: State) -> str | None:
    """What must never be, if it is."""
    ends = {state.decider, *state.parts}
    if {"committed", "aborted"} <= ends:
        return "half of it is committed"
    if state.told == "committed" and "aborted" in ends:
        return "what was reported committed is gone"
    if state.told == "failed" and "committed" in ends:
        return "what was reported failed is committed"
    return None


def settled(state: State) -> bool:
    """True when nothing is left to be done."""
    return not {"active", "broken", "prepared"} & {state.decider, *state.parts}


def after(state: State, broken: str | None) -> Iterator[State]:
    """All states that one step leads to."""
    yield from _client(state, broken)
    yield from _decision(state, broken)
    for part in PARTS:
        yield from _delivery(state, part)
        yield from _faults(state, part)
    yield from _more_faults(state)
    for number in range(len(state.readers)):
        yield from _recovery(state, number, broken)
    yield from _cleaning(state, broken)


def explored(broken: str | None = None) -> tuple[dict[State, set[State]], str | None]:
    """All states and where they lead, or as many as it took to find something wrong, and what that is."""
    graph: dict[State, set[State]] = {}
    waiting = deque(STARTS)
    while waiting:
        state = waiting.popleft()
        if state in graph:
            continue
        if problem := wrong(state):
            return graph, problem
        graph[state] = set(after(state, broken))
        waiting.extend(each for each in graph[state] if each not in graph)
    return graph, None


def never_settled(graph: dict[State, set[State]]) -> set[State]:
    """The states from which no way leads to one where nothing is left to be done."""
    before: dict[State, set[State]] = {state: set() for state in graph}
    for state, following in graph.items():
        for each in following:
            before[each].add(state)
    good = {state for state in graph if settled(state)}
    waiting = deque(good)
    while waiting:
        for state in before[waiting.popleft()] - good:
            good.add(state)
            waiting.append(state)
    return graph.keys() - good


# --- the client ----------------------------------------------------------------------------------------------------


def _client(state: State, broken: str | None) -> Iterator[State]:
    if state.client == "working":
        yield state._replace(client="preparing", messages=("prepare", "prepare"))
    if state.client == "preparing":
        if all(answer == "ok" for answer in state.answers):
            yield state._replace(client="deciding", asked=True)
            if broken == "parts are committed behind the decision":
                yield state._replace(client="deciding", asked=True, messages=("commit", "commit"))
        if "failed" in state.answers:
            yield _abort(state)
        if broken == "the tag of PREPARE is looked at" and None not in state.answers:
            yield state._replace(client="deciding", asked=True)
    if state.client == "lost":
        yield state._replace(client="over", told="unknown")
        if broken == "an answer that was lost is asked for":
            yield _abort(state)
        row = False if state.row is None else state.row
        yield (_complete if row else _abort)(state._replace(row=row))


def _complete(state: State) -> State:
    messages = tuple(message or "commit" for message in state.messages)
    return state._replace(client="over", told="committed", messages=messages)


def _abort(state: State) -> State:
    """Late PREPAREs stay on their way: a ROLLBACK PREPARED before them finds nothing."""
    messages = tuple(message or "rollback" for message in state.messages)
    decider = "aborted" if state.decider == "active" and not state.asked else state.decider
    return state._replace(client="over", told="failed", messages=messages, decider=decider)


# --- the servers ---------------------------------------------------------------------------------------------------


def _decision(state: State, broken: str | None) -> Iterator[State]:
    """The decider takes the decision and its COMMIT, which are one message."""
    if not state.asked:
        return
    arrived = state._replace(asked=False)
    listens = state.client == "deciding"
    if state.decider != "active":
        yield arrived._replace(client="lost") if listens else arrived
        return
    too_old = state.old and broken != "an old transaction cannot decide"
    if state.row is None and not too_old:
        done = arrived._replace(decider="committed", row=True)
        yield _complete(done) if listens else done
    elif not too_old and broken == "a decision that is there fails the decider's commit":
        done = arrived._replace(decider="committed")
        yield _complete(done) if listens else done
    else:
        done = arrived._replace(decider="aborted")
        yield _abort(done) if listens else done


def _delivery(state: State, part: int) -> Iterator[State]:
    message, found = state.messages[part], state.parts[part]
    if message is None:
        return
    arrived = state._replace(messages=_with(state.messages, part, None))
    if message == "prepare":
        became = {"active": "prepared", "broken": "aborted"}.get(found, found)
        answer = "ok" if became == "prepared" else "failed"
        if state.answers[part] is None:
            arrived = arrived._replace(answers=_with(state.answers, part, answer))
    elif message == "commit":
        became = "committed" if found == "prepared" else found
    else:
        became = "aborted" if found in {"prepared", "active", "broken"} else found
    yield arrived._replace(parts=_with(state.parts, part, became))


def _faults(state: State, part: int) -> Iterator[State]:
    lost = state
    if state.answers[part] is None and state.client == "preparing":
        lost = state._replace(answers=_with(state.answers, part, "failed"))
        yield lost  # the connection is, and PREPARE may still arrive
    if state.messages[part] is not None:
        yield lost._replace(messages=_with(state.messages, part, None))
    if state.parts[part] in {"active", "broken"} and (
        state.client != "dead" or state.messages[part] is None
    ):  # the server dies, or notices that its client has
        yield lost._replace(
            parts=_with(state.parts, part, "aborted"), messages=_with(state.messages, part, None)
        )


def _more_faults(state: State) -> Iterator[State]:
    if state.client not in {"over", "dead"}:
        yield state._replace(client="dead")
    if state.client == "deciding":
        yield state._replace(client="lost")  # and the decision may still arrive
    if state.decider == "active":  # it dies, or notices that its client has
        yield state._replace(
            decider="aborted", asked=False, client="lost" if state.client == "deciding" else state.client
        )


# --- recovery ------------------------------------------------------------------------------------------------------


def _recovery(state: State, number: int, broken: str | None) -> Iterator[State]:
    reader = state.readers[number]
    if reader is None:
        for part in PARTS:
            if state.parts[part] == "prepared":
                yield state._replace(readers=_with(state.readers, number, Reader(part, None)))
        return
    idle = _with(state.readers, number, None)
    yield state._replace(readers=idle)  # it dies
    if reader.committed is None:
        if broken == "recovery inserts an abort before it reads the decision":
            row, read = state.row, bool(state.row)
        else:
            row = read = False if state.row is None else state.row
        yield state._replace(row=row, readers=_with(state.readers, number, Reader(reader.part, read)))
    elif state.parts[reader.part] == "prepared":
        became = "committed" if reader.committed else "aborted"
        yield state._replace(parts=_with(state.parts, reader.part, became), readers=idle)


def _cleaning(state: State, broken: str | None) -> Iterator[State]:
    """Time passes, and decisions are taken away. A client that waits for an answer is long gone by then."""
    if not state.old and state.client != "lost":
        yield state._replace(old=True)
    if not state.old or state.row is None:
        return
    if state.client == "lost" or (state.client == "deciding" and state.row):
        return
    needed = "prepared" in state.parts and broken != "commits are kept while a part is prepared"
    if state.row is False or not needed:
        yield state._replace(row=None)


def _with(values: tuple[T, ...], place: int, value: T) -> tuple[T, ...]:
    return (*values[:place], value, *values[place + 1 :])
