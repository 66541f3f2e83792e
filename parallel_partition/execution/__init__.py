"""Many servers: fan-out, transactions, plans run. The only package with threads."""
