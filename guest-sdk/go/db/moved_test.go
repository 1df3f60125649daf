package db_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"lockstep/db"
	"lockstep/internal/abi"
	"lockstep/internal/fake"
)

func TestABackupIsOrderedWithWhatItMustComeToAndSaysWhatItHas(t *testing.T) {
	h, shop := opened(t)
	given := func(what string) func(int32, int32, unsafe.Pointer) {
		return func(_, with int32, into unsafe.Pointer) {
			(*abi.Area)(into)[1] = uint32(h.Begun(what, fmt.Sprint(with)))
		}
	}
	abi.DbBackupOrder = func(at unsafe.Pointer, size uint32) int32 { return h.Begun("order", fake.Told(at, size)) }
	abi.DbBackupOrderAtLeastBytes, abi.DbBackupOrderAtLeastRows, abi.DbBackupOrderTimeout = h.Text("bytes"), h.Two("rows"), h.Number("timeout")
	abi.DbBackupOrderDrop = h.Word("drop")
	abi.DbDatabaseMakeBackup, abi.DbDatabaseBackupIn, abi.DbDatabaseVerifyBackup = given("make"), given("in"), given("verify")
	abi.DbDatabaseRestore, abi.DbDatabaseRestoreOver = given("restore"), given("restore over")
	abi.DbBackupArtifact = func(int32) int32 { return 70 }
	abi.ArtifactSealedId = func(_ int32, into unsafe.Pointer) { fake.Text(into, "before") }
	abi.ArtifactSealedDigest = func(_ int32, into unsafe.Pointer) { fake.Text(into, "sha256:ab12") }
	abi.ArtifactById = func(_ unsafe.Pointer, _ uint32, into unsafe.Pointer) {
		(*abi.Area)(into)[0], (*abi.Area)(into)[1] = 1, 80
	}
	for text, call := range map[string]*func(int32, unsafe.Pointer){
		"main": &abi.DbBackupDatabase, "postgresql": &abi.DbBackupEngine, "postgresql-archive": &abi.DbBackupFormat, "16": &abi.DbBackupServerVersion,
	} {
		*call = func(_ int32, into unsafe.Pointer) { fake.Text(into, text) }
	}
	abi.DbBackupTables = func(_ int32, into unsafe.Pointer) {
		fake.Records(into, 0, 3, "public.a", "18446744073709551614", "0a", "public.b", "1", "0b")
	}
	backup, err := shop.Backup(db.NewBackup("before").AtLeastBytes(1<<63).AtLeastRows("public.a", 7).Timeout(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	named, err := shop.BackupNamed("before")
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{shop.VerifyBackup(backup), shop.Restore(named), shop.RestoreOver(backup)} {
		if err != nil {
			t.Error(err)
		}
	}
	wanted := "order before\nbytes 9223372036854775808\nrows public.a, 7\ntimeout 60000\nmake 2\ndrop\nin 80\nverify 3\nrestore 4\nrestore over 3"
	if told := h.Told(); told != wanted {
		t.Error(told)
	}
	said := fmt.Sprint(backup.Artifact.ID(), backup.Database, backup.Engine, backup.Format, backup.ServerVersion, backup.Tables, backup.Rows())
	if said != "beforemainpostgresqlpostgresql-archive16[{public.a 18446744073709551614 0a} {public.b 1 0b}] 18446744073709551615" {
		t.Error(said)
	}
	if err := backup.ExpectRows("public.b", 1); err != nil {
		t.Error(err)
	}
	if said := fmt.Sprint(backup.ExpectRows("public.b", 2), "; ", backup.ExpectRows("b", 0)); said != "table `public.b` has 1 rows in the backup, expected at least 2; the backup has no table `b`" {
		t.Error(said)
	}
}

// folder has these files, each with its own name for a script; gives what is done with migrations.
func folder(t *testing.T, names ...string) (*fake.Host, *db.Database) {
	h, shop := opened(t)
	abi.FilesEntries = func(_ unsafe.Pointer, _ uint32, into unsafe.Pointer) {
		fake.Records(into, 1, 1, slices.Sorted(slices.Values(names))...)
	}
	abi.FilesReadText = func(at unsafe.Pointer, size uint32, into unsafe.Pointer) {
		fake.Given(into, strings.TrimPrefix(fake.Told(at, size), "/moves/"))
	}
	var all [][2]string
	abi.DbMigration = func(version unsafe.Pointer, versionSize uint32, _ unsafe.Pointer, _ uint32, up unsafe.Pointer, upSize uint32) int32 {
		all = append(all, [2]string{fake.Told(version, versionSize), fake.Told(up, upSize)})
		return int32(len(all) - 1)
	}
	abi.DbMigrationDownScript, abi.DbMigrationTimeout, abi.DbMigrationWithoutBackup = h.Text("script"), h.Number("timeout"), h.Text("without")
	abi.DbMigrationDrop = func(int32) {}
	abi.DbMigrationChecksum = func(migration int32, into unsafe.Pointer) { fake.Text(into, "sum of "+all[migration][1]) }
	abi.DbMigrationUp = func(migration, _ int32, _ unsafe.Pointer) { h.Begun("up", all[migration][0]) }
	abi.DbMigrationDown = func(migration, _ int32, _ unsafe.Pointer) { h.Begun("down", all[migration][0]) }
	return h, shop
}

// read is the migrations of the folder.
func read(t *testing.T) *db.Migrations {
	all, err := db.ReadMigrations("/moves")
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// seen says what the database has seen: version and state in turn, and perhaps the script behind the version, where it is another than the folder has.
func seen(words ...string) {
	var rows [][]string
	for pair := range slices.Chunk(words, 2) {
		version, script, other := strings.Cut(pair[0], "=")
		if !other {
			script = version + "_a.up.sql"
		}
		rows = append(rows, []string{version, "a", "sum of " + script, pair[1]})
	}
	abi.DbMigrationHistory = func(_ int32, into unsafe.Pointer) { (*abi.Area)(into)[1] = 9 }
	abi.DbRowsColumns = func(_ int32, into unsafe.Pointer) {
		fake.Records(into, 0, 3, "version", "text", "", "title", "text", "", "checksum", "text", "", "state", "text", "")
	}
	abi.DbRowsCount = func(int32) int32 { return int32(len(rows)) }
	abi.DbRowsCell = func(_, row, column int32, into unsafe.Pointer) { fake.Some(into, 0, rows[row][column]) }
}

func TestAFolderIsReadInTheOrderOfItsNumbersAndASlipOfANameLeavesNothingOut(t *testing.T) {
	folder(t, "0010_a.up.sql", "9_a.up.sql", "0001_b_c.up.sql", "0001_b_c.down.sql", "notes.txt")
	if versions := fmt.Sprint(read(t).Versions()); versions != "[0001 9 0010]" {
		t.Error(versions)
	}
	fails := func(message string, names ...string) {
		folder(t, names...)
		if _, err := db.ReadMigrations("/moves"); fmt.Sprint(err) != message {
			t.Error(err)
		}
	}
	for _, slip := range []string{"0001.up.sql", "_a.up.sql", "a_b.up.sql", "1_.up.sql", "1_a.sql", "1_a.UP.sql", "-1_a.up.sql", "+1_a.up.sql", "18446744073709551616_a.up.sql"} {
		fails("/moves/"+slip+" is no migration: its name must be VERSION_title.up.sql or VERSION_title.down.sql", slip)
	}
	fails("/moves has two migrations of the number 1", "1_a.up.sql", "01_a.down.sql")
	fails("/moves: migration 1 goes back and has no file that goes up", "1_a.down.sql")
}

func TestWhatIsNotAppliedIsAndWhatIsUnfinishedFirst(t *testing.T) {
	h, shop := folder(t, "1_a.up.sql", "2_a.up.sql", "3_a.up.sql", "3_a.down.sql", "4_a.up.sql")
	seen("1", "applied", "2", "taken-back", "3", "unfinished")
	all := read(t).Timeout(5 * time.Second).WithoutBackup("it is new")
	status, err := all.Status(shop)
	wanted := &db.Status{Applied: []string{"1"}, Pending: []string{"2", "4"}, Changed: []string{}, Missing: []string{}, Unfinished: []string{"3"}}
	if err != nil || !reflect.DeepEqual(status, wanted) {
		t.Error(status, err)
	}
	h.Told()
	applied, err := all.Up(shop)
	if err != nil || fmt.Sprint(applied) != "[3 2 4]" {
		t.Error(applied, err)
	}
	told := h.Told()
	if !strings.HasSuffix(told, "script 3_a.down.sql\ntimeout 5000\nwithout it is new\nup 3\ntimeout 5000\nwithout it is new\nup 2\ntimeout 5000\nwithout it is new\nup 4") {
		t.Error(told)
	}
}

func TestNothingIsDoneWhenAScriptWasChangedOrIsNotThere(t *testing.T) {
	h, shop := folder(t, "1_a.up.sql", "2_a.up.sql")
	all := read(t)
	for state, message := range map[string]string{
		"1=another": "migration 1 was changed after it had been applied: write a new one",
		"7":         "migration 7 is applied, and there is no file of it",
	} {
		seen(state, "applied")
		if _, err := all.Up(shop); fmt.Sprint(err) != message {
			t.Error(err)
		}
	}
	if told := h.Told(); told != "" {
		t.Error(told)
	}
}

func TestTheWayBackLeadsToWhatWasRecorded(t *testing.T) {
	h, shop := folder(t, "1_a.up.sql", "2_a.up.sql", "2_a.down.sql", "3_a.up.sql", "3_a.down.sql")
	all := read(t)
	seen("1", "applied")
	recorded, err := shop.History()
	if err != nil || !reflect.DeepEqual(recorded, db.History{{Version: "1", Title: "a", Checksum: "sum of 1_a.up.sql", State: "applied"}}) {
		t.Fatal(recorded, err)
	}
	for _, last := range []string{"applied", "unfinished-back"} {
		seen("1", "applied", "2", "applied", "3", last)
		if back, err := all.DownTo(shop, recorded); err != nil || fmt.Sprint(back) != "[3 2]" {
			t.Error(back, err)
		}
		if told := h.Told(); told != "script 3_a.down.sql\ndown 3\nscript 2_a.down.sql\ndown 2" {
			t.Error(told)
		}
	}
	for _, given := range []struct {
		recorded db.History
		states   []string
		message  string
	}{
		{nil, []string{"1", "applied", "2", "applied"}, "migration 1 has no file that goes back: restore the backup"},
		{recorded, []string{"2", "applied"}, "migration 1 was applied when it was recorded, and is not any more: somebody else has migrated"},
		{recorded, []string{"1", "applied", "2", "unfinished"}, "migration 2 is unfinished: go on with it, or restore the backup"},
		{recorded, []string{"1", "applied", "7", "applied"}, "migration 7 is applied, and there is no file of it"},
	} {
		seen(given.states...)
		if _, err := all.DownTo(shop, given.recorded); fmt.Sprint(err) != given.message {
			t.Error(err)
		}
	}
	if told := h.Told(); told != "" {
		t.Error(told)
	}
}
