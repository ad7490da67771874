"""Running the nodes of a run in threads of one process, two at a time.

What belongs here: when a node starts and what happens to the events of nodes that run together. What does not: what a node does.

A process of its own costs a node five seconds on two cores, more than most nodes take; one after the other leaves a core idle,
because a file is read by one thread (its rows are numbered) and Dagster's own work is Python. DuckDB works outside Python's
lock, so threads are enough. The order in which nodes end does not enter what they make.
"""

from __future__ import annotations

import contextvars
import os
import queue
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import dagster as dg
from dagster._core.errors import DagsterExecutionInterruptedError
from dagster._core.events import DagsterEvent, EngineEventData
from dagster._core.execution.api import ExecuteRunWithPlanIterable
from dagster._core.execution.compute_logs import create_compute_log_file_key
from dagster._core.execution.context.system import (
    PlanExecutionContext,
    PlanOrchestrationContext,
    StepExecutionContext,
)
from dagster._core.execution.context_creation_job import PlanExecutionContextManager
from dagster._core.execution.plan.execute_plan import dagster_event_sequence_for_step
from dagster._core.execution.plan.plan import ExecutionPlan
from dagster._core.execution.retries import RetryMode
from dagster._core.execution.step_dependency_config import StepDependencyConfig
from dagster._utils.error import serializable_error_info_from_exc_info

from assets.launcher import working
from assets.resources import NODES_AT_A_TIME, interrupt_engines

_LOOK_FOR_INTERRUPTS = 0.5  # seconds


class ThreadExecutor(dg.Executor):
    """Runs the steps of a plan in threads of this process."""

    @property
    def retries(self) -> RetryMode:
        """A failed node is not tried again by itself: its message says what to do."""
        return RetryMode.DISABLED

    def execute(
        self, plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan
    ) -> Iterator[DagsterEvent]:
        """Run the steps of a plan; yields their events as they happen."""
        steps = execution_plan.step_keys_to_execute
        yield DagsterEvent.engine_event(
            plan_context,
            f"{NODES_AT_A_TIME} steps at a time in process {os.getpid()}",
            event_specific_data=EngineEventData.in_process(os.getpid(), steps),
        )
        with working(plan_context.instance, plan_context.run_id):
            yield from ExecuteRunWithPlanIterable(
                execution_plan=plan_context.execution_plan,
                iterator=_run_steps,
                execution_context_manager=PlanExecutionContextManager(
                    job=plan_context.job,
                    retry_mode=self.retries,
                    execution_plan=plan_context.execution_plan,
                    run_config=plan_context.run_config,
                    dagster_run=plan_context.dagster_run,
                    instance=plan_context.instance,
                    raise_on_error=plan_context.raise_on_error,
                    output_capture=plan_context.output_capture,
                    step_dependency_config=StepDependencyConfig.default(),
                ),
            )


@dg.executor(name="threads", requirements=[])
def thread_executor(_: dg.InitExecutorContext) -> dg.Executor:
    """The executor of every job."""
    return ThreadExecutor()


_Ended = tuple[str, BaseException | None]
_Events = queue.SimpleQueue[DagsterEvent | _Ended]


def _run_steps(job_context: PlanExecutionContext, execution_plan: ExecutionPlan) -> Iterator[DagsterEvent]:
    keys = [step.key for step in execution_plan.get_steps_to_execute_in_topo_order()]
    events: _Events = queue.SimpleQueue()
    with (
        execution_plan.start(
            retry_mode=job_context.retry_mode,
            max_concurrent=NODES_AT_A_TIME,
            step_dependency_config=StepDependencyConfig.default(),
        ) as active,
        ExitStack() as stack,
    ):
        yield _captured_logs(job_context, keys, stack)
        pool = stack.enter_context(ThreadPoolExecutor(NODES_AT_A_TIME, thread_name_prefix="node"))
        interrupted = False
        while not active.is_complete and not (interrupted and not active.has_in_flight_steps):
            if not interrupted:
                for step in active.get_steps_to_execute():
                    context = job_context.for_step(step, active.get_known_state())
                    pool.submit(contextvars.copy_context().run, _run_step, context, events)
            found = _next_event(events)
            if isinstance(found, DagsterEvent):
                yield found
                active.handle_event(found)
            elif found is not None:
                key, problem = found
                if problem is not None:
                    raise problem
                active.verify_complete(job_context, key)
                yield from active.plan_events_iterator(job_context)
            if active.check_for_interrupts():
                interrupted = True
                active.mark_interrupted()
            if interrupted:  # again and again: a step may just have been between two statements
                interrupt_engines()
        if interrupted and active.is_complete:  # what is not complete, the plan itself reports
            raise DagsterExecutionInterruptedError("The run was interrupted")


def _run_step(context: StepExecutionContext, events: _Events) -> None:
    """Hand over the events of one step and, last, its key with what stopped it otherwise than by failing."""
    problem: BaseException | None = None
    try:
        for event in dagster_event_sequence_for_step(context):
            events.put(event)
    except BaseException as raised:  # noqa: BLE001 - it is raised again where the steps are run
        problem = raised
    events.put((context.step.key, problem))


def _next_event(events: _Events) -> DagsterEvent | _Ended | None:
    try:
        return events.get(timeout=_LOOK_FOR_INTERRUPTS)
    except queue.Empty:
        return None


def _captured_logs(job_context: PlanExecutionContext, keys: list[str], stack: ExitStack) -> DagsterEvent:
    """What the process prints is kept beside the run, as Dagster's own executors keep it."""
    manager = job_context.instance.compute_log_manager
    key = manager.build_log_key_for_run(job_context.run_id, create_compute_log_file_key())
    try:
        return DagsterEvent.capture_logs(
            job_context, keys, key, stack.enter_context(manager.capture_logs(key))
        )
    except Exception:  # noqa: BLE001 - a run does not fail for its printed lines
        return DagsterEvent.engine_event(
            job_context,
            "What the steps print is not captured",
            event_specific_data=EngineEventData(error=serializable_error_info_from_exc_info(sys.exc_info())),
        )
