package stalls

import (
	"context"
	"html/template"
	"io"
	"time"

	"github.com/aymerick/raymond"
	"github.com/d5/tengo/v2"
	"github.com/expr-lang/expr"
	"github.com/flosch/pongo2/v6"
	"github.com/robertkrimen/otto"
	lua "github.com/yuin/gopher-lua"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

var engines = []program{
	{name: "expr", class: "cpu,gc", call: "expr.Run", advice: "asyncio.ToThread", run: exprRuns},
	{name: "starlark", class: "cpu", call: "starlark.Call", advice: "asyncio.ToThread", run: starlarkCalls},
	{name: "lua", class: "cpu,gc", call: "gopher-lua.(*LState).DoString", advice: "asyncio.ToThread", run: luaComputes},
	{name: "lua-callback", by: "rules", class: "sleep", call: "time.Sleep", advice: "asyncio.Sleep", run: luaCallsBack},
	{name: "tengo", class: "cpu,gc", call: "tengo/v2.(*Compiled).Run", advice: "asyncio.ToThread", run: tengoRuns},
	{name: "otto", class: "cpu,gc", call: "otto.", advice: "asyncio.ToThread", run: ottoRuns},
	{name: "pongo2", class: "cpu,gc", call: "pongo2/v6.(*Template).Execute", advice: "asyncio.ToThread", run: pongo2Executes},
	{name: "handlebars", class: "cpu,gc", call: "raymond.(*Template).Exec", advice: "asyncio.ToThread", run: handlebarsExecutes},
	{name: "html-template", class: "io", call: "html/template.(*Template).Execute", advice: "asyncio.ToThread", run: templateWrites},
}

func exprRuns(ctx context.Context) error {
	compiled := got(expr.Compile("sum(map(1..20000, # % 7))"))
	must(settle(ctx))
	again(func() { got(expr.Run(compiled, nil)) }) // guilty: expr
	return nil
}

func starlarkCalls(ctx context.Context) error {
	thread := &starlark.Thread{Name: "rules"}
	globals := got(starlark.ExecFileOptions(&syntax.FileOptions{}, thread, "rules.star", `
def count(n):
    total = 0
    for i in range(n):
        total += i % 7
    return total
`, nil))
	must(settle(ctx))
	again(func() { got(starlark.Call(thread, globals["count"], starlark.Tuple{starlark.MakeInt(100_000)}, nil)) }) // guilty: starlark
	return nil
}

func luaComputes(ctx context.Context) error {
	state := lua.NewState()
	must(settle(ctx))
	again(func() { must(state.DoString("local t = 0; for i = 1, 200000 do t = t + i % 7 end")) }) // guilty: lua
	return nil
}

func luaCallsBack(ctx context.Context) error {
	state := lua.NewState()
	state.SetGlobal("pause", state.NewFunction(func(*lua.LState) int {
		time.Sleep(lasts) // guilty: lua-callback
		return 0
	}))
	must(settle(ctx))
	once(func() { must(state.DoString("pause()")) })
	return nil
}

func tengoRuns(ctx context.Context) error {
	script := got(tengo.NewScript([]byte("t := 0; for i := 0; i < 100000; i++ { t += i % 7 }")).Compile())
	must(settle(ctx))
	again(func() { must(script.Run()) }) // guilty: tengo
	return nil
}

func ottoRuns(ctx context.Context) error {
	vm := otto.New()
	must(settle(ctx))
	again(func() { got(vm.Run("var t = 0; for (var i = 0; i < 20000; i++) { t += i % 7 }")) }) // guilty: otto
	return nil
}

func pongo2Executes(ctx context.Context) error {
	page := got(pongo2.FromString("{% for i in items %}{{ i.Name|upper }}: {{ i.Amount }}{% endfor %}"))
	list := pongo2.Context{"items": items(5000)}
	must(settle(ctx))
	again(func() { got(page.Execute(list)) }) // guilty: pongo2
	return nil
}

func handlebarsExecutes(ctx context.Context) error {
	page := got(raymond.Parse("{{#each items}}{{Name}}: {{Amount}}{{/each}}"))
	list := map[string]any{"items": items(5000)}
	must(settle(ctx))
	again(func() { got(page.Exec(list)) }) // guilty: handlebars
	return nil
}

func templateWrites(ctx context.Context) error {
	page := got(template.New("page").Parse("{{range .}}<p>{{.Name}}</p>{{end}}"))
	var client io.Writer = fullPipe()
	must(settle(ctx))
	once(func() { must(page.Execute(client, items(10))) }) // guilty: html-template
	return nil
}
