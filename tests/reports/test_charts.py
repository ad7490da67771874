"""Pictures of charts: what is drawn begins where its axis does."""

from __future__ import annotations

import re

from naome_pipeline.reports.documents.pictures import draw


def test_bars_of_what_is_left_begin_at_the_axis_and_leave_room_for_their_number():
    width = 680
    points = [
        {"label": "Delivered", "value": 50_000, "text": "50,000 rows"},
        {"label": "Left", "value": 25_000, "text": "25,000 people"},
        {"label": "Nobody", "value": 0, "text": "0 people"},
    ]
    bars = re.findall(r'd="M(\S+),\S+h(\S+)v13h', draw("remaining", {"points": points}, width=width))
    assert [float(start) for start, _ in bars] == [0, 0, 0]
    longest, half, none = (float(length) for _, length in bars)
    assert (half, none) == (longest / 2, 0)
    assert width / 2 < longest < 0.81 * width
