package conformance

// A tree is a random program for CPython and this library. It is data that can be recorded, read in
// Python, and reduced.
type tree struct {
	Kind    string `json:"kind"`    // turns or instants
	Horizon int    `json:"horizon"` // when the remaining tasks are cancelled
	Do      []step `json:"do"`
}

// Trees have two kinds. In trees of turns, timers coincide and steps follow each other directly.
// All events are compared in order, so they contain only steps that take the same number of
// iterations on both sides. In trees of instants, a sleep to a unique instant follows every step.
// The events of each task are compared, with their times.
const (
	turns    = "turns"
	instants = "instants"
)

// A step is one statement. Programs have two each of locks, semaphores (with 1 and 2 permits),
// events, conditions, queues (unbounded, and with capacity 1) and futures.
type step struct {
	ID    int    `json:"id"`
	Op    string `json:"op"`              // the method of interpreter
	K     int    `json:"k,omitempty"`     // a task, by the step that created it, or a lock, queue and so on
	N     int    `json:"n,omitempty"`     // ticks of a sleep or timeout, or the number of tasks to notify
	W     int    `json:"w,omitempty"`     // ticks to sleep after the step, for instants
	Grp   bool   `json:"grp,omitempty"`   // spawn: a child of the enclosing group
	How   string `json:"how,omitempty"`   // try: what follows the clean-up; wait: the condition; shutdown: immediate
	Fails bool   `json:"fails,omitempty"` // an error that is caught here continues as a new error
	Do    []step `json:"do,omitempty"`
	Clean []step `json:"clean,omitempty"` // try: the steps after a cancellation
}

// size is the number of steps of a tree.
func size(steps []step) int {
	n := len(steps)
	for _, s := range steps {
		n += size(s.Do) + size(s.Clean)
	}
	return n
}
