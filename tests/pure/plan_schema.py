"""The cluster that the planner's cases are planned for."""

from __future__ import annotations

from parallel_partition.catalog.tables import Column, Schema, Table, View

#: Functions of pg_catalog that the cases name, by volatility.
IMMUTABLE = frozenset(
    [
        "bit_xor",
        "regr_count",
        "var_pop",
        "variance",
        "jsonb_agg",
        "jsonb_object_agg",
        "abs",
        "age",
        "upper",
        "lower",
        "length",
        "coalesce",
        "sum",
        "count",
        "avg",
        "min",
        "max",
        "round",
        "substring",
        "position",
        "btrim",
        "trim",
        "extract",
        "date_part",
        "array_agg",
        "string_agg",
        "stddev",
        "percentile_cont",
        "mode",
        "bool_and",
        "bool_or",
        "every",
        "unnest",
        "generate_series",
        "json_object_agg",
        "row_number",
        "rank",
        "lag",
        "any_value",
        "to_hex",
        "xmlagg",
        "int4",
    ]
)
STABLE = frozenset(
    [
        "now",
        "statement_timestamp",
        "age",
        "concat",
        "date_trunc",
        "to_char",
        "row_to_json",
        "to_jsonb",
        "json_agg",
        "current_setting",
        "query_to_xml",
        "txid_current",
        "timezone",
        "current_database",
    ]
)
VOLATILE = frozenset(
    [
        "random",
        "nextval",
        "currval",
        "setval",
        "clock_timestamp",
        "set_config",
        "pg_sleep",
        "gen_random_uuid",
        "pg_total_relation_size",
        "ts_stat",
    ]
)
AGGREGATES = frozenset(
    [
        "bit_xor",
        "regr_count",
        "var_pop",
        "variance",
        "jsonb_agg",
        "jsonb_object_agg",
        "sum",
        "count",
        "avg",
        "min",
        "max",
        "array_agg",
        "string_agg",
        "stddev",
        "percentile_cont",
        "mode",
        "bool_and",
        "bool_or",
        "every",
        "json_agg",
        "json_object_agg",
        "any_value",
        "xmlagg",
    ]
)


def _columns(**types: str) -> tuple[Column, ...]:
    return tuple(Column(name, type, 0) for name, type in types.items())


TABLES = (
    Table(
        "public",
        "orders",
        "sharded",
        (
            *_columns(id="bigint", customer="bigint", state="text", total="numeric(10,2)", placed="date"),
            Column("tag", "text", 25, collation='"C"'),
        ),
        ("id",),
        ("integer",),
        ("id",),
        (("id",),),
    ),
    Table(
        "public",
        "lines",
        "sharded",
        _columns(order_id="bigint", line="integer", product="integer", qty="integer", weight="real"),
        ("order_id",),
        ("integer",),
        ("order_id", "line"),
        (("order_id", "line"),),
    ),
    Table(
        "public",
        "trips",
        "sharded",
        _columns(plane="character varying(5)", day="date", minutes="integer", mood="mood", days="integer[]"),
        ("plane",),
        ("text",),
    ),
    Table(
        "public",
        "events",
        "sharded",
        _columns(tenant="text", day="date", kind="text"),
        ("tenant", "day"),
        ("text", "date"),
    ),
    Table(
        "sales",
        "deals",
        "sharded",
        _columns(id="uuid", amount="numeric"),
        ("id",),
        ("uuid",),
        ("id",),
        (("id",),),
    ),
    Table(
        "public",
        "numbered",
        "sharded",
        (
            Column("id", "bigint", 20, sequence="public.numbered_id_seq", identity="always"),
            Column("kg", "numeric(6,2)", 1700, default="1.5"),
            Column("at", "timestamp with time zone", 1184, default="now()"),
        ),
        ("kg",),
        ("numeric",),
    ),
    Table(
        "public",
        "products",
        "reference",
        (
            *_columns(id="integer", name="text", price="numeric"),
            Column("stocked", "boolean", 16, default="true"),
            Column("kind", "text", 25, default="'plain'::text"),
        ),
        primary_key=("id",),
        unique=(("id",),),
    ),
    Table(
        "public",
        "shops",
        "reference",
        (*_columns(code="text"), Column("opened", "date", 1082, default="CURRENT_DATE")),
        primary_key=("code",),
        unique=(("code",),),
    ),
)

SCHEMA = Schema(
    {(table.schema, table.name): table for table in TABLES},
    1,
    VOLATILE,
    STABLE,
    AGGREGATES,
    frozenset({"row_number", "rank", "lag"}),
    IMMUTABLE | STABLE | VOLATILE,
    {
        ("public", "recent_orders"): View(
            "orders", " SELECT id,\n    total\n   FROM public.orders\n  WHERE state = 'new'::text;", "1/700"
        ),
        ("public", "kept_orders"): View("orders", " SELECT id FROM public.orders;", "2/701", stored=True),
        ("other", "summed"): View("orders", "SELECT count(*) AS n FROM public.recent_orders", "3/702"),
    },
)
