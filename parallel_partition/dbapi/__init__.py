"""The drop-in connection: PEP 249 with psycopg's classes, over all servers of a cluster."""
