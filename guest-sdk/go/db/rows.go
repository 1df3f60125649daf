package db

import (
	"reflect"
	"strconv"
	"time"

	"lockstep"
	"lockstep/internal/abi"
)

// Column is a column: its label, the form of its values, and the server's own name for its type.
type Column struct{ Label, Kind, Declared string }

// Rows are rows that came back, all in memory.
type Rows struct {
	// Columns are in the order of the statement.
	Columns []Column
	// Truncated says whether rows were left out by LimitRows.
	Truncated bool
	rows      [][]cell
}

// cell is a value: as text, and of kind `bytes` as bytes, too.
type cell struct {
	there bool
	text  string
	bytes []byte
}

// columnSize is how large a column is where the host writes it: three texts.
const columnSize = 24

func rows(handle int32) *Rows {
	var columns abi.Area
	abi.DbRowsColumns(handle, columns.At())
	rows := &Rows{Truncated: abi.DbRowsTruncated(handle) != 0}
	for at := range columns[1] {
		from := columns[0] + columnSize*at
		rows.Columns = append(rows.Columns, Column{abi.Read(from), abi.Read(from + 8), abi.Read(from + 16)})
	}
	for row := range abi.DbRowsCount(handle) {
		cells := make([]cell, len(rows.Columns))
		for column := range cells {
			cells[column] = read(handle, row, int32(column), rows.Columns[column].Kind)
		}
		rows.rows = append(rows.rows, cells)
	}
	abi.DbRowsDrop(handle)
	return rows
}

func read(handle, row, column int32, kind string) cell {
	var found, bytes abi.Area
	abi.DbRowsCell(handle, row, column, found.At())
	if !found.Some(0) {
		return cell{}
	}
	read := cell{there: true, text: found.Text(1)}
	if kind == "bytes" {
		abi.DbRowsCellBytes(handle, row, column, bytes.At())
		read.bytes = bytes.Bytes(1)
	}
	return read
}

// Len is how many rows there are.
func (r *Rows) Len() int { return len(r.rows) }

// All are all rows.
func (r *Rows) All() []Row {
	all := make([]Row, len(r.rows))
	for at, cells := range r.rows {
		all[at] = Row{r, cells}
	}
	return all
}

// One is the only row. Fails when there are more or none.
func (r *Rows) One() (Row, error) {
	if len(r.rows) != 1 {
		return Row{}, lockstep.Failing("%d rows came back, expected one", len(r.rows))
	}
	return Row{r, r.rows[0]}, nil
}

// Value reads the first value of the only row into a variable: see Row.Get.
func (r *Rows) Value(into any) error {
	row, err := r.One()
	if err != nil {
		return err
	}
	label := ""
	if len(r.Columns) > 0 {
		label = r.Columns[0].Label
	}
	return row.Get(label, into)
}

// Row is one row.
type Row struct {
	rows  *Rows
	cells []cell
}

// Text is a value by its column's label, as text; false for NULL. Fails when there is no such column.
func (r Row) Text(label string) (string, bool, error) {
	found, err := r.cell(label)
	return found.text, found.there, err
}

// Bytes are a value of kind `bytes`, or the bytes of any other's text; nil for NULL.
func (r Row) Bytes(label string) ([]byte, error) {
	found, err := r.cell(label)
	if err != nil || !found.there {
		return nil, err
	}
	if found.bytes != nil {
		return found.bytes, nil
	}
	return []byte(found.text), nil
}

// Get reads a value into a variable: a string, a Decimal, a number, a flag, bytes, a time.Time, or what encoding/json reads of a document. NULL fails, unless the
// variable is a pointer (`var note *string; row.Get("note", &note)`), which is nil then. What does not fit fails and is never cut.
func (r Row) Get(label string, into any) error {
	found, err := r.cell(label)
	if err != nil {
		return err
	}
	variable := reflect.ValueOf(into)
	if variable.Kind() != reflect.Pointer || variable.IsNil() {
		return lockstep.Fail("column `%s` is to be read into a %T: give the variable's address", label, into)
	}
	variable = variable.Elem()
	if variable.Kind() == reflect.Pointer {
		if !found.there {
			variable.SetZero()
			return nil
		}
		variable.Set(reflect.New(variable.Type().Elem()))
		variable = variable.Elem()
	}
	if !found.there {
		return lockstep.Failing("column `%s` is NULL", label)
	}
	if err := put(variable, found); err != nil {
		return lockstep.Failing("column `%s` is `%s`: %v", label, found.text, err)
	}
	return nil
}

func put(variable reflect.Value, found cell) error {
	switch variable.Kind() {
	case reflect.String:
		variable.SetString(found.text)
	case reflect.Bool:
		flag, err := strconv.ParseBool(found.text)
		variable.SetBool(flag)
		return err
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		number, err := strconv.ParseInt(found.text, 10, variable.Type().Bits())
		variable.SetInt(number)
		return err
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		number, err := strconv.ParseUint(found.text, 10, variable.Type().Bits())
		variable.SetUint(number)
		return err
	case reflect.Float32, reflect.Float64:
		number, err := strconv.ParseFloat(found.text, variable.Type().Bits())
		variable.SetFloat(number)
		return err
	default:
		return other(variable.Addr().Interface(), found)
	}
	return nil
}

func other(into any, found cell) error {
	switch into := into.(type) {
	case *[]byte:
		*into = found.bytes
		if found.bytes == nil {
			*into = []byte(found.text)
		}
		return nil
	case *time.Time:
		instant, err := time.Parse(time.RFC3339Nano, found.text)
		*into = instant
		return err
	default:
		return lockstep.ReadJSON("its value", []byte(found.text), into)
	}
}

func (r Row) cell(label string) (cell, error) {
	for at, column := range r.rows.Columns {
		if column.Label == label {
			return r.cells[at], nil
		}
	}
	return cell{}, lockstep.Failing("there is no column `%s`", label)
}
