//go:build !wasm

// Package fake is a host for the tests of this module: it writes down what it is told and answers what it was given to answer.
package fake

import (
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"lockstep/internal/abi"
)

// Host is what was told to the host, a line each, and what it answers.
type Host struct {
	// Said has a line for each thing that the host was told.
	Said []string
	// Parameters, Outputs and Remembered are the run's.
	Parameters, Outputs, Remembered map[string]string
	handles                         int32
}

// New is a host in the place of the real one.
func New() *Host {
	h := &Host{Parameters: map[string]string{}, Outputs: map[string]string{}, Remembered: map[string]string{}}
	h.plan()
	h.run()
	abi.LogDebug, abi.LogInfo, abi.LogWarn, abi.LogError = h.log("debug"), h.log("info"), h.log("warn"), h.log("error")
	return h
}

// Told is everything that the host was told so far, and forgets it.
func (h *Host) Told() string {
	said := strings.Join(h.Said, "\n")
	h.Said = nil
	return said
}

func (h *Host) say(format string, values ...any) {
	h.Said = append(h.Said, fmt.Sprintf(format, values...))
}

func (h *Host) handle() int32 {
	h.handles++
	return h.handles
}

func (h *Host) log(level string) func(unsafe.Pointer, uint32, unsafe.Pointer, uint32) {
	return func(at unsafe.Pointer, size uint32, fields unsafe.Pointer, count uint32) {
		said := level + " " + told(at, size)
		for field := range slices.Chunk(listed(fields, 2*count), 2) {
			said += fmt.Sprintf(" %s=%q", field[0], field[1])
		}
		h.say("%s", said)
	}
}

// Text writes down a text that a resource is told.
func (h *Host) Text(what string) func(int32, unsafe.Pointer, uint32) {
	return func(_ int32, at unsafe.Pointer, size uint32) { h.say("%s %s", what, told(at, size)) }
}

// List writes down texts that a resource is told.
func (h *Host) List(what string) func(int32, unsafe.Pointer, uint32) {
	return func(_ int32, at unsafe.Pointer, count uint32) { h.say("%s %q", what, listed(at, count)) }
}

// Word writes down that a resource is told something.
func (h *Host) Word(what string) func(int32) { return func(int32) { h.say("%s", what) } }

// Number writes down a number that a resource is told, or the handle of another.
func (h *Host) Number(what string) func(int32, int32) {
	return func(_, count int32) { h.say("%s %d", what, uint32(count)) }
}

// Two writes down two texts that a resource is told.
func (h *Host) Two(what string) func(int32, unsafe.Pointer, uint32, unsafe.Pointer, uint32) {
	return func(_ int32, a unsafe.Pointer, aSize uint32, b unsafe.Pointer, bSize uint32) {
		h.say("%s %s, %s", what, told(a, aSize), told(b, bSize))
	}
}

// Begun writes down what a resource begins with, and gives its handle.
func (h *Host) Begun(what string, texts ...string) int32 {
	h.say("%s %s", what, strings.Join(texts, ", "))
	return h.handle()
}

func (h *Host) plan() {
	text, list, word, number := h.Text, h.List, h.Word, h.Number
	two := func(what string) func(unsafe.Pointer, uint32, unsafe.Pointer, uint32) int32 {
		return func(a unsafe.Pointer, aSize uint32, b unsafe.Pointer, bSize uint32) int32 {
			return h.Begun(what, told(a, aSize), told(b, bSize))
		}
	}
	abi.PlanDescription, abi.PlanStep = two("description"), two("step")
	abi.PlanParameter = func(at unsafe.Pointer, size uint32) int32 {
		return h.Begun("parameter", told(at, size))
	}
	abi.PlanDescriptionTitle, abi.PlanParameterTitle = text("title"), text("title")
	abi.PlanParameterFallback, abi.PlanParameterChoices = text("fallback"), list("choices")
	abi.PlanStepAbout, abi.PlanStepPhase = text("about"), text("phase")
	abi.PlanStepNeeds, abi.PlanStepRetryOn = list("needs"), list("retry on")
	abi.PlanStepTimeout, abi.PlanStepExpected = number("timeout"), number("expected")
	abi.PlanStepRetry = func(_, attempts, backoff, longest int32) {
		h.say("retry %d %d %d", attempts, uint32(backoff), uint32(longest))
	}
	abi.PlanStepOnFailurePause, abi.PlanStepOnFailureUndo, abi.PlanStepOnFailureContinue = word("pause"), word("undo"), word("continue")
	abi.PlanStepUndoable, abi.PlanStepIrreversible = word("undoable"), word("irreversible")
}

func (h *Host) run() {
	from := func(values func() map[string]string) func(unsafe.Pointer, uint32, unsafe.Pointer) {
		return func(at unsafe.Pointer, size uint32, into unsafe.Pointer) {
			if value, there := values()[told(at, size)]; there {
				(*abi.Area)(into)[0] = 1
				(*abi.Area)(into).Put(1, value)
			}
		}
	}
	abi.RunParameter = from(func() map[string]string { return h.Parameters })
	abi.RunOutputOf = from(func() map[string]string { return h.Outputs })
	abi.RunRecall = from(func() map[string]string { return h.Remembered })
	abi.RunGiveUp = func(at unsafe.Pointer, size uint32) { panic("given up: " + told(at, size)) }
	abi.RunRemember = func(key unsafe.Pointer, keySize uint32, value unsafe.Pointer, valueSize uint32, _ unsafe.Pointer) {
		h.Remembered[told(key, keySize)] = told(value, valueSize)
	}
}

// Text answers with a text.
func Text(into unsafe.Pointer, text string) { (*abi.Area)(into).Put(0, text) }

// Pairs answers with a list of keys and values, in turn.
func Pairs(into unsafe.Pointer, texts ...string) { Records(into, 0, 2, texts...) }

// Records answers with a list, from a word on, of records of so many texts each.
func Records(into unsafe.Pointer, word, each int, texts ...string) {
	at, count := abi.Texts(texts...).At()
	area := (*abi.Area)(into)
	area.Put(word, unsafe.String((*byte)(at), 8*count))
	area[word+1] = count / uint32(each)
}

// Some answers with an option, from a word on, that is a text.
func Some(into unsafe.Pointer, word int, text string) {
	(*abi.Area)(into)[word] = 1
	(*abi.Area)(into).Put(word+1, text)
}

// Told is a text or bytes that a call was given.
func Told(at unsafe.Pointer, size uint32) string { return told(at, size) }

// Given answers with a result that is a text.
func Given(into unsafe.Pointer, text string) { (*abi.Area)(into).Put(1, text) }

// Fails answers with a failure: of the first three kinds by its message, of the last by its code as well.
func Fails(into unsafe.Pointer, kind uint32, code, message string, retryable bool) {
	area := (*abi.Area)(into)
	area[0], area[1] = 1, kind
	if kind < 3 {
		area.Put(2, message)
		return
	}
	area.Put(2, code)
	area.Put(4, message)
	area[6] = uint32(abi.Flag(retryable))
}

// RunStep asks for a step, or for its undo: what it gives as JSON text, and the failure as the host reads it.
func RunStep(id string, undo bool) (output, failure string) {
	export := abi.ProcedureRunStep
	if undo {
		export = abi.ProcedureUndoStep
	}
	at, size := abi.Text(id)
	answer := (*abi.Area)(export(at, size))
	switch {
	case !answer.Failed():
		if answer.Some(1) {
			output = answer.Text(2)
		}
		return output, ""
	case answer[1] == 3:
		return "", fmt.Sprintf("%s: %s, %v", answer.Text(2), answer.Text(4), answer.Some(6))
	default:
		return "", fmt.Sprintf("kind %d: %s", answer[1], answer.Text(2))
	}
}

func told(at unsafe.Pointer, size uint32) string { return string(unsafe.Slice((*byte)(at), size)) }

func listed(at unsafe.Pointer, count uint32) []string {
	texts := make([]string, count)
	for n := range texts {
		var area abi.Area
		area[0], area[1] = unsafe.Slice((*uint32)(at), 2*count)[2*n], unsafe.Slice((*uint32)(at), 2*count)[2*n+1]
		texts[n] = area.Text(0)
	}
	return texts
}
