// Package conformance compares this library with CPython's asyncio.
//
// Each program exists twice: in Python under programs/, and here as a direct translation. A program writes a
// trace with a line for each event, so the order of the lines is the order of scheduling. Both sides have
// virtual clocks, and no trace depends on the machine.
//
//	record.sh          runs the Python programs and writes testdata/<program>.trace (PYTHON names the interpreter)
//	TestReplay         runs the Go programs and compares them with the recording, line by line
//	TestBothSides      fails if a program exists on one side only, or has changed since it was recorded
//	differences_test.go  the intended differences, with our trace and the reason
//
// There are also random programs. A program is a tree of steps (random_tree_test.go): tasks, sleeps, gathers, groups,
// timeouts, locks, queues, cancellations and others. makeTree generates one from a seed. interpreter runs it here, and
// programs/random_run.py in Python. Both write the same text for the same event.
//
//	TestRandomRecorded  runs the 280 programs of testdata/random.jsonl and compares their traces with the recorded ones
//	TestRandomLive      compares new programs with the CPython in the variable PYTHON, and reduces those that
//	                    differ: PYTHON=python3.13 go test -tags cpython -run RandomLive . -seeds 20000 -from 1000
//
// Half of them (turns) are compared event by event, in the order of all tasks. They contain only steps that take the same
// number of iterations on both sides. The others (instants) contain all steps, each at a unique instant, and are compared
// task by task, with times. For an intended difference programs/random_loop.py changes CPython to behave as this library:
// a cancellation is a state, awaiting does not own, a gather ends the tasks that it started. If that is not possible, it
// excludes the program from the comparison, with a reason. Each of these differences is also a separate program in the
// lists of differences.
//
// A program that differs from CPython and is not in these lists shows a bug of the library. A program in the lists that
// no longer differs also fails.
//
// The translation uses these pairs:
//
//	async def f(log): ...                func(ctx context.Context, log logger)
//	asyncio.create_task(f())             asyncio.CreateTask(ctx, f)
//	tg.create_task(f())                  asyncio.CreateTask(ctx, f), with the ctx of the group's body
//	await coroutine                      coroutine.Await(ctx), or a plain call
//	async with asyncio.timeout(d): ...   asyncio.WithTimeout around a plain call
//	except asyncio.CancelledError: ...   if err != nil, after an await that can fail in no other way
//	await in a clean-up                  an await with context.WithoutCancel(ctx)
package conformance
