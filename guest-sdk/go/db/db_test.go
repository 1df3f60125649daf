package db_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
	"unsafe"

	"lockstep/db"
	"lockstep/internal/abi"
	"lockstep/internal/fake"
)

// opened is a database behind a host that writes down what it is told.
func opened(t *testing.T) (*fake.Host, *db.Database) {
	h := fake.New()
	abi.DbDatabaseOpen = func(at unsafe.Pointer, size uint32, into unsafe.Pointer) {
		(*abi.Area)(into)[1] = uint32(h.Begun("open", fake.Told(at, size)))
	}
	abi.DbDatabaseEngine = func(_ int32, into unsafe.Pointer) { fake.Text(into, "postgresql") }
	abi.DbStatement = func(at unsafe.Pointer, size uint32) int32 { return h.Begun("statement", fake.Told(at, size)) }
	abi.DbStatementBindNull = h.Word("null")
	abi.DbStatementBindBoolean = h.Number("boolean")
	abi.DbStatementBindFloat = func(_ int32, value float64) { h.Begun("float", fmt.Sprint(value)) }
	abi.DbStatementBindInteger, abi.DbStatementBindDecimal, abi.DbStatementBindText = h.Text("integer"), h.Text("decimal"), h.Text("text")
	abi.DbStatementBindTimestamp, abi.DbStatementBindJson, abi.DbStatementBindBytes = h.Text("timestamp"), h.Text("json"), h.Text("bytes")
	abi.DbStatementTimeout, abi.DbStatementLimitRows, abi.DbStatementIdempotent = h.Number("timeout"), h.Number("limit"), h.Word("idempotent")
	abi.DbTransaction = func() int32 { return h.Begun("transaction") }
	abi.DbTransactionAdd, abi.DbTransactionExpectRows = h.Number("add"), h.Number("expect")
	abi.DbTransactionTimeout, abi.DbTransactionIdempotent = h.Number("timeout"), h.Word("idempotent")
	dropped := func(int32) {}
	abi.DbStatementDrop, abi.DbTransactionDrop, abi.DbRowsDrop, abi.DbDoneDrop = dropped, dropped, dropped, dropped
	abi.DbDatabaseQuery, abi.DbDatabaseCommit = func(int32, int32, unsafe.Pointer) {}, func(int32, int32, unsafe.Pointer) {}
	answering()
	database, err := db.Open("main")
	if err != nil {
		t.Fatal(err)
	}
	h.Told()
	return h, database
}

// answering has rows of one line: label, kind and value in turn, `NULL` for none.
func answering(cells ...string) {
	var columns []string
	var values []string
	for at := 0; at < len(cells); at += 3 {
		columns = append(columns, cells[at], cells[at+1], "declared")
		values = append(values, cells[at+2])
	}
	abi.DbRowsColumns = func(_ int32, into unsafe.Pointer) { fake.Records(into, 0, 3, columns...) }
	abi.DbRowsCount = func(int32) int32 { return int32(min(1, len(columns))) }
	abi.DbRowsTruncated = func(int32) int32 { return 0 }
	abi.DbRowsCell = func(_, _, column int32, into unsafe.Pointer) {
		if values[column] != "NULL" {
			fake.Some(into, 0, values[column])
		}
	}
	abi.DbRowsCellBytes = func(_, _, _ int32, into unsafe.Pointer) { fake.Some(into, 0, "\x00\xff") }
}

func TestAValueIsBoundAsWhatItIsToItsLastDigit(t *testing.T) {
	h, shop := opened(t)
	type state string
	none, some := (*int64)(nil), uint64(math.MaxUint64)
	instant := time.Date(2026, 1, 2, 3, 4, 5, 6_000, time.FixedZone("", 3600))
	statement := db.SQL("SELECT $1")
	for _, value := range []any{
		nil, none, &some, int8(-7), true, 0.5, "ü", state("open"), []byte{0, 255}, db.Decimal("-0.10"), db.Instant("2026-01-02T03:04:05Z"), instant,
		db.JSON(map[string]any{"a": math.MaxInt64}),
	} {
		statement.Bind(value)
	}
	if _, err := shop.Query(statement.Timeout(5 * time.Second).LimitRows(10).Idempotent()); err != nil {
		t.Fatal(err)
	}
	wanted := []string{
		"statement SELECT $1", "null", "null", "integer 18446744073709551615", "integer -7", "boolean 1", "float 0.5", "text ü", "text open", "bytes \x00\xff",
		"decimal -0.10", "timestamp 2026-01-02T03:04:05Z", "timestamp 2026-01-02T02:04:05.000006Z", `json {"a":9223372036854775807}`, "timeout 5000", "limit 10",
		"idempotent",
	}
	if told := h.Told(); told != strings.Join(wanted, "\n") {
		t.Error(told)
	}
	_, err := shop.Query(db.SQL("").Bind([]int{1}))
	if said := fmt.Sprint(err); said != "[]int is nothing that a placeholder takes: db.JSON makes a document of it" {
		t.Error(said)
	}
}

func TestAValueIsReadIntoWhatHoldsIt(t *testing.T) {
	_, shop := opened(t)
	answering("i", "integer", "18446744073709551615", "d", "decimal", "0.10", "f", "float", "-inf", "b", "boolean", "true", "y", "bytes", "AP8=",
		"j", "json", `{"n":9223372036854775807}`, "t", "timestamp-tz", "2026-01-02T03:04:05.000001Z", "n", "text", "NULL")
	rows, err := shop.Query(db.SQL("SELECT 1"))
	if err != nil {
		t.Fatal(err)
	}
	row, err := rows.One()
	if err != nil {
		t.Fatal(err)
	}
	var whole uint64
	var exact db.Decimal
	var float float64
	var flag bool
	var bytes []byte
	var document struct{ N int64 }
	var instant time.Time
	note := new(string)
	for label, into := range map[string]any{"i": &whole, "d": &exact, "f": &float, "b": &flag, "y": &bytes, "j": &document, "t": &instant, "n": &note} {
		if err := row.Get(label, into); err != nil {
			t.Error(label, err)
		}
	}
	if whole != math.MaxUint64 || exact != "0.10" || float != math.Inf(-1) || !flag || string(bytes) != "\x00\xff" || document.N != math.MaxInt64 || note != nil {
		t.Error(whole, exact, float, flag, bytes, document, note)
	}
	if instant.Nanosecond() != 1_000 {
		t.Error(instant)
	}
	var there *uint64
	if err := rows.Value(&there); err != nil || *there != math.MaxUint64 {
		t.Error(there, err)
	}
	var small int32
	for label, message := range map[string]string{
		"n": "column `n` is NULL",
		"i": "column `i` is `18446744073709551615`: strconv.ParseInt: parsing \"18446744073709551615\": value out of range",
		"o": "there is no column `o`",
	} {
		if said := fmt.Sprint(row.Get(label, &small)); said != message {
			t.Error(said)
		}
	}
	if text, is, err := row.Text("y"); text != "AP8=" || !is || err != nil {
		t.Error(text, is, err)
	}
}

func TestATransactionIsOneCallAndSaysWhatEachStatementCameTo(t *testing.T) {
	h, shop := opened(t)
	answering("id", "integer", "4")
	abi.DbDoneCount = func(int32) int32 { return 2 }
	abi.DbDoneAffected = func(_, statement int32, into unsafe.Pointer) {
		fake.Text(into, []string{"1", "18446744073709551615"}[statement])
	}
	abi.DbDoneReturned = func(_, _ int32) int32 { return 1 }
	change := db.NewTransaction().Add(db.SQL("UPDATE a")).ExpectRows(1).Add(db.SQL("UPDATE b")).Timeout(time.Minute).Idempotent()
	done, err := shop.Commit(change)
	if err != nil {
		t.Fatal(err)
	}
	if told := h.Told(); told != "transaction \nstatement UPDATE a\nadd 3\nexpect 1\nstatement UPDATE b\nadd 4\ntimeout 60000\nidempotent" {
		t.Error(told)
	}
	var id int64
	if err := done.Returned[1].Value(&id); err != nil || id != 4 || fmt.Sprint(done.AllRows) != "[1 18446744073709551615]" || done.ExpectRows(1) != nil {
		t.Error(id, done, err)
	}
	if said := fmt.Sprint(done.ExpectRows(2), shop.ExpectEngine("sqlite")); said != "1 rows were concerned, expected 2 database `main` is postgresql, expected sqlite" {
		t.Error(said)
	}
}
