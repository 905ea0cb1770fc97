package conformance

import (
	"fmt"
	"strings"
	"testing"
)

// diff compares two traces line by line. A line only in want is marked -, a line only in got is
// marked +.
func diff(want, got []string) string {
	// common[i][j] is the length of the longest common subsequence of want[i:] and got[j:].
	common := make([][]int, len(want)+1)
	for i := range common {
		common[i] = make([]int, len(got)+1)
	}
	for i := len(want) - 1; i >= 0; i-- {
		for j := len(got) - 1; j >= 0; j-- {
			if want[i] == got[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var b strings.Builder
	for i, j := 0, 0; i < len(want) || j < len(got); {
		switch {
		case i < len(want) && j < len(got) && want[i] == got[j]:
			fmt.Fprintf(&b, "      %s\n", want[i])
			i, j = i+1, j+1
		case j == len(got) || i < len(want) && common[i+1][j] >= common[i][j+1]:
			fmt.Fprintf(&b, "    - %s\n", want[i])
			i++
		default:
			fmt.Fprintf(&b, "    + %s\n", got[j])
			j++
		}
	}
	return b.String()
}

func TestDiff(t *testing.T) {
	for _, c := range []struct{ want, got, diff string }{
		{"a b c", "a b c", "a b c"},
		{"a b c", "a c", "a - b c"},
		{"a c", "a b c d", "a + b c + d"},
		{"a b", "b a", "- a b + a"},
		{"a", "b", "- a + b"},
	} {
		got := strings.Join(strings.Fields(diff(strings.Fields(c.want), strings.Fields(c.got))), " ")
		if got != c.diff {
			t.Errorf("diff(%q, %q) is %q, want %q", c.want, c.got, got, c.diff)
		}
	}
}
