package conformance

// A tree is a random program: what CPython and this library both run. It is data, so that it can be written down,
// read in Python, and made smaller.
type tree struct {
	Kind    string `json:"kind"`    // turns or instants
	Horizon int    `json:"horizon"` // when all that is left is cancelled
	Do      []step `json:"do"`
}

// Trees are of two kinds. In those of turns, timers coincide and steps follow each other without a pause; all events
// are compared, in order, so they hold only what takes the same number of turns on both sides. In those of instants
// every step is followed by a sleep to an instant of its own; each task's events are compared, with their times.
const (
	turns    = "turns"
	instants = "instants"
)

// A step is one statement. Programs have two each of locks, semaphores (of 1 and 2), events, conditions, queues (without
// a bound, and of 1) and futures.
type step struct {
	ID    int    `json:"id"`
	Op    string `json:"op"`              // the method of interpreter
	K     int    `json:"k,omitempty"`     // which task, by the step that made it, or which lock, queue and so on
	N     int    `json:"n,omitempty"`     // ticks of a sleep or time-out, or how many to notify
	W     int    `json:"w,omitempty"`     // ticks to sleep after it, among instants
	Grp   bool   `json:"grp,omitempty"`   // spawn: a child of the group around it, not a task by itself
	How   string `json:"how,omitempty"`   // try: after the cleaning; wait: until when; shutdown: immediate
	Fails bool   `json:"fails,omitempty"` // an error that is caught here goes on as one of its own
	Do    []step `json:"do,omitempty"`
	Clean []step `json:"clean,omitempty"` // try: what is done when it is cancelled
}

// size is the number of steps of a tree.
func size(steps []step) int {
	n := len(steps)
	for _, s := range steps {
		n += size(s.Do) + size(s.Clean)
	}
	return n
}
