package stall

import (
	"runtime/debug"
	"strings"
	"unicode"
)

// modules are the modules of the program, by its build info.
type modules struct {
	local []string     // paths of modules whose source the user can edit
	deps  []dependency // the other modules
}

// A dependency is a module at a fixed version. Its users cannot edit it.
type dependency struct {
	path string
	dir  string // its folder within the module cache, with a slash
}

// built is empty in a program without build info. The build info of a test binary lists no
// dependencies. In both cases dependencies are recognised by the names of their files.
var built = func() modules {
	b, ok := debug.ReadBuildInfo()
	if !ok {
		return modules{}
	}
	return modulesOf(b)
}()

// modulesOf separates local modules from dependencies. The main module, modules of the workspace and
// modules replaced by a folder have no version, or (devel). go run with file names lists the main
// module among the others.
func modulesOf(b *debug.BuildInfo) modules {
	var m modules
	if b.Main.Path != "" {
		m.local = append(m.local, b.Main.Path)
	}
	for _, d := range b.Deps {
		source := d
		if d.Replace != nil {
			source = d.Replace
		}
		if source.Version == "" || source.Version == "(devel)" {
			m.local = append(m.local, d.Path)
			continue
		}
		m.deps = append(m.deps, dependency{d.Path, inCache(source.Path) + "@" + inCache(source.Version) + "/"})
	}
	return m
}

// inCache returns a path or a version as the module cache spells it.
func inCache(path string) string {
	var b strings.Builder
	for _, r := range path {
		if unicode.IsUpper(r) {
			b.WriteByte('!')
			r = unicode.ToLower(r)
		}
		b.WriteRune(r)
	}
	return b.String()
}

// owner returns the module with the longest path that holds the package.
func (m modules) owner(pkg string) (path string, local bool) {
	for _, l := range m.local {
		if len(l) > len(path) && within(pkg, l) {
			path, local = l, true
		}
	}
	for _, d := range m.deps {
		if len(d.path) > len(path) && within(pkg, d.path) {
			path, local = d.path, false
		}
	}
	return path, local
}

// within reports whether the package, or the test of one, is in the module.
func within(pkg, module string) bool {
	rest, ok := strings.CutPrefix(pkg, module)
	return ok && (rest == "" || rest[0] == '/' || rest == "_test")
}

// ofFile returns the package of a dependency that contains the file. The compiler may have inlined
// its code into a function of the program.
func (m modules) ofFile(file string) (pkg string, ok bool) {
	if !strings.Contains(file, "@v") && !strings.Contains(file, "/vendor/") {
		return "", false
	}
	for _, d := range m.deps {
		for _, dir := range []string{d.dir, "/vendor/" + d.path + "/"} {
			at := strings.Index(file, dir)
			if at < 0 || at > 0 && dir == d.dir && file[at-1] != '/' {
				continue
			}
			pkg = d.path
			if rest := file[at+len(dir):]; strings.Contains(rest, "/") {
				pkg += "/" + rest[:strings.LastIndexByte(rest, '/')]
			}
			return pkg, true
		}
	}
	if _, std := standardDir(file); std || len(m.deps) > 0 {
		return "", false
	}
	return ofFileName(file)
}

// ofFileName is ofFile for a program whose dependencies are not known.
func ofFileName(file string) (pkg string, ok bool) {
	dir := file[:max(strings.LastIndexByte(file, '/'), 0)]
	if at := strings.LastIndex(dir, "/vendor/"); at >= 0 {
		if pkg = dir[at+len("/vendor/"):]; domain(pkg) {
			return pkg, true
		}
		return "", false
	}
	path, rest, _ := strings.Cut(dir, "@v")
	version, folder, _ := strings.Cut(rest, "/")
	if strings.Count(version, ".") < 2 {
		return "", false
	}
	if _, inMod, found := strings.Cut(path, "/pkg/mod/"); found {
		path = inMod
	}
	for ok = true; ok && !domain(path); {
		_, path, ok = strings.Cut(path, "/")
	}
	if folder != "" {
		folder = "/" + folder
	}
	return outOfCache(path) + folder, ok
}

// domain reports whether the path's first element is a domain.
func domain(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return strings.IndexByte(first, '.') > 0
}

// outOfCache is the inverse of inCache.
func outOfCache(path string) string {
	parts := strings.Split(path, "!")
	for i, part := range parts[1:] {
		if part != "" {
			parts[i+1] = strings.ToUpper(part[:1]) + part[1:]
		}
	}
	return strings.Join(parts, "")
}

// Program reports whether the frame is a line of the program that its user can edit: a frame for
// which User reports true, and not one of a dependency.
func (f Frame) Program() bool {
	if !f.User() {
		return false
	}
	if path, local := built.owner(f.path()); path != "" && !local {
		return false
	}
	_, dep := built.ofFile(f.File)
	return !dep
}

// path returns the import path of the function's package. A function's name escapes the dots of the
// last element.
func (f Frame) path() string { return strings.ReplaceAll(f.pkg(), "%2e", ".") }

// foreign reports whether the frame is of a dependency other than this library.
func (f Frame) foreign() bool {
	if f.generated() || f.Program() {
		return false
	}
	if pkg := f.pkg(); within(pkg, module) || standard(pkg) {
		_, dep := built.ofFile(f.File)
		return dep
	}
	_, std := standardDir(f.File)
	return !std
}
