package conformance

import "maps"

// The intended differences of the locks, queues and similar types. Most have one cause. CPython
// cancels a task that was already woken. The task then returns or passes on what it was woken for.
// Here a task that was woken gets the value.
func init() {
	maps.Copy(differences, map[string]difference{
		"lock_is_not_reentrant": {
			reason: "Acquire by the task that holds the lock fails at once (S24); CPython lets it wait for itself.",
			ours:   `second acquire raised deadlock at 0, locked true`,
		},
		"lock_released_by_another_task": {
			reason: "A lock belongs to the task that acquired it (S24); in CPython any task may release it.",
			ours: `
A ok
release refused
locked true`,
		},
		"lock_release_then_cancel_in_one_turn": {
			reason: "A lock that was handed over wins over a cancel, which is seen at the next await (S15); CPython passes the lock on.",
			ours: `
A ok
B is done: false
B ok`,
		},
		"semaphore_release_then_cancel_in_one_turn": {
			reason: "A permit that was handed over wins over a cancel, which is seen at the next await (S15); CPython passes the permit on.",
			ours: `
A ok
B is done: false
B ok`,
		},
		"event_set_then_cancel_in_one_turn": {
			reason: "A wake-up that was given wins over a cancel, which is seen at the next await (S15); CPython drops it.",
			ours: `
A ok
B ok`,
		},
		"condition_notify_then_cancel_in_one_turn": {
			reason: "A notification that was given wins over a cancel, which is seen at the next await (S15); CPython passes it on.",
			ours: `
A ok
B raised timeout
all left at 5`,
		},
		"condition_notified_then_cancelled_while_it_waits_for_the_lock": {
			reason: "A notification that was given wins over a cancel, which is seen at the next await (S15), also while the lock is still " +
				"waited for.",
			ours: `
A is done: false
A ok`,
		},
		"queue_put_then_cancel_the_getter_in_one_turn": {
			reason: "An item that was handed over wins over a cancel, which is seen at the next await (S15); in CPython it goes back.",
			ours: `
A returned 1
0 items are left`,
		},
		"queue_get_then_cancel_the_putter_in_one_turn": {
			reason: "A room that was handed over wins over a cancel, which is seen at the next await (S15): the item is put.",
			ours: `
got 0
put 1 ok
1 items are left`,
		},
		"queue_shutdown_at_once_of_a_queue_with_a_getter_on_its_way": {
			reason: "An item that was handed over wins over the shutdown as it does over a cancel (S15); CPython drops it.",
			ours:   `get returned 1`,
		},
		"queue_newcomer_while_a_putter_is_on_its_way": {
			reason: "The room was handed over to who has waited (S15), and nobody gets in before him; in CPython a newcomer overtakes.",
			ours: `
got 0, 1
main put 3 false
put 2 ok
main put 4 true
got 2, 4`,
		},
		"barrier_cancel_who_was_let_go": {
			reason: "Who was let go goes: that wins over a cancel, which is seen at the next await (S15).",
			ours: `
main returned 2
A returned 0
B returned 1`,
		},
		"barrier_reset_after_all_have_come": {
			reason: "Who was let go goes: that wins over a reset as it does over a cancel (S15); in CPython it depends on who runs first.",
			ours: `
main returned 2
A returned 0
B returned 1`,
		},
		"barrier_cancel_after_abort_in_one_turn": {
			reason: "Who was sent away by Abort hears of that first, and of a later cancel at the next await (S15).",
			ours: `
A raised broken
B raised broken`,
		},
		"barrier_cancel_a_waiter": {
			reason: "A waiter that leaves takes nothing along (S15): the numbers of those who go on are 0 to n-1, each once; CPython gives " +
				"one of them twice.",
			ours: `
A raised cancelled
1 wait, broken false
2 wait
main returned 2
B returned 0
C returned 1`,
		},
		"barrier_next_round_begins_before_the_first_has_left": {
			reason: "Who was let go is no longer in the way (S15): the next round begins at once, and main is the first of it; CPython keeps " +
				"newcomers out until all have left.",
			ours: `
main returned 1
A returned 0
B returned 1
main returned 0`,
		},
		"condition_cancelled_waiter_wakes_another": {
			reason: "A waiter that leaves without a notification wakes nobody (S15); CPython wakes the next one whenever a waiter is " +
				"cancelled, for it might have been notified.",
			ours: `
A raised cancelled
B raised timeout
at 5`,
		},
		"queue_newcomer_while_a_getter_is_on_its_way": {
			reason: "The item was handed over to who has waited (S15), and nobody takes it from him; in CPython a newcomer does, and the " +
				"one that was woken waits again, last in line.",
			ours: `
main got nothing
A returned 1`,
		},
		"queue_put_while_a_getter_is_on_its_way": {
			reason: "An item that was handed over is no longer in the queue (S15), so there is room for another; in CPython it is until " +
				"the getter has run.",
			ours: `
main put 1 true
main put 2 true
A returned 1
main put 3 false`,
		},
		"semaphore_free_permit_beside_a_woken_waiter": {
			reason: "A waiter that was woken has its permit (S15), so another that is free goes to who asks; in CPython everybody waits " +
				"until the woken one has run.",
			ours: `
main has the other one
A ok`,
		},
		"as_completed_left_early_with_a_coroutine": {
			reason: "Leaving the loop cancels the coroutines that it started and waits for them, as a Gather that fails does (S11); CPython " +
				"lets them run on.",
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
