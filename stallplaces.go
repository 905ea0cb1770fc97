package asyncio

import "time"

// A StallPlace has the number and the duration of the stalls of one class at one line of the
// program. Loop.Stalls returns it.
type StallPlace struct {
	Class  StallClass
	File   string // as in Stall; "" if no line is known, and for StallLateTimer
	Line   int
	Func   string
	Call   string
	Inside string

	TaskName string // the task or callback of the last stall
	Created  string // where the task was created or the callback registered
	Advice   string // what to call instead
	Stack    string // of the last stall with a stack, at most 16 KiB

	Count   int           // stalls, including those that were not reported
	Total   time.Duration // how long they were at this place
	Longest time.Duration // the longest time of one
	Last    time.Time     // when the last one was seen
}

// Stalls returns the places at which the loop was blocked since Run began, the one with the most
// total time first. A place is a line and a class. Late wakes and turns of many steps at a line count
// apart from steps at it. The current stall counts with its duration so far. A stall that was at several places counts at each of them. From the 33rd on they count
// as one place without a line, of class StallUnknown. At most 100 places are kept. A
// new place replaces the one with the least total time.
//
// Stalls can be called from any goroutine, also while the loop is blocked and after Run has
// returned. It does not wait for the loop. The result belongs to the caller. It refers to no
// task. Metrics has the number and the duration of all stalls by class, without their places.
func (l *Loop) Stalls() []StallPlace {
	var places []StallPlace
	for _, p := range l.made("Loop.Stalls").Places() {
		f := p.Finding
		places = append(places, StallPlace{
			Class: StallClass(p.Class), File: f.File, Line: f.Line, Func: f.Func, Call: f.Call, Inside: f.Inside,
			TaskName: p.Name, Created: p.Created, Advice: p.Advice, Stack: p.Stack,
			Count: p.Count, Total: p.Total, Longest: p.Longest, Last: p.Last,
		})
	}
	return places
}
