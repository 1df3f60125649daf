package lockstep_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"lockstep"
	"lockstep/internal/abi"
	"lockstep/internal/fake"
)

// shop declares a little of everything.
func shop(p *lockstep.Procedure) {
	p.Describe("shop", "1.2.3").Title("Deploy the shop")
	p.Parameter("slot").Title("Which side").Fallback("blue").Choices("blue", "green")
	p.Phase("Deploy")
	p.Step("start", "It runs", func(*lockstep.Ctx) (any, error) { return map[string]any{"pid": 7}, nil }).
		Undo(func(*lockstep.Ctx) error { return nil }).
		About("It is started.").Needs().Timeout(1500*time.Millisecond).Retry(3, time.Second).RetryOn("http.connect").OnFailureUndo().Expected(time.Minute)
	p.Step("wait", "Wait", func(*lockstep.Ctx) (any, error) { return nil, nil }).Irreversible().Needs("start").RetryUpTo(2, 2*time.Minute, 5*time.Minute)
}

const shopDescribed = `description shop, 1.2.3
title Deploy the shop
parameter slot
title Which side
fallback blue
choices ["blue" "green"]`

const shopPlanned = `step start, It runs
about It is started.
phase Deploy
needs []
timeout 2
retry 3 1000 60000
retry on ["http.connect"]
undo
undoable
expected 60
step wait, Wait
phase Deploy
needs ["start"]
retry 2 120000 300000
irreversible`

func TestTheHostIsToldWhatWasDeclared(t *testing.T) {
	host := fake.New()
	lockstep.Register(shop)
	abi.ProcedureDescribe()
	if told := host.Told(); told != shopDescribed {
		t.Errorf("described as\n%s", told)
	}
	abi.ProcedurePlan()
	if told := host.Told(); told != shopPlanned {
		t.Errorf("planned as\n%s", told)
	}
}

func TestAStepGivesItsOutputOrItsFailureToTheHost(t *testing.T) {
	fake.New()
	lockstep.Register(shop)
	for _, asked := range []struct {
		step            string
		undo            bool
		output, failure string
	}{
		{"start", false, `{"pid":7}`, ""},
		{"start", true, "", ""},
		{"wait", false, "", ""},
		{"wait", true, "", "step.unknown: step `wait` declares no undo, false"},
		{"stop", false, "", "step.unknown: the procedure declares no step `stop` for these parameters, false"},
	} {
		if output, failure := fake.RunStep(asked.step, asked.undo); output != asked.output || failure != asked.failure {
			t.Errorf("%s, undo %v: %q, %q", asked.step, asked.undo, output, failure)
		}
	}
}

func TestEveryErrorBecomesAFailureOfTheContract(t *testing.T) {
	denied := &lockstep.Failure{Kind: lockstep.Denied, Code: "denied", Message: "no rule"}
	for _, given := range []struct {
		err  error
		told string
	}{
		{errors.New("plain"), "step.failed: plain, false"},
		{lockstep.Fail("nobody is on call"), "step.failed: nobody is on call, false"},
		{lockstep.Failing("found %d", 503), "step.assertion: found 503, true"},
		{lockstep.Fail("taken").WithCode("shop.taken").MayRetry(), "shop.taken: taken, true"},
		{denied, "kind 0: no rule"},
		{fmt.Errorf("looking: %w", denied), "kind 0: looking: no rule"},
		{lockstep.Context(denied.WithCode("x"), "looking at %s", "it"), "kind 0: looking at it: no rule"},
		{&lockstep.Failure{Kind: lockstep.TimedOut, Message: "late"}, "kind 1: late"},
		{&lockstep.Failure{Kind: lockstep.InDoubt, Message: "perhaps"}, "kind 2: perhaps"},
	} {
		fake.New()
		lockstep.Register(func(p *lockstep.Procedure) {
			p.Step("fail", "Fail", func(*lockstep.Ctx) (any, error) { return nil, given.err })
		})
		if _, failure := fake.RunStep("fail", false); failure != given.told {
			t.Errorf("%v became %q", given.err, failure)
		}
	}
	if lockstep.Context(nil, "looking") != nil || lockstep.Ensure(true, "never") != nil {
		t.Error("what did not fail must stay so")
	}
}

func TestAPanicIsToldToTheHostWhichEndsTheGuest(t *testing.T) {
	fake.New()
	lockstep.Register(func(p *lockstep.Procedure) {
		p.Step("fall", "Fall", func(*lockstep.Ctx) (any, error) { panic("over") })
	})
	defer func() {
		if told := fmt.Sprint(recover()); !strings.HasPrefix(told, "given up: panicked at ") {
			t.Errorf("found %q", told)
		}
	}()
	fake.RunStep("fall", false)
}

func TestNumbersOf64BitsComeAndGoWhole(t *testing.T) {
	host := fake.New()
	ctx := &lockstep.Ctx{}
	for text, number := range map[string]int64{"-9223372036854775808": -1 << 63, "9223372036854775807": 1<<63 - 1} {
		host.Parameters["number"] = text
		if found, err := ctx.Number("number"); err != nil || found != number {
			t.Errorf("%s reads as %d, %v", text, found, err)
		}
		if err := ctx.Remember("number", number); err != nil || host.Remembered["number"] != text {
			t.Errorf("%d is remembered as %s, %v", number, host.Remembered["number"], err)
		}
		host.Outputs["count"] = `{"number":` + text + `}`
		var output struct{ Number int64 }
		if err := ctx.Output("count", &output); err != nil || output.Number != number {
			t.Errorf("the output is %d, %v", output.Number, err)
		}
		var found int64
		if err := lockstep.JSONPath("it", []byte(host.Outputs["count"]), "/number", &found); err != nil || found != number {
			t.Errorf("at its pointer is %d, %v", found, err)
		}
		if err := lockstep.ExpectJSON("it", []byte(host.Outputs["count"]), "/number", number); err != nil {
			t.Error(err)
		}
		if err := lockstep.ExpectJSON("it", []byte(`{"number":9007199254740993}`), "/number", 9007199254740992); err == nil {
			t.Error("two numbers are not the same because a float64 cannot tell them apart")
		}
	}
	host.Parameters["number"] = "9223372036854775808"
	if _, err := ctx.Number("number"); err == nil || err.Error() != "parameter `number` is \"9223372036854775808\", which does not read as a whole number" {
		t.Error(err)
	}
}

func TestWhatIsMissingOrOfAnotherShapeHasACode(t *testing.T) {
	host := fake.New()
	ctx := &lockstep.Ctx{}
	host.Outputs["start"] = `"text"`
	var number int
	for _, given := range []struct {
		err           error
		code, message string
	}{
		{second(ctx.Parameter("port")), lockstep.BadParameter, "parameter `port` has no value, or the procedure does not declare it"},
		{ctx.Output("stop", &number), lockstep.BadOutput, "step `stop` has no output"},
		{ctx.Output("start", &number), lockstep.BadOutput, "the output of step `start` does not read as the type asked for: "},
	} {
		var failure *lockstep.Failure
		if !errors.As(given.err, &failure) || failure.Code != given.code || !strings.HasPrefix(failure.Message, given.message) || failure.Retryable {
			t.Errorf("%#v", given.err)
		}
	}
}

func second(_ string, err error) error { return err }

func TestAMissInJSONSaysWhatWasThereInstead(t *testing.T) {
	const text = `{"items":[{"name":"a/b"}],"n":1}`
	for _, given := range []struct {
		pointer string
		wanted  any
		message string
	}{
		{"/items/0/name", "a/b", ""},
		{"/n", 1, ""},
		{"/n", 2, "it: expected /n to be 2, found 1"},
		{"/items/1", 0, "it: expected something at /items/1, found none in " + text},
		{"items", 0, "\"items\" is not a JSON pointer: it must begin with `/`, as in \"/items/0/name\""},
	} {
		err := lockstep.ExpectJSON("it", []byte(text), given.pointer, given.wanted)
		if said := fmt.Sprint(err); given.message == "" && err != nil || given.message != "" && said != given.message {
			t.Errorf("%s: %s", given.pointer, said)
		}
	}
	long := strings.Repeat("ü", 301)
	if shown := lockstep.Shown(long); shown != strings.Repeat("ü", 300)+"… (602 bytes in all)" {
		t.Error(shown)
	}
}
