package clock_test

import (
	"testing"
	"time"
	"unsafe"

	"lockstep"
	"lockstep/clock"
	"lockstep/internal/abi"
	"lockstep/internal/fake"
)

// passing is a host whose time passes in pauses only; gives the pauses, in milliseconds.
func passing() *[]int32 {
	fake.New()
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	pauses := &[]int32{}
	abi.ClockNow = func(into unsafe.Pointer) { fake.Text(into, now.Format(time.RFC3339Nano)) }
	abi.ClockPause = func(milliseconds int32, _ unsafe.Pointer) {
		*pauses = append(*pauses, milliseconds)
		now = now.Add(time.Duration(milliseconds) * time.Millisecond)
	}
	return pauses
}

func TestTheLastLookIsAtTheDeadlineAndItsFailureIsShown(t *testing.T) {
	pauses := passing()
	err := clock.Within(500*time.Millisecond, 200*time.Millisecond, func() error { return lockstep.Failing("found 503") })
	if err == nil || err.Error() != "not within 500 ms (4 tries), last: found 503" {
		t.Error(err)
	}
	if len(*pauses) != 3 || (*pauses)[2] != 100 {
		t.Error(*pauses)
	}
}

func TestWhatIsHopelessEndsTheWaitAtOnce(t *testing.T) {
	pauses := passing()
	if err := clock.Within(time.Minute, time.Second, func() error { return lockstep.Fail("no such slot") }); err == nil || len(*pauses) != 0 {
		t.Error(err, *pauses)
	}
}

func TestASoakEndsWithTheFirstFailureAndSaysWhen(t *testing.T) {
	looks := 0
	passing()
	err := clock.During(5*time.Minute, 10*time.Second, func() error {
		looks++
		return lockstep.Ensure(looks < 3, "found 503")
	})
	if err == nil || err.Error() != "after 20 s of 5 min: found 503" {
		t.Error(err)
	}
}
