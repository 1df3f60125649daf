package db

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"lockstep"
	"lockstep/files"
	"lockstep/internal/abi"
)

// Migrations are those of a folder, in their order. Nothing happens before Up or DownTo.
type Migrations struct {
	all  []*migration
	says []func(int32)
}

// migration is one of a folder. A script that there is none of is nil.
type migration struct {
	number         uint64
	version, title string
	up, down       *string
}

// Applied is a migration that a database has seen.
type Applied struct {
	// Version says which one.
	Version string `json:"version"`
	// Title is what it is about.
	Title string `json:"title"`
	// Checksum is that of its script that goes up.
	Checksum string `json:"checksum"`
	// State is `applied`, `taken-back`, `unfinished` or `unfinished-back`.
	State string `json:"state"`
}

// History is the migrations that a database has seen, in the order in which they were applied; what was taken back as well.
type History []Applied

// Status is how a folder and a database stand to each other: versions.
type Status struct {
	// Applied are those that are applied.
	Applied []string `json:"applied"`
	// Pending are those that are not.
	Pending []string `json:"pending"`
	// Changed are those that were applied with another script than the folder has now.
	Changed []string `json:"changed"`
	// Missing are those that are applied and not in the folder.
	Missing []string `json:"missing"`
	// Unfinished are those of which only a part is done.
	Unfinished []string `json:"unfinished"`
}

// ReadMigrations reads the migrations in a folder. A file `VERSION_title.up.sql` goes up, `VERSION_title.down.sql` goes back; a version is digits, in the order of
// their number. Other files ending in `.sql` fail, so that a slip of a name leaves nothing out.
func ReadMigrations(folder string) (*Migrations, error) {
	names, err := files.Entries(folder)
	if err != nil {
		return nil, err
	}
	found := map[uint64]*migration{}
	for _, name := range names {
		if !strings.HasSuffix(name, ".sql") {
			continue
		}
		named, up := parsed(name)
		if named == nil {
			return nil, lockstep.Failing("%s/%s is no migration: its name must be VERSION_title.up.sql or VERSION_title.down.sql", folder, name)
		}
		text, err := files.ReadText(folder + "/" + name)
		if err != nil {
			return nil, err
		}
		there := found[named.number]
		if there == nil {
			there = named
			found[named.number] = there
		}
		script := &there.down
		if up {
			script = &there.up
		}
		if there.version != named.version || there.title != named.title || *script != nil {
			return nil, lockstep.Failing("%s has two migrations of the number %d", folder, named.number)
		}
		*script = &text
	}
	migrations := &Migrations{}
	for _, one := range found {
		migrations.all = append(migrations.all, one)
	}
	slices.SortFunc(migrations.all, func(a, b *migration) int { return cmp.Compare(a.number, b.number) })
	for _, one := range migrations.all {
		if one.up == nil {
			return nil, lockstep.Failing("%s: migration %s goes back and has no file that goes up", folder, one.version)
		}
	}
	return migrations, nil
}

// parsed is a file's name, taken apart; nil when it is none of a migration.
func parsed(name string) (named *migration, up bool) {
	stem, up := strings.CutSuffix(name, ".up.sql")
	if !up {
		var down bool
		if stem, down = strings.CutSuffix(name, ".down.sql"); !down {
			return nil, false
		}
	}
	version, title, _ := strings.Cut(stem, "_")
	number, err := strconv.ParseUint(version, 10, 64)
	if err != nil || title == "" || strings.Trim(version, "0123456789") != "" {
		return nil, false
	}
	return &migration{number: number, version: version, title: title}, up
}

// Timeout is the deadline of each migration, after which the server is told to stop. Without it the step's.
func (m *Migrations) Timeout(longest time.Duration) *Migrations {
	m.says = append(m.says, func(migration int32) { abi.DbMigrationTimeout(migration, abi.Milliseconds(longest)) })
	return m
}

// WithoutBackup says why no backup of the database need have been verified in this run. The reason stands in the journal.
func (m *Migrations) WithoutBackup(reason string) *Migrations {
	m.says = append(m.says, func(migration int32) {
		why, size := abi.Text(reason)
		abi.DbMigrationWithoutBackup(migration, why, size)
	})
	return m
}

// Versions are the versions, in their order.
func (m *Migrations) Versions() []string {
	versions := []string{}
	for _, one := range m.all {
		versions = append(versions, one.version)
	}
	return versions
}

// Status is how folder and database stand to each other.
func (m *Migrations) Status(database *Database) (*Status, error) {
	history, err := database.History()
	if err != nil {
		return nil, err
	}
	status := &Status{[]string{}, []string{}, []string{}, []string{}, []string{}}
	for _, one := range m.all {
		list := m.list(status, one, history)
		*list = append(*list, one.version)
	}
	for _, applied := range history {
		if applied.State != "taken-back" && m.find(applied.Version) == nil {
			status.Missing = append(status.Missing, applied.Version)
		}
	}
	return status, nil
}

// Up applies every migration that is not, in order, and says which. One that a crash or a failure left unfinished is gone on with first. Fails before anything
// is done when a script was changed after it had been applied or the folder lacks one that is applied.
func (m *Migrations) Up(database *Database) ([]string, error) {
	status, err := m.Status(database)
	if err != nil {
		return nil, err
	}
	if len(status.Changed) > 0 {
		return nil, lockstep.Failing("migration %s was changed after it had been applied: write a new one", status.Changed[0])
	}
	if len(status.Missing) > 0 {
		return nil, lacking(status.Missing[0])
	}
	return m.each(append(status.Unfinished, status.Pending...), database, abi.DbMigrationUp)
}

// DownTo takes back what was applied since `recorded`, last in first out, and says which. Nothing is taken back that was applied before, and nothing at all when
// the folder lacks a file that goes back, or somebody else has taken back what was recorded.
func (m *Migrations) DownTo(database *Database, recorded History) ([]string, error) {
	history, err := database.History()
	if err != nil {
		return nil, err
	}
	back := []string{}
	unfinished := slices.IndexFunc(history, func(applied Applied) bool { return strings.HasPrefix(applied.State, "unfinished") })
	if unfinished >= 0 {
		if history[unfinished].State == "unfinished" {
			return nil, lockstep.Failing("migration %s is unfinished: go on with it, or restore the backup", history[unfinished].Version)
		}
		back = append(back, history[unfinished].Version)
	}
	before, now := recorded.Versions(), history.Versions()
	for _, version := range before {
		if !slices.Contains(now, version) {
			return nil, lockstep.Failing("migration %s was applied when it was recorded, and is not any more: somebody else has migrated", version)
		}
	}
	for _, version := range slices.Backward(now) {
		if !slices.Contains(before, version) {
			back = append(back, version)
		}
	}
	for _, version := range back {
		one := m.find(version)
		if one == nil {
			return nil, lacking(version)
		}
		if one.down == nil {
			return nil, lockstep.Failing("migration %s has no file that goes back: restore the backup", version)
		}
	}
	return m.each(back, database, abi.DbMigrationDown)
}

// each does the same with each of these versions, in this order.
func (m *Migrations) each(versions []string, database *Database, call func(int32, int32, unsafe.Pointer)) ([]string, error) {
	for _, version := range versions {
		one := m.find(version)
		if one == nil {
			return nil, lacking(version)
		}
		ready := m.ready(one)
		err := migrates(call, ready, database)
		abi.DbMigrationDrop(ready)
		if err != nil {
			return nil, err
		}
	}
	return versions, nil
}

func migrates(call func(int32, int32, unsafe.Pointer), ready int32, database *Database) error {
	defer abi.Release()
	var did abi.Area
	call(ready, database.handle, did.At())
	return lockstep.Given(&did)
}

// list is the one of a status that a migration stands in.
func (m *Migrations) list(status *Status, one *migration, history History) *[]string {
	at := slices.IndexFunc(history, func(applied Applied) bool { return applied.Version == one.version })
	switch {
	case at >= 0 && strings.HasPrefix(history[at].State, "unfinished"):
		return &status.Unfinished
	case at < 0 || history[at].State != "applied":
		return &status.Pending
	case history[at].Checksum != m.checksum(one):
		return &status.Changed
	default:
		return &status.Applied
	}
}

func (m *Migrations) checksum(one *migration) string {
	defer abi.Release()
	var checksum abi.Area
	ready := m.ready(one)
	abi.DbMigrationChecksum(ready, checksum.At())
	abi.DbMigrationDrop(ready)
	return checksum.Text(0)
}

func (m *Migrations) find(version string) *migration {
	at := slices.IndexFunc(m.all, func(one *migration) bool { return one.version == version })
	if at < 0 {
		return nil
	}
	return m.all[at]
}

// ready is a migration in the host's words.
func (m *Migrations) ready(one *migration) int32 {
	version, versionSize := abi.Text(one.version)
	title, titleSize := abi.Text(one.title)
	up, upSize := abi.Text(*one.up)
	ready := abi.DbMigration(version, versionSize, title, titleSize, up, upSize)
	if one.down != nil {
		down, size := abi.Text(*one.down)
		abi.DbMigrationDownScript(ready, down, size)
	}
	for _, says := range m.says {
		says(ready)
	}
	return ready
}

// Versions are those that are applied, in the order in which they were.
func (h History) Versions() []string {
	versions := []string{}
	for _, applied := range h {
		if applied.State == "applied" {
			versions = append(versions, applied.Version)
		}
	}
	return versions
}

func seen(rows *Rows) (History, error) {
	history := History{}
	for _, row := range rows.All() {
		var applied Applied
		for label, into := range map[string]*string{"version": &applied.Version, "title": &applied.Title, "checksum": &applied.Checksum, "state": &applied.State} {
			if err := row.Get(label, into); err != nil {
				return nil, err
			}
		}
		history = append(history, applied)
	}
	return history, nil
}

func lacking(version string) error {
	return lockstep.Failing("migration %s is applied, and there is no file of it", version)
}
