package conformance

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// ordered sorts a trace for the comparison. Programs of the kind instants are sorted by task,
// because the order of events of different tasks at one instant may differ.
func ordered(p tree, lines []string) []string {
	if p.Kind == turns {
		return lines
	}
	byTask := slices.Clone(lines)
	slices.SortStableFunc(byTask, func(a, b string) int { return taskOf(a) - taskOf(b) })
	return byTask
}

func taskOf(line string) int {
	name, _, _ := strings.Cut(line, " ")
	n, err := strconv.Atoi(name)
	if err != nil {
		panic(fmt.Sprintf("the line %q begins with no task", line))
	}
	return n
}

// TestMakeTree checks that a seed determines the program, that steps have unique numbers, and that
// all kinds of steps occur and are known here.
func TestMakeTree(t *testing.T) {
	for _, kind := range []string{turns, instants} {
		made := map[string]int{}
		for seed := range uint64(300) {
			p := makeTree(kind, seed)
			if again := makeTree(kind, seed); !reflect.DeepEqual(p, again) {
				t.Fatalf("seed %d of %s makes another program the second time", seed, kind)
			}
			seen := map[int]bool{}
			walk(p.Do, func(s step) {
				made[s.Op]++
				if s.Op != "task" && (s.ID < 1 || seen[s.ID]) {
					t.Errorf("seed %d of %s: a step %s has the number %d, want a unique one", seed, kind, s.Op, s.ID)
				}
				seen[s.ID] = true
			})
		}
		for _, op := range slices.Concat(leaves, blocks, []string{"sleep", "spawn"}) {
			if made[op] == 0 {
				t.Errorf("no program of %s has a step %s", kind, op)
			}
		}
		for _, op := range instantsBlocks {
			if (made[op] > 0) != (kind == instants || slices.Contains(blocks, op)) {
				t.Errorf("%d steps %s in programs of %s", made[op], op, kind)
			}
		}
	}
}

func walk(steps []step, visit func(step)) {
	for _, s := range steps {
		visit(s)
		walk(s.Do, visit)
		walk(s.Clean, visit)
	}
}

// TestShrink checks that a program is reduced to the steps that make it fail.
func TestShrink(t *testing.T) {
	shrunk := 0
	for seed := range uint64(50) {
		p := makeTree(instants, seed)
		fails := func(p tree) bool {
			n := 0
			walk(p.Do, func(s step) {
				if s.Op == "cancel" {
					n++
				}
			})
			return n >= 2
		}
		if !fails(p) {
			continue
		}
		shrunk++
		small := shrink(p, fails)
		if size(small.Do) != 2 || !fails(small) {
			t.Errorf("seed %d: left %d steps, want the 2 that matter: %+v", seed, size(small.Do), small.Do)
		}
	}
	if shrunk == 0 {
		t.Error("no program had two cancels")
	}
}
