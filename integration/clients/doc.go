// Package clients tests small servers on the event loop with the programs that real servers
// meet: curl, nc, wrk, h2load, nginx, haproxy, openssl, redis-benchmark, and the WebSocket
// client of Node.js. It contains only tests.
//
// The tests check answers, not speed. Each one checks that the loop, when it ends, has no
// task, goroutine or descriptor left.
package clients
