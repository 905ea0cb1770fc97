package conformance

import shrinking "github.com/asyncio-go/asyncio/internal/shrink"

// language reduces programs.
var language = shrinking.Language[step]{
	Bodies: func(s *step) []shrinking.Body[step] {
		return []shrinking.Body[step]{{Steps: &s.Do, Needed: true}, {Steps: &s.Clean}}
	},
	Unwrap: func(s step) []step {
		if s.Op == "wait" {
			return nil
		}
		return bodies(s.Do)
	},
}

// shrink reduces a program while it still fails.
func shrink(p tree, fails func(tree) bool) tree {
	p.Do = language.Shrink(p.Do, func(steps []step) bool {
		q := p
		q.Do = steps
		return fails(q)
	})
	return p
}

// bodies returns the steps as they can stand alone: members of a gather are replaced by their
// bodies.
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
