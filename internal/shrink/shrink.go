// Package shrink makes failing random programs smaller, for tests that generate programs.
package shrink

import "slices"

// A Body is a list of statements inside of a statement.
type Body[S any] struct {
	Steps  *[]S
	Needed bool // it must not become empty
}

// Language describes the statements of a program.
type Language[S any] struct {
	// Bodies returns the lists inside of a statement, to be read and replaced.
	Bodies func(*S) []Body[S]
	// Unwrap returns what can stand in place of a statement: what is in its body. nil: nothing can.
	Unwrap func(S) []S
}

// Shrink returns the smallest program that it finds for which fails is true: it leaves statements out, and puts what is in a
// statement into its place. fails must be true for steps.
func (l Language[S]) Shrink(steps []S, fails func([]S) bool) []S {
	for again := true; again; {
		again = false
		for smaller := range l.smaller(steps) {
			if fails(smaller) {
				steps, again = smaller, true
				break
			}
		}
	}
	return steps
}

// smaller yields steps with one change each, the largest first.
func (l Language[S]) smaller(steps []S) func(yield func([]S) bool) {
	return func(yield func([]S) bool) {
		for i := range steps {
			if !yield(slices.Delete(slices.Clone(steps), i, i+1)) {
				return
			}
		}
		for i, s := range steps {
			if inner := l.Unwrap(s); len(inner) > 0 && !yield(slices.Replace(slices.Clone(steps), i, i+1, inner...)) {
				return
			}
			for n, body := range l.Bodies(&s) {
				for inner := range l.smaller(*body.Steps) {
					if len(inner) == 0 && body.Needed {
						continue
					}
					c := s
					*l.Bodies(&c)[n].Steps = inner
					if !yield(slices.Replace(slices.Clone(steps), i, i+1, c)) {
						return
					}
				}
			}
		}
	}
}
