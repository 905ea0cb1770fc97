package main

import (
	"bytes"
	"testing"
)

var sampleTable = table{
	head: []string{"remedy", "took", "s"},
	rows: []row{
		{cells: []string{"none", "2.00 s", "1,234"}, remark: "blocks", mood: red},
		{cells: []string{"a long name", "15 µs", "7"}, remark: "does not block"},
	},
}

func TestTable(t *testing.T) {
	for _, c := range []struct {
		width int
		want  string
	}{
		{26, `remedy         took      s
--------------------------
none         2.00 s  1,234
  blocks
a long name   15 µs      7
  does not block
`},
		{25, `none
  took    2.00 s
  s       1,234
  blocks
a long name
  took    15 µs
  s       7
  does not block
`},
	} {
		var out bytes.Buffer
		sampleTable.print(&screen{w: &out, width: c.width})
		if out.String() != c.want {
			t.Errorf("at width %d:\n%s\nwant:\n%s", c.width, out.String(), c.want)
		}
	}
}

func TestTableInColour(t *testing.T) {
	var out bytes.Buffer
	sampleTable.print(&screen{w: &out, width: 80, colour: true})
	const want = "\x1b[1mremedy         took      s\x1b[0m\n" +
		"\x1b[2m--------------------------\x1b[0m\n" +
		"none         2.00 s  1,234\n" +
		"  \x1b[31mblocks\x1b[0m\n" +
		"a long name   15 µs      7\n" +
		"  does not block\n"
	if out.String() != want {
		t.Errorf("got %q\nwant %q", out.String(), want)
	}
}
