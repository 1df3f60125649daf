package main

import (
	"strings"
	"time"

	"lockstep"
	"lockstep/artifact"
	"lockstep/db"
	"lockstep/log"
)

func forward(ctx *lockstep.Ctx) (any, error) {
	shop, err := db.Open("main")
	if err != nil {
		return nil, err
	}
	recorded, err := shop.History()
	if err != nil {
		return nil, err
	}
	if err := ctx.Remember("recorded", recorded); err != nil {
		return nil, err
	}
	early, err := db.ReadMigrations("/migrations")
	if err != nil {
		return nil, err
	}
	_, err = early.Up(shop)
	refused("no backup was tried", err)
	if err := inOrder(func() error { return backups(shop) }, func() error { return moves(shop, recorded) }); err != nil {
		return nil, err
	}
	_, err = db.ReadMigrations("/migrations/slips")
	refused("a slip of a name", err)
	return shop.History()
}

// concerned says which migrations were concerned.
func concerned(versions []string, err error) error {
	if err == nil {
		log.Info("%s", strings.Join(versions, " "))
	}
	return err
}

func moves(shop *db.Database, recorded db.History) error {
	all, err := db.ReadMigrations("/migrations")
	if err != nil {
		return err
	}
	all.Timeout(5 * time.Second)
	err = inOrder(
		func() error { return concerned(all.Versions(), nil) },
		func() error { return concerned(all.Up(shop)) },
		func() error { return concerned(all.DownTo(shop, recorded)) },
	)
	if err != nil {
		return err
	}
	if _, err := all.WithoutBackup("the \"first\" one of ü was tried").Up(shop); err != nil {
		return err
	}
	stand, err := all.Status(shop)
	if err != nil {
		return err
	}
	log.Info("%d %d %d %d %d", len(stand.Applied), len(stand.Pending), len(stand.Changed), len(stand.Missing), len(stand.Unfinished))
	return nil
}

func back(ctx *lockstep.Ctx) error {
	var recorded db.History
	there, err := ctx.Recall("recorded", &recorded)
	if err != nil || !there {
		return err
	}
	all, err := db.ReadMigrations("/migrations")
	if err != nil {
		return err
	}
	shop, err := db.Open("main")
	if err != nil {
		return err
	}
	return concerned(all.DownTo(shop, recorded))
}

func backups(shop *db.Database) error {
	order := db.NewBackup("before").AtLeastBytes(1).AtLeastRows("public.ü", 1<<62)
	made, err := shop.Backup(order.Timeout(time.Minute))
	if err != nil {
		return err
	}
	log.Info("%s %s %s %s", made.Database, made.Engine, made.Format, made.ServerVersion)
	for _, table := range made.Tables {
		log.Info("%s %d %s", table.Name, table.Rows, table.Checksum)
	}
	text, err := made.Artifact.Text()
	if err != nil {
		return err
	}
	log.Info("%d %s", made.Rows(), text)
	if err := made.ExpectRows("public.things", 2); err != nil {
		return err
	}
	refused("too few rows", made.ExpectRows("public.things", 3))
	refused("no such table", made.ExpectRows("things", 1))
	named, err := shop.BackupNamed("before")
	if err != nil {
		return err
	}
	err = inOrder(
		func() error {
			return lockstep.Ensure(named.Artifact.Digest() == made.Artifact.Digest(), "another backup came back")
		},
		func() error { return shop.VerifyBackup(named) },
		func() error { return shop.RestoreOver(named) },
	)
	if err != nil {
		return err
	}
	refused("a database that is not empty", shop.Restore(named))
	_, err = shop.Backup(db.NewBackup("small").AtLeastRows("public.none", 1))
	refused("too few rows to keep", err)
	odd, err := artifact.ByID("odd")
	if err != nil {
		return err
	}
	_, err = shop.BackupIn(odd)
	refused("no backup", err)
	return nil
}
