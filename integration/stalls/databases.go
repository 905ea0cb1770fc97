package stalls

import (
	"context"
	"database/sql"
	"time"

	entsql "entgo.io/ent/dialect/sql"
	_ "github.com/go-sql-driver/mysql"
	"github.com/hashicorp/go-memdb"
	"github.com/jackc/pgx/v5"
	"github.com/jmoiron/sqlx"
	_ "github.com/mattn/go-sqlite3"
	"github.com/syndtr/goleveldb/leveldb"
	"github.com/tidwall/buntdb"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
	"xorm.io/xorm"
)

var databases = []program{
	{name: "gorm", class: "cgo", call: "gorm.(*DB).Create", advice: "asyncio.ToThread", run: gormWaits},
	{name: "bun", class: "cgo,channel", call: "bun.(*RawQuery).Scan", advice: "asyncio.ToThread", run: bunCounts},
	{name: "sqlx", class: "cgo", call: "sqlx.(*DB).Get", advice: "asyncio.ToThread", run: sqlxCounts},
	{name: "ent", class: "cgo", call: "ent/dialect/sql.Conn.Exec", advice: "asyncio.ToThread", run: entWaits},
	{name: "xorm", class: "io", call: "xorm.(*Engine).Ping", advice: "asyncio.ToThread", run: xormPings},
	{name: "mysql", class: "io", call: "database/sql.(*DB).Query", advice: "asyncio.ToThread", run: mysqlAsks},
	{name: "pgx", class: "io", call: "pgx/v5.Connect", advice: "asyncio.ToThread", run: pgxConnects},
	{name: "buntdb", class: "lock", call: "buntdb.(*DB).Update", advice: "asyncio.ToThread", run: buntdbUpdates},
	{name: "leveldb", class: "channel", call: "leveldb.(*DB).Put", advice: "asyncio.ToThread", run: leveldbPuts},
	{name: "memdb", class: "lock", call: "go-memdb.(*MemDB).Txn", advice: "asyncio.ToThread", run: memdbWrites},
}

// An order is a row.
type order struct {
	ID    uint `gorm:"primaryKey"`
	Label string
}

// slow is a query that computes in SQLite.
const slow = `WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n WHERE x < 100000) SELECT sum(x) FROM n`

// locked returns an SQLite file with orders. Another transaction writes to it until the program has
// been blocked for long enough.
func locked() (dsn string) {
	dsn = "file:" + temporary("orders.db") + "?_busy_timeout=20000&_txlock=immediate"
	db := got(sql.Open("sqlite3", dsn))
	got(db.Exec("CREATE TABLE orders (id INTEGER PRIMARY KEY, label TEXT)"))
	tx := got(db.Begin())
	got(tx.Exec("INSERT INTO orders (label) VALUES ('first')"))
	time.AfterFunc(lasts, func() { tx.Commit() })
	return dsn
}

func gormWaits(ctx context.Context) error {
	db := got(gorm.Open(sqlite.Open(locked()), &gorm.Config{}))
	must(settle(ctx))
	save := func(o *order) error { return db.Create(o).Error } // guilty: gorm
	once(func() { must(save(&order{Label: "second"})) })
	return nil
}

func bunCounts(ctx context.Context) error {
	db := bun.NewDB(got(sql.Open("sqlite3", "file::memory:")), sqlitedialect.New())
	must(settle(ctx))
	var n int64
	again(func() { must(db.NewRaw(slow).Scan(ctx, &n)) }) // guilty: bun
	return nil
}

func sqlxCounts(ctx context.Context) error {
	db := got(sqlx.Open("sqlite3", "file::memory:"))
	must(settle(ctx))
	var n int64
	again(func() { must(db.Get(&n, slow)) }) // guilty: sqlx
	return nil
}

func entWaits(ctx context.Context) error {
	driver := got(entsql.Open("sqlite3", locked()))
	must(settle(ctx))
	var res entsql.Result
	once(func() {
		must(driver.Exec(context.Background(), "UPDATE orders SET label = 'sent'", []any{}, &res)) // guilty: ent
	})
	return nil
}

func xormPings(ctx context.Context) error {
	engine := got(xorm.NewEngine("mysql", "shop@tcp("+silent("")+")/shop"))
	must(settle(ctx))
	once(func() { engine.Ping() }) // guilty: xorm
	return nil
}

func mysqlAsks(ctx context.Context) error {
	db := got(sql.Open("mysql", "shop@tcp("+silent("")+")/shop"))
	must(settle(ctx))
	begin()
	rows, err := db.Query("SELECT label FROM orders") // guilty: mysql
	end()
	if err == nil {
		rows.Close()
	}
	return nil
}

func pgxConnects(ctx context.Context) error {
	url := "postgres://shop@" + silent("") + "/shop?sslmode=disable"
	must(settle(ctx))
	once(func() { pgx.Connect(ctx, url) }) // guilty: pgx
	return nil
}

func buntdbUpdates(ctx context.Context) error {
	db := got(buntdb.Open(":memory:"))
	held := make(chan struct{})
	go db.View(func(*buntdb.Tx) error {
		close(held)
		time.Sleep(lasts)
		return nil
	})
	<-held
	must(settle(ctx))
	once(func() {
		must(db.Update(func(tx *buntdb.Tx) error { // guilty: buntdb
			_, _, err := tx.Set("order", "sent", nil)
			return err
		}))
	})
	return nil
}

func leveldbPuts(ctx context.Context) error {
	db := got(leveldb.OpenFile(temporary("orders"), nil))
	tx := got(db.OpenTransaction())
	time.AfterFunc(lasts, func() { tx.Commit() })
	must(settle(ctx))
	once(func() { must(db.Put([]byte("order"), []byte("sent"), nil)) }) // guilty: leveldb
	return nil
}

func memdbWrites(ctx context.Context) error {
	db := got(memdb.NewMemDB(&memdb.DBSchema{Tables: map[string]*memdb.TableSchema{"orders": {
		Name:    "orders",
		Indexes: map[string]*memdb.IndexSchema{"id": {Name: "id", Unique: true, Indexer: &memdb.StringFieldIndex{Field: "Label"}}},
	}}}))
	other := db.Txn(true)
	time.AfterFunc(lasts, other.Abort)
	must(settle(ctx))
	once(func() {
		tx := db.Txn(true) // guilty: memdb
		defer tx.Commit()
		must(tx.Insert("orders", &order{Label: "sent"}))
	})
	return nil
}
