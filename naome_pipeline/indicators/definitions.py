"""The registry as a table, one row per indicator, with its availability in one delivery.

What belongs here: the columns of that table. What does not: the definitions (`registry.yaml`).
"""

from __future__ import annotations

from collections.abc import Mapping, Set

import pandas as pd

from naome_pipeline.indicators.registry import Registry, availability, registry


def definitions_table(
    feed: str, supplied: Mapping[str, Set[str]], definitions: Registry | None = None
) -> pd.DataFrame:
    """Columns: indicator, position, title, goal, goal_title, kind, cohort, measure, denominator_text,
    numerator_text, direction, follow_up_days, variant_of, completeness_indicator, risk_adjustment, guideline,
    construction, extension, available, status, reason."""
    definitions = definitions or registry()
    available = {entry.indicator: entry for entry in availability(feed, supplied, definitions)}
    return pd.DataFrame(
        [
            {
                "indicator": indicator.id,
                "position": position,
                "title": indicator.title,
                "goal": indicator.goal,
                "goal_title": definitions.goals[indicator.goal],
                "kind": indicator.kind,
                "cohort": indicator.cohort,
                "measure": indicator.measure,
                "denominator_text": indicator.denominator.text,
                "numerator_text": indicator.numerator.text,
                "direction": indicator.direction,
                "follow_up_days": indicator.follow_up_days,
                "variant_of": indicator.variant_of,
                "completeness_indicator": indicator.completeness,
                "risk_adjustment": indicator.risk_adjustment,
                "guideline": indicator.guideline,
                "construction": indicator.construction,
                "extension": indicator.extension,
                "available": available[indicator.id].available,
                "status": available[indicator.id].status,
                "reason": available[indicator.id].reason,
            }
            for position, indicator in enumerate(definitions.indicators.values(), start=1)
        ]
    )
