module github.com/asyncio-go/asyncio/bench

go 1.26.0

require (
	github.com/asyncio-go/asyncio v0.0.0
	github.com/sourcegraph/conc v0.3.0
	golang.org/x/sync v0.24.0
)

require golang.org/x/sys v0.49.0 // indirect

replace github.com/asyncio-go/asyncio => ../
