package docs

import (
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"strings"
	"testing"
)

// The tables of docs/coming-from-python.md name all of asyncio's public API, and
// nothing of ours that does not exist.

const comingFromPython = "docs/coming-from-python.md"

// pythonNames are what asyncio.__all__ of Python 3.11 to 3.14 lists together,
// the public attributes of its classes, and what else its documentation describes.
var pythonNames = map[string]string{
	"": `ALL_COMPLETED FIRST_COMPLETED FIRST_EXCEPTION
		AbstractChildWatcher AbstractEventLoop AbstractEventLoopPolicy AbstractServer Barrier BaseEventLoop BaseProtocol BaseTransport
		BoundedSemaphore BrokenBarrierError BufferedProtocol CancelledError Condition DatagramProtocol DatagramTransport
		DefaultEventLoopPolicy Event EventLoop FastChildWatcher FrameCallGraphEntry Future FutureCallGraph Handle IncompleteReadError
		InvalidStateError LifoQueue LimitOverrunError Lock MultiLoopChildWatcher PidfdChildWatcher PriorityQueue ProactorEventLoop Process
		Protocol Queue QueueEmpty QueueFull QueueShutDown ReadTransport Runner SafeChildWatcher SelectorEventLoop Semaphore
		SendfileNotAvailableError Server StreamReader StreamReaderProtocol StreamWriter SubprocessProtocol SubprocessTransport Task
		TaskGroup ThreadedChildWatcher Timeout TimeoutError TimerHandle Transport WindowsProactorEventLoopPolicy
		WindowsSelectorEventLoopPolicy WriteTransport
		_enter_task _get_running_loop _leave_task _register_task _set_running_loop _unregister_task
		all_tasks as_completed capture_call_graph create_eager_task_factory create_subprocess_exec create_subprocess_shell create_task
		current_task eager_task_factory ensure_future format_call_graph future_add_to_awaited_by future_discard_from_awaited_by gather
		get_child_watcher get_event_loop get_event_loop_policy get_running_loop iscoroutine iscoroutinefunction isfuture new_event_loop
		open_connection open_unix_connection print_call_graph run run_coroutine_threadsafe set_child_watcher set_event_loop
		set_event_loop_policy shield sleep start_server start_unix_server timeout timeout_at to_thread wait wait_for wrap_future
		PIPE STDOUT DEVNULL PYTHONASYNCIODEBUG IsolatedAsyncioTestCase AsyncMock ThreadPoolExecutor ProcessPoolExecutor
		InterpreterPoolExecutor ExceptionGroup contextvars.ContextVar`,
	"loop": `add_reader add_signal_handler add_writer call_at call_exception_handler call_later call_soon call_soon_threadsafe close
		connect_accepted_socket connect_read_pipe connect_write_pipe create_connection create_datagram_endpoint create_future
		create_server create_task create_unix_connection create_unix_server default_exception_handler get_debug get_exception_handler
		get_task_factory getaddrinfo getnameinfo is_closed is_running remove_reader remove_signal_handler remove_writer run_forever
		run_in_executor run_until_complete sendfile set_debug set_default_executor set_exception_handler set_task_factory
		shutdown_asyncgens shutdown_default_executor slow_callback_duration sock_accept sock_connect sock_recv sock_recv_into
		sock_recvfrom sock_recvfrom_into sock_sendall sock_sendfile sock_sendto start_tls stop subprocess_exec subprocess_shell time`,
	"Runner": `run get_loop close`,
	"Task": `add_done_callback cancel cancelled cancelling done exception get_context get_coro get_loop get_name get_stack print_stack
		remove_done_callback result set_name uncancel`,
	"Future":    `add_done_callback cancel cancelled done exception get_loop remove_done_callback result set_exception set_result`,
	"TaskGroup": `create_task cancel`,
	"Timeout":   `expired reschedule when`,
	"Handle":    `cancel cancelled get_context`, "TimerHandle": `when`,
	"Lock":          `acquire release locked`,
	"Event":         `set clear is_set wait`,
	"Condition":     `acquire release locked wait wait_for notify notify_all`,
	"Semaphore":     `acquire release locked`,
	"Barrier":       `wait reset abort parties n_waiting broken`,
	"Queue":         `put get put_nowait get_nowait qsize empty full maxsize task_done join shutdown`,
	"StreamReader":  `at_eof exception feed_data feed_eof read readexactly readline readuntil set_exception set_transport`,
	"StreamWriter":  `can_write_eof close drain get_extra_info is_closing start_tls transport wait_closed write write_eof writelines`,
	"Server":        `abort_clients close close_clients get_loop is_serving serve_forever sockets start_serving wait_closed`,
	"BaseTransport": `close is_closing get_extra_info set_protocol get_protocol`,
	"ReadTransport": `is_reading pause_reading resume_reading`,
	"WriteTransport": `abort can_write_eof get_write_buffer_size get_write_buffer_limits set_write_buffer_limits write writelines
		write_eof`,
	"DatagramTransport":       `sendto abort`,
	"SubprocessTransport":     `get_pid get_pipe_transport get_returncode kill send_signal terminate close`,
	"BaseProtocol":            `connection_made connection_lost pause_writing resume_writing`,
	"Protocol":                `data_received eof_received`,
	"BufferedProtocol":        `get_buffer buffer_updated eof_received`,
	"DatagramProtocol":        `datagram_received error_received`,
	"SubprocessProtocol":      `pipe_data_received pipe_connection_lost process_exited`,
	"Process":                 `pid returncode stdin stdout stderr wait communicate send_signal terminate kill`,
	"IsolatedAsyncioTestCase": `asyncSetUp asyncTearDown addAsyncCleanup enterAsyncContext`,
	"Executor":                `submit map shutdown`,
}

var codeSpan = regexp.MustCompile("`[^`]*`")

// tableRows are the cells of the document's tables, without headings.
func tableRows(t *testing.T) (rows [][]string) {
	t.Helper()
	for _, line := range strings.Split(readDoc(t, comingFromPython), "\n") {
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| Python ") {
			rows = append(rows, cells)
		}
	}
	return rows
}

func TestComingFromPythonNamesAllOfAsyncio(t *testing.T) {
	var python strings.Builder
	for _, row := range tableRows(t) {
		for _, code := range codeSpan.FindAllString(row[0], -1) {
			python.WriteString(code + "\n")
		}
	}
	for class, names := range pythonNames {
		for _, name := range strings.Fields(names) {
			if class != "" {
				name = class + "." + name
			}
			if !regexp.MustCompile("(?m)^`(?:asyncio\\.)?" + regexp.QuoteMeta(name) + `\b`).MatchString(python.String()) {
				t.Errorf("no table of %s has a row for %s", comingFromPython, name)
			}
		}
	}
}

// ourName is a name of this module as the tables write it: without the package
// for package asyncio, with it for others.
var ourName = regexp.MustCompile(`(?:\b([a-z]\w*)\.)?\b([A-Z]\w*(?:\.[A-Z]\w*)?)`)

func TestComingFromPythonNamesWhatExists(t *testing.T) {
	std := newImporter(t, importable...)
	ours := exportedNames(t)
	seen := 0
	for _, row := range tableRows(t) {
		for _, code := range codeSpan.FindAllString(row[1], -1) {
			for _, m := range ourName.FindAllStringSubmatch(code, -1) {
				seen++
				path := importPath(m[1])
				switch {
				case m[1] == "" || m[1] == "asyncio":
					if !ours[m[2]] && !token.IsKeyword(m[2]) && m[2] != "T" && m[2] != "X" {
						t.Errorf("%s: %s does not exist", strings.TrimSpace(row[1]), m[2])
					}
				case path != "":
					pkg, err := std.Import(path)
					if err != nil {
						t.Fatal(err)
					}
					if !hasName(pkg, m[2]) {
						t.Errorf("%s: %s has no %s", strings.TrimSpace(row[1]), path, m[2])
					}
				}
			}
		}
	}
	if seen < 100 {
		t.Errorf("the tables name %d things, want at least 100", seen)
	}
}

// hasName reports whether the package has the name X, or T.M: a field or a method.
func hasName(pkg *types.Package, name string) bool {
	name, member, ofType := strings.Cut(name, ".")
	obj := pkg.Scope().Lookup(name)
	if obj == nil || !ofType {
		return obj != nil
	}
	found, _, _ := types.LookupFieldOrMethod(obj.Type(), true, pkg, member)
	return found != nil
}

// importPath finds the package that goes by the name.
func importPath(name string) string {
	for _, p := range importable {
		if name != "" && (p == name || strings.HasSuffix(p, "/"+name)) {
			return p
		}
	}
	return ""
}

// exportedNames are the names of package asyncio: X, and T.M for methods.
func exportedNames(t *testing.T) map[string]bool {
	p := documentation(t, ".")
	names := map[string]bool{}
	for _, v := range append(p.Consts, p.Vars...) {
		for _, n := range v.Names {
			names[n] = true
		}
	}
	for _, f := range p.Funcs {
		names[f.Name] = true
	}
	for _, typ := range p.Types {
		names[typ.Name] = true
		for _, v := range append(typ.Consts, typ.Vars...) {
			for _, n := range v.Names {
				names[n] = true
			}
		}
		for _, f := range typ.Funcs {
			names[f.Name] = true
		}
		for _, m := range typ.Methods {
			names[typ.Name+"."+m.Name] = true
		}
		ast.Inspect(typ.Decl, func(n ast.Node) bool { // fields
			if f, ok := n.(*ast.Field); ok {
				for _, n := range f.Names {
					names[n.Name] = names[n.Name] || n.IsExported()
				}
			}
			return true
		})
	}
	return names
}
