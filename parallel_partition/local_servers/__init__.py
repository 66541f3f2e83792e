"""PostgreSQL servers on this machine: programs, accounts, folders, processes. Their face is `local_cluster`."""
