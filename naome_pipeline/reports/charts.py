"""The charts, each drawn once as a Vega-Lite specification: interactive in the browser, pictures in documents.

What belongs here: how a chart looks and which fields it reads. What does not: choosing the numbers, or the table that
stands behind each chart (`dashboard.py` and the page itself).

A specification names its data sets and leaves them empty; whoever draws it fills them. `pointed` takes the rows of `points`
that a reader points at, which get a ring. A row whose value is missing leaves a gap in its line. Proportions are 0 to 1. Shape,
dash or words carry the meaning and colour only repeats it; colours come from a theme, so that one chart serves light
and dark.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Literal

import altair as alt

ThemeName = Literal["light", "dark"]
LIMITS, POINTS, POINTED, REFERENCE = "limits", "points", "pointed", "reference"
FONT = "Arial, Helvetica, sans-serif"
DOCUMENT_FONT = "Source Sans Pro, Arial, sans-serif"
# The state of a trust in a funnel, and the shape that says it without colour.
STATE_SHAPES = {
    "within": "circle",
    "alert": "diamond",
    "potential outlier": "triangle-up",
    "not assessed": "cross",
}
# Who a line is about in a run chart of several, and the dash and shape that say so.
ROLES = {
    "own": ("circle", [1, 0]),
    "peer": ("diamond", [8, 3]),
    "alliance": ("square", [4, 3]),
    "nation": ("triangle-up", [1.5, 3]),
    "other_nation": ("triangle-down", [6, 2, 1.5, 2]),
    "both": ("cross", [10, 2]),
}
MARKED_SHAPES = {
    "improvement": "triangle-up",
    "concern": "triangle-down",
    "high": "diamond",
    "low": "diamond",
}
_COLOURS: Mapping[str, Mapping[str, str]] = {
    "light": {
        "ink": "#212b32", "quiet": "#4c6272", "rule": "#d8dde0", "own": "#005eb8", "other": "#4c6272", "lit": "#ae2573",
        "band": "#768692", "paper": "#ffffff",
    },
    "dark": {
        "ink": "#f0f4f5", "quiet": "#b7c3cc", "rule": "#3d4c58", "own": "#7ab8f5", "other": "#b7c3cc", "lit": "#ff9fd0",
        "band": "#97a6b1", "paper": "#14202b",
    },
}  # fmt: skip


def theme(name: ThemeName) -> dict[str, Any]:
    """Colours, type and the named styles of marks, as a Vega-Lite configuration."""
    c = _COLOURS[name]
    return {
        "background": "transparent",
        "font": FONT,
        "view": {"stroke": None},
        "axis": {
            "labelColor": c["ink"], "titleColor": c["ink"], "gridColor": c["rule"], "domainColor": c["band"],
            "tickColor": c["band"], "labelFontSize": 13, "titleFontSize": 13, "titleFontWeight": "normal",
            "labelFont": FONT, "titleFont": FONT,
        },
        "style": {
            "value": {"color": c["own"], "strokeWidth": 2.5},
            "own": {"color": c["own"], "opacity": 1},
            "other": {"color": c["other"], "fill": c["paper"], "strokeWidth": 1.5, "opacity": 1},
            "otherline": {"color": c["other"], "strokeWidth": 1.5},
            "centre": {"color": c["ink"], "strokeWidth": 1.5, "strokeDash": [7, 4]},
            "inner": {"color": c["band"], "strokeWidth": 1.5, "strokeDash": [3, 3]},
            "outer": {"color": c["band"], "strokeWidth": 1.5},
            "smooth": {"color": c["quiet"], "strokeWidth": 1.5, "strokeDash": [1.5, 3]},
            "marked": {"color": c["lit"], "stroke": c["paper"], "strokeWidth": 1, "opacity": 1},
            "lit": {"color": c["lit"], "stroke": c["ink"], "strokeWidth": 2, "opacity": 1},
            "label": {"color": c["ink"], "font": FONT, "fontSize": 13, "fontWeight": "bold"},
            "halo": {
                "stroke": c["paper"], "strokeWidth": 4, "fill": c["paper"], "font": FONT, "fontSize": 13, "fontWeight": "bold",
            },
            "pointed": {"color": c["ink"], "fill": "transparent", "strokeWidth": 2.5, "opacity": 1},
            "bar": {"color": c["own"], "strokeWidth": 2},
        },
    }  # fmt: skip


def _x_of_periods() -> alt.X:
    return alt.X("period:O", sort=None, title=None, axis=alt.Axis(labelAngle=-45, labelOverlap=True))


def _share(field: str, title: str) -> alt.Y:
    return alt.Y(
        f"{field}:Q",
        title=title,
        scale=alt.Scale(zero=False, nice=True),
        axis=alt.Axis(format=".0%", tickMinStep=0.01),
    )


def _pointed(x: alt.X, y: alt.Y) -> alt.Chart:
    return alt.Chart(alt.NamedData(name=POINTED)).mark_point(style="pointed", size=260).encode(x=x, y=y)


def run_chart() -> alt.LayerChart:
    """A value over time with centre, limits, moving average and special causes.

    Data `points`: period, value, centre, lower, upper, moving_average, marked (a name of MARKED_SHAPES or empty).
    """
    base = alt.Chart(alt.NamedData(name=POINTS)).encode(x=_x_of_periods())

    def line(field: str, style: str) -> alt.Chart:
        return base.mark_line(style=style, interpolate="linear").encode(y=_share(field, "Share of people"))

    dots = base.mark_point(style="own", size=45, filled=True).encode(y=_share("value", "Share of people"))
    marked = (
        base.mark_point(style="marked", size=190, filled=True)
        .encode(
            y=_share("value", "Share of people"),
            shape=alt.Shape(
                "marked:N",
                scale=alt.Scale(domain=list(MARKED_SHAPES), range=list(MARKED_SHAPES.values())),
                legend=None,
            ),
        )
        .transform_filter("datum.marked !== ''")
    )
    return _sized(
        alt.layer(
            line("lower", "outer"), line("upper", "outer"), line("centre", "centre"), line("moving_average", "smooth"),
            line("value", "value"), dots, marked,
            _pointed(_x_of_periods(), _share("value", "Share of people")),
        )
    )  # fmt: skip


def comparison_over_time() -> alt.LayerChart:
    """Several units over time. Data `points`: period, role (a name of ROLES), value; `limits`: period, lower, upper."""
    shown = alt.Chart(alt.NamedData(name=POINTS)).encode(x=_x_of_periods(), detail="role:N")
    bounds = alt.Chart(alt.NamedData(name=LIMITS)).encode(x=_x_of_periods())
    roles, title = list(ROLES), "Share of people"
    dash = alt.StrokeDash(
        "role:N", scale=alt.Scale(domain=roles, range=[d for _, d in ROLES.values()]), legend=None
    )
    shape = alt.Shape(
        "role:N", scale=alt.Scale(domain=roles, range=[s for s, _ in ROLES.values()]), legend=None
    )
    own, others = "datum.role === 'own'", "datum.role !== 'own'"
    y = _share("value", title)
    return _sized(
        alt.layer(
            bounds.mark_line(style="outer").encode(y=_share("lower", title)),
            bounds.mark_line(style="outer").encode(y=_share("upper", title)),
            shown.mark_line(style="otherline").encode(y=y, strokeDash=dash).transform_filter(others),
            shown.mark_point(style="other", size=50).encode(y=y, shape=shape).transform_filter(others),
            shown.mark_line(style="value").encode(y=y).transform_filter(own),
            shown.mark_point(style="own", size=60, filled=True).encode(y=y).transform_filter(own),
            _pointed(_x_of_periods(), y),
        )
    )


def funnel() -> alt.LayerChart:
    """Trusts against the nation by size, with 95% and 99.8% limits and one trust lit.

    Data `points`: size, value, state (a name of STATE_SHAPES), lit, below (where its name goes), label; `limits`: size,
    target, lower_998, lower_95, upper_95, upper_998. Values are proportions, or observed over expected; the
    signal `shares` says which.
    """
    x = alt.X(
        "size:Q",
        title="People, or people expected",
        scale=alt.Scale(zero=False, nice=True),
        axis=alt.Axis(labelOverlap=True),
    )
    form = alt.Axis(
        labelExpr="shares ? format(datum.value, '.0%') : format(datum.value, '.2f')",
        title=None,
        tickMinStep=0.01,
    )

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", scale=alt.Scale(zero=False, nice=True), axis=form)

    bounds = alt.Chart(alt.NamedData(name=LIMITS)).encode(x=x)
    trusts = alt.Chart(alt.NamedData(name=POINTS)).encode(x=x, y=y("value"))
    shape = alt.Shape(
        "state:N",
        scale=alt.Scale(domain=list(STATE_SHAPES), range=list(STATE_SHAPES.values())),
        legend=None,
    )
    lines = [
        bounds.mark_line(style=style).encode(y=y(field))
        for field, style in (
            ("lower_998", "outer"), ("upper_998", "outer"), ("lower_95", "inner"), ("upper_95", "inner"), ("target", "centre"),
        )
    ]  # fmt: skip
    others = trusts.mark_point(style="other", size=70).encode(shape=shape).transform_filter("!datum.lit")
    lit = trusts.mark_point(style="lit", size=220, filled=True).encode(shape=shape)
    # A name runs towards the middle of the chart, that of a peer below its sign: neither is cut off, nor covers the other.
    place: dict[str, Any] = {
        "align": alt.expr("scale('x', datum.size) < width / 2 ? 'left' : 'right'"),
        "dy": alt.expr("datum.below ? 24 : -16"),
        "limit": alt.expr("width * 0.55"),
    }
    halo, name = (
        trusts.mark_text(style=style, **place).encode(text="label:N").transform_filter("datum.lit")
        for style in ("halo", "label")
    )
    chart = alt.layer(
        *lines,
        others,
        lit.transform_filter("datum.lit"),
        halo,
        name,
        _pointed(x, y("value")),
    )
    return _sized(chart).add_params(alt.param(name="shares", value=True))


def intervals(label_limit: int = 210, step: int = 26) -> alt.LayerChart:
    """One row per unit or group: value and 95% interval, and a dashed line to compare with; `step`: pixels per row.

    Data `points`: label, value, lower, upper; `reference`: value (one row or none).
    """
    x = alt.Scale(domain=[0, 1])
    rows = alt.Chart(alt.NamedData(name=POINTS)).encode(
        y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(labelLimit=label_limit, ticks=False))
    )
    bars = rows.mark_rule(style="bar").encode(
        x=alt.X("lower:Q", scale=x, title="Share of people", axis=alt.Axis(format=".0%")), x2="upper:Q"
    )
    dots = rows.mark_point(style="own", size=70, filled=True).encode(x=alt.X("value:Q", scale=x))
    line = alt.Chart(alt.NamedData(name=REFERENCE)).mark_rule(style="centre")
    ring = _pointed(alt.X("value:Q", scale=x), alt.Y("label:N", sort=None))
    layers = alt.layer(line.encode(x=alt.X("value:Q", scale=x)), bars, dots, ring)
    return _sized(layers, height=alt.Step(step))


def panels() -> alt.FacetChart:
    """The same units in several panels side by side, one per measure, each with a tick at the figure of the whole.

    Data `points`: panel (lines between line feeds), place (of the panel), label, value, lower, upper, whole.
    """
    x = alt.Scale(domain=[0, 1])
    rows = alt.Chart().encode(
        y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(labelLimit=300, ticks=False))
    )
    axis = alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1])
    whole = rows.mark_tick(style="outer", thickness=2, size=17, orient="vertical").encode(
        x=alt.X("whole:Q", scale=x)
    )
    bars = rows.mark_rule(style="bar").encode(
        x=alt.X("lower:Q", scale=x, title=None, axis=axis), x2="upper:Q"
    )
    dots = rows.mark_point(style="own", size=45, filled=True).encode(x=alt.X("value:Q", scale=x))
    header = alt.Header(
        title=None, labelFontSize=13, labelFont=DOCUMENT_FONT, labelFontWeight="bold",
        labelExpr="split(datum.value, '\\n')",
    )  # fmt: skip
    return (
        alt.layer(whole, bars, dots)
        .properties(width=165, height=alt.Step(17))
        .facet(
            column=alt.Column("panel:N", sort=alt.EncodingSortField("place", op="min"), header=header),
            data=alt.NamedData(name=POINTS),
            spacing=16,
        )
    )


def values_at_times(title: str, *, legend_columns: int = 3) -> alt.LayerChart:
    """Values with 95% intervals at a few times, one series per group told by shape and dash.

    Data `points`: time (a label), group, value, lower, upper. Series stand side by side, so that no interval hides another.
    `legend_columns`: 2 where names of groups are long, since a legend is cut at the edge of its chart.
    """
    base = alt.Chart(alt.NamedData(name=POINTS)).encode(
        x=alt.X("time:N", sort=None, title=title, axis=alt.Axis(labelAngle=0)),
        xOffset=alt.XOffset("group:N", sort=None),
    )
    y = alt.Y(
        "value:Q",
        title="Share of people",
        scale=alt.Scale(zero=True, nice=True),
        axis=alt.Axis(format=".0%", tickCount=5),
    )
    shape = alt.Shape(
        "group:N", sort=None, title=None,
        scale=alt.Scale(range=["circle", "square", "triangle-up", "diamond", "triangle-down", "cross"]),
        legend=alt.Legend(
            orient="bottom", columns=legend_columns, labelLimit=420, labelFontSize=13, labelFont=DOCUMENT_FONT, symbolSize=90
        ),
    )  # fmt: skip
    bars = base.mark_rule(style="bar").encode(y=alt.Y("lower:Q"), y2="upper:Q")
    dots = base.mark_point(style="own", size=75, filled=True).encode(y=y, shape=shape)
    return _sized(alt.layer(bars, dots), height=190)


def remaining() -> alt.LayerChart:
    """What is left after each step, as bars with their number. Data `points`: label, value, text."""
    rows = alt.Chart(alt.NamedData(name=POINTS)).encode(
        y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(labelLimit=330, ticks=False))
    )
    x = alt.X("value:Q", title=None, axis=None, scale=alt.Scale(domainMin=0, nice=False))
    # Nothing is seen of this layer: it takes the axis to where the number beside the longest bar has room.
    room = rows.transform_calculate(room="1.25 * datum.value").mark_point(opacity=0).encode(x="room:Q")
    bars = rows.mark_bar(style="own", height=13).encode(x=x)
    said = rows.mark_text(style="label", align="left", dx=5).encode(x=x, text="text:N")
    return _sized(alt.layer(bars, said, room), height=alt.Step(22))


def horizons() -> alt.LayerChart:
    """Shares at fixed times after diagnosis with 95% intervals, units side by side.

    Data `points`: time (words), role (a name of ROLES), value, lower, upper.
    """
    roles = list(ROLES)
    rows = alt.Chart(alt.NamedData(name=POINTS)).encode(
        x=alt.X("time:O", sort=None, title=None, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
        xOffset=alt.XOffset("role:N", sort=roles),
    )
    y = alt.Y("value:Q", title="Share of people", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format=".0%"))
    shape = alt.Shape(
        "role:N", scale=alt.Scale(domain=roles, range=[s for s, _ in ROLES.values()]), legend=None
    )
    bars = rows.mark_rule(style="bar").encode(y=alt.Y("lower:Q"), y2="upper:Q")
    dots = rows.mark_point(style="own", size=130, filled=True).encode(y=y, shape=shape)
    ring = (
        alt.Chart(alt.NamedData(name=POINTED))
        .mark_point(style="pointed", size=260)
        .encode(
            x=alt.X("time:O", sort=None),
            xOffset=alt.XOffset("role:N", sort=roles),
            y=y,
        )
    )
    return _sized(alt.layer(bars, dots, ring))


def ratios() -> alt.LayerChart:
    """One row per label: a ratio and its 95% interval on a scale of multiples, with a line at 1.

    Data `points`: label, value, lower, upper, all above 0.
    """
    x = alt.Scale(type="log", nice=False)
    rows = alt.Chart(alt.NamedData(name=POINTS)).encode(
        y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(labelLimit=330, ticks=False))
    )
    bars = rows.mark_rule(style="bar").encode(
        x=alt.X(
            "lower:Q", scale=x, title="Ratio (1: no difference)", axis=alt.Axis(format="~g", tickCount=6)
        ),
        x2="upper:Q",
    )
    dots = rows.mark_point(style="own", size=70, filled=True).encode(x=alt.X("value:Q", scale=x))
    line = alt.Chart(alt.NamedData(name=REFERENCE)).mark_rule(style="centre")
    ring = _pointed(alt.X("value:Q", scale=x), alt.Y("label:N", sort=None))
    layers = alt.layer(line.encode(x=alt.X("value:Q", scale=x)), bars, dots, ring)
    return _sized(layers, height=alt.Step(26))


def calibration() -> alt.LayerChart:
    """Groups of people by predicted risk: what a model predicts across, what happened upwards, with the line of agreement.

    Data `points`: predicted, value, lower, upper; `limits`: the two ends of the line, predicted and value.
    """
    whole = alt.Scale(domain=[0, 1])
    axis = alt.Axis(format=".0%")
    x = alt.X("predicted:Q", title="Predicted by the model", scale=whole, axis=axis)
    y = alt.Y("value:Q", title="What happened", scale=whole, axis=axis)
    rows = alt.Chart(alt.NamedData(name=POINTS)).encode(x=x)
    line = alt.Chart(alt.NamedData(name=LIMITS)).mark_line(style="centre").encode(x=x, y=y)
    bars = rows.mark_rule(style="bar").encode(y=alt.Y("lower:Q", scale=whole), y2="upper:Q")
    dots = rows.mark_point(style="own", size=70, filled=True).encode(y=y)
    return _sized(alt.layer(line, bars, dots, _pointed(x, y)))


def _sized(chart: Any, height: Any = 300) -> alt.LayerChart:
    return chart.properties(
        width=600, height=height, autosize=alt.AutoSizeParams(type="fit-x", contains="padding")
    )


CHARTS: Mapping[str, Callable[[], alt.LayerChart]] = {
    "run_chart": run_chart,
    "comparison_over_time": comparison_over_time,
    "funnel": funnel,
    "intervals": intervals,
    "horizons": horizons,
    "ratios": ratios,
    "calibration": calibration,
}

# Those that documents alone show: a dashboard carries its own.
DOCUMENT_CHARTS: Mapping[str, Callable[[], alt.LayerChart | alt.FacetChart]] = {
    "funnel": funnel,
    "intervals": lambda: intervals(label_limit=380, step=19),
    "panels": panels,
    "remaining": remaining,
    "after_diagnosis": lambda: values_at_times("Time since diagnosis"),
    "by_year": lambda: values_at_times("Year of diagnosis", legend_columns=2),
}


def document_specification(name: str) -> dict[str, Any]:
    """A chart for documents as a Vega-Lite specification in its light theme; KeyError for a chart there is none of."""
    content = DOCUMENT_CHARTS[name]().to_dict()
    content["config"] = theme("light")
    return content


def specification(name: str, theme_name: ThemeName) -> dict[str, Any]:
    """A chart as a Vega-Lite specification with its theme; KeyError for a chart there is none of."""
    return {**_unthemed(name), "config": theme(theme_name)}


@cache
def _unthemed(name: str) -> dict[str, Any]:
    """A chart without its theme, made and checked against the schema of Vega-Lite once."""
    return CHARTS[name]().to_dict()
