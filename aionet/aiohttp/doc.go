// Package aiohttp runs the handlers of net/http as tasks of an event loop, and lets tasks await the
// responses of other servers.
//
//	visits := map[string]int{} // touched by tasks of the loop only: no lock
//	http.Handle("/", aiohttp.Handler(loop, func(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
//		visits[r.URL.Path]++
//		page, err := aiohttp.Get(ctx, "http://backend.example"+r.URL.Path)
//		if err != nil {
//			return err
//		}
//		defer page.Body.Close()
//		_, err = io.Copy(w, page.Body)
//		return err
//	}))
//
// Package net/http accepts the connections, with TLS, HTTP/2, routes, limits and time-outs. Each
// request is a task of the loop. Reading the request and writing the response do not block the
// loop: a goroutine performs blocking operations while the task is suspended.
//
// A handler's computations block the loop, as in any task. So do blocking calls without an await,
// for example parsing a large form whose files are stored on disk.
package aiohttp
