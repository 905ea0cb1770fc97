package stress

import (
	"reflect"
	"slices"
	"testing"
)

func walk(stmts []stmt, visit func(stmt)) {
	for _, s := range stmts {
		visit(s)
		walk(s.Do, visit)
	}
}

// TestGenerate: the same seed generates the same program, statements have unique numbers, and each
// kind of statement occurs.
func TestGenerate(t *testing.T) {
	made := map[string]bool{}
	for seed := range uint64(2000) {
		p := generate(seed)
		if !reflect.DeepEqual(p, generate(seed)) {
			t.Fatalf("seed %d makes another program the second time", seed)
		}
		seen := map[int]bool{0: true}
		walk(p.Do, func(s stmt) {
			made[s.Op] = true
			if s.ID != 0 && seen[s.ID] {
				t.Errorf("seed %d: two statements have the number %d", seed, s.ID)
			}
			seen[s.ID] = true
		})
	}
	for _, op := range slices.Concat(leaves, channelLeaves, panicLeaves, blocks, looseBlocks, threadOps, []string{"sleep", "spawn", "handle", "member", "after"}) {
		if !made[op] {
			t.Errorf("no program has a statement %s", op)
		}
	}
}

// TestLedger: the ledger detects each kind of loss and repetition.
func TestLedger(t *testing.T) {
	receipts := make([]receipt, 2)
	for _, c := range []struct {
		name  string
		entry entry
		ok    bool
	}{
		{"received twice from a task", entry{box: inTask, received: receipts}, true},
		{"a task's, reported", entry{box: inTask, reported: 1, returned: 1}, true},
		{"a task's, lost", entry{box: inTask}, false},
		{"a task's, reported twice", entry{box: inTask, reported: 2, returned: 2}, false},
		{"a task's, not returned by Run", entry{box: inTask, reported: 1}, false},
		{"a task's, received and reported", entry{box: inTask, received: []receipt{{near: true}}, reported: 1, returned: 1}, false},
		{"a future's, lost", entry{box: inFuture}, false},
		{"a child's, returned by the group", entry{box: inChild, grouped: 1}, true},
		{"a child's, returned and received", entry{box: inChild, grouped: 1, received: receipts}, true},
		{"a child's, returned twice", entry{box: inChild, grouped: 2}, false},
		{"a child's, received only", entry{box: inChild, received: receipts}, false},
		{"a body's, lost", entry{box: inBody}, false},
		{"a member's, dropped", entry{box: inMember}, true},
		{"a member's, received twice", entry{box: inMember, received: receipts}, false},
		{"a member's, reported", entry{box: inMember, reported: 1, returned: 1}, false},
		{"a call's, received", entry{box: inCall, received: receipts[:1]}, true},
		{"a call's, lost", entry{box: inCall}, false},
		{"an abandoned thread's, lost", entry{box: inAbandon}, false},
		{"main's, returned", entry{box: inMain, returned: 1}, true},
		{"main's, lost", entry{box: inMain}, false},
		{"a callback's, lost", entry{box: inCallback, panicked: true}, false},
	} {
		l := &ledger{entries: []*entry{&c.entry}}
		l.check(true, false, func(int) int { return 0 })
		if ok := len(l.violations) == 0; ok != c.ok {
			t.Errorf("%s: found %v, want it right: %v", c.name, l.violations, c.ok)
		}
	}
	for printed, ok := range []bool{false, true, false} {
		l := &ledger{entries: []*entry{{box: inTask, panicked: true}}}
		l.check(true, true, func(int) int { return printed })
		if (len(l.violations) == 0) != ok {
			t.Errorf("a panic that is printed %d times: found %v, want it right: %v", printed, l.violations, ok)
		}
	}
}

// TestItems: the record of items detects lost, repeated and invented items.
func TestItems(t *testing.T) {
	q := newItems("lifo")
	q.put(1)
	q.put(2)
	q.sent[3] = failed
	for _, c := range []struct {
		n  int
		ok bool
	}{{1, false}, {2, true}, {2, false}, {3, false}, {4, false}} {
		if wrong := q.take(c.n); (wrong == "") != c.ok {
			t.Errorf("take(%d): %q, want it right: %v", c.n, wrong, c.ok)
		}
	}
	if wrong := q.check(); len(wrong) != 1 {
		t.Errorf("check found %q, want the item that was received though its sending failed", wrong)
	}
	q.put(5)
	if wrong := q.check(); len(wrong) != 2 {
		t.Errorf("check found %q, want the item that is lost, too", wrong)
	}
}
