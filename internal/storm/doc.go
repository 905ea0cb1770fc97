// Package storm tests servers of package aionet under load. Clients connect, reset, half-close,
// read slowly and leave, while descriptors run out and the servers shut down. The tests check
// that no guaranteed answer is lost, and that no resource is left.
//
// A seed selects one round: a network, a way to serve, clients of several kinds, and the time
// at which Shutdown begins. The clients use package net in goroutines. So a round runs in real
// time, and differs from run to run. The rules:
//
//   - A client that has connected before Shutdown began receives the answer to each of its
//     requests. If handlers return at once (Draining), the client receives at least one
//     answer, and then the end of the stream.
//   - With TCP a client is connected before the server's system has it in the backlog. If the
//     listener closes in between, the client is reset. Such clients are counted as late.
//   - Each answer belongs to its request, is complete, and is in order.
//   - The number of answers that clients receive is at most the number that the server sends.
//   - Shutdown returns nil unless it had to cancel handlers. At the end no task, goroutine or
//     descriptor is left.
//
// The commands:
//
//	go test ./internal/storm                              a few rounds
//	go test -race ./internal/storm -storm.for=10m -v      rounds with new seeds for ten minutes, and counts
//	go test ./internal/storm -storm.seed=17               the round of one seed
package storm
