package conformance

// A difference is an intended difference from CPython.
type difference struct {
	reason string // names the rule (S1 to S20 of the design)
	ours   string // the trace here, one event a line
}

// differences are all intended differences, by program.
var differences = map[string]difference{
	// The order of timers, and the number of iterations that an await takes.

	"call_later_same_instant_many": {
		reason: "Timers that are due at the same instant fire in the order in which they were set (S4). In CPython the order is " +
			"not defined.",
		ours: `
timer a
timer b
timer c
timer d
timer e
timer f
timer g
timer h`,
	},
	"sleeper_and_timer_of_one_instant": {
		reason: "A timer wakes its task in the iteration in which it fires, in the order of the timers (S4). CPython wakes the " +
			"task one iteration later.",
		ours: `
sleeper
timer`,
	},
	"gather_turns": {
		reason: "The end of the last member wakes the awaiter in the next iteration (S1). CPython needs another iteration for a " +
			"callback.",
		ours: `
turn 1
A start
B start
turn 2
main again
turn 3
turn 4`,
	},
	"group_turns": {
		reason: "The end of the last child wakes the awaiter in the next iteration (S1). CPython needs another iteration for a " +
			"callback.",
		ours: `
turn 1
A start
B start
turn 2
group ended
turn 3
turn 4`,
	},
	"wait_turns": {
		reason: "The end of the last task wakes the awaiter in the next iteration (S1). CPython needs another iteration for a " +
			"callback.",
		ours: `
A start
B start
turn 1
B after 1
turn 2
wait -> done [A B] pending [] at 0
turn 3
turn 4
turn 5`,
	},
	"wait_for_done_tasks": {
		reason: "An await of a done task takes no iteration (S2). The same holds for Wait.",
		ours: `
A start
B start
wait -> done [A B] pending [] at 0
turn 1
turn 2
turn 3
turn 4`,
	},

	"tasks_that_await_each_other": {
		reason: "An await that closes a wait cycle fails at once and names the tasks. In CPython they wait until a timeout, or " +
			"without end.",
		ours: `
second raised deadlock at 0
first ok`,
	},

	// Cancellation is level-triggered, loses no value, and passes from owner to owned.

	"cancel_swallowed_then_awaits": {
		reason: "Cancellation is level-triggered (S13): each later await with the cancelled ctx fails. CPython raises it once.",
		ours: `
sleep 1 cancelled
sleep 2 cancelled
sleep 3 cancelled
main: returned deaf`,
	},
	"timeout_and_cancel_in_one_turn": {
		reason: "The ctx of the block keeps its first error, the timeout. Each await after the block returns the cancellation (S13).",
		ours: `
A start
A cancelled
block timeout
next await raised cancelled
task ok`,
	},
	"cancel_of_a_task_about_to_resume": {
		reason: "A task that was woken with a value gets it in spite of a cancellation, which the next await returns (S15). " +
			"CPython drops the value.",
		ours: `
cancel: true
waiter got 7
waiter cancelled
main: raised cancelled`,
	},
	"cancel_of_a_task_about_to_resume_with_its_result": {
		reason: "A task that was woken with a value gets it in spite of a cancellation (S15), and the value that a task returns " +
			"is its result (S14).",
		ours: `
main: returned 7`,
	},
	"self_cancel_then_return": {
		reason: "The value that a task returns is its result if no await has returned the cancellation (S14). CPython drops the " +
			"value.",
		ours: `
returns
main: returned 42
selfish is done 42`,
	},
	"cancelled_error_without_a_cancel": {
		reason: "A task is cancelled only if an await has returned its cancellation (S14). Otherwise context.Canceled is an error.",
		ours: `
main: raised cancelled
pretender is failed`,
	},
	"waiter_without_handler_ends_cancelled": {
		reason: "A task is cancelled only if an await has returned its cancellation (S14, S16). A task that returns another " +
			"task's cancellation has failed.",
		ours: `
slow start
slow cancelled
main: raised cancelled
waiter is failed`,
	},
	"cancel_a_waiter_of_a_foreign_task": {
		reason: "A cancelled await does not cancel the awaited task (S14). In CPython it does.",
		ours: `
slow start
waiter cancelled
main: raised cancelled
slow end
slow is done slow`,
	},
	"future_of_a_cancelled_waiter": {
		reason: "A cancelled await does not cancel the awaited future or task (S14). In CPython it does.",
		ours: `
waiter raised cancelled
future is pending`,
	},
	"timeout_of_awaited_task": {
		reason: "A timeout ends the await and does not cancel the awaited task (S14). In CPython it does.",
		ours: `
A start
block raised timeout at 2
A end
A returned A at 3`,
	},
	"cancel_of_a_task_that_made_another": {
		reason: "A cancellation of a task cancels the tasks that were created with its ctx (S14). CPython has no such relation.",
		ours: `
outer start
inner start
outer cancelled
inner cancelled
main: raised cancelled
inner: raised cancelled`,
	},
	"cancel_a_waiter_of_its_own_task": {
		reason: "The inner task is cancelled because it was created with the ctx of the outer one (S14), and the await of the " +
			"outer one fails at once (S13). In CPython the end of the inner task cancels the outer one.",
		ours: `
inner start
outer cancelled
inner cancelled
main: raised cancelled`,
	},
	"to_thread_cancelled": {
		reason: "ToThread waits for its function unless it was called with Abandon, and returns its result (S15). CPython " +
			"returns at once and drops the result.",
		ours: `
main start
main after 1
main after 2
main after 3
main releases the thread
waiter returned released
main again`,
	},

	// wait_for and gather cancel and await what they started, and leave other tasks alone.

	"wait_for_task_late": {
		reason: "A timeout of WaitFor cancels a coroutine that WaitFor started, but not a task that it was given (S14).",
		ours: `
A start
wait_for raised timeout at 2
A end
A returned A at 3`,
	},
	"wait_for_zero_of_running_task": {
		reason: "A timeout of WaitFor cancels a coroutine that WaitFor started, but not a task that it was given (S14).",
		ours: `
A start
wait_for raised timeout at 0
A end
A returned A`,
	},
	"gather_first_error_of_coroutines": {
		reason: "The first error of Gather cancels the coroutines that it started, and Gather waits for them (S11). In CPython " +
			"they continue.",
		ours: `
A start
B start
C start
B fails
A cancelled
C cancelled
gather raised B at 1`,
	},
	"gather_cancelled_while_members_clean_up": {
		reason: "Gather waits for all coroutines that it cancels (S11). CPython returns when the first one has ended.",
		ours: `
A start
B start
A cleans up
B cleans up
A cleaned up
B cleaned up
gather raised cancelled at 3`,
	},
	"gather_cancelled_with_tasks_handed_in": {
		reason: "A cancelled Gather does not cancel tasks that it was given (S11). In CPython it does.",
		ours: `
A start
B start
gather raised cancelled
A end
A returned A
B end
B returned B`,
	},
	"gather_return_exceptions_cancelled": {
		reason: "GatherResults does not fail: after a cancellation it returns the existing results, and the error of the ctx for " +
			"the others (S11).",
		ours: `
A start
B start
C start
B end
A cancelled
C cancelled
gather returned [cancelled B cancelled]`,
	},

	"gather_cancelled_and_a_member_fails_on_its_way_out": {
		reason: "A cancelled Gather returns the error of its ctx, regardless of the later outcomes of the members (S11). In " +
			"CPython the first member to end decides.",
		ours: `
B start
A fails on its way out
B cancelled
gather raised cancelled`,
	},
	"gather_cancelled_by_a_member_that_then_fails": {
		reason: "A cancelled Gather returns the error of its ctx, regardless of the later outcomes of the members (S11). In " +
			"CPython the first member to end decides.",
		ours: `
cancel: true
gather raised cancelled`,
	},

	// Task groups.

	"group_cancelled_from_outside_and_its_child_swallows_it": {
		reason: "A group whose tasks all succeeded in spite of a cancellation has succeeded, and the next await returns the " +
			"cancellation (S15). In CPython the end of the group raises it.",
		ours: `
A start
A swallows the cancel
group ok at 1`,
	},
	"group_child_ended_by_a_timeout_around_the_group": {
		reason: "A timeout ends each ctx that is derived from it, and each task returns the timeout (S17). In CPython it cancels " +
			"the task of the block, which cancels the children.",
		ours: `
A start
A cancelled
block raised timeout
A raised timeout`,
	},

	"group_body_error_and_child_error": {
		reason: "The errors of a group are in the order in which they happened, including that of the body (S7). In CPython that " +
			"of the body is the last one.",
		ours: `
child fails on its way out
group raised group(body, child)`,
	},
	"group_child_raises_cancelled_unasked": {
		reason: "A group drops an error as a cancellation only if the ctx of that child is cancelled (S7). CPython drops any " +
			"CancelledError.",
		ours: `
pretender
group raised group(cancelled) at 0`,
	},
	"group_child_fails_before_its_sibling_starts": {
		reason: "The failure of a child cancels the others at its end (S7), and not in a callback one iteration later. A task " +
			"that is cancelled before its first step never runs (S3).",
		ours: `
A fails
B is cancelled
group raised group(A)`,
	},
	"group_two_errors_in_one_turn": {
		reason: "The failure of a child cancels the others at its end (S7), and not in a callback one iteration later. A task " +
			"that is cancelled before its first step never runs (S3).",
		ours: `
A fails
group raised group(A)`,
	},
	"group_two_errors_of_started_children_in_one_turn": {
		reason: "The sibling in the ready queue finds its ctx cancelled (S13) and ends cancelled, which the group drops (S7).",
		ours: `
A start
B start
A fails
B cancelled
group raised group(A)`,
	},
	"shutdown_of_tasks_about_to_run": {
		reason: "The return of main cancels the remaining tasks (S8), and a cancelled ctx ends a sleep that is in the ready " +
			"queue (S13).",
		ours: `
A start
main returns`,
	},
	"group_child_fails_while_the_body_waits": {
		reason: "A failure cancels the ctx of the group, and a cancellation passes from a ctx to the derived ones (S14): to the " +
			"body first, then to the children.",
		ours: `
body start
A start
B start
B fails
body cancelled
A cancelled
group raised group(B) at 1
main goes on at 2`,
	},
	"group_child_created_while_it_aborts": {
		reason: "A group accepts children until it has ended (S7). A child of its cancelled ctx never runs (S3). CPython raises " +
			"an error.",
		ours: `
B start
B fails
asks for one more child
group raised group(B) at 1`,
	},

	// The end of Run.

	"shutdown_of_tasks_that_have_not_started": {
		reason: "The return of main cancels the remaining tasks (S8). A task that has not had its first step never runs (S3). In " +
			"CPython the last iteration of main continues.",
		ours: `
main returns`,
	},
	"shutdown_task_born_during_cleanup": {
		reason: "Shutdown repeats the cancellation until no task is left (S8). CPython cancels the tasks that it finds at first, " +
			"and abandons the others.",
		ours: `
main returns
parent makes a child
child start
child cancelled
parent leaves`,
	},
}
