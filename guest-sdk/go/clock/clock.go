// Package clock is time as a journaled value: a replay sees the instants of the first time. And looking again and again, by that time.
package clock

import (
	"errors"
	"fmt"
	"time"

	"lockstep"
	"lockstep/internal/abi"
)

// longestPause is the longest wait that one call of the contract's pause takes.
const longestPause = 10 * time.Second

// Now is the instant.
func Now() time.Time {
	defer abi.Release()
	var now abi.Area
	abi.ClockNow(now.At())
	instant, err := time.Parse(time.RFC3339Nano, now.Text(0))
	if err != nil {
		panic(err)
	}
	return instant
}

// Pause waits inside the step, for polling: the step's deadline goes on meanwhile. For anything longer than a minute use Sleep.
func Pause(duration time.Duration) error {
	for left := duration; left > 0; left -= min(left, longestPause) {
		var paused abi.Area
		abi.ClockPause(abi.Milliseconds(min(left, longestPause)), paused.At())
		if err := given(&paused); err != nil {
			return err
		}
	}
	return nil
}

// Sleep waits for minutes or weeks: the run holds no memory meanwhile, a crash does not lengthen the wait, and the step's deadline stands still.
func Sleep(duration time.Duration) error {
	var slept abi.Area
	abi.ClockSleep(abi.Seconds(duration), slept.At())
	return given(&slept)
}

// SleepUntil is Sleep until an instant. One in the past returns at once.
func SleepUntil(instant time.Time) error {
	var slept abi.Area
	text, size := abi.Text(instant.UTC().Format(time.RFC3339Nano))
	abi.ClockSleepUntil(text, size, slept.At())
	return given(&slept)
}

func given(result *abi.Area) error {
	defer abi.Release()
	return lockstep.Given(result)
}

// Within looks every so often until a check gives no error, for at most that long. A failure that is not retryable ends the wait at once.
func Within(deadline, every time.Duration, check func() error) error {
	start := Now()
	for looks := 1; ; looks++ {
		last := check()
		if last == nil || !retryable(last) {
			return last
		}
		left := deadline - Now().Sub(start)
		if left <= 0 {
			return lockstep.Failing("not within %s (%d tries), last: %v", Spoken(deadline), looks, last)
		}
		if err := Pause(min(left, every)); err != nil {
			return lockstep.Context(err, "waiting up to %s, last: %v", Spoken(deadline), last)
		}
	}
}

// During looks every so often until the span is over that a check goes on giving no error. The first error is the watch's.
func During(span, every time.Duration, check func() error) error {
	start := Now()
	for {
		passed := min(Now().Sub(start), span)
		if err := check(); err != nil {
			return lockstep.Context(err, "after %s of %s", Spoken(passed), Spoken(span))
		}
		if passed == span {
			return nil
		}
		if err := Pause(min(span-passed, every)); err != nil {
			return err
		}
	}
}

func retryable(err error) bool {
	var failure *lockstep.Failure
	return errors.As(err, &failure) && failure.Retryable
}

// Spoken is a time as a person says it: `30 s`, `200 ms`, `1.5 s`, `5 min`.
func Spoken(duration time.Duration) string {
	switch ms := duration.Milliseconds(); {
	case ms < 1000:
		return fmt.Sprintf("%d ms", ms)
	case ms%60000 == 0:
		return fmt.Sprintf("%d min", ms/60000)
	case ms%1000 == 0:
		return fmt.Sprintf("%d s", ms/1000)
	default:
		return fmt.Sprintf("%d.%d s", ms/1000, ms%1000/100)
	}
}
