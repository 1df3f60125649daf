// Package log is what the procedure says to the operator. Values of secrets are taken out by the host before anything is shown.
//
// What is printed is said too, each line when it is ended: standard output as Info does, standard error, where Go's own log writes, as Warn.
package log

import (
	"fmt"
	"unsafe"

	"lockstep/internal/abi"
)

// Debug is for the author.
func Debug(format string, values ...any) { say(abi.LogDebug, format, values) }

// Info is for the operator.
func Info(format string, values ...any) { say(abi.LogInfo, format, values) }

// Warn is for something to look at; the run goes on.
func Warn(format string, values ...any) { say(abi.LogWarn, format, values) }

// Error is for something that is wrong. Saying so fails nothing: returning an error does.
func Error(format string, values ...any) { say(abi.LogError, format, values) }

// Progress is how far a long piece of work is, shown live.
func Progress(done, total uint32, message string) {
	text, size := abi.Text(message)
	abi.LogProgress(int32(done), int32(total), text, size)
}

func say(to func(unsafe.Pointer, uint32, unsafe.Pointer, uint32), format string, values []any) {
	message := format
	if len(values) > 0 {
		message = fmt.Sprintf(format, values...)
	}
	text, size := abi.Text(message)
	none, count := abi.Texts().At()
	to(text, size, none, count)
}
