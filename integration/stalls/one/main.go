// Command one runs the program with the name in its argument. It writes the reports to file
// descriptor 3.
package main

import (
	"fmt"
	"os"

	"github.com/asyncio-go/asyncio/integration/stalls"
)

func main() {
	if err := stalls.Execute(os.Args[1], os.NewFile(3, "result")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
