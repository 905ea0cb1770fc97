// Package aiohttp lets an event loop answer HTTP requests behind net/http, and await
// answers of other servers.
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
// Net/http stays in front, with all it has: TLS, HTTP/2, routes, limits, time-outs.
// Each request is a task of the loop, and nothing that it does with the request or the
// response blocks the loop: what would block is done in a goroutine while the task
// is suspended.
//
// What a handler computes holds up the loop, as everywhere; and so does what it reads
// from elsewhere without an await, such as the fields of a large form that go to files.
package aiohttp
