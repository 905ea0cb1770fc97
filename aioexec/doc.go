// Package aioexec runs commands on an event loop. A task that waits for a process, or for
// its input or output, is suspended. Other tasks of the loop run.
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
// A process has an owner, like a task. The scope of the ctx that was passed to Start waits
// for the end of the process, and a cancellation of that ctx kills it. On systems with
// process groups the processes that it has started are killed with it. This does not apply
// to processes that have left the group, or if the process uses this program's terminal:
// see Start.
//
// A cancelled Wait kills the process too, unlike Process.wait of Python. To stop waiting
// without killing the process, await Done. On Linux the process is killed when this program
// ends, also by a crash (Pdeathsig). To start a daemon that outlives the program, use
// package os/exec.
package aioexec
