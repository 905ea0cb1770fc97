package docs

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/asyncio-go/asyncio"
)

// The page about stalls has each field of a report and each class in a table.
func TestTroubleshootingHasTheWholeReport(t *testing.T) {
	text, err := os.ReadFile("docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	var cells strings.Builder // the cells of tables but for the last
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "|") {
			cells.WriteString(line[:strings.LastIndex(strings.TrimRight(line, "| \n"), " | ")+1])
		}
	}
	fields := reflect.TypeFor[asyncio.Stall]()
	for i := range fields.NumField() {
		if name := fields.Field(i).Name; !strings.Contains(cells.String(), "`"+name+"`") {
			t.Errorf("the field %s is in no table", name)
		}
	}
	for c := asyncio.StallUnknown; c <= asyncio.StallLateTimer; c++ {
		if !strings.Contains(cells.String(), "| `"+c.String()+"` |") {
			t.Errorf("the class %v is in no table", c)
		}
	}
}
