# The commands of the project. `make check` decides whether a change lands.

.PHONY: check test race bench soak nightly demo traces fresh

check:
	.ci/run

test:
	go test work

race:
	go test -race work

# One table of medians and ratios, ours beside goroutines, errgroup and conc.
bench:
	cd bench && GOWORK=off go run ./table

# Holds the process pool against faults, and the stall watch against false alarms. SOAK=10s make soak is shorter; SEED=n
# repeats the choices of another run.
SOAK ?= 60s
soak:
	go run ./procpool/internal/soak -for $(SOAK) $(if $(SEED),-seed $(SEED))
	go run ./internal/stall/soak -for $(SOAK)

# Tests that take too long for each change: random programs (STRESS in virtual and in real time each), servers under
# load for STORM, the soak of the pool and the watch, all programs that block the loop, each fuzz test for FUZZ.
STRESS ?= 5m
STORM ?= 10m
FUZZ ?= 1m
nightly:
	go test -race -count=1 -timeout 0 -v ./internal/stress -stress.for=$(STRESS)
	go test -race -count=1 -timeout 0 -v ./internal/stress -stress.for=$(STRESS) -stress.real
	go test -race -count=1 -timeout 0 -v ./internal/storm -storm.for=$(STORM)
	$(MAKE) soak
	cd integration/stalls && GOWORK=off go test -count=1 -v -timeout 30m . -stalls.all
	go list ./... | while read -r p; do for f in $$(go test -list '^Fuzz' "$$p" </dev/null | grep '^Fuzz'); do \
		echo "$$p $$f" && go test "$$p" -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZ) </dev/null || exit 1; done || exit 1; done

demo:
	go run ./cmd/asyncio demo

# Records CPython's traces anew: PYTHON=python3.13 make traces
traces:
	internal/conformance/record.sh

# Compares random programs that nobody has seen with CPython: PYTHON=python3.13 SEEDS=20000 FROM=1000 make fresh
SEEDS ?= 2000
FROM ?= 1
fresh:
	go test -tags cpython -count=1 -v -timeout 0 -run RandomLive ./internal/conformance -seeds $(SEEDS) -from $(FROM)
