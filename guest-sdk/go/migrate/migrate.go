// Package migrate is migration tools that are programs: Alembic, Prisma, sqlx and Flyway. Each is a command that the grant allows; what it prints is taken apart,
// and a way back always names where it leads: a step back, `-1`, would lead elsewhere when it is repeated.
//
// Where the migrations are plain SQL, db.ReadMigrations needs no tool, and the host judges every statement.
package migrate

import (
	"slices"
	"strings"
	"time"

	"lockstep"
	"lockstep/log"
	"lockstep/shell"
)

type kind uint8

const (
	alembic kind = iota
	prisma
	sqlx
	flyway
)

// Tool is a tool, and how it is called. Nothing happens before Status, Up or DownTo.
type Tool struct {
	kind    kind
	program string
	first   []string
	says    []func(*shell.Cmd)
}

// Status is where a database stands, as its tool says: what a step returns before it migrates, to go back there.
type Status struct {
	// Applied is what is applied, the last at the end. Alembic says its heads only, and Prisma nothing.
	Applied []string `json:"applied"`
	// Pending is what is not.
	Pending []string `json:"pending"`
}

// ExpectNothingPending fails when something is pending.
func (s *Status) ExpectNothingPending() error {
	return lockstep.Ensure(len(s.Pending) == 0, "migrations are pending: %s", strings.Join(s.Pending, ", "))
}

// Alembic is the tool of that name. The grant's profile is `alembic`.
func Alembic(program string) *Tool { return &Tool{kind: alembic, program: program} }

// Prisma is the tool of that name. The grant's profile is `prisma`. It has no way back: DownTo fails, and `prisma migrate reset`, which empties the database, is
// never run.
func Prisma(program string) *Tool { return &Tool{kind: prisma, program: program} }

// Sqlx is the command line of sqlx.
func Sqlx(program string) *Tool { return &Tool{kind: sqlx, program: program} }

// Flyway is the tool of that name. Its way back, `undo`, is not in every edition.
func Flyway(program string) *Tool { return &Tool{kind: flyway, program: program} }

// First is what stands before its own arguments: `prisma` for `npx`, `-c` and a file for Alembic.
func (t *Tool) First(args ...string) *Tool {
	t.first = append(t.first, args...)
	return t
}

// Directory is the working directory, absolute, one the grant allows.
func (t *Tool) Directory(path string) *Tool {
	return t.say(func(command *shell.Cmd) { command.Directory(path) })
}

// Env sets a variable the grant allows: `DATABASE_URL` with a secret.
func (t *Tool) Env(name string, value any) *Tool {
	return t.say(func(command *shell.Cmd) { command.Env(name, value) })
}

// Timeout is the deadline of each of its runs. Without it the step's.
func (t *Tool) Timeout(longest time.Duration) *Tool {
	return t.say(func(command *shell.Cmd) { command.Timeout(longest) })
}

func (t *Tool) say(says func(*shell.Cmd)) *Tool {
	t.says = append(t.says, says)
	return t
}

// Status is where the database stands.
func (t *Tool) Status() (*Status, error) {
	switch t.kind {
	case alembic:
		current, err := t.said("current")
		if err != nil {
			return nil, err
		}
		heads, err := t.said("heads")
		if err != nil {
			return nil, err
		}
		applied := revisions(current)
		pending := slices.DeleteFunc(revisions(heads), func(head string) bool { return slices.Contains(applied, head) })
		return &Status{applied, pending}, nil
	case prisma:
		// It ends with 1 when something is pending.
		exit, err := t.command("migrate", "status").Run()
		if err != nil {
			return nil, err
		}
		return ofPrisma(exit.Text())
	case sqlx:
		return read(ofSqlx)(t.said("migrate", "info"))
	default:
		return read(ofFlyway)(t.said("info", "-outputType=json"))
	}
}

// Up applies what is pending, and says where the database stands then. `reason`: the backup that there is, or why none is needed; the journal keeps it. The host
// knows nothing of what a program does to a database, so that it cannot ask for one.
func (t *Tool) Up(reason string) (*Status, error) {
	if strings.TrimSpace(reason) == "" {
		return nil, lockstep.Failing("a migration needs a backup, or a reason why none is needed")
	}
	log.Info("migrating with %s: %s", t.program, reason)
	up := [][]string{alembic: {"upgrade", "head"}, prisma: {"migrate", "deploy"}, sqlx: {"migrate", "run"}, flyway: {"migrate"}}
	if err := t.does(up[t.kind]); err != nil {
		return nil, err
	}
	return t.Status()
}

// DownTo takes back what was applied since `recorded`. Fails when the database does not stand there afterwards.
func (t *Tool) DownTo(recorded *Status) error {
	if t.kind == prisma {
		return lockstep.Failing("Prisma has no way back: restore the backup")
	}
	before, err := t.Status()
	if err != nil || slices.Equal(before.Applied, recorded.Applied) {
		return err
	}
	args, err := t.back(recorded.Applied, before.Applied)
	if err != nil {
		return err
	}
	if err := t.does(args); err != nil {
		return err
	}
	now, err := t.Status()
	if err != nil || slices.Equal(now.Applied, recorded.Applied) {
		return err
	}
	return lockstep.Failing("the database stands at %s where %s was recorded", strings.Join(now.Applied, ", "), strings.Join(recorded.Applied, ", "))
}

// back is the arguments that lead back to what was recorded.
func (t *Tool) back(there, now []string) ([]string, error) {
	last := ""
	if len(there) > 0 {
		last = there[len(there)-1]
	}
	switch {
	case t.kind == sqlx && last == "":
		return []string{"migrate", "revert", "--target-version", "0"}, nil
	case t.kind == sqlx:
		return []string{"migrate", "revert", "--target-version", last}, nil
	case t.kind == flyway:
		// Its target is the first that is taken back.
		if last != "" {
			at := slices.Index(now, last)
			if at < 0 || at == len(now)-1 {
				return nil, lockstep.Failing("version %s was applied when it was recorded, and is not any more", last)
			}
			now = now[at+1:]
		}
		if len(now) == 0 {
			return nil, lockstep.Failing("nothing is applied")
		}
		return []string{"undo", "-target=" + now[0]}, nil
	case last == "":
		return nil, lockstep.Failing("nothing was applied when it was recorded, and back to nothing is no way back: restore the backup")
	case len(there) > 1:
		return nil, lockstep.Failing("Alembic had several heads when it was recorded: no one revision leads back there")
	default:
		return []string{"downgrade", last}, nil
	}
}

// does what names where it leads, and so does no harm a second time.
func (t *Tool) does(args []string) error {
	exit, err := t.command(args...).Idempotent().Run()
	if err != nil {
		return err
	}
	return exit.ExpectSuccess()
}

// said is what it printed.
func (t *Tool) said(args ...string) (string, error) {
	exit, err := t.command(args...).Run()
	if err != nil {
		return "", err
	}
	return exit.Text(), exit.ExpectSuccess()
}

func (t *Tool) command(args ...string) *shell.Cmd {
	command := shell.Command(t.program, slices.Concat(t.first, args)...)
	for _, says := range t.says {
		says(command)
	}
	return command
}

// read takes apart what was printed, if it was.
func read(take func(string) (*Status, error)) func(string, error) (*Status, error) {
	return func(text string, err error) (*Status, error) {
		if err != nil {
			return nil, err
		}
		return take(text)
	}
}

func notUnderstood(tool, text string) error {
	return lockstep.Failing("what %s printed is not understood: %s", tool, lockstep.Shown(text))
}

// revisions are one a line: `1975ea83b712 (head)`.
func revisions(text string) []string {
	found := []string{}
	for line := range strings.Lines(text) {
		revision, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		odd := func(char rune) bool {
			return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.", char)
		}
		if revision != "" && !strings.ContainsFunc(revision, odd) && (rest == "" || strings.HasPrefix(rest, "(")) {
			found = append(found, revision)
		}
	}
	return found
}

// ofPrisma is the names after a line that ends in `not yet been applied:`, until an empty one.
func ofPrisma(text string) (*Status, error) {
	status := &Status{[]string{}, []string{}}
	begun := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if begun && line == "" {
			break
		}
		if begun {
			status.Pending = append(status.Pending, line)
		}
		begun = begun || strings.HasSuffix(line, "not yet been applied:")
	}
	if len(status.Pending) > 0 || !begun && strings.Contains(text, "Database schema is up to date") {
		return status, nil
	}
	return nil, notUnderstood("Prisma", text)
}

// ofSqlx is `20230101000000/installed create users`.
func ofSqlx(text string) (*Status, error) {
	status := &Status{[]string{}, []string{}}
	for line := range strings.Lines(text) {
		version, rest, versioned := strings.Cut(strings.TrimSpace(line), "/")
		if !versioned {
			continue
		}
		if version == "" || strings.Trim(version, "0123456789") != "" {
			return nil, notUnderstood("sqlx", line)
		}
		if strings.HasPrefix(rest, "installed (different checksum)") {
			return nil, lockstep.Failing("migration %s was changed after it had been applied", version)
		}
		switch word, _, _ := strings.Cut(rest, " "); word {
		case "installed":
			status.Applied = append(status.Applied, version)
		case "pending":
			status.Pending = append(status.Pending, version)
		default:
			return nil, notUnderstood("sqlx", line)
		}
	}
	return status, nil
}

// ofFlyway is JSON with `migrations`, each with `version` and `state`.
func ofFlyway(text string) (*Status, error) {
	var said struct {
		Migrations *[]struct{ Version, State *string }
	}
	if err := lockstep.ReadJSON("what Flyway printed", []byte(text), &said); err != nil {
		return nil, err
	}
	if said.Migrations == nil {
		return nil, notUnderstood("Flyway", text)
	}
	status := &Status{[]string{}, []string{}}
	for _, migration := range *said.Migrations {
		if migration.Version == nil || migration.State == nil {
			return nil, notUnderstood("Flyway", text)
		}
		version := *migration.Version
		switch state := *migration.State; {
		case version == "" || slices.Contains([]string{"Available", "Above Target", "Below Baseline"}, state):
			// Repeatable ones have no version, and undo scripts stand beside what they undo.
		case slices.Contains([]string{"Success", "Out of Order", "Baseline"}, state):
			status.Applied = append(status.Applied, version)
		case slices.Contains([]string{"Pending", "Undone"}, state):
			status.Pending = append(status.Pending, version)
		default:
			return nil, lockstep.Failing("migration %s is in the state `%s`", version, state)
		}
	}
	return status, nil
}
