// Package db is databases that the grant names. A statement has placeholders `$1`, `$2`, … with every engine, and its values beside it.
package db

import (
	"strconv"
	"time"
	"unsafe"

	"lockstep"
	"lockstep/artifact"
	"lockstep/internal/abi"
)

// Database is a database of the grant.
type Database struct {
	handle int32
	name   string
}

// Open is the database that the grant has under this name. Nothing is connected yet.
func Open(name string) (*Database, error) {
	defer abi.Release()
	var opened abi.Area
	text, size := abi.Text(name)
	abi.DbDatabaseOpen(text, size, opened.At())
	if err := lockstep.Given(&opened); err != nil {
		return nil, err
	}
	return &Database{handle: opened.Handle(1), name: name}, nil
}

// Engine is what the grant says it is, and a server is held to: `postgresql`, `mariadb`, `mysql` or `sqlite`.
func (d *Database) Engine() string {
	defer abi.Release()
	var engine abi.Area
	abi.DbDatabaseEngine(d.handle, engine.At())
	return engine.Text(0)
}

// ExpectEngine fails unless it is this engine: what follows was written for it.
func (d *Database) ExpectEngine(engine string) error {
	found := d.Engine()
	return lockstep.Ensure(found == engine, "database `%s` is %s, expected %s", d.name, found, engine)
}

// Ping connects, if need be, and gets an answer.
func (d *Database) Ping() error {
	defer abi.Release()
	var answered abi.Area
	abi.DbDatabasePing(d.handle, answered.At())
	return lockstep.Given(&answered)
}

// Query runs a statement that only reads.
func (d *Database) Query(statement *Statement) (*Rows, error) {
	defer abi.Release()
	found, err := d.ask(abi.DbDatabaseQuery, statement.ready, abi.DbStatementDrop)
	if err != nil {
		return nil, err
	}
	return rows(found), nil
}

// Execute runs one statement, in a transaction of its own.
func (d *Database) Execute(statement *Statement) (*Done, error) {
	defer abi.Release()
	came, err := d.ask(abi.DbDatabaseExecute, statement.ready, abi.DbStatementDrop)
	if err != nil {
		return nil, err
	}
	return done(came)
}

// Commit runs all statements and commits them, or keeps nothing of them.
func (d *Database) Commit(transaction *Transaction) (*Done, error) {
	defer abi.Release()
	came, err := d.ask(abi.DbDatabaseCommit, transaction.ready, abi.DbTransactionDrop)
	if err != nil {
		return nil, err
	}
	return done(came)
}

// NewBackup begins the order of a backup, whose artifact gets this id: `shop.Backup(db.NewBackup("before-release").AtLeastRows("public.orders", 1_000))`.
func NewBackup(id string) *BackupOrder { return &BackupOrder{id: id} }

// Backup copies the whole database into an artifact, as it is at one moment. Ordered once more under the same id, as by a step that is tried again, it is the
// backup that was made first.
func (d *Database) Backup(order *BackupOrder) (*Backup, error) {
	defer abi.Release()
	made, err := d.ask(abi.DbDatabaseMakeBackup, order.ready, abi.DbBackupOrderDrop)
	if err != nil {
		return nil, err
	}
	return backup(made)
}

// BackupNamed is the backup that an earlier step has made under this id. Fails when the run has none.
func (d *Database) BackupNamed(id string) (*Backup, error) {
	kept, err := artifact.ByID(id)
	if err != nil {
		return nil, err
	}
	return d.BackupIn(kept)
}

// BackupIn is what an artifact is a backup of. Fails when it is none.
func (d *Database) BackupIn(kept *artifact.Artifact) (*Backup, error) {
	defer abi.Release()
	var found abi.Area
	abi.DbDatabaseBackupIn(d.handle, kept.Handle(), found.At())
	if err := lockstep.Given(&found); err != nil {
		return nil, err
	}
	return backup(found.Handle(1))
}

// VerifyBackup restores a backup into a scratch database that the host makes and drops, and compares rows and checksum of every table. Touches nothing else.
func (d *Database) VerifyBackup(backup *Backup) error {
	return d.does(abi.DbDatabaseVerifyBackup, backup.handle)
}

// Restore restores a backup into this database, which has to be empty.
func (d *Database) Restore(backup *Backup) error { return d.does(abi.DbDatabaseRestore, backup.handle) }

// RestoreOver restores a backup into this database in the place of everything that is in it.
func (d *Database) RestoreOver(backup *Backup) error {
	return d.does(abi.DbDatabaseRestoreOver, backup.handle)
}

// History is the migrations that it has seen, in the order in which they were applied: what a step returns before it migrates, to go back there.
func (d *Database) History() (History, error) {
	defer abi.Release()
	var found abi.Area
	abi.DbMigrationHistory(d.handle, found.At())
	if err := lockstep.Given(&found); err != nil {
		return nil, err
	}
	return seen(rows(found.Handle(1)))
}

// does is a call with another resource that gives nothing.
func (d *Database) does(call func(int32, int32, unsafe.Pointer), with int32) error {
	defer abi.Release()
	var did abi.Area
	call(d.handle, with, did.At())
	return lockstep.Given(&did)
}

func (d *Database) ask(call func(int32, int32, unsafe.Pointer), ready func() (int32, error), drop func(int32)) (int32, error) {
	asked, err := ready()
	if err != nil {
		return 0, err
	}
	var came abi.Area
	call(d.handle, asked, came.At())
	drop(asked)
	return came.Handle(1), lockstep.Given(&came)
}

// Statement is a statement being built. Nothing happens before it is handed to a database.
type Statement struct {
	text    string
	says    []func(int32)
	problem error
}

// SQL begins a statement: `db.SQL("SELECT count(*) FROM orders WHERE state = $1").Bind("open")`.
func SQL(text string) *Statement { return &Statement{text: text} }

// Bind is the value of the next placeholder: nil, a string, a flag, a number, bytes, a time.Time, a Decimal, an Instant, what JSON makes, or a pointer to one of
// them, which is NULL when it is nil.
func (s *Statement) Bind(value any) *Statement {
	says, err := bound(value)
	if err != nil {
		s.problem = err
		return s
	}
	return s.say(says)
}

// Timeout is the deadline, after which the server is told to stop. Without it the step's.
func (s *Statement) Timeout(longest time.Duration) *Statement {
	return s.say(func(statement int32) { abi.DbStatementTimeout(statement, abi.Milliseconds(longest)) })
}

// LimitRows has the first rows, at most so many.
func (s *Statement) LimitRows(rows uint32) *Statement {
	return s.say(func(statement int32) { abi.DbStatementLimitRows(statement, int32(rows)) })
}

// Idempotent says that repeating it does no harm, so that a crash does not leave it in doubt.
func (s *Statement) Idempotent() *Statement {
	return s.say(func(statement int32) { abi.DbStatementIdempotent(statement) })
}

func (s *Statement) say(says func(int32)) *Statement {
	s.says = append(s.says, says)
	return s
}

func (s *Statement) ready() (int32, error) {
	if s.problem != nil {
		return 0, s.problem
	}
	text, size := abi.Text(s.text)
	statement := abi.DbStatement(text, size)
	for _, says := range s.says {
		says(statement)
	}
	return statement, nil
}

// Transaction is statements that are committed together.
type Transaction struct {
	says []func(int32) error
}

// NewTransaction begins a transaction.
func NewTransaction() *Transaction { return &Transaction{} }

// Add adds a statement.
func (t *Transaction) Add(statement *Statement) *Transaction {
	t.says = append(t.says, func(transaction int32) error {
		ready, err := statement.ready()
		if err == nil {
			abi.DbTransactionAdd(transaction, ready)
			abi.DbStatementDrop(ready)
		}
		return err
	})
	return t
}

// ExpectRows is how many rows the statement added last must concern: with any other number nothing is kept.
func (t *Transaction) ExpectRows(rows uint32) *Transaction {
	return t.say(func(transaction int32) { abi.DbTransactionExpectRows(transaction, int32(rows)) })
}

// Timeout is the deadline, after which the server is told to stop. Without it the step's.
func (t *Transaction) Timeout(longest time.Duration) *Transaction {
	return t.say(func(transaction int32) { abi.DbTransactionTimeout(transaction, abi.Milliseconds(longest)) })
}

// Idempotent says that repeating it does no harm, so that a crash does not leave it in doubt.
func (t *Transaction) Idempotent() *Transaction {
	return t.say(func(transaction int32) { abi.DbTransactionIdempotent(transaction) })
}

func (t *Transaction) say(says func(int32)) *Transaction {
	t.says = append(t.says, func(transaction int32) error {
		says(transaction)
		return nil
	})
	return t
}

func (t *Transaction) ready() (int32, error) {
	transaction := abi.DbTransaction()
	for _, says := range t.says {
		if err := says(transaction); err != nil {
			abi.DbTransactionDrop(transaction)
			return 0, err
		}
	}
	return transaction, nil
}

// Done is what statements that change something came to.
type Done struct {
	// AllRows is how many rows each statement concerned.
	AllRows []uint64
	// Returned is what `RETURNING` gave, of each statement.
	Returned []*Rows
}

func done(handle int32) (*Done, error) {
	done := &Done{}
	for statement := range abi.DbDoneCount(handle) {
		var affected abi.Area
		abi.DbDoneAffected(handle, statement, affected.At())
		count, err := strconv.ParseUint(affected.Text(0), 10, 64)
		if err != nil {
			return nil, lockstep.Fail("reading how many rows were concerned: %v", err)
		}
		done.AllRows = append(done.AllRows, count)
		done.Returned = append(done.Returned, rows(abi.DbDoneReturned(handle, statement)))
	}
	abi.DbDoneDrop(handle)
	return done, nil
}

// Rows is how many rows the first statement concerned.
func (d *Done) Rows() uint64 {
	if len(d.AllRows) == 0 {
		return 0
	}
	return d.AllRows[0]
}

// ExpectRows fails unless the first statement concerned so many rows. It has been committed all the same: to keep nothing otherwise, use ExpectRows of a
// transaction.
func (d *Done) ExpectRows(rows uint64) error {
	return lockstep.Ensure(d.Rows() == rows, "%d rows were concerned, expected %d", d.Rows(), rows)
}
