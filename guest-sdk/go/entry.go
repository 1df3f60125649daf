package lockstep

import (
	"fmt"
	"runtime"
	"unsafe"

	"lockstep/internal/abi"
)

// declare is the author's function.
var declare func(*Procedure)

// Register makes a function the procedure of this component: `func init() { lockstep.Register(shop) }`.
func Register(procedure func(*Procedure)) {
	declare = procedure
	abi.ProcedureDescribe = describe
	abi.ProcedurePlan = plan
	abi.ProcedureRunStep = func(id unsafe.Pointer, size uint32) unsafe.Pointer { return answered(runStep(asked(id, size))) }
	abi.ProcedureUndoStep = func(id unsafe.Pointer, size uint32) unsafe.Pointer { return answered(undoStep(asked(id, size))) }
}

func declared(describing bool) *Procedure {
	p := &Procedure{describing: describing}
	if declare != nil {
		declare(p)
	}
	return p
}

func describe() {
	defer orGiveUp()
	p := declared(true)
	if d := p.description; d != nil {
		id, idSize := abi.Text(d.id)
		version, versionSize := abi.Text(d.version)
		description := abi.PlanDescription(id, idSize, version, versionSize)
		if d.title != "" {
			title, size := abi.Text(d.title)
			abi.PlanDescriptionTitle(description, title, size)
		}
	}
	for _, said := range p.parameters {
		id, size := abi.Text(said.id)
		parameter := abi.PlanParameter(id, size)
		if said.title != "" {
			title, size := abi.Text(said.title)
			abi.PlanParameterTitle(parameter, title, size)
		}
		if said.fallback != nil {
			value, size := abi.Text(*said.fallback)
			abi.PlanParameterFallback(parameter, value, size)
		}
		if len(said.choices) > 0 {
			list(abi.PlanParameterChoices, parameter, said.choices)
		}
	}
}

func plan() unsafe.Pointer {
	defer orGiveUp()
	for _, step := range declared(false).steps {
		step.declare()
	}
	return answered(nil, nil)
}

func (s *Step) declare() {
	id, idSize := abi.Text(s.id)
	title, titleSize := abi.Text(s.title)
	step := abi.PlanStep(id, idSize, title, titleSize)
	if s.about != "" {
		text, size := abi.Text(s.about)
		abi.PlanStepAbout(step, text, size)
	}
	if s.phase != "" {
		heading, size := abi.Text(s.phase)
		abi.PlanStepPhase(step, heading, size)
	}
	if s.needsSaid {
		list(abi.PlanStepNeeds, step, s.needs)
	}
	if s.timeout > 0 {
		abi.PlanStepTimeout(step, abi.Seconds(s.timeout))
	}
	if s.attempts > 0 {
		abi.PlanStepRetry(step, int32(s.attempts), abi.Milliseconds(s.backoff), abi.Milliseconds(s.longest))
	}
	if len(s.retryOn) > 0 {
		list(abi.PlanStepRetryOn, step, s.retryOn)
	}
	if s.onFailure != nil {
		s.onFailure(step)
	}
	if s.undo != nil {
		abi.PlanStepUndoable(step)
	}
	if s.irreversible {
		abi.PlanStepIrreversible(step)
	}
	if s.expected > 0 {
		abi.PlanStepExpected(step, abi.Seconds(s.expected))
	}
}

func list(call func(int32, unsafe.Pointer, uint32), resource int32, texts []string) {
	list := abi.Texts(texts...)
	at, count := list.At()
	call(resource, at, count)
	list.Keep()
}

func asked(id unsafe.Pointer, size uint32) string {
	defer abi.Release()
	return string(unsafe.Slice((*byte)(id), size))
}

func find(id string) (*Step, error) {
	for _, step := range declared(false).steps {
		if step.id == id {
			return step, nil
		}
	}
	return nil, Fail("the procedure declares no step `%s` for these parameters", id).WithCode(Unknown)
}

func runStep(id string) (*string, error) {
	defer orGiveUp()
	step, err := find(id)
	if err != nil {
		return nil, err
	}
	value, err := step.run(&Ctx{step: id})
	if err != nil || value == nil {
		return nil, err
	}
	output, err := JSON(value)
	if err != nil {
		return nil, Fail("writing the step's output: %v", err).WithCode(BadOutput)
	}
	return &output, nil
}

func undoStep(id string) (*string, error) {
	defer orGiveUp()
	step, err := find(id)
	if err != nil {
		return nil, err
	}
	if step.undo == nil {
		return nil, Fail("step `%s` declares no undo", id).WithCode(Unknown)
	}
	return nil, step.undo(&Ctx{step: id})
}

// answer and spoken are what the host reads as the result of an export, after it has returned.
var (
	answer abi.Area
	spoken []string
)

func answered(output *string, err error) unsafe.Pointer {
	answer = abi.Area{}
	put := func(word int, text string) {
		spoken = append(spoken, text)
		answer.Put(word, text)
	}
	switch {
	case err != nil:
		failure := asFailure(err)
		answer[0], answer[1] = 1, uint32(failure.Kind)
		if failure.Kind != Failed {
			put(2, failure.Message)
			break
		}
		put(2, failure.Code)
		put(4, failure.Message)
		answer[6] = uint32(abi.Flag(failure.Retryable))
	case output != nil:
		answer[1] = 1
		put(2, *output)
	}
	return answer.At()
}

// orGiveUp makes a failure of a panic: the host ends the guest with what it said and where.
func orGiveUp() {
	said := recover()
	if said == nil {
		return
	}
	text, size := abi.Text(fmt.Sprintf("panicked at %s: %v", place(), said))
	abi.RunGiveUp(text, size)
}

// place is where the author's code panicked: the first line that is neither of the Go runtime nor of this package.
func place() string {
	var callers [64]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers[:])])
	for {
		frame, more := frames.Next()
		if frame.File != "" && !inside(frame.Function, "runtime.") && !inside(frame.Function, "lockstep.") {
			return fmt.Sprintf("%s:%d", frame.File, frame.Line)
		}
		if !more {
			return "an unknown place"
		}
	}
}

func inside(function, prefix string) bool {
	return len(function) >= len(prefix) && function[:len(prefix)] == prefix
}
