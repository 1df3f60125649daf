// Makes every call of the contract with values that are easy to get wrong, and meets what each refuses.
package main

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"lockstep"
	"lockstep/clock"
	"lockstep/log"
	"lockstep/random"
)

// odd is nothing, more than ASCII, what JSON has to escape and what it has not, and what looks like a number.
var odd = []string{"", "ü € 𝄞", "a \"quoted\" \\ and\ttabbed\nline", "\x01\f\x7f\u2028", "-9223372036854775808"}

func init() { lockstep.Register(everyCall) }

func main() {}

func everyCall(p *lockstep.Procedure) {
	p.Describe("every-call", "0.1.0").Title("Make every call")
	p.Parameter("odd").Title("An odd value").Fallback("ü \"and\" more").Choices("ü \"and\" more", "plain")
	p.Parameter("least").Title("The least number of 64 bits").Fallback(strconv.Itoa(math.MinInt64))
	p.Parameter("most").Title("The largest number of 64 bits").Fallback(strconv.Itoa(math.MaxInt64))
	p.Phase("Here")
	p.Step("told", "What the run knows", told).About("Everything that the host alone answers").Expected(5 * time.Second).Timeout(time.Minute).OnFailurePause()
	p.Step("numbers", "Whole numbers to the last digit", numbers)
	p.Step("kept", "Files and artifacts", keep).Undo(remove).RetryUpTo(2, 10*time.Millisecond, time.Second).RetryOn("files.io").OnFailureUndo()
	p.Phase("There")
	p.Step("asked", "Requests", ask).Undo(forget).Needs("told", "numbers", "kept").OnFailureUndo()
	p.Step("stored", "Stores and databases", store)
	p.Step("moved", "Backups and migrations", forward).Undo(back)
	p.Step("cluster", "Objects of a cluster", cluster).Undo(putBack)
	p.Step("ran", "Programs", run).Irreversible()
	p.Step("alone", "Needs nothing", func(*lockstep.Ctx) (any, error) { return nil, nil }).Needs().OnFailureContinue()
}

// refused says how something was refused.
func refused(what string, err error) {
	var failure *lockstep.Failure
	if errors.As(err, &failure) {
		log.Info("%s: %s", what, failure.Code)
	} else {
		log.Info("%s: not refused", what)
	}
}

// inOrder does one after the other until one fails.
func inOrder(acts ...func() error) error {
	for _, act := range acts {
		if err := act(); err != nil {
			return err
		}
	}
	return nil
}

func told(ctx *lockstep.Ctx) (any, error) {
	for _, odd := range odd {
		log.Info("%s", odd)
		if err := ctx.Remember("odd", odd); err != nil {
			return nil, err
		}
		var kept string
		if _, err := ctx.Recall("odd", &kept); err != nil {
			return nil, err
		}
		if err := lockstep.Ensure(kept == odd, "%s was not kept as it is", odd); err != nil {
			return nil, err
		}
	}
	if err := ctx.Remember("nul", "a\x00b"); err != nil {
		return nil, err
	}
	log.Debug("%s %d %s", ctx.Step(), ctx.Attempt(), ctx.Environment())
	log.Warn("%s %s", ctx.RunID(), ctx.IdempotencyKey())
	value, err := ctx.Parameter("odd")
	if err != nil {
		return nil, err
	}
	log.Error("%s", value)
	log.Progress(1, 2, "half")
	before := clock.Now()
	err = inOrder(
		func() error { return clock.Pause(5 * time.Millisecond) },
		func() error { return clock.Sleep(2 * time.Second) },
		func() error { return clock.SleepUntil(time.Date(2026, time.January, 5, 9, 0, 0, 0, time.UTC)) },
		func() error { return lockstep.Ensure(clock.Now().After(before), "time stands still") },
	)
	if err != nil {
		return nil, err
	}
	log.Info("%s %d", random.UUID(), len(random.Bytes(5_000)))
	refused("a key that is too long", ctx.Remember(strings.Repeat("k", 65), 1))
	refused("a sleep that is too long", clock.Sleep(600_000*time.Minute))
	_, err = ctx.Parameter("none")
	refused("a parameter that is not declared", err)
	refused("an output that is not there", ctx.Output("ran", &value))
	return odd, nil
}

func numbers(ctx *lockstep.Ctx) (any, error) {
	least, err := ctx.Number("least")
	if err != nil {
		return nil, err
	}
	most, err := ctx.Number("most")
	return []int64{least, most}, err
}
