"""Tests on several servers."""

import pytest

pytest.register_assert_rewrite("tests.cluster.same_answers")
