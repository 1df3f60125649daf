package lockstep

import (
	"encoding/json"
	"strconv"

	"lockstep/internal/abi"
)

// Ctx is the run as one step sees it.
type Ctx struct{ step string }

// Step is the id of the step being run or undone.
func (c *Ctx) Step() string { return c.step }

// RunID is the run's id.
func (c *Ctx) RunID() string {
	defer abi.Release()
	var id abi.Area
	abi.RunId(id.At())
	return id.Text(0)
}

// Environment is the name of the environment, `staging` for example.
func (c *Ctx) Environment() string { return environment() }

// Attempt is the number of this attempt of the step, 1 for the first.
func (c *Ctx) Attempt() uint32 { return uint32(abi.RunAttempt()) }

// IdempotencyKey is the key of the next call, the same in every replay: for a far side that can tell a repetition by it. lockstep/http and lockstep/shell
// send it by themselves.
func (c *Ctx) IdempotencyKey() string {
	defer abi.Release()
	var key abi.Area
	abi.RunIdempotencyKey(key.At())
	return key.Text(0)
}

// Parameter is the value of a parameter: what was given, else its fallback.
func (c *Ctx) Parameter(id string) (string, error) {
	if value, there := parameter(id); there {
		return value, nil
	}
	return "", Fail("parameter `%s` has no value, or the procedure does not declare it", id).WithCode(BadParameter)
}

// Number is a parameter that is a whole number.
func (c *Ctx) Number(id string) (int64, error) {
	text, err := c.Parameter(id)
	if err != nil {
		return 0, err
	}
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, Fail("parameter `%s` is %q, which does not read as a whole number", id, text).WithCode(BadParameter)
	}
	return number, nil
}

// MaybeParameter is Parameter for one that may be left out.
func (c *Ctx) MaybeParameter(id string) (string, bool) { return parameter(id) }

// Output reads the output of a step that has succeeded into a variable, as encoding/json does. In an undo also the step's own.
func (c *Ctx) Output(step string, into any) error {
	there, err := c.MaybeOutput(step, into)
	if err == nil && !there {
		return Fail("step `%s` has no output", step).WithCode(BadOutput)
	}
	return err
}

// MaybeOutput is Output; false when the step has not succeeded, or has no output.
func (c *Ctx) MaybeOutput(step string, into any) (bool, error) {
	defer abi.Release()
	var output abi.Area
	text, size := abi.Text(step)
	abi.RunOutputOf(text, size, output.At())
	return value(&output, into, "the output of step `"+step+"`")
}

// Remember keeps a value for later attempts and for the undo of this step: what is about to be made, before it is made.
func (c *Ctx) Remember(key string, value any) error {
	defer abi.Release()
	written, err := JSON(value)
	if err != nil {
		return err
	}
	var kept abi.Area
	at, size := abi.Text(key)
	json, jsonSize := abi.Text(written)
	abi.RunRemember(at, size, json, jsonSize, kept.At())
	return Given(&kept)
}

// Recall reads what an attempt of this step kept under the key, the latest, into a variable; false when nothing was kept.
func (c *Ctx) Recall(key string, into any) (bool, error) {
	defer abi.Release()
	var found abi.Area
	at, size := abi.Text(key)
	abi.RunRecall(at, size, found.At())
	return value(&found, into, "what was remembered as `"+key+"`")
}

func value(found *abi.Area, into any, what string) (bool, error) {
	if !found.Some(0) {
		return false, nil
	}
	if err := json.Unmarshal(found.Bytes(1), into); err != nil {
		return true, Fail("%s does not read as the type asked for: %v", what, err).WithCode(BadOutput)
	}
	return true, nil
}

func parameter(id string) (string, bool) {
	defer abi.Release()
	var value abi.Area
	text, size := abi.Text(id)
	abi.RunParameter(text, size, value.At())
	if !value.Some(0) {
		return "", false
	}
	return value.Text(1), true
}

func environment() string {
	defer abi.Release()
	var name abi.Area
	abi.RunEnvironment(name.At())
	return name.Text(0)
}
