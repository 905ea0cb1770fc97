// Package aioexec runs commands on an event loop: a task that talks to a process, or
// waits for its end, is suspended, and the others go on.
//
//	cmd := exec.Command("sort")
//	cmd.Stdin, cmd.Stdout = aioexec.Pipe, aioexec.Pipe
//	p, err := aioexec.Start(ctx, cmd)
//	if err != nil {
//		return err
//	}
//	defer p.Close()
//	sorted, _, err := p.Communicate(ctx, []byte("b\na\n"), aioexec.Limits{})
//
// A process has an owner, as a task has: the scope of the ctx that it was started with
// waits for its end, and a cancellation of that ctx kills it. Where the system has process
// groups, the processes that it has started are killed with it. This does not apply to
// processes that have left the group, or if the process uses this program's terminal: see
// Start.
//
// A cancelled Wait kills the process too, unlike Python's Process.wait: to stop waiting
// and let it run, await Done. On Linux the process is killed when this program ends,
// also by a crash (Pdeathsig). To start a daemon that outlives the program, use package
// os/exec.
package aioexec
