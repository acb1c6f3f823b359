"""The form of production control does not act for long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from model_governance.errors import DecisionRefused
from model_governance.stages.production_control import refuse_stale


def test_an_order_of_long_ago_is_nobodys_who_clears_its_task() -> None:
    now = datetime(2026, 1, 1, 12, tzinfo=UTC)
    refuse_stale(now - timedelta(minutes=59), now)
    with pytest.raises(DecisionRefused, match="counts for 60 minutes"):
        refuse_stale(now - timedelta(minutes=61), now)
