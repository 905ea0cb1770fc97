package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/asyncio-go/asyncio"
)

var errPoor = errors.New("not enough money")

// transfer moves money from one account to another and writes that down, or
// does neither.
func transfer(ctx context.Context, db *DB, from, to, amount int) error {
	return db.Transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, "UPDATE account SET money = money - ? WHERE id = ? AND money >= ?", amount, from, amount)
		if err != nil {
			return err
		}
		if rows, err := done.RowsAffected(); err != nil || rows == 0 {
			return errors.Join(err, errPoor)
		}
		if _, err := tx.ExecContext(ctx, "UPDATE account SET money = money + ? WHERE id = ?", amount, to); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO transfer (source, target, amount) VALUES (?, ?, ?)", from, to, amount)
		return err
	})
}

// Many tasks move money about, some of them more than there is, some of them
// until they are cancelled; a reader adds everything up meanwhile. No sum is
// ever wrong, and what the file holds afterwards is what the tasks were told.
func TestManyTasksMoveMoney(t *testing.T) {
	const accounts, money, clients, transfers = 10, 100, 60, 5
	file := filepath.Join(t.TempDir(), "bank.db")
	random := rand.New(rand.NewPCG(1, 2)) // used by many tasks, and needs no lock
	succeeded, refused, sums := 0, 0, 0

	client := func(ctx context.Context, db *DB, times int) error {
		for range times {
			from := random.IntN(accounts)
			to := (from + 1 + random.IntN(accounts-1)) % accounts
			err := transfer(ctx, db, from, to, 1+random.IntN(money))
			switch {
			case err == nil:
				succeeded++
			case errors.Is(err, errPoor):
				refused++
			default:
				return err
			}
		}
		return nil
	}
	err := asyncio.Run(t.Context(), func(ctx context.Context) (err error) {
		db, err := Open(ctx, file, 4)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, db.Close(ctx)) }()
		exec(ctx, t, db, "CREATE TABLE account (id INTEGER PRIMARY KEY, money INTEGER NOT NULL CHECK (money >= 0))")
		exec(ctx, t, db, "CREATE TABLE transfer (source INTEGER, target INTEGER, amount INTEGER)")
		for id := range accounts {
			exec(ctx, t, db, fmt.Sprintf("INSERT INTO account VALUES (%d, %d)", id, money))
		}

		// A client that never ends by itself, and is cancelled while it writes or waits.
		restless := asyncio.Go(ctx, func(ctx context.Context) error { return client(ctx, db, 1<<30) })
		reader := asyncio.Go(ctx, func(ctx context.Context) error {
			for {
				sum, err := number(ctx, db, "SELECT sum(money) FROM account")
				if err != nil {
					return err
				}
				if sum != accounts*money {
					return fmt.Errorf("the sum is %d, want %d", sum, accounts*money)
				}
				sums++
			}
		})
		err = asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			for range clients {
				asyncio.Go(ctx, func(ctx context.Context) error { return client(ctx, db, transfers) })
			}
			return nil
		})
		for _, task := range []*asyncio.Task[struct{}]{restless, reader} {
			task.Cancel(nil)
			if _, failed := task.Await(ctx); !errors.Is(failed, asyncio.ErrTaskCancelled) {
				err = errors.Join(err, failed)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if succeeded == 0 || refused == 0 || sums == 0 {
		t.Errorf("%d transfers, %d refused, %d sums: the test needs some of each", succeeded, refused, sums)
	}
	if succeeded+refused < clients*transfers {
		t.Errorf("%d transfers were answered, want at least %d", succeeded+refused, clients*transfers)
	}

	// What the file says, without the loop.
	pool, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	var sum, written int
	if err := pool.QueryRow("SELECT (SELECT sum(money) FROM account), (SELECT count(*) FROM transfer)").Scan(&sum, &written); err != nil {
		t.Fatal(err)
	}
	if sum != accounts*money || written != succeeded {
		t.Errorf("the file holds a sum of %d and %d transfers, want %d and %d", sum, written, accounts*money, succeeded)
	}
}
