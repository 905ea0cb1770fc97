// Package conformance holds this library against CPython's asyncio.
//
// Each program exists twice: in Python under programs/, and here, one Go file a subject, as its direct
// translation. A program writes a trace: one short line for each event, so that the order of the lines is the
// order of scheduling. Clocks are virtual on both sides and nothing depends on the machine.
//
//	record.sh          runs the Python programs and writes testdata/<program>.trace (PYTHON names the interpreter)
//	TestReplay         runs the Go programs and compares them with the recording, line by line
//	TestBothSides      fails where a program exists on one side only, or was changed since it was recorded
//	differences_test.go  every place where this library means to differ, with our trace and the reason
//
// Besides, there are random programs. A program is a tree of steps (random_tree_test.go): tasks, sleeps, gathers, groups,
// time-outs, locks, queues and their like, cancels. makeTree makes one of a seed; interpreter runs it here and
// programs/random_run.py in Python, each with the same words for the same events.
//
//	TestRandomRecorded  runs the programs of testdata/random.jsonl, 280 of them, and compares them with what is written there
//	TestRandomLive      compares programs that nobody has seen with the CPython that PYTHON names, and makes those that
//	                    differ smaller: PYTHON=python3.13 go test -tags cpython -run RandomLive . -seeds 20000 -from 1000
//
// Half of them (turns) are compared event by event, in the order in which all tasks did them; they hold what takes the same
// number of turns on both sides. The others (instants) hold everything, each step at a time of its own, and are compared
// task by task, with times. Where the library means to differ, programs/random_loop.py either brings CPython to do as it is
// done here (a cancellation is a state, awaiting does not own, a gather ends what it started) or notices that it cannot:
// such a program is outside of the comparison, and tells the reason. Each of these is a program of its own as well, in
// the lists of differences.
//
// A program that differs from CPython and is not listed there is a bug of the library. One that is listed and
// no longer differs fails too, so that the list stays true.
//
// The translation keeps to these pairs:
//
//	async def f(log): ...                func(ctx context.Context, log logger)
//	asyncio.create_task(f())             asyncio.CreateTask(ctx, f)
//	tg.create_task(f())                  asyncio.CreateTask(ctx, f), with the ctx of the group's body
//	await coroutine                      coroutine.Await(ctx), or a plain call
//	async with asyncio.timeout(d): ...   asyncio.WithTimeout around a plain call
//	except asyncio.CancelledError: ...   if err != nil, after an await that can fail in no other way
//	await in a clean-up                  an await with context.WithoutCancel(ctx)
package conformance
