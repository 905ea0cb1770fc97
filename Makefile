# The commands of the project. `make check` decides whether a change lands.

.PHONY: check test race bench demo traces

check:
	.ci/run

test:
	go test work

race:
	go test -race work

# One table of medians and ratios, ours beside goroutines, errgroup and conc.
bench:
	cd bench && GOWORK=off go run ./table

demo:
	go run ./cmd/asyncio demo

# Records CPython's traces anew: PYTHON=python3.13 make traces
traces:
	internal/conformance/record.sh
