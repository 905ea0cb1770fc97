// Package storm runs servers of package aionet among clients that connect, reset, half-close,
// read slowly and leave, while descriptors run out and the servers shut down. It checks that
// nothing that was promised is lost, and that nothing is left.
//
// A seed stands for one round: a network, a way to serve, clients of several kinds, and the
// moment at which Shutdown begins. Clients use package net in goroutines, so a round runs in
// real time and is not the same each time. The rules:
//
//   - A client that connected before Shutdown began, and stays, receives the answer to each
//     of its requests. Where handlers leave at once (Draining), it receives an answer to the
//     first one, and then the end of the stream. By TCP a client is connected a moment before
//     the server's system counts it: where the listener closes in that moment the client is
//     reset. Such clients are counted as late.
//   - Each answer is that of its request, whole and in order.
//   - The server has answered as many requests as clients received, or more: some clients
//     leave.
//   - Shutdown returns nil unless it had to cancel handlers. At the end there is no task,
//     goroutine or descriptor.
//
// The commands:
//
//	go test ./internal/storm                              a few rounds
//	go test -race ./internal/storm -storm.for=10m -v      new rounds for ten minutes, then counts
//	go test ./internal/storm -storm.seed=17               one round again
package storm
