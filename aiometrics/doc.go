// Package aiometrics writes metrics of event loops in the Prometheus text format, without the
// Prometheus client library.
//
// The metrics, with names that follow the conventions of OpenTelemetry:
//
//	asyncio_loop_delay_seconds              histogram, how long ready tasks and callbacks waited for the loop
//	asyncio_loop_delay_current_seconds      gauge, the current wait: it grows while the loop is blocked
//	asyncio_loop_utilization_ratio          gauge, the share of time in which the loop did not wait
//	asyncio_loop_time_seconds_total         counter, by asyncio_loop_state: active, idle
//	asyncio_loop_iterations_total           counter, iterations of the loop
//	asyncio_loop_ready                      gauge, tasks and callbacks in the ready queue
//	asyncio_loop_timers                     gauge, pending timers
//	asyncio_task_count                      gauge, by state: ready, running, waiting
//	asyncio_task_created_total              counter
//	asyncio_task_finished_total             counter, by outcome: ok, error, cancelled, panic
//	asyncio_task_steps_total                counter, steps of tasks, and callbacks
//	asyncio_task_step_duration_seconds      histogram, of loops in debug mode
//	asyncio_connection_failures_total       counter, by reason: error, reset, timeout, closed
//	asyncio_accept_errors_total             counter
//	asyncio_stall_duration_seconds          histogram, of stalls that have ended, by asyncio_stall_cause: cpu, sleep, io, ...
//	asyncio_stall_current_seconds           gauge, the duration of the current stall
//	asyncio_stall_unlogged                  gauge, reports of stalls that were not logged
//	asyncio_executor_queue_length           gauge, calls that wait
//	asyncio_executor_running                gauge, calls that run
//	asyncio_executor_workers                gauge, calls that can run at once
//	asyncio_executor_duration_seconds       histogram, of executors that measure how long calls run
//
// Metrics of a loop have the label asyncio_loop_name, those of an executor the label
// asyncio_executor_name. The ToThread calls of a loop are the executor "to-thread", which
// has the loop's label too. If a loop has no name, or the name of another loop, "#" and its
// position among the arguments is appended.
//
// The values of asyncio_stall_cause are the names of asyncio.StallClass. A cause appears
// with its first stall, so a rate does not include that stall. asyncio_stall_current_seconds
// is always present.
//
// This package counts nothing. It asks the loops and executors at each request, also while a
// loop is blocked.
package aiometrics
