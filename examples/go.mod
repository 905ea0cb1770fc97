module github.com/asyncio-go/asyncio/examples

go 1.26.0

require github.com/asyncio-go/asyncio v0.0.0

replace github.com/asyncio-go/asyncio => ../
