// Package aiometrics prints the figures of event loops in the text format that
// Prometheus reads, without its client library.
//
// The names are those of OpenTelemetry's conventions in Prometheus' spelling:
//
//	asyncio_loop_delay_seconds              histogram, how long what became ready waited for the loop
//	asyncio_loop_delay_current_seconds      gauge, the wait under way: it grows while the loop is blocked
//	asyncio_loop_utilization_ratio          gauge, the share of time in which the loop did not wait
//	asyncio_loop_time_seconds_total         counter, by asyncio_loop_state: active, idle
//	asyncio_loop_iterations_total           counter, turns of the loop
//	asyncio_loop_ready                      gauge, tasks and callbacks that wait for their turn
//	asyncio_loop_timers                     gauge, pending timers
//	asyncio_task_count                      gauge, by state: ready, running, waiting
//	asyncio_task_created_total              counter
//	asyncio_task_finished_total             counter, by outcome: ok, error, cancelled, panic
//	asyncio_task_steps_total                counter, steps of tasks, and callbacks
//	asyncio_task_step_duration_seconds      histogram, of loops in debug mode
//	asyncio_connection_failures_total       counter, by reason: error, reset, timeout, closed
//	asyncio_accept_errors_total             counter
//	asyncio_stall_duration_seconds          histogram, of stalls that have ended, by asyncio_stall_cause: cpu, sleep, io, ...
//	asyncio_stall_current_seconds           gauge, how long the stall lasts that goes on
//	asyncio_stall_unlogged                  gauge, reports of stalls that were not logged
//	asyncio_executor_queue_length           gauge, calls that wait for a place
//	asyncio_executor_running                gauge, calls that run
//	asyncio_executor_workers                gauge, calls that can run at once
//	asyncio_executor_duration_seconds       histogram, where the executor measures how long calls run
//
// Those of a loop have the label asyncio_loop_name, those of an executor
// asyncio_executor_name; a loop's ToThread calls are an executor by the name of
// "to-thread", with the loop's label too. A loop without a name, and the second of
// one name, is called by its place among the arguments.
//
// The causes of stalls are the names of asyncio.StallClass. A cause appears with its first
// stall, which a rate does not see therefore; asyncio_stall_current_seconds is always there.
//
// Nothing is counted for this package: the loops and executors are asked when
// somebody reads. A loop that is blocked is described all the same.
package aiometrics
