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
		reason: "Timers due at the same instant fire in the order they were set (S4); CPython's heap leaves their order open.",
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
		reason: "A timer wakes its task in the turn it fires, in its place among the timers (S4); CPython wakes it one turn later.",
		ours: `
sleeper
timer`,
	},
	"gather_turns": {
		reason: "The end of the last member wakes the awaiter, in the next turn (S1); in CPython it takes a callback's turn in between.",
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
		reason: "The end of the last child wakes the awaiter, in the next turn (S1); in CPython it takes a callback's turn in between.",
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
		reason: "The end of the last task wakes the awaiter, in the next turn (S1); in CPython it takes a callback's turn in between.",
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
		reason: "Awaiting something already done costs no turn (S2), and that goes for Wait too.",
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
		reason: "An await that closes a ring of tasks fails at once and names them; CPython lets them wait for ever (or for a time-out).",
		ours: `
second raised deadlock at 0
first ok`,
	},

	// Cancellation is level-triggered, loses no value, and passes from owner to owned.

	"cancel_swallowed_then_awaits": {
		reason: "Cancellation is level-triggered (S13): every further await with the cancelled ctx fails; CPython delivers it once.",
		ours: `
sleep 1 cancelled
sleep 2 cancelled
sleep 3 cancelled
main: returned deaf`,
	},
	"timeout_and_cancel_in_one_turn": {
		reason: "The block's ctx keeps the error it got first, the time-out, and the cancel is seen by every await after the block (S13).",
		ours: `
A start
A cancelled
block timeout
next await raised cancelled
task ok`,
	},
	"cancel_of_a_task_about_to_resume": {
		reason: "A value that was handed over is not lost to a cancel, which is seen at the next await (S15); CPython drops the value.",
		ours: `
cancel: true
waiter got 7
waiter cancelled
main: raised cancelled`,
	},
	"cancel_of_a_task_about_to_resume_with_its_result": {
		reason: "A value that was handed over is not lost to a cancel (S15), and the one that a task returns wins over it (S14).",
		ours: `
main: returned 7`,
	},
	"self_cancel_then_return": {
		reason: "A value that a task returns wins over a cancel that no await has delivered (S14); CPython drops the value.",
		ours: `
returns
main: returned 42
selfish is done 42`,
	},
	"cancelled_error_without_a_cancel": {
		reason: "A task counts as cancelled only if a cancel was delivered to it (S14); else context.Canceled is an error like any other.",
		ours: `
main: raised cancelled
pretender is failed`,
	},
	"waiter_without_handler_ends_cancelled": {
		reason: "A task counts as cancelled only if a cancel was delivered to it (S14, S16); one that returns another task's cancellation has failed.",
		ours: `
slow start
slow cancelled
main: raised cancelled
waiter is failed`,
	},
	"cancel_a_waiter_of_a_foreign_task": {
		reason: "A cancelled await does not cancel the awaited task (S14); in CPython it does.",
		ours: `
slow start
waiter cancelled
main: raised cancelled
slow end
slow is done slow`,
	},
	"future_of_a_cancelled_waiter": {
		reason: "A cancelled await does not cancel what it awaits, a future as little as a task (S14); in CPython it does.",
		ours: `
waiter raised cancelled
future is pending`,
	},
	"timeout_of_awaited_task": {
		reason: "A time-out ends the await and does not cancel the awaited task (S14); in CPython it does.",
		ours: `
A start
block raised timeout at 2
A end
A returned A at 3`,
	},
	"cancel_of_a_task_that_made_another": {
		reason: "Cancelling a task cancels those created from its ctx (S14); CPython knows no such relation.",
		ours: `
outer start
inner start
outer cancelled
inner cancelled
main: raised cancelled
inner: raised cancelled`,
	},
	"cancel_a_waiter_of_its_own_task": {
		reason: "The inner task is cancelled because it was created from the outer's ctx (S14), and the outer's await fails at once (S13); " +
			"in CPython the cancel reaches the outer only through the end of the inner.",
		ours: `
inner start
outer cancelled
inner cancelled
main: raised cancelled`,
	},
	"to_thread_cancelled": {
		reason: "ToThread waits for its function unless it was called with Abandon, and the result that was handed over wins (S15); " +
			"CPython returns at once and drops the result.",
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
		reason: "A time-out of WaitFor cancels a coroutine that it started, never a task handed in (S14).",
		ours: `
A start
wait_for raised timeout at 2
A end
A returned A at 3`,
	},
	"wait_for_zero_of_running_task": {
		reason: "A time-out of WaitFor cancels a coroutine that it started, never a task handed in (S14).",
		ours: `
A start
wait_for raised timeout at 0
A end
A returned A`,
	},
	"gather_first_error_of_coroutines": {
		reason: "Gather fails fast: the first error cancels the coroutines that it started and waits for them (S11); CPython lets them run on.",
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
		reason: "Gather waits for all that it cancels (S11); CPython leaves as soon as the first has ended.",
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
		reason: "A cancelled Gather does not cancel tasks handed in (S11); in CPython it does.",
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
		reason: "GatherResults never fails: cancelled, it gives the results there are, and the ctx's error for the rest (S11).",
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
		reason: "A cancelled Gather returns its ctx's error, whatever came of the members after that (S11); in CPython the first of them " +
			"to end decides.",
		ours: `
B start
A fails on its way out
B cancelled
gather raised cancelled`,
	},
	"gather_cancelled_by_a_member_that_then_fails": {
		reason: "A cancelled Gather returns its ctx's error, whatever came of the members after that (S11); in CPython the first of them " +
			"to end decides.",
		ours: `
cancel: true
gather raised cancelled`,
	},

	// Task groups.

	"group_cancelled_from_outside_and_its_child_swallows_it": {
		reason: "A group of which all came to an end in spite of a cancellation has succeeded, and the cancellation is seen at the next " +
			"await (S15); in CPython the exit of the group raises it.",
		ours: `
A start
A swallows the cancel
group ok at 1`,
	},
	"group_child_ended_by_a_timeout_around_the_group": {
		reason: "A time-out ends the ctx of all that is made under it, and each of them says so (S17); in CPython it cancels the task of " +
			"the block, which cancels the children.",
		ours: `
A start
A cancelled
block raised timeout
A raised timeout`,
	},

	"group_body_error_and_child_error": {
		reason: "A group's errors come in the order in which they happened, the body's among them (S7); CPython puts the body's last.",
		ours: `
child fails on its way out
group raised group(body, child)`,
	},
	"group_child_raises_cancelled_unasked": {
		reason: "An error is dropped as cancellation only if that child's own ctx is cancelled (S7); CPython drops any CancelledError.",
		ours: `
pretender
group raised group(cancelled) at 0`,
	},
	"group_child_fails_before_its_sibling_starts": {
		reason: "A child's failure cancels the others as it ends (S7), not in a callback a turn later, and what is cancelled before its first " +
			"step never runs (S3).",
		ours: `
A fails
B is cancelled
group raised group(A)`,
	},
	"group_two_errors_in_one_turn": {
		reason: "A child's failure cancels the others as it ends (S7), not in a callback a turn later, and what is cancelled before its first " +
			"step never runs (S3).",
		ours: `
A fails
group raised group(A)`,
	},
	"group_two_errors_of_started_children_in_one_turn": {
		reason: "The sibling that is about to be resumed finds its ctx cancelled (S13) and ends cancelled, which the group drops (S7).",
		ours: `
A start
B start
A fails
B cancelled
group raised group(A)`,
	},
	"shutdown_of_tasks_about_to_run": {
		reason: "What main leaves is cancelled when main returns (S8), and a cancelled ctx ends a sleep that is about to be resumed (S13).",
		ours: `
A start
main returns`,
	},
	"group_child_fails_while_the_body_waits": {
		reason: "A failure cancels the group's ctx, and a cancel travels from the ctx down to those made from it (S14): body first, then children.",
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
		reason: "A group takes children until it has ended (S7); one made from its cancelled ctx never runs (S3). CPython raises an error.",
		ours: `
B start
B fails
asks for one more child
group raised group(B) at 1`,
	},

	// The end of Run.

	"shutdown_of_tasks_that_have_not_started": {
		reason: "When main returns what is left is cancelled (S8), and before its first step that means it never runs (S3); " +
			"in CPython main's last turn goes on.",
		ours: `
main returns`,
	},
	"shutdown_task_born_during_cleanup": {
		reason: "Shutdown cancels repeatedly until nothing is left (S8); CPython cancels those it finds at first and abandons the rest.",
		ours: `
main returns
parent makes a child
child start
child cancelled
parent leaves`,
	},
}
