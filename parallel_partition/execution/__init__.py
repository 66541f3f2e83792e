"""Many servers: fan-out, transactions, plans run. The only package with threads."""

from parallel_partition.execution import large_stack as large_stack  # the parser reads long SQL there
