package lockstep

import (
	"errors"
	"fmt"
	"strings"

	"lockstep/internal/abi"
)

// Kind is why a call, a step or an undo did not give its result.
type Kind uint8

const (
	// Denied: the grant does not allow it.
	Denied Kind = iota
	// TimedOut: the deadline of the call, the step or the run passed.
	TimedOut
	// InDoubt: it may or may not have happened; an operator decided to let the procedure know.
	InDoubt
	// Failed: the far side, the host or the procedure failed. The code says what.
	Failed
)

// The codes that the SDK itself gives. Capabilities have their own, listed in the contract.
const (
	// Assertion: the world is not as the procedure expects it. Retried when the step declares a retry.
	Assertion = "step.assertion"
	// GaveUp: the procedure gave up, or an error of another package. Not retried.
	GaveUp = "step.failed"
	// BadParameter: a parameter is missing or does not read as the type asked for.
	BadParameter = "step.parameter"
	// BadOutput: an output or a remembered value is missing or has another shape.
	BadOutput = "step.output"
	// Exception: a panic, with the place where it began. Not retried.
	Exception = "step.exception"
	// Unknown: the host asked for a step or an undo that the procedure does not declare for these parameters.
	Unknown = "step.unknown"
)

// Failure is the error of every capability: `errors.As(err, &failure)` finds it in what wraps it.
type Failure struct {
	// Kind is denied, timed out, in doubt or failed.
	Kind Kind
	// Code is stable: `http.tls`, `shell.program-missing`, or one of this package's; `denied`, `timed-out` and `in-doubt` of the other kinds.
	Code string
	// Message says what went wrong, for a person.
	Message string
	// Retryable says whether trying again may help.
	Retryable bool
}

// Error says it as a person reads it.
func (f *Failure) Error() string {
	switch f.Kind {
	case Denied:
		return "denied: " + f.Message
	case TimedOut:
		return "timed out: " + f.Message
	case InDoubt:
		return "in doubt: " + f.Message
	default:
		return f.Message
	}
}

// Fail is a failure that the procedure gives itself: code `step.failed`, not to be retried.
func Fail(format string, values ...any) *Failure {
	return &Failure{Kind: Failed, Code: GaveUp, Message: fmt.Sprintf(format, values...)}
}

// Failing is a failure of which the world is the cause: code `step.assertion`, retryable.
func Failing(format string, values ...any) *Failure {
	return &Failure{Kind: Failed, Code: Assertion, Message: fmt.Sprintf(format, values...), Retryable: true}
}

// Ensure fails unless something holds: `lockstep.Ensure(free > 3, "only %d slots are free", free)`. Code `step.assertion`.
func Ensure(holds bool, format string, values ...any) error {
	if holds {
		return nil
	}
	return Failing(format, values...)
}

// WithCode gives it another code. Only one that failed has a code to change.
func (f *Failure) WithCode(code string) *Failure {
	if f.Kind == Failed {
		f.Code = code
	}
	return f
}

// MayRetry says that trying again may help.
func (f *Failure) MayRetry() *Failure {
	if f.Kind == Failed {
		f.Retryable = true
	}
	return f
}

// Context puts what was being done before what went wrong; nil stays nil. `fmt.Errorf` with `%w` does as well.
func Context(err error, format string, values ...any) error {
	if err == nil {
		return nil
	}
	told := *asFailure(err)
	told.Message = fmt.Sprintf(format, values...) + ": " + told.Message
	return &told
}

// asFailure finds the failure in an error, with the words of what wraps it.
func asFailure(err error) *Failure {
	var failure *Failure
	if !errors.As(err, &failure) {
		return Fail("%s", err.Error())
	}
	told := *failure
	told.Message = strings.Replace(err.Error(), failure.Error(), failure.Message, 1)
	return &told
}

// Given is the failure in what a call gave, or nil. For the packages of this module.
func Given(result *abi.Area) error {
	if !result.Failed() {
		return nil
	}
	switch kind := Kind(result[1] & 0xff); kind {
	case Denied:
		return &Failure{Kind: kind, Code: "denied", Message: result.Text(2)}
	case TimedOut:
		return &Failure{Kind: kind, Code: "timed-out", Message: result.Text(2), Retryable: true}
	case InDoubt:
		return &Failure{Kind: kind, Code: "in-doubt", Message: result.Text(2)}
	default:
		return &Failure{Kind: Failed, Code: result.Text(2), Message: result.Text(4), Retryable: result.Some(6)}
	}
}
