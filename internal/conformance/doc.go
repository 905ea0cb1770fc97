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
