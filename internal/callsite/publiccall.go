package callsite

import (
	"runtime"
	"slices"
	"strings"
)

// PublicCall returns the package and the name of the exported function or method that the program
// has called: the outermost one of the frames before the first that does not belong to the library.
// The stack may end with zeros. call is "" if there is none.
func PublicCall(stack []uintptr) (pkg, call string) {
	pkg = "asyncio"
	if n := slices.Index(stack, 0); n >= 0 {
		stack = stack[:n]
	}
	if len(stack) == 0 {
		return pkg, ""
	}
	frames := runtime.CallersFrames(stack)
	for {
		f, more := frames.Next()
		path, name, ok := libraryFunction(f.Function, f.File)
		if !ok {
			return pkg, call
		}
		if exported := exportedName(name); exported != "" && !strings.Contains(path, "/internal/") {
			pkg, call = path[strings.LastIndexByte(path, '/')+1:], exported
		}
		if !more {
			return pkg, call
		}
	}
}

// libraryFunction splits the name of a function of the library into the path of its package and its
// name there. It reports false for functions of tests, examples and commands.
func libraryFunction(function, file string) (path, name string, ok bool) {
	rest, ok := strings.CutPrefix(function, module)
	if !ok || strings.HasSuffix(file, "_test.go") || strings.HasPrefix(rest, "/examples/") || strings.HasPrefix(rest, "/cmd/") {
		return "", "", false
	}
	dot := strings.IndexByte(rest, '.')
	if dot < 0 {
		return "", "", false
	}
	return module + rest[:dot], rest[dot+1:], true
}

// exportedName returns the name of a function as a program writes it: Queue.Put for
// (*queue[...]).Put. It returns "" for a function that is not exported. A function literal has the
// name of the function that contains it.
func exportedName(name string) string {
	for { // without type arguments
		open := strings.IndexByte(name, '[')
		if open < 0 {
			break
		}
		end := strings.LastIndexByte(name, ']')
		if end < open {
			return ""
		}
		name = name[:open] + name[end+1:]
	}
	parts := strings.Split(name, ".")
	receiver := strings.Trim(parts[0], "(*)")
	if receiver == "queue" { // embedded in the exported ones
		receiver = "Queue"
	}
	if !isExported(receiver) {
		return ""
	}
	if len(parts) == 1 || strings.HasPrefix(parts[1], "func") { // a function, or a literal in it
		return receiver
	}
	if !isExported(parts[1]) {
		return ""
	}
	return receiver + "." + strings.TrimSuffix(parts[1], "-fm")
}

func isExported(name string) bool { return name != "" && name[0] >= 'A' && name[0] <= 'Z' }
