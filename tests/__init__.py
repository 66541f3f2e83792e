"""Tests of the library, on real PostgreSQL servers.

Properties are tried on the same examples in every run, so that a run says something of a change and not of luck;
``--hypothesis-profile=random`` looks for new ones.
"""

from hypothesis import settings

settings.register_profile("random", settings.get_profile("default"))
settings.register_profile("same", settings.get_profile("default"), derandomize=True)
settings.load_profile("same")
