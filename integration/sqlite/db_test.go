package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"modernc.org/sqlite"
)

// The database is real and takes real time, so these tests run on a real loop.
// They wait for each other by signals: the SQL function signal(), which a query
// calls, tells the loop that the query is under way.

var underWay chan struct{}

func init() {
	sqlite.MustRegisterScalarFunction("signal", 0, func(*sqlite.FunctionContext, []driver.Value) (driver.Value, error) {
		underWay <- struct{}{}
		return int64(0), nil
	})
}

// endless is a query that signals and then never ends by itself.
const endless = `WITH RECURSIVE n(i) AS (SELECT signal() UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n`

// run runs body on a loop with a database in a new file.
func run(t *testing.T, connections int, body func(ctx context.Context, db *DB)) {
	t.Helper()
	underWay = make(chan struct{}, 1)
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		db, err := Open(ctx, filepath.Join(t.TempDir(), "test.db"), connections)
		if err != nil {
			return err
		}
		body(ctx, db)
		return db.Close(ctx)
	})
	if err != nil {
		t.Error(err)
	}
}

func exec(ctx context.Context, t *testing.T, db *DB, statement string) {
	t.Helper()
	err := db.Transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, statement)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func number(ctx context.Context, db *DB, query string) (n int, err error) {
	return Call(ctx, db, func(ctx context.Context, pool *sql.DB) (int, error) {
		err := pool.QueryRowContext(ctx, query).Scan(&n)
		return n, err
	})
}

func expectNumber(ctx context.Context, t *testing.T, db *DB, query string, want int) {
	t.Helper()
	if got, err := number(ctx, db, query); got != want || err != nil {
		t.Errorf("%s: %d, %v; want %d", query, got, err, want)
	}
}

func TestTheLoopGoesOnDuringAQuery(t *testing.T) {
	run(t, 1, func(ctx context.Context, db *DB) {
		query := asyncio.CreateTask(ctx, asyncio.Coroutine[int](func(ctx context.Context) (int, error) {
			return number(ctx, db, endless)
		}))
		if _, _, err := asyncio.Recv(ctx, underWay); err != nil {
			t.Fatal(err)
		}
		for range 100 { // each of these is a turn of the loop
			if err := asyncio.Sleep(ctx, 0); err != nil {
				t.Fatal(err)
			}
		}
		if err := query.Err(); err != asyncio.ErrNotDone {
			t.Errorf("the query has ended with %v", err)
		}
		query.Cancel(nil)
		if _, err := query.Await(ctx); !errors.Is(err, asyncio.ErrTaskCancelled) {
			t.Errorf("the query ended with %v, want an error that matches ErrTaskCancelled", err)
		}
		expectNumber(ctx, t, db, "SELECT 42", 42) // on the only connection, which is as good as new
	})
}

func TestATimeOutInterruptsAQuery(t *testing.T) {
	run(t, 1, func(ctx context.Context, db *DB) {
		_, err := asyncio.WaitFor(ctx, 10*time.Millisecond, asyncio.Coroutine[int](func(ctx context.Context) (int, error) {
			return number(ctx, db, endless)
		}))
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want one that matches context.DeadlineExceeded", err)
		}
		expectNumber(ctx, t, db, "SELECT 42", 42)
	})
}

func TestACancelledTransactionHasNotHappened(t *testing.T) {
	run(t, 2, func(ctx context.Context, db *DB) {
		exec(ctx, t, db, "CREATE TABLE seen (what TEXT)")
		writing := asyncio.Go(ctx, func(ctx context.Context) error {
			return db.Transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
				if _, err := tx.ExecContext(ctx, "INSERT INTO seen VALUES ('half')"); err != nil {
					return err
				}
				var n int
				return tx.QueryRowContext(ctx, endless).Scan(&n)
			})
		})
		if _, _, err := asyncio.Recv(ctx, underWay); err != nil {
			t.Fatal(err)
		}
		// Another writer waits on the loop and holds no connection; so a reader does not wait at all.
		other := asyncio.Go(ctx, func(ctx context.Context) error {
			exec(ctx, t, db, "INSERT INTO seen VALUES ('whole')")
			return nil
		})
		if err := asyncio.Sleep(ctx, 0); err != nil { // it has begun
			t.Fatal(err)
		}
		expectNumber(ctx, t, db, "SELECT count(*) FROM seen", 0)
		if err := other.Err(); err != asyncio.ErrNotDone {
			t.Errorf("the second writer did not wait: %v", err)
		}
		writing.Cancel(nil)
		if _, err := writing.Await(ctx); !errors.Is(err, asyncio.ErrTaskCancelled) {
			t.Errorf("the transaction ended with %v, want an error that matches ErrTaskCancelled", err)
		}
		if _, err := other.Await(ctx); err != nil {
			t.Error(err)
		}
		expectNumber(ctx, t, db, "SELECT count(*) FROM seen WHERE what = 'half'", 0)
		expectNumber(ctx, t, db, "SELECT count(*) FROM seen WHERE what = 'whole'", 1)
	})
}

func TestAFailedTransactionHasNotHappened(t *testing.T) {
	run(t, 2, func(ctx context.Context, db *DB) {
		exec(ctx, t, db, "CREATE TABLE seen (what TEXT UNIQUE)")
		err := db.Transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
			for range 2 {
				if _, err := tx.ExecContext(ctx, "INSERT INTO seen VALUES ('once')"); err != nil {
					return err
				}
			}
			return nil
		})
		if _, ok := errors.AsType[*sqlite.Error](err); !ok {
			t.Errorf("error %v (%T), want the driver's", err, err)
		}
		expectNumber(ctx, t, db, "SELECT count(*) FROM seen", 0)
	})
}

// Calls beyond the number of connections wait on the loop, and not in threads.
func TestNoMoreThreadsThanConnections(t *testing.T) {
	const connections, calls = 3, 50
	run(t, connections, func(ctx context.Context, db *DB) {
		entered, release := make(chan struct{}, calls), make(chan struct{})
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			for range calls {
				asyncio.Go(ctx, func(ctx context.Context) error {
					_, err := Call(ctx, db, func(ctx context.Context, pool *sql.DB) (struct{}, error) {
						entered <- struct{}{}
						<-release
						return struct{}{}, pool.PingContext(ctx)
					})
					return err
				})
			}
			for range connections {
				if _, _, err := asyncio.Recv(ctx, entered); err != nil {
					return err
				}
			}
			for range 100 { // every other call has come by now, and would have entered
				if err := asyncio.Sleep(ctx, 0); err != nil {
					return err
				}
			}
			if n := len(entered); n != 0 {
				t.Errorf("%d calls in threads with %d connections", connections+n, connections)
			}
			close(release)
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}
