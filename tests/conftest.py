"""The fixtures are plug-ins of their own, one file per kind, each fixture named after what it hands over."""

pytest_plugins = [
    "tests.fix_signals",
    "tests.fix_servers",
    "tests.fix_databases",
    "tests.fix_faults",
    "tests.fix_clusters",
    "tests.fix_declared",
    "tests.fix_accounts",
    "tests.fix_participants",
    "tests.fix_chaos",
    "tests.fix_leftovers",
    "tests.fix_loads",
    "tests.fix_differential",
]
