"""Random statements, run on a cluster and on one plain PostgreSQL that hold the same rows: the answers must be equal.

`data` has the tables and their rows, `queries` and `writes` make statements (`expressions` and `sources` their
parts), `compare` tells whether two answers are the same.
"""
