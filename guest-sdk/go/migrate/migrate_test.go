package migrate_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
	"unsafe"

	"lockstep/internal/abi"
	"lockstep/internal/fake"
	"lockstep/migrate"
)

// printing is a program that prints these, one after the other, and ends with 0.
func printing(outputs ...string) *fake.Host {
	h := fake.New()
	abi.ShellCommand = func(program unsafe.Pointer, size uint32, args unsafe.Pointer, count uint32) int32 {
		h.Begun("run", fake.Told(program, size))
		h.List("args")(0, args, count)
		return 1
	}
	abi.ShellCommandDirectory, abi.ShellCommandEnv, abi.ShellCommandTimeout = h.Text("directory"), h.Two("env"), h.Number("timeout")
	abi.ShellCommandIdempotent = h.Word("idempotent")
	abi.ShellCommandRun = func(int32, unsafe.Pointer) {}
	abi.ShellExitStdout = func(_ int32, into unsafe.Pointer) {
		fake.Text(into, outputs[0])
		outputs = outputs[1:]
	}
	abi.ShellExitStderr = func(_ int32, into unsafe.Pointer) { fake.Text(into, "") }
	abi.ShellExitStdoutArtifact = func(int32, unsafe.Pointer) {}
	zero := func(int32) int32 { return 0 }
	abi.ShellExitCode, abi.ShellExitTruncated, abi.ShellExitDuration = zero, zero, zero
	abi.ShellExitIsSuccess = func(int32) int32 { return 1 }
	abi.ShellCommandDrop, abi.ShellExitDrop = func(int32) {}, func(int32) {}
	return h
}

// flyway is what it prints of versions and states, in turn.
func flyway(words ...string) string {
	all := []map[string]string{}
	for at := 0; at < len(words); at += 2 {
		all = append(all, map[string]string{"version": words[at], "state": words[at+1]})
	}
	text, _ := json.Marshal(map[string]any{"schemaVersion": "1", "migrations": all})
	return string(text)
}

func TestWhatAToolPrintsIsTakenApartOrIsAFailureThatShowsIt(t *testing.T) {
	alembic, prisma, sqlx, fly := migrate.Alembic("/a"), migrate.Prisma("/p"), migrate.Sqlx("/s"), migrate.Flyway("/f")
	stands := func(tool *migrate.Tool, applied, pending []string, outputs ...string) {
		t.Helper()
		printing(outputs...)
		if status, err := tool.Status(); err != nil || !reflect.DeepEqual(status, &migrate.Status{Applied: applied, Pending: pending}) {
			t.Error(status, err)
		}
	}
	fails := func(tool *migrate.Tool, message string, outputs ...string) {
		t.Helper()
		printing(outputs...)
		if _, err := tool.Status(); fmt.Sprint(err) != message {
			t.Error(err)
		}
	}
	info := "INFO  [alembic.runtime.migration] Context impl SQLiteImpl.\n"
	none := []string{}
	stands(alembic, []string{"27c6a30d7c24"}, []string{"ae1027a6acf"}, info+"27c6a30d7c24\n", "27c6a30d7c24\nae1027a6acf (head) (mergepoint)\n")
	stands(alembic, none, none, info, "")
	pending := "2 found\nFollowing migrations have not yet been applied:\n20240115_init\n20240116_users\n\nTo apply migrations in production, run:\n"
	stands(prisma, none, []string{"20240115_init", "20240116_users"}, pending)
	stands(prisma, none, none, "Database schema is up to date!")
	fails(prisma, "what Prisma printed is not understood: Error: P1001", "Error: P1001\n")
	empty := "Following migrations have not yet been applied:"
	fails(prisma, "what Prisma printed is not understood: "+empty, empty+"\n\n")
	stands(sqlx, []string{"20230101000000"}, []string{"20230201000000"}, "20230101000000/installed create users\n20230201000000/pending add mail\n")
	fails(sqlx, "migration 2 was changed after it had been applied", "2/installed (different checksum) users\n")
	fails(sqlx, "what sqlx printed is not understood: what/ever", "what/ever\n")
	fails(sqlx, "what sqlx printed is not understood: 2/there users", "2/there users\n")
	stands(fly, []string{"1"}, []string{"2"}, flyway("1", "Success", "2", "Pending", "", "Pending", "3", "Available"))
	fails(fly, "migration 2 is in the state `Failed`", flyway("2", "Failed"))
	fails(fly, "what Flyway printed is not understood: {}", "{}")
	fails(fly, "what Flyway printed is not understood: "+`{"migrations":[{"state":"Success"}]}`, `{"migrations":[{"state":"Success"}]}`)
}

func TestAWayForwardHasAReason(t *testing.T) {
	h := printing("", "2 (head)", "2 (head)")
	alembic := migrate.Alembic("/a").First("-c", "shop.ini").Directory("/srv").Env("DATABASE_URL", "…").Timeout(9 * time.Second)
	status, err := alembic.Up("copied at noon")
	if err != nil || fmt.Sprint(*status) != "{[2] []}" {
		t.Error(status, err)
	}
	wanted := "info migrating with /a: copied at noon\nrun /a\nargs [\"-c\" \"shop.ini\" \"upgrade\" \"head\"]\nenv DATABASE_URL, …\ndirectory /srv\ntimeout 9000\nidempotent\nrun /a\n"
	if told := h.Told(); !strings.HasPrefix(told, wanted) {
		t.Error(told)
	}
	if _, err := alembic.Up(" "); fmt.Sprint(err) != "a migration needs a backup, or a reason why none is needed" {
		t.Error(err)
	}
	if err := (&migrate.Status{Pending: []string{"1", "2"}}).ExpectNothingPending(); fmt.Sprint(err) != "migrations are pending: 1, 2" {
		t.Error(err)
	}
}

func TestAWayBackNamesWhereItLeads(t *testing.T) {
	alembic, sqlx, fly := migrate.Alembic("/a"), migrate.Sqlx("/s"), migrate.Flyway("/f")
	three, two := flyway("1", "Success", "2", "Success", "3", "Success"), "1/installed a\n2/installed b"
	for _, given := range []struct {
		tool     *migrate.Tool
		recorded []string
		outputs  []string
		wanted   string
	}{
		{alembic, []string{"1"}, []string{"1", "1"}, "<nil>"},
		{alembic, []string{"1"}, []string{"2", "2", "", "1", "2"}, `<nil> ["downgrade" "1"]`},
		{sqlx, []string{"1"}, []string{two, "", "1/installed a"}, `<nil> ["migrate" "revert" "--target-version" "1"]`},
		{sqlx, nil, []string{"1/installed a", "", "1/pending a"}, `<nil> ["migrate" "revert" "--target-version" "0"]`},
		{fly, []string{"1"}, []string{three, "", flyway("1", "Success", "2", "Undone")}, `<nil> ["undo" "-target=2"]`},
		{fly, nil, []string{three, "", flyway()}, `<nil> ["undo" "-target=1"]`},
		{migrate.Prisma("/p"), nil, nil, "Prisma has no way back: restore the backup"},
		{alembic, nil, []string{"1", "1"}, "nothing was applied when it was recorded, and back to nothing is no way back: restore the backup"},
		{alembic, []string{"1", "2"}, []string{"3", "3"}, "Alembic had several heads when it was recorded: no one revision leads back there"},
		{fly, []string{"7"}, []string{three}, "version 7 was applied when it was recorded, and is not any more"},
		{fly, []string{"1"}, []string{flyway()}, "version 1 was applied when it was recorded, and is not any more"},
		{sqlx, []string{"1"}, []string{two, "", two}, `the database stands at 1, 2 where 1 was recorded ["migrate" "revert" "--target-version" "1"]`},
	} {
		h := printing(given.outputs...)
		said := fmt.Sprint(given.tool.DownTo(&migrate.Status{Applied: given.recorded}))
		for at, line := range h.Said {
			if line == "idempotent" {
				said += " " + strings.TrimPrefix(h.Said[at-1], "args ")
			}
		}
		if said != given.wanted {
			t.Error(said)
		}
	}
}
