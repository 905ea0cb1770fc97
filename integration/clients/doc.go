// Package clients tests small servers on the event loop with common client programs: curl,
// nc, wrk, h2load, nginx, haproxy, openssl, redis-benchmark, and the WebSocket client of
// Node.js. It contains only tests.
//
// The tests check answers, not speed. Each test also checks that no task, goroutine or
// descriptor is left at the end of the loop.
package clients
