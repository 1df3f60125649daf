// Releases a change of a database: its migrations are applied, the rows are counted before and after, and what was applied is taken back when a count is wrong,
// by the migrations' own files or by the backup, as the operator has chosen: one of the two, never both.
package main

import (
	"slices"
	"strings"

	"lockstep"
	"lockstep/db"
	"lockstep/log"
)

const oldRows = "SELECT count(*) AS orders FROM orders WHERE email IS NOT NULL"

const kept = "before-release"

// smallestBackup: a database with a table in it does not become smaller.
const smallestBackup = 100

func init() { lockstep.Register(databaseRelease) }

func main() {}

func databaseRelease(p *lockstep.Procedure) {
	p.Describe("database-release", "0.1.0").Title("Give the e-mail addresses of orders a table of their own")
	p.Parameter("engine").Title("What the database is").Choices("postgresql", "mariadb", "sqlite").Fallback("postgresql")
	p.Parameter("no-backup").Title("Why no backup of this run is needed; without a reason there must be one").Fallback("")
	p.Parameter("expected").Title("How many addresses there must be afterwards; 0 for as many as were counted").Fallback("0")
	p.Parameter("way-back").
		Title("How a release that fails is taken back: by what each migration has for it, or by the backup, which takes back what others wrote since as well").
		Choices("migrations", "backup").
		Fallback("migrations")

	p.Phase("Pre-flight")
	p.Step("engine", "The database is what the release was written for, and answers", with(engine))
	p.Step("record", "What is applied by now is recorded: the way back leads there", with(record))
	p.Step("count", "The orders that have an address are counted", with(count))
	p.Phase("Backup")
	p.Step("back-up", "The whole database is copied into an artifact, unless there is a reason why not", with(backUp))
	p.Step("try-backup", "The copy is restored into a scratch database, and has every row in it", with(tryBackup))
	p.Phase("Migration")
	p.Step("migrate", "Every migration of the release is applied", with(migrate)).Undo(undoing(goBack))
	p.Phase("Data gate")
	p.Step("gate", "There are as many addresses as orders that have one", with(gate))
}

// release is what the procedure was told, and the database.
type release struct {
	ctx      *lockstep.Ctx
	engine   string
	noBackup string
	byBackup bool
	expected int64
}

// with reads the parameters for a step.
func with(act func(*release) (any, error)) func(*lockstep.Ctx) (any, error) {
	return func(ctx *lockstep.Ctx) (any, error) {
		r := &release{ctx: ctx}
		var way string
		var err error
		for id, into := range map[string]*string{"engine": &r.engine, "no-backup": &r.noBackup, "way-back": &way} {
			if *into, err = ctx.Parameter(id); err != nil {
				return nil, err
			}
		}
		r.byBackup = way == "backup"
		if r.expected, err = ctx.Number("expected"); err != nil {
			return nil, err
		}
		return act(r)
	}
}

func undoing(act func(*release) error) func(*lockstep.Ctx) error {
	return func(ctx *lockstep.Ctx) error {
		_, err := with(func(r *release) (any, error) { return nil, act(r) })(ctx)
		return err
	}
}

// open asks again which engine it is: a run may be resumed under another grant.
func (r *release) open() (*db.Database, error) {
	shop, err := db.Open("shop")
	if err != nil {
		return nil, err
	}
	return shop, shop.ExpectEngine(r.engine)
}

// ask is a query of the database.
func (r *release) ask(sql string) (*db.Rows, error) {
	shop, err := r.open()
	if err != nil {
		return nil, err
	}
	return shop.Query(db.SQL(sql))
}

func (r *release) migrations() (*db.Migrations, error) {
	all, err := db.ReadMigrations("/migrations")
	if err == nil && r.noBackup != "" {
		all.WithoutBackup(r.noBackup)
	}
	return all, err
}

func engine(r *release) (any, error) {
	shop, err := r.open()
	if err != nil {
		return nil, err
	}
	return nil, shop.Ping()
}

func record(r *release) (any, error) {
	message := "the way back is the backup, and there is to be none: leave `no-backup` or `way-back` out"
	if err := lockstep.Ensure(!r.byBackup || r.noBackup == "", "%s", message); err != nil {
		return nil, err
	}
	shop, err := r.open()
	if err != nil {
		return nil, err
	}
	return shop.History()
}

func count(r *release) (any, error) {
	rows, err := r.ask(oldRows)
	if err != nil {
		return nil, err
	}
	var orders uint32
	err = rows.Value(&orders)
	return orders, err
}

func backUp(r *release) (any, error) {
	if r.noBackup != "" {
		return nil, nil
	}
	shop, err := r.open()
	if err != nil {
		return nil, err
	}
	backup, err := shop.Backup(db.NewBackup(kept).AtLeastBytes(smallestBackup))
	if err != nil {
		return nil, err
	}
	log.Info("%d rows are kept in %s", backup.Rows(), kept)
	return nil, nil
}

func tryBackup(r *release) (any, error) {
	if r.noBackup != "" {
		return nil, nil
	}
	shop, err := r.open()
	if err != nil {
		return nil, err
	}
	backup, err := shop.BackupNamed(kept)
	if err != nil {
		return nil, err
	}
	return nil, shop.VerifyBackup(backup)
}

func migrate(r *release) (any, error) {
	all, err := r.migrations()
	if err != nil {
		return nil, err
	}
	shop, err := r.open()
	if err != nil {
		return nil, err
	}
	applied, err := all.Up(shop)
	if err != nil {
		return nil, err
	}
	log.Info("applied: %s", strings.Join(applied, ", "))
	return applied, nil
}

// goBack goes to what was recorded, not a number of steps back: it does not matter how far `migrate` came.
func goBack(r *release) error {
	shop, err := r.open()
	if err != nil {
		return err
	}
	var recorded db.History
	if err := r.ctx.Output("record", &recorded); err != nil {
		return err
	}
	if !r.byBackup {
		return byMigrations(r, shop, recorded)
	}
	now, err := shop.History()
	// Where nothing was migrated there is nothing to put back, and what others have written since the backup stays.
	if err != nil || slices.Equal(now, recorded) {
		return err
	}
	backup, err := shop.BackupNamed(kept)
	if err != nil {
		return err
	}
	if err := shop.RestoreOver(backup); err != nil {
		return err
	}
	log.Info("%s is in the place of everything that was there", kept)
	return nil
}

func byMigrations(r *release, shop *db.Database, recorded db.History) error {
	all, err := r.migrations()
	if err != nil {
		return err
	}
	back, err := all.DownTo(shop, recorded)
	if err != nil {
		return err
	}
	log.Info("taken back: %s", strings.Join(back, ", "))
	return nil
}

func gate(r *release) (any, error) {
	rows, err := r.ask("SELECT (SELECT count(*) FROM orders WHERE email IS NOT NULL) AS old_rows, (SELECT count(*) FROM contacts) AS new_rows")
	if err != nil {
		return nil, err
	}
	row, err := rows.One()
	if err != nil {
		return nil, err
	}
	var before, old, now uint32
	if err := r.ctx.Output("count", &before); err != nil {
		return nil, err
	}
	if err := row.Get("old_rows", &old); err != nil {
		return nil, err
	}
	if err := row.Get("new_rows", &now); err != nil {
		return nil, err
	}
	if err := lockstep.Ensure(old == now, "%d orders have an address, and %d are in `contacts`", old, now); err != nil {
		return nil, err
	}
	if err := lockstep.Ensure(now >= before, "%d orders had an address, and %d are in `contacts`", before, now); err != nil {
		return nil, err
	}
	holds := r.expected == 0 || r.expected == int64(now)
	return now, lockstep.Ensure(holds, "%d addresses are in `contacts`, expected %d", now, r.expected)
}
