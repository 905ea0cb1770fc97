package layout

import (
	"log"
	"os"
	"testing"
)

const module = "github.com/asyncio-go/asyncio"

func TestMain(m *testing.M) {
	if err := os.Chdir("../../.."); err != nil {
		log.Fatal(err)
	}
	os.Exit(m.Run())
}
