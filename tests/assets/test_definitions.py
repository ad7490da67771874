"""The code location: what is in the DAG, what triggers it, what each node tells the UI."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import dagster as dg
import pytest

from assets.assembly import build_defs
from assets.automation import due_quarter
from assets.feeds import FEEDS, nodes
from assets.partitions import partitions_of, quarters
from assets.reports import open_data
from assets.reports.output import report_node
from assets.resources import PipelineResource
from naome_pipeline.deliveries.receiving import receive_delivery
from naome_pipeline.lake import Scope
from naome_pipeline.reports.open_data import write_open_data
from naome_pipeline.synthetic import write_delivery

SNAPSHOT = Path(__file__).with_name("asset_graph.json")
UPDATE = "python -m tests.assets.snapshot"


@pytest.fixture(scope="module")
def defs() -> dg.Definitions:
    return build_defs()


def graph_of(defs: dg.Definitions) -> dict:
    graph = defs.resolve_asset_graph()
    return {
        "assets": {
            key.to_user_string(): {
                "group": graph.get(key).group_name,
                "deps": sorted(parent.to_user_string() for parent in graph.get(key).parent_keys),
            }
            for key in sorted(graph.get_all_asset_keys())
        },
        "jobs": sorted(job.name for job in defs.resolve_all_job_defs() if not job.name.startswith("__")),
        "schedules": {
            s.name: [s.cron_schedule, s.execution_timezone]
            for s in defs.schedules or []
            if isinstance(s, dg.ScheduleDefinition)
        },
        "sensors": {s.name: s.minimum_interval_seconds for s in defs.sensors or []},
    }


def test_graph_is_as_reviewed(defs):
    assert graph_of(defs) == json.loads(SNAPSHOT.read_text(encoding="utf-8")), (
        f"the asset graph changed; if that is meant, renew the snapshot: {UPDATE}"
    )


def test_definitions_can_be_loaded(defs):
    dg.Definitions.validate_loadable(defs)


def test_every_node_says_what_it_is(defs):
    graph = defs.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert len(node.description or "") > 40, key
        assert node.owners == ["team:national-audit"], key
        assert node.kinds, key
        assert node.code_version, key
        assert node.is_partitioned, key
        assert graph.get_check_keys_for_assets({key}), key


def test_arrows_run_from_left_to_right(defs):
    graph = defs.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        for parent in node.parent_keys:
            assert graph.get(parent).group_name <= node.group_name, (parent, key)


def test_reports_depend_on_released_tables_only():
    for feed in FEEDS:
        layers = {node.name: node.layer for node in nodes(feed)}
        for node in nodes(feed):
            if node.layer == "reports" and node.name != "publication":
                assert {layers[name] for name in node.inputs} == {"release"}, (feed, node.name)


@pytest.mark.parametrize("feed", ["england_annual", "wales_annual"])
def test_a_part_of_a_joint_feed_compares_and_publishes_nothing(feed):
    layers = {node.name: node.layer for node in nodes(feed)}
    assert not {"release", "confidential", "reports"} & {
        layer for name, layer in layers.items() if name != "publication"
    }
    assert {name for name, layer in layers.items() if layer == "outcomes"} == {"treating_trusts"}


def test_a_joint_feed_makes_no_person_again_it_unites_the_tables_of_its_parts(defs):
    graph = defs.resolve_asset_graph()
    for node in nodes("annual"):
        parents = graph.get(dg.AssetKey(["annual", node.name])).parent_keys
        assert {key.path[0] for key in parents} <= {"annual", "england_annual", "wales_annual"}
        assert node.layer != "sources" or node.united
    people = graph.get(dg.AssetKey(["annual", "people"])).parent_keys
    assert {dg.AssetKey([part, "people"]) for part in ("england_annual", "wales_annual")} <= set(people)


def test_a_node_of_one_cadence_is_in_the_feeds_of_that_cadence_only(monkeypatch):
    yearly = report_node("open_data", "Open data, in yearly feeds only.", write_open_data, cadence="year")
    monkeypatch.setattr(open_data, "node", yearly)
    nodes.cache_clear()
    try:
        found = {feed: "open_data" in [node.name for node in nodes(feed)] for feed in FEEDS}
        published = {feed: "open_data" in nodes(feed)[-1].inputs for feed in FEEDS}
    finally:
        nodes.cache_clear()
    assert found == published
    assert found == {feed: feed == "annual" for feed in FEEDS}


def test_every_nation_has_the_same_nodes(defs):
    england, wales = ({node.name for node in nodes(feed)} for feed in ("england_annual", "wales_annual"))
    assert england == wales
    jobs = {job.name for job in defs.resolve_all_job_defs()}
    assert {"wales_annual_refresh", "annual_refresh"} <= jobs
    for feed in ("wales_annual", "annual"):
        assert defs.resolve_schedule_def(f"{feed}_schedule").cron_schedule == "0 6 15 9 *"
        keys = partitions_of(feed).get_partition_keys(current_time=dt.datetime(2025, 10, 1, tzinfo=dt.UTC))
        assert keys[-2:] == ["2024-01-01", "2025-01-01"]


def test_a_welsh_delivery_starts_a_welsh_run(defs, tmp_path):
    pipeline = PipelineResource(home=str(tmp_path))
    write_delivery(tmp_path / "delivery", people=200, feed="wales_annual", period="2023", volume=0.0)
    receive_delivery(tmp_path / "delivery", pipeline.locate().create().landing)
    schedule = defs.resolve_schedule_def("wales_annual_schedule").evaluate_tick(
        dg.build_schedule_context(
            scheduled_execution_time=dt.datetime(2025, 9, 15, 6, tzinfo=dt.UTC),
            resources={"pipeline": pipeline},
            repository_def=defs.get_repository_def(),
        )
    )
    assert [run.partition_key for run in schedule.run_requests or []] == ["2023-01-01"]
    with dg.instance_for_test() as instance:
        context = dg.build_sensor_context(
            instance=instance,
            resources={"pipeline": pipeline},
            sensor_name="wales_annual_arrivals",
            repository_def=defs.get_repository_def(),
        )
        arrived = defs.resolve_sensor_def("wales_annual_arrivals").evaluate_tick(context)
    assert [(run.partition_key, run.tags["delivery"]) for run in arrived.run_requests or []] == [
        ("2023-01-01", "wales_annual 2023 v1")
    ]


def test_partition_keys_are_first_days_of_quarters():
    keys = quarters.get_partition_keys(current_time=dt.datetime(2026, 1, 20, tzinfo=dt.UTC))
    assert keys[-3:] == ["2025-07-01", "2025-10-01", "2026-01-01"]


@pytest.mark.parametrize(
    ("day", "due"),
    [
        (dt.date(2026, 1, 15), "2025Q3"),
        (dt.date(2026, 4, 15), "2025Q4"),
        (dt.date(2026, 7, 15), "2026Q1"),
        (dt.date(2026, 10, 15), "2026Q2"),
    ],
)
def test_schedule_asks_for_the_delivery_due(day, due):
    assert due_quarter(day).code == due


def test_schedule_skips_without_a_delivery(defs, tmp_path):
    schedule = defs.resolve_schedule_def("england_quarterly_schedule")
    context = dg.build_schedule_context(
        scheduled_execution_time=dt.datetime(2026, 1, 15, 6, tzinfo=dt.UTC),
        resources={"pipeline": PipelineResource(home=str(tmp_path))},
    )
    result = schedule.evaluate_tick(context)
    assert not result.run_requests
    assert "2025Q3" in (result.skip_message or "")


def test_the_joint_schedule_and_sensor_wait_for_a_release_of_a_part(defs, tmp_path):
    pipeline = PipelineResource(home=str(tmp_path))
    schedule = defs.resolve_schedule_def("annual_schedule")
    day = dt.datetime(2025, 9, 15, 6, tzinfo=dt.UTC)

    def tick():
        context = dg.build_schedule_context(
            scheduled_execution_time=day,
            resources={"pipeline": pipeline},
            repository_def=defs.get_repository_def(),
        )
        return schedule.evaluate_tick(context)

    sensor = defs.resolve_sensor_def("annual_arrivals")

    def look(cursor: str | None = None):
        with dg.instance_for_test() as instance:
            context = dg.build_sensor_context(
                instance=instance,
                cursor=cursor,
                resources={"pipeline": pipeline},
                sensor_name="annual_arrivals",
                repository_def=defs.get_repository_def(),
            )
            return sensor.evaluate_tick(context)

    assert "england_annual and wales_annual has a release of 2023" in (tick().skip_message or "")
    assert look().skip_message == "no new release of a part"
    pipeline.lake().write_release(Scope("england_annual", "2023", 1), {"tables": {}})
    assert [run.partition_key for run in tick().run_requests] == ["2023-01-01"]
    first = look()
    assert [run.partition_key for run in first.run_requests] == ["2023-01-01"]
    assert look(first.cursor).skip_message == "no new release of a part"
    pipeline.lake().write_release(Scope("wales_annual", "2023", 1), {"tables": {}})
    second = look(first.cursor)
    assert [run.run_key for run in second.run_requests] != [run.run_key for run in first.run_requests]
    assert len(second.run_requests) == 1
