// Package log is what the procedure says to the operator. Values of secrets are taken out by the host before anything is shown.
//
// What is printed is said too, each line when it is ended: standard output as Info does, standard error, where Go's own log writes, as Warn.
package log

import (
	"fmt"
	"slices"
	"unsafe"

	"lockstep/internal/abi"
)

// Debug is for the author.
func Debug(format string, values ...any) { say(abi.LogDebug, nil, format, values) }

// Info is for the operator.
func Info(format string, values ...any) { say(abi.LogInfo, nil, format, values) }

// Warn is for something to look at; the run goes on.
func Warn(format string, values ...any) { say(abi.LogWarn, nil, format, values) }

// Error is for something that is wrong. Saying so fails nothing: returning an error does.
func Error(format string, values ...any) { say(abi.LogError, nil, format, values) }

// Progress is how far a long piece of work is, shown live.
func Progress(done, total uint32, message string) {
	text, size := abi.Text(message)
	abi.LogProgress(int32(done), int32(total), text, size)
}

// Logger says things with fields that a machine can read.
type Logger struct {
	// fields are names and values in turn: so a list of texts lies in memory as the contract's list of pairs does.
	fields []string
}

// With is for fields beside a message, names and values in turn as log/slog has them: `log.With("slot", slot, "port", 8081).Info("started")`.
// A value may be a secret. One without a name is there under the name that log/slog gives it, since a log line is no reason to fail.
func With(fields ...any) *Logger { return (&Logger{}).With(fields...) }

// With is this logger with more fields. The one it was made of stays as it is.
func (l *Logger) With(fields ...any) *Logger {
	texts := slices.Clone(l.fields)
	for ; len(fields) > 1; fields = fields[2:] {
		texts = append(texts, fmt.Sprint(fields[0]), fmt.Sprint(fields[1]))
	}
	if len(fields) > 0 {
		texts = append(texts, "!BADKEY", fmt.Sprint(fields[0]))
	}
	return &Logger{fields: texts}
}

// Debug is for the author.
func (l *Logger) Debug(format string, values ...any) { say(abi.LogDebug, l.fields, format, values) }

// Info is for the operator.
func (l *Logger) Info(format string, values ...any) { say(abi.LogInfo, l.fields, format, values) }

// Warn is for something to look at; the run goes on.
func (l *Logger) Warn(format string, values ...any) { say(abi.LogWarn, l.fields, format, values) }

// Error is for something that is wrong. Saying so fails nothing: returning an error does.
func (l *Logger) Error(format string, values ...any) { say(abi.LogError, l.fields, format, values) }

func say(to func(unsafe.Pointer, uint32, unsafe.Pointer, uint32), fields []string, format string, values []any) {
	message := format
	if len(values) > 0 {
		message = fmt.Sprintf(format, values...)
	}
	text, size := abi.Text(message)
	list := abi.Texts(fields...)
	at, count := list.At()
	to(text, size, at, count/2)
	list.Keep()
}
