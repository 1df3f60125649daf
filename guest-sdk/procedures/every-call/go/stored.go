package main

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"lockstep"
	"lockstep/db"
	"lockstep/log"
	"lockstep/redis"
)

func store(ctx *lockstep.Ctx) (any, error) {
	var numbers [2]int64
	if err := ctx.Output("numbers", &numbers); err != nil {
		return nil, err
	}
	least, most := numbers[0], numbers[1]
	if err := inOrder(func() error { return commands(most) }, func() error { return replies(least) }, keys); err != nil {
		return nil, err
	}
	shop, err := db.Open("main")
	if err != nil {
		return nil, err
	}
	return nil, inOrder(
		func() error { return shop.ExpectEngine("postgresql") },
		shop.Ping,
		func() error { return changes(shop, least, most) },
		func() error { return transactions(shop) },
		func() error { return rows(shop, most) },
		func() error { return refusedByDatabase(shop) },
	)
}

// expects runs a command and expects a reply.
func expects(reply *redis.Reply, err error) error {
	if err != nil {
		return err
	}
	return reply.Expect("OK")
}

func commands(most int64) error {
	cache, err := redis.Open("cache")
	if err != nil {
		return err
	}
	took, err := cache.Timeout(time.Second).Ping()
	if err != nil {
		return err
	}
	usual, err := cache.Info("")
	if err != nil {
		return err
	}
	memory, err := cache.Info("memory")
	if err != nil {
		return err
	}
	log.Info("%d %s %s", took.Microseconds(), usual, memory)
	err = inOrder(
		func() error { return expects(cache.Run("SET", "app:most", most)) },
		func() error { return expects(cache.RunBytes([]byte("SET"), []byte("app:ü"), []byte{0, 255, 10})) },
	)
	if err != nil {
		return err
	}
	kept, err := cache.Run("GET", "app:most")
	if err != nil {
		return err
	}
	if number, err := kept.Integer(); err != nil || number != most {
		return lockstep.Fail("another number came back: %d, %v", number, err)
	}
	return refusedByStore(cache)
}

func refusedByStore(cache *redis.Store) error {
	none, err := cache.Run("GET", "app:none")
	if err != nil {
		return err
	}
	if err := lockstep.Ensure(none.IsNil(), "something came back"); err != nil {
		return err
	}
	_, err = none.Text()
	refused("a text of nothing", err)
	_, err = none.Bytes()
	refused("bytes of nothing", err)
	_, err = none.Integer()
	refused("a number of nothing", err)
	ran := func(words ...any) error {
		_, err := cache.Run(words...)
		return err
	}
	refused("a list", ran("GET", "app:list"))
	refused("another's key", ran("GET", "other"))
	refused("all keys", ran("FLUSHDB"))
	refused("no command", ran())
	refused("nobody knows", ran("INCR", "app:slow"))
	_, err = redis.Open("none")
	refused("no store", err)
	return nil
}

func replies(least int64) error {
	cache, err := redis.Open("cache")
	if err != nil {
		return err
	}
	list, err := cache.Run("LRANGE", "app:list", 0, -1)
	if err != nil {
		return err
	}
	parts, err := list.Parts()
	if err != nil {
		return err
	}
	if err := inOrder(func() error { return parts[4].Expect([]any{"deep", 0.5}) }, func() error { return parts[5].Expect(map[string]int{"size": 1}) }); err != nil {
		return err
	}
	if number, err := parts[2].Integer(); err != nil || number != least {
		return lockstep.Fail("another number came back: %d, %v", number, err)
	}
	if text, err := parts[0].Bytes(); err != nil || string(text) != "ü" {
		return lockstep.Fail("another text came back: %s, %v", text, err)
	}
	var texts []string
	for at, part := range parts {
		log.Info("%s %d", part.Kind(), part.Count())
		if at == 0 || at == 1 || at == 3 {
			text, err := part.Text()
			if err != nil {
				return err
			}
			texts = append(texts, text)
		}
	}
	log.Info("%s", strings.Join(texts, " "))
	_, err = list.Part(6)
	refused("no such part", err)
	_, err = parts[0].Integer()
	refused("no number", err)
	for _, part := range parts {
		part.Drop()
	}
	return nil
}

func keys() error {
	cache, err := redis.Open("cache")
	if err != nil {
		return err
	}
	found, err := cache.Scan([]byte("app:ü"), 10)
	if err != nil {
		return err
	}
	for _, key := range found.Keys {
		log.Info("%s", key)
	}
	log.Info("%d %d", found.Total.Microseconds(), found.Slowest.Microseconds())
	deleted, err := cache.DeleteByPrefix([]byte("app:ü"), 100_000)
	if err != nil {
		return err
	}
	log.Info("%d", deleted)
	_, err = cache.Scan([]byte("app:many:"), 1)
	refused("too many", err)
	_, err = cache.Scan([]byte("app:many:"), math.MaxUint32)
	refused("more than any", err)
	_, err = cache.DeleteByPrefix(nil, 1)
	refused("all of them", err)
	return nil
}

func changes(shop *db.Database, least, most int64) error {
	values := db.SQL("INSERT INTO things VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id")
	for _, value := range []any{nil, true, least, uint64(math.MaxUint64), 0.5, db.Decimal("-0.10"), "ü € 𝄞", []byte{0, 255, 10}} {
		values.Bind(value)
	}
	values.Bind(db.Instant("2026-01-05T09:00:00.000001Z")).Bind(db.JSON(map[string]int64{"most": most})).Bind("")
	made, err := shop.Execute(values.Timeout(5 * time.Second).Idempotent())
	if err != nil {
		return err
	}
	if err := made.ExpectRows(1); err != nil {
		return err
	}
	var id int64
	if err := made.Returned[0].Value(&id); err != nil {
		return err
	}
	log.Info("%d %d", made.Rows(), id)
	return nil
}

func transactions(shop *db.Database) error {
	update := func() *db.Statement {
		return db.SQL("UPDATE things SET note = $1 WHERE id = $2").Bind("seen").Bind(1)
	}
	note := func() *db.Statement { return db.SQL("INSERT INTO notes VALUES ($1)").Bind("noted") }
	done, err := shop.Commit(db.NewTransaction().Add(update()).ExpectRows(3).Add(note()).Timeout(5 * time.Second).Idempotent())
	if err != nil {
		return err
	}
	var all []string
	for _, rows := range done.AllRows {
		all = append(all, strconv.FormatUint(rows, 10))
	}
	log.Info("[%s]", strings.Join(all, ", "))
	_, err = shop.Commit(db.NewTransaction().Add(note()).Add(update()).ExpectRows(2))
	refused("other rows", err)
	return nil
}

func rows(shop *db.Database, most int64) error {
	found, err := shop.Query(db.SQL("SELECT * FROM things WHERE id <> $1").Bind(3).LimitRows(2))
	if err != nil {
		return err
	}
	var columns []string
	for _, column := range found.Columns {
		columns = append(columns, fmt.Sprintf("%s %s %s", column.Label, column.Kind, column.Declared))
	}
	log.Info("%s %d %t", strings.Join(columns, ", "), found.Len(), found.Truncated)
	for _, row := range found.All() {
		if err := tell(row); err != nil {
			return err
		}
	}
	first := found.All()[0]
	var doc struct{ Most int64 }
	var raw []byte
	if err := inOrder(func() error { return first.Get("doc", &doc) }, func() error { return first.Get("raw", &raw) }); err != nil {
		return err
	}
	if err := lockstep.Ensure(doc.Most == most && bytes.Equal(raw, []byte{0, 255, 10}), "something else came back"); err != nil {
		return err
	}
	_, _, err = first.Text("none")
	refused("no such column", err)
	_, err = found.One()
	refused("not one row", err)
	return nil
}

func tell(row db.Row) error {
	var id int64
	var exact db.Decimal
	var share float64
	var there bool
	var note *string
	err := inOrder(
		func() error { return row.Get("id", &id) },
		func() error { return row.Get("exact", &exact) },
		func() error { return row.Get("share", &share) },
		func() error { return row.Get("there", &there) },
		func() error { return row.Get("note", &note) },
	)
	if err != nil {
		return err
	}
	log.Info("%d %s", id, exact)
	log.Info("%t %t", share < 0, there)
	said := "NULL"
	if note != nil {
		said = *note
	}
	at, _, err := row.Text("at")
	if err != nil {
		return err
	}
	log.Info("%s %s", said, at)
	text, _, err := row.Text("raw")
	if err != nil {
		return err
	}
	raw, err := row.Bytes("raw")
	log.Info("%s %d", text, len(raw))
	return err
}

func refusedByDatabase(shop *db.Database) error {
	executed := func(statement *db.Statement) error {
		_, err := shop.Execute(statement)
		return err
	}
	queried := func(statement *db.Statement) error {
		_, err := shop.Query(statement)
		return err
	}
	refused("there already", executed(db.SQL("INSERT INTO notes VALUES ($1, $1)").Bind("twice")))
	refused("nobody knows", executed(db.SQL("UPDATE slow SET a = $1 WHERE b = $1").Bind(1).Timeout(time.Second)))
	refused("all rows", executed(db.SQL("DELETE FROM things")))
	refused("two statements", queried(db.SQL("SELECT 1; SELECT 2")))
	refused("no statement", queried(db.SQL("")))
	refused("an instant that is none", queried(db.SQL("SELECT $1").Bind(db.Instant("yesterday"))))
	_, err := db.Open("none")
	refused("no database", err)
	return nil
}
