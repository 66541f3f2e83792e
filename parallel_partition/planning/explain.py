"""What a plan is, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from parallel_partition.catalog.key_text import NotProven
from parallel_partition.catalog.shard_map import ShardMap
from parallel_partition.planning.plan import (
    InsertPlan,
    LocalPlan,
    ModifyPlan,
    Plan,
    ReferencePlan,
    ReferenceWritePlan,
    Refusal,
    SelectPlan,
    SettingPlan,
    Split,
    SplitDraft,
    Whole,
)
from parallel_partition.planning.prune import key_texts, partitions
from parallel_partition.statements import Parameter

#: Partitions that are listed by number before the list is cut.
_LISTED = 8


def explain(
    plan: Plan,
    parameters: Sequence[Parameter],
    shard_map: ShardMap,
    servers: Sequence[str],
    split: Split | None = None,
) -> dict[str, Any]:
    """Say what a plan does for these parameters.

    Parameters
    ----------
    servers : all servers in order, the catalog's first
    split : the finished split of a plan that has one

    Returns
    -------
    ``strategy``, ``reason``, ``partitions`` ("3 of 32 partitions: 1, 5, 9", absent where none are meant),
    ``servers`` (the SQL for each), and for a split ``merge`` (the SQL of the merge session).
    """
    match plan:
        case SelectPlan():
            return _select(plan, parameters, shard_map, servers, split)
        case InsertPlan():
            return _insert(plan, parameters, shard_map)
        case ModifyPlan():
            return _modify(plan, parameters, shard_map, servers)
        case ReferenceWritePlan():
            return _said("every server", plan.reason, dict.fromkeys(servers, plan.query.text))
        case SettingPlan():
            return _said("every server", plan.reason, dict.fromkeys(servers, plan.text))
        case ReferencePlan() | LocalPlan():
            return _said("one server", plan.reason, {servers[0]: plan.text})
    return _said("transaction", f"{plan.action} on every server that the transaction uses", {})


def _said(strategy: str, reason: str, texts: dict[str, str], parts: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"strategy": strategy, "reason": reason}
    if parts is not None:
        found["partitions"] = parts
    return found | {"servers": texts}


def _select(
    plan: SelectPlan,
    parameters: Sequence[Parameter],
    shard_map: ShardMap,
    servers: Sequence[str],
    split: Split | None,
) -> dict[str, Any]:
    parts = partitions(plan.condition, parameters, shard_map)
    homes = _homes(parts, shard_map, servers)
    listed = _listed(parts, shard_map)
    if len(homes) == 1:
        return _said("one server", plan.one_reason, {homes[0]: plan.one.text}, listed)
    match plan.many:
        case Whole(shard):
            return _said(plan.strategy, plan.reason, dict.fromkeys(homes, shard.text), listed)
        case Refusal(message):
            return _said("refused", message, {}, listed)
        case SplitDraft(probe):
            text = probe.text if split is None else split.partial.text
            found = _said(plan.strategy, plan.reason, dict.fromkeys(homes, text), listed)
            return found if split is None else found | {"merge": split.merge.text}


def _homes(parts: frozenset[int] | None, shard_map: ShardMap, servers: Sequence[str]) -> list[str]:
    if parts is None:
        used = {shard_map.home_of(part) for part in range(1, shard_map.num_partitions + 1)}
    else:
        used = {shard_map.home_of(part) for part in parts} or {servers[0]}
    return [server for server in servers if server in used]


def _listed(parts: frozenset[int] | None, shard_map: ShardMap) -> str:
    total = shard_map.num_partitions
    if parts is None:
        return f"{total} of {total} partitions"
    shown = ", ".join(str(part) for part in sorted(parts)[:_LISTED])
    more = ", ..." if len(parts) > _LISTED else ""
    return f"{len(parts)} of {total} partitions" + (f": {shown}{more}" if parts else "")


def _insert(plan: InsertPlan, parameters: Sequence[Parameter], shard_map: ShardMap) -> dict[str, Any]:
    texts: dict[str, str] = {}
    parts: set[int] = set()
    for row, key in zip(plan.rows, plan.keys, strict=True):
        try:
            part = shard_map.part_of_texts(key_texts(key, parameters))
        except NotProven as reason:
            return _said("refused", f"the partition of a row cannot be told from its key: {reason}", {})
        parts.add(part)
        home = shard_map.home_of(part)
        texts[home] = f"{texts[home]}, {row}, {part})" if home in texts else f"{plan.head} {row}, {part})"
    texts = {home: f"{text} {plan.tail}".rstrip() for home, text in texts.items()}
    if len(texts) > 1 and plan.refusal is not None:
        return _said("refused", plan.refusal.message, {}, _listed(frozenset(parts), shard_map))
    return _said("by key", plan.reason, texts, _listed(frozenset(parts), shard_map))


def _modify(
    plan: ModifyPlan, parameters: Sequence[Parameter], shard_map: ShardMap, servers: Sequence[str]
) -> dict[str, Any]:
    parts = partitions(plan.condition, parameters, shard_map)
    homes = _homes(parts, shard_map, servers)
    listed = _listed(parts, shard_map)
    if len(homes) > 1 and plan.refusal is not None:
        return _said("refused", plan.refusal.message, {}, listed)
    strategy = "one server" if len(homes) == 1 else "whole"
    return _said(strategy, plan.reason, dict.fromkeys(homes, plan.query.text), listed)


def explain_text(found: dict[str, Any]) -> str:
    """What `explain` returned, as lines for people; the same SQL for several servers is shown once."""
    lines = [f"strategy    {found['strategy']}", f"reason      {found['reason']}"]
    if "partitions" in found:
        lines.append(f"partitions  {found['partitions']}")
    by_text: dict[str, list[str]] = {}
    for server, text in found["servers"].items():
        by_text.setdefault(text, []).append(server)
    for text, names in by_text.items():
        lines += [f"on {', '.join(names)}:", *(f"    {line}" for line in text.splitlines())]
    if "merge" in found:
        lines += ["merge:", *(f"    {line}" for line in found["merge"].splitlines())]
    return "\n".join(lines)
