package conformance

import "slices"

// shrink makes a program smaller as long as fails says that it still fails: it takes steps out, and puts what is in a
// block into its place.
func shrink(p tree, fails func(tree) bool) tree {
	for again := true; again; {
		again = false
		for smaller := range smallerThan(p.Do) {
			q := p
			q.Do = smaller
			if fails(q) {
				p, again = q, true
				break
			}
		}
	}
	return p
}

// smallerThan yields steps with one change each, the largest first: a step left out, or replaced by what is in it.
func smallerThan(steps []step) func(yield func([]step) bool) {
	return func(yield func([]step) bool) {
		for i := range steps {
			if !yield(slices.Delete(slices.Clone(steps), i, i+1)) {
				return
			}
		}
		for i, s := range steps {
			if len(s.Do) > 0 && s.Op != "wait" && !yield(slices.Replace(slices.Clone(steps), i, i+1, bodies(s.Do)...)) {
				return
			}
			for inner := range smallerThan(s.Do) {
				if len(inner) == 0 {
					continue
				}
				c := s
				c.Do = inner
				if !yield(slices.Replace(slices.Clone(steps), i, i+1, c)) {
					return
				}
			}
			for inner := range smallerThan(s.Clean) {
				c := s
				c.Clean = inner
				if !yield(slices.Replace(slices.Clone(steps), i, i+1, c)) {
					return
				}
			}
		}
	}
}

// bodies is what steps are where they stand by themselves: members of a gather become what is in them.
func bodies(steps []step) []step {
	var all []step
	for _, s := range steps {
		switch s.Op {
		case "member":
			all = append(all, s.Do...)
		case "task":
		default:
			all = append(all, s)
		}
	}
	return all
}
