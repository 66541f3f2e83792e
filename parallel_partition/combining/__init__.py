"""Many answers into one: rows in, rows out, nothing else."""
