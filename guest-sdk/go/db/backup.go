package db

import (
	"strconv"
	"time"

	"lockstep"
	"lockstep/artifact"
	"lockstep/internal/abi"
)

// BackupOrder is a backup being ordered. Nothing happens before it is handed to a database.
type BackupOrder struct {
	id   string
	says []func(int32)
}

// AtLeastBytes says that with less it is no backup, and fails with `db.backup-too-small`.
func (o *BackupOrder) AtLeastBytes(bytes uint64) *BackupOrder {
	return o.say(func(order int32) {
		least, size := abi.Text(strconv.FormatUint(bytes, 10))
		abi.DbBackupOrderAtLeastBytes(order, least, size)
	})
}

// AtLeastRows says that with fewer rows in this table it is no backup. Tables of PostgreSQL are named with their schema: `public.orders`.
func (o *BackupOrder) AtLeastRows(table string, rows uint64) *BackupOrder {
	return o.say(func(order int32) {
		name, nameSize := abi.Text(table)
		least, size := abi.Text(strconv.FormatUint(rows, 10))
		abi.DbBackupOrderAtLeastRows(order, name, nameSize, least, size)
	})
}

// Timeout is the deadline. Without it the step's.
func (o *BackupOrder) Timeout(longest time.Duration) *BackupOrder {
	return o.say(func(order int32) { abi.DbBackupOrderTimeout(order, abi.Milliseconds(longest)) })
}

func (o *BackupOrder) say(says func(int32)) *BackupOrder {
	o.says = append(o.says, says)
	return o
}

func (o *BackupOrder) ready() (int32, error) {
	id, size := abi.Text(o.id)
	order := abi.DbBackupOrder(id, size)
	for _, says := range o.says {
		says(order)
	}
	return order, nil
}

// Backup is a backup that was made in this run.
type Backup struct {
	handle int32
	// Artifact is its bytes.
	Artifact *artifact.Artifact
	// Database is the name of the database in the grant.
	Database string
	// Engine is `postgresql`, `mariadb`, `mysql` or `sqlite`.
	Engine string
	// Format is `postgresql-archive`, `mariadb-sql`, `mysql-sql` or `sqlite-file`.
	Format string
	// ServerVersion is as the server said it.
	ServerVersion string
	// Tables are every table in it, by name.
	Tables []BackupTable
}

// BackupTable is a table of a backup.
type BackupTable struct {
	// Name has the schema in it, where the engine has more than one.
	Name string
	// Rows is how many it has.
	Rows uint64
	// Checksum is that of all its rows, in whichever order.
	Checksum string
}

// tableSize is how large a table is where the host writes it: three texts.
const tableSize = 24

func backup(handle int32) (*Backup, error) {
	var database, engine, format, version, tables abi.Area
	abi.DbBackupDatabase(handle, database.At())
	abi.DbBackupEngine(handle, engine.At())
	abi.DbBackupFormat(handle, format.At())
	abi.DbBackupServerVersion(handle, version.At())
	abi.DbBackupTables(handle, tables.At())
	made := &Backup{
		handle:        handle,
		Artifact:      artifact.Of(abi.DbBackupArtifact(handle)),
		Database:      database.Text(0),
		Engine:        engine.Text(0),
		Format:        format.Text(0),
		ServerVersion: version.Text(0),
	}
	for at := range tables[1] {
		from := tables[0] + tableSize*at
		rows, err := strconv.ParseUint(abi.Read(from+8), 10, 64)
		if err != nil {
			return nil, lockstep.Fail("reading how many rows a table of a backup has: %v", err)
		}
		made.Tables = append(made.Tables, BackupTable{abi.Read(from), rows, abi.Read(from + 16)})
	}
	return made, nil
}

// Rows is how many rows its tables have in all.
func (b *Backup) Rows() uint64 {
	var all uint64
	for _, table := range b.Tables {
		all += table.Rows
	}
	return all
}

// ExpectRows fails unless this table is in it, and has at least so many rows.
func (b *Backup) ExpectRows(table string, atLeast uint64) error {
	for _, there := range b.Tables {
		if there.Name == table {
			return lockstep.Ensure(there.Rows >= atLeast, "table `%s` has %d rows in the backup, expected at least %d", table, there.Rows, atLeast)
		}
	}
	return lockstep.Failing("the backup has no table `%s`", table)
}
