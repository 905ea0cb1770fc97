// Package sqlite shows how a program on an event loop uses database/sql, with
// a real SQLite. It is small enough to be copied.
//
// database/sql blocks, so each call goes through ToThread. Three things make
// that work well:
//
//   - The limiter lets as many calls through as there are connections. The
//     others wait as suspended tasks, in order, and not as goroutines inside
//     database/sql.
//   - A transaction is one call, from its begin to its commit. A task that is
//     suspended holds no connection.
//   - SQLite has one writer at a time. Writers wait for a Lock of the loop,
//     which is fair, instead of asking the file again and again.
//
// Cancelling the task, or a time-out around the call, interrupts the query.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"net/url"

	"github.com/asyncio-go/asyncio"
	_ "modernc.org/sqlite" // the driver, in pure Go
)

// A DB is a database file for the tasks of one loop.
type DB struct {
	sql     *sql.DB
	threads *asyncio.Limiter
	writing asyncio.Lock
}

// Open opens the file, or makes it, with so many connections.
func Open(ctx context.Context, file string, connections int) (*DB, error) {
	options := url.Values{
		"_pragma": {"journal_mode(WAL)", "busy_timeout(5000)", "foreign_keys(1)"},
		"_txlock": {"immediate"}, // a transaction that will write says so when it begins
	}
	pool, err := sql.Open("sqlite", "file:"+file+"?"+options.Encode())
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	d := &DB{sql: pool, threads: asyncio.NewLimiter(connections)}
	_, err = Call(ctx, d, func(ctx context.Context, pool *sql.DB) (struct{}, error) {
		return struct{}{}, pool.PingContext(ctx)
	})
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return d, nil
}

// Call runs fn, which may block, in a thread. fn must pass on the ctx that it
// gets: that is how it learns that the task was cancelled.
func Call[T any](ctx context.Context, d *DB, fn func(ctx context.Context, pool *sql.DB) (T, error)) (T, error) {
	return asyncio.ToThread(ctx, func(ctx context.Context) (T, error) {
		return fn(ctx, d.sql)
	}, asyncio.Via(d.threads))
}

// Transact runs fn in a transaction, in a thread. If fn fails, or the task is
// cancelled before the commit, nothing of it has happened.
func (d *DB) Transact(ctx context.Context, fn func(ctx context.Context, tx *sql.Tx) error) error {
	if err := d.writing.Acquire(ctx); err != nil {
		return err
	}
	defer d.writing.Release()
	_, err := Call(ctx, d, func(ctx context.Context, pool *sql.DB) (struct{}, error) {
		tx, err := pool.BeginTx(ctx, nil)
		if err != nil {
			return struct{}{}, err
		}
		defer tx.Rollback() // does nothing after a commit
		if err := fn(ctx, tx); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, tx.Commit()
	})
	return err
}

// Close closes the connections. It waits for the calls under way, even when the
// task that closes is cancelled.
func (d *DB) Close(ctx context.Context) error {
	_, err := asyncio.ToThread(context.WithoutCancel(ctx), func(context.Context) (struct{}, error) {
		return struct{}{}, d.sql.Close()
	})
	return err
}
