"""Visits of patients, on a cluster that tests read."""

from __future__ import annotations

from parallel_partition import Cluster

VISITS = """
    CREATE TABLE visits (
        patient_id bigint NOT NULL, visit int NOT NULL, ward text, cost numeric(10, 2), PRIMARY KEY (patient_id, visit)
    )
"""
ROWS = [
    (patient, visit, f"ward {patient % 3}", f"{patient}.{visit}0")
    for patient in range(1, 41)
    for visit in (1, 2)
]


def filled_with_visits(cluster: Cluster) -> Cluster:
    """The same cluster with visits sharded by patient, and wards on all servers."""
    cluster.create_table(VISITS, key="patient_id")
    cluster.create_table("CREATE TABLE wards (ward text PRIMARY KEY, floor int)", reference=True)
    with cluster.connect() as connection:
        connection.cursor().executemany("INSERT INTO visits VALUES (%s, %s, %s, %s)", ROWS)
        connection.cursor().executemany(
            "INSERT INTO wards VALUES (%s, %s)", [("ward 0", 1), ("ward 1", 1), ("ward 2", 2)]
        )
    return cluster


def one(connection, query, params=None):
    return connection.execute(query, params).fetchone()
