// Package lockstep lets you write a Lockstep procedure that reads like the runbook it replaces.
//
//	func init() { lockstep.Register(hello) }
//
//	func hello(p *lockstep.Procedure) {
//		p.Describe("hello", "0.1.0").Title("Say hello")
//		p.Parameter("who").Title("Whom to greet").Fallback("world")
//		p.Step("greet", "Greet them", greet)
//	}
//
//	func greet(ctx *lockstep.Ctx) (any, error) {
//		who, err := ctx.Parameter("who")
//		if err != nil {
//			return nil, err
//		}
//		return "hello, " + who, nil
//	}
//
// One function declares everything. The host calls it on a fresh instance whenever it wants to describe, plan, run a step or undo one: a step shares
// nothing with another in memory, and gives later steps what it returns. While the procedure is declared nothing may be asked of the world.
//
// Package time's clock and crypto/rand are made up and the same every time: take both from lockstep/clock and lockstep/random.
package lockstep

import (
	"time"

	"lockstep/internal/abi"
)

// longestWait is the longest wait between two tries when the step does not say one: the host's own.
const longestWait = time.Minute

// Procedure is the procedure being declared.
type Procedure struct {
	describing  bool
	description *Description
	parameters  []*Parameter
	steps       []*Step
	phase       string
}

// Description is the procedure's name.
type Description struct{ id, version, title string }

// Parameter is something the procedure needs to be told.
type Parameter struct {
	id, title string
	fallback  *string
	choices   []string
}

// Step is a declared step. Without further words: it needs the step before it, is tried once, and has nothing to undo.
type Step struct {
	id, title, phase, about string
	run                     func(*Ctx) (any, error)
	undo                    func(*Ctx) error
	irreversible            bool
	needs                   []string
	needsSaid               bool
	timeout, expected       time.Duration
	attempts                uint32
	backoff, longest        time.Duration
	retryOn                 []string
	onFailure               func(int32)
}

// Describe names the procedure: its id in kebab case, its version as semver. Once.
func (p *Procedure) Describe(id, version string) *Description {
	p.description = &Description{id: id, version: version}
	return p.description
}

// Title is one line for the operator.
func (d *Description) Title(text string) *Description {
	d.title = text
	return d
}

// Parameter declares something the procedure needs to be told, as in `-p id=value`. Required unless it has a fallback.
func (p *Procedure) Parameter(id string) *Parameter {
	parameter := &Parameter{id: id}
	p.parameters = append(p.parameters, parameter)
	return parameter
}

// Title is one line for the operator.
func (p *Parameter) Title(text string) *Parameter {
	p.title = text
	return p
}

// Fallback is the value when none is given.
func (p *Parameter) Fallback(value string) *Parameter {
	p.fallback = &value
	return p
}

// Choices are the only values allowed.
func (p *Parameter) Choices(values ...string) *Parameter {
	p.choices = values
	return p
}

// Phase is the heading that the steps declared from here on stand under, in plans and reports.
func (p *Procedure) Phase(heading string) { p.phase = heading }

// Step declares a step: its id (`a-z`, `0-9`, `-`), one line for the operator, and the function that does it. What the function returns is the step's
// output, which later steps read with Ctx.Output; nil is none.
func (p *Procedure) Step(id, title string, run func(*Ctx) (any, error)) *Step {
	step := &Step{id: id, title: title, phase: p.phase, run: run}
	p.steps = append(p.steps, step)
	return step
}

// Value is the value of a parameter, to decide which steps there are; false when it has none, as when the procedure is only being described.
func (p *Procedure) Value(id string) (string, bool) {
	if !p.describing {
		return parameter(id)
	}
	for _, parameter := range p.parameters {
		if parameter.id == id && parameter.fallback != nil {
			return *parameter.fallback, true
		}
	}
	return "", false
}

// Environment is the name of the environment of this run. Empty while the procedure is only being described.
func (p *Procedure) Environment() string {
	if p.describing {
		return ""
	}
	return environment()
}

// About says what it does and why, at length.
func (s *Step) About(text string) *Step {
	s.about = text
	return s
}

// Needs are the steps that must have succeeded before it, instead of the one declared before it. Nothing: none.
func (s *Step) Needs(steps ...string) *Step {
	s.needs, s.needsSaid = steps, true
	return s
}

// Undo is the function that undoes it. It may find the step half done, and must look before it removes.
func (s *Step) Undo(undo func(*Ctx) error) *Step {
	s.undo = undo
	return s
}

// Irreversible says that it cannot be undone: the point of no return.
func (s *Step) Irreversible() *Step {
	s.irreversible = true
	return s
}

// Timeout is how long one attempt may take.
func (s *Step) Timeout(longest time.Duration) *Step {
	s.timeout = longest
	return s
}

// Retry gives tries in all, and the wait before the second, doubled before each further one up to a minute.
func (s *Step) Retry(attempts uint32, backoff time.Duration) *Step {
	return s.RetryUpTo(attempts, backoff, max(longestWait, backoff))
}

// RetryUpTo is Retry with the longest wait between two tries.
func (s *Step) RetryUpTo(attempts uint32, backoff, longest time.Duration) *Step {
	s.attempts, s.backoff, s.longest = attempts, backoff, longest
	return s
}

// RetryOn are the only failure codes to try again after. Without it: every failure that says it is retryable.
func (s *Step) RetryOn(codes ...string) *Step {
	s.retryOn = codes
	return s
}

// OnFailurePause: when no attempt is left, stop and wait for an operator.
func (s *Step) OnFailurePause() *Step {
	s.onFailure = abi.PlanStepOnFailurePause
	return s
}

// OnFailureUndo: when no attempt is left, undo everything done so far.
func (s *Step) OnFailureUndo() *Step {
	s.onFailure = abi.PlanStepOnFailureUndo
	return s
}

// OnFailureContinue: when no attempt is left, go on with the steps that do not need it.
func (s *Step) OnFailureContinue() *Step {
	s.onFailure = abi.PlanStepOnFailureContinue
	return s
}

// Expected is how long it usually takes, shown beside the measured time.
func (s *Step) Expected(usually time.Duration) *Step {
	s.expected = usually
	return s
}
