package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite"

	"github.com/asyncio-go/asyncio"
)

// store is the database. Its calls block, so they are made in another goroutine.
type store struct{ db *sql.DB }

const schema = `
create table pages (url text primary key, depth int, status int, tries int, size int, title text, problem text);
create table links (source text, target text);`

func openStore(ctx context.Context, name string) (*store, error) {
	return asyncio.ToThread(ctx, func(ctx context.Context) (*store, error) {
		f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("%s exists already: remove it, or name another file with -db", name)
		}
		if err != nil {
			return nil, err
		}
		f.Close()
		db, err := createTables(ctx, name)
		if err != nil { // an empty file would be in the way of the next attempt
			return nil, errors.Join(err, os.Remove(name))
		}
		return &store{db}, nil
	})
}

func createTables(ctx context.Context, name string) (*sql.DB, error) {
	// The driver takes some names for something else, such as :memory:, but no whole path.
	path, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func (s *store) close(ctx context.Context) error {
	_, err := asyncio.ToThread(ctx, func(context.Context) (struct{}, error) { return struct{}{}, s.db.Close() })
	return err
}

const (
	mostBatch = 50                     // pages that are stored in one transaction
	batchTime = 250 * time.Millisecond // for which the first of them waits for others
)

// storeAll stores results, in batches, until there will be no more.
func (c *crawler) storeAll(ctx context.Context, s *store) error {
	defer c.results.Shutdown(true) // if it fails, nobody need wait for it
	for first := range c.results.All(ctx) {
		batch := []page{first}
		limited, cancel := asyncio.WithTimeout(ctx, batchTime)
		for len(batch) < mostBatch {
			next, err := c.results.Get(limited)
			if err != nil {
				break // time is up, or there will be no more
			}
			batch = append(batch, next)
		}
		cancel()
		if err := s.save(ctx, batch); err != nil {
			return fmt.Errorf("storing %d pages: %w", len(batch), err)
		}
		c.stored += len(batch)
		c.batches++
	}
	return ctx.Err()
}

func (s *store) save(ctx context.Context, batch []page) error {
	_, err := asyncio.ToThread(ctx, func(ctx context.Context) (struct{}, error) {
		tx, err := s.db.BeginTx(ctx, nil)
		if err != nil {
			return struct{}{}, err
		}
		defer tx.Rollback() // nothing, once it is committed
		for _, p := range batch {
			if _, err := tx.ExecContext(ctx, "insert into pages values (?, ?, ?, ?, ?, ?, ?)",
				p.url, p.depth, p.status, p.tries, p.size, p.title, p.problem); err != nil {
				return struct{}{}, err
			}
			for _, target := range p.links {
				if _, err := tx.ExecContext(ctx, "insert into links values (?, ?)", p.url, target); err != nil {
					return struct{}{}, err
				}
			}
		}
		return struct{}{}, tx.Commit()
	})
	return err
}
