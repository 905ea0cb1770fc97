module github.com/asyncio-go/asyncio/examples

go 1.26.0

require github.com/asyncio-go/asyncio v0.0.0

require golang.org/x/sys v0.49.0 // indirect

replace github.com/asyncio-go/asyncio => ../
