package db

import (
	"reflect"
	"strconv"
	"time"
	"unsafe"

	"lockstep"
	"lockstep/internal/abi"
)

// Decimal is an exact number, written out: `db.Decimal("12.50")`.
type Decimal string

// Instant is an instant of RFC 3339: `db.Instant("2026-01-02T03:04:05Z")`.
type Instant string

// Document is a JSON document as the value of a placeholder: see JSON.
type Document struct{ value any }

// JSON is a JSON document: `db.JSON(map[string]any{"a": 1})`.
func JSON(value any) Document { return Document{value} }

// bound is how a value is said to a statement.
func bound(value any) (func(int32), error) {
	switch value := value.(type) {
	case nil:
		return func(statement int32) { abi.DbStatementBindNull(statement) }, nil
	case Decimal:
		return text(abi.DbStatementBindDecimal, string(value)), nil
	case Instant:
		return text(abi.DbStatementBindTimestamp, string(value)), nil
	case time.Time:
		return text(abi.DbStatementBindTimestamp, value.UTC().Format("2006-01-02T15:04:05.000000Z")), nil
	case Document:
		written, err := lockstep.JSON(value.value)
		return text(abi.DbStatementBindJson, written), err
	case []byte:
		return text(abi.DbStatementBindBytes, string(value)), nil
	}
	return plain(reflect.ValueOf(value))
}

func plain(value reflect.Value) (func(int32), error) {
	switch value.Kind() {
	case reflect.Pointer:
		if value.IsNil() {
			return bound(nil)
		}
		return bound(value.Elem().Interface())
	case reflect.Bool:
		flag := value.Bool()
		return func(statement int32) { abi.DbStatementBindBoolean(statement, abi.Flag(flag)) }, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return text(abi.DbStatementBindInteger, strconv.FormatInt(value.Int(), 10)), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return text(abi.DbStatementBindInteger, strconv.FormatUint(value.Uint(), 10)), nil
	case reflect.Float32, reflect.Float64:
		number := value.Float()
		return func(statement int32) { abi.DbStatementBindFloat(statement, number) }, nil
	case reflect.String:
		return text(abi.DbStatementBindText, value.String()), nil
	default:
		return nil, lockstep.Fail("%s is nothing that a placeholder takes: db.JSON makes a document of it", value.Type())
	}
}

// text says a value that goes as text.
func text(call func(int32, unsafe.Pointer, uint32), value string) func(int32) {
	return func(statement int32) {
		at, size := abi.Text(value)
		call(statement, at, size)
	}
}
