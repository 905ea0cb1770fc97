package conformance

import "maps"

// The intended differences of the locks, queues and similar types. Most have one cause. CPython
// cancels a task that was already woken. The task then returns or passes on what it was woken for.
// Here a task that was woken gets the value.
func init() {
	maps.Copy(differences, map[string]difference{
		"lock_is_not_reentrant": {
			reason: "Acquire by the task that holds the lock fails at once (S24). In CPython the task waits for itself.",
			ours:   `second acquire raised deadlock at 0, locked true`,
		},
		"lock_released_by_another_task": {
			reason: "A lock belongs to the task that acquired it (S24). In CPython any task may release it.",
			ours: `
A ok
release refused
locked true`,
		},
		"lock_release_then_cancel_in_one_turn": {
			reason: "A task that was woken has the lock in spite of a cancellation, which the next await returns (S15). CPython " +
				"passes the lock on.",
			ours: `
A ok
B is done: false
B ok`,
		},
		"semaphore_release_then_cancel_in_one_turn": {
			reason: "A task that was woken has the permit in spite of a cancellation, which the next await returns (S15). CPython " +
				"passes the permit on.",
			ours: `
A ok
B is done: false
B ok`,
		},
		"event_set_then_cancel_in_one_turn": {
			reason: "A task that was woken continues in spite of a cancellation, which the next await returns (S15). CPython drops " +
				"the wake-up.",
			ours: `
A ok
B ok`,
		},
		"condition_notify_then_cancel_in_one_turn": {
			reason: "A task that was notified continues in spite of a cancellation, which the next await returns (S15). CPython " +
				"passes the notification on.",
			ours: `
A ok
B raised timeout
all left at 5`,
		},
		"condition_notified_then_cancelled_while_it_waits_for_the_lock": {
			reason: "A task that was notified continues in spite of a cancellation, which the next await returns (S15), even while " +
				"it waits for the lock.",
			ours: `
A is done: false
A ok`,
		},
		"queue_put_then_cancel_the_getter_in_one_turn": {
			reason: "A task that was woken has the item in spite of a cancellation, which the next await returns (S15). In CPython " +
				"the item returns to the queue.",
			ours: `
A returned 1
0 items are left`,
		},
		"queue_get_then_cancel_the_putter_in_one_turn": {
			reason: "A putter that was woken puts its item in spite of a cancellation, which the next await returns (S15).",
			ours: `
got 0
put 1 ok
1 items are left`,
		},
		"queue_shutdown_at_once_of_a_queue_with_a_getter_on_its_way": {
			reason: "A task that was woken has the item in spite of a shutdown, as in spite of a cancellation (S15). CPython drops " +
				"the item.",
			ours: `get returned 1`,
		},
		"queue_newcomer_while_a_putter_is_on_its_way": {
			reason: "The capacity belongs to the putter that was woken (S15), and no other one gets it. In CPython a new putter " +
				"overtakes it.",
			ours: `
got 0, 1
main put 3 false
put 2 ok
main put 4 true
got 2, 4`,
		},
		"barrier_cancel_who_was_let_go": {
			reason: "A task that was released continues in spite of a cancellation, which the next await returns (S15).",
			ours: `
main returned 2
A returned 0
B returned 1`,
		},
		"barrier_reset_after_all_have_come": {
			reason: "A task that was released continues in spite of a reset, as in spite of a cancellation (S15). In CPython the " +
				"order of the tasks decides.",
			ours: `
main returned 2
A returned 0
B returned 1`,
		},
		"barrier_cancel_after_abort_in_one_turn": {
			reason: "A task that Abort has woken gets that error first, and a later cancellation at the next await (S15).",
			ours: `
A raised broken
B raised broken`,
		},
		"barrier_cancel_a_waiter": {
			reason: "The numbers of the released tasks are 0 to n-1, each once, also after a waiter was cancelled (S15). CPython " +
				"returns one of them twice.",
			ours: `
A raised cancelled
1 wait, broken false
2 wait
main returned 2
B returned 0
C returned 1`,
		},
		"barrier_next_round_begins_before_the_first_has_left": {
			reason: "A released task no longer counts (S15): the next round begins at once, and main is its first task. In CPython " +
				"new tasks wait until all released ones have left.",
			ours: `
main returned 1
A returned 0
B returned 1
main returned 0`,
		},
		"condition_cancelled_waiter_wakes_another": {
			reason: "A waiter that is cancelled without a notification wakes no other one (S15). CPython wakes the next one whenever " +
				"a waiter is cancelled, because it might have been notified.",
			ours: `
A raised cancelled
B raised timeout
at 5`,
		},
		"queue_newcomer_while_a_getter_is_on_its_way": {
			reason: "The item belongs to the getter that was woken (S15), and no other one gets it. In CPython a new getter takes " +
				"it, and the woken one waits again at the end of the queue.",
			ours: `
main got nothing
A returned 1`,
		},
		"queue_put_while_a_getter_is_on_its_way": {
			reason: "An item of a woken getter is no longer in the queue (S15), so there is capacity for another one. In CPython it " +
				"is in the queue until the getter has run.",
			ours: `
main put 1 true
main put 2 true
A returned 1
main put 3 false`,
		},
		"semaphore_free_permit_beside_a_woken_waiter": {
			reason: "A waiter that was woken has its permit (S15), so a new task gets another free permit. In CPython all tasks wait " +
				"until the woken one has run.",
			ours: `
main has the other one
A ok`,
		},
		"as_completed_left_early_with_a_coroutine": {
			reason: "The end of the range loop cancels the coroutines that it started and waits for them, like a failed Gather " +
				"(S11). In CPython they continue.",
			ours: `
A start
B start
A end
returned A
B cancelled
left at 1`,
		},
	})
}
