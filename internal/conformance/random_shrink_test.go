package conformance

import shrinking "github.com/asyncio-go/asyncio/internal/shrink"

// language is what makes programs smaller.
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

// shrink makes a program smaller as long as it still fails.
func shrink(p tree, fails func(tree) bool) tree {
	p.Do = language.Shrink(p.Do, func(steps []step) bool {
		q := p
		q.Do = steps
		return fails(q)
	})
	return p
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
