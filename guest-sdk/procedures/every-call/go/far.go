package main

import (
	"errors"
	"strings"
	"time"

	"lockstep"
	"lockstep/artifact"
	"lockstep/http"
	"lockstep/log"
	"lockstep/secret"
	"lockstep/shell"
)

const far = "http://far.test"

func ask(ctx *lockstep.Ctx) (any, error) {
	var numbers [2]int64
	if err := ctx.Output("numbers", &numbers); err != nil {
		return nil, err
	}
	log.Info("%d %d", numbers[0], numbers[1])
	token, err := secret.ByID("TOKEN")
	if err != nil {
		return nil, err
	}
	things := http.Post(far+"/things").Bearer(token).Header("x-plain", "yes").JSON(map[string]any{"most": numbers[1], "name": "ü"})
	made, err := things.Timeout(5*time.Second).Idempotent().Capture("/session", "SESSION").Send()
	if err != nil {
		return nil, err
	}
	if err := made.ExpectStatus(201); err != nil {
		return nil, err
	}
	var id string
	if err := made.JSONPath("/id", &id); err != nil {
		return nil, err
	}
	log.Info("%d %s", made.Status, id)
	if err := change(far + "/things/1"); err != nil {
		return nil, err
	}
	if err := find(numbers[1]); err != nil {
		return nil, err
	}
	if err := several(); err != nil {
		return nil, err
	}
	answersNo()
	return nil, nil
}

// succeeds sends a request and expects success.
func succeeds(request *http.Request) error {
	response, err := request.Send()
	if err != nil {
		return err
	}
	return response.ExpectSuccess()
}

func change(thing string) error {
	session, err := secret.ByID("SESSION")
	if err != nil {
		return err
	}
	named := http.Get(thing).Header("x-plain", "yes").AsProbe().Happened(200).JSON("/name", "x").Text("name").DidNot(404).OtherwiseDidNot()
	err = inOrder(
		func() error { return succeeds(http.Put(thing).Bearer(session).Bytes([]byte{0, 255, 10, 0})) },
		func() error { return succeeds(http.Patch(thing).Text(strings.Repeat("x", 1<<16)).Probe(named)) },
		func() error { return succeeds(http.Head(thing)) },
	)
	if err != nil {
		return err
	}
	options, err := http.Options(thing).Send()
	if err != nil {
		return err
	}
	if err := options.ExpectText("is there"); err != nil {
		return err
	}
	return succeeds(http.Delete(thing))
}

func find(most int64) error {
	found, err := http.Get(far+"/find").Query("q", "blue & grün").Redirects(2).Send()
	if err != nil {
		return err
	}
	if err := found.ExpectJSON("/number", most); err != nil {
		return err
	}
	var first string
	if err := found.JSONPath("/found/0", &first); err != nil {
		return err
	}
	odd, _ := found.Header("X-Odd")
	log.Info("%s %s %s", found.URL, odd, first)
	var number int64
	if err := found.JSONPath("/number", &number); err != nil {
		return err
	}
	log.Info("%d %d", number, found.Timing.Total.Microseconds())
	return lockstep.Ensure(!found.Truncated, "the answer was cut")
}

func several() error {
	form := http.Post(far+"/form").Part("field", "a \"field\" of ü").PartFile("file", "ü.bin", "application/octet-stream", []byte{0, 255, 10})
	sent, err := form.Idempotent().Send()
	if err != nil {
		return err
	}
	if err := sent.ExpectStatus(201); err != nil {
		return err
	}
	wait := http.Get(far+"/live").Until(10*time.Millisecond, 5*time.Second).UntilStatus(200).UntilJSON("/state", "live").UntilJSON("/ready", true)
	live, err := wait.UntilText("live").Send()
	if err != nil {
		return err
	}
	log.Info("%d", live.Tries)
	if err := image(); err != nil {
		return err
	}
	thing := far + "/things/1"
	answers, err := http.All(http.Get(thing), http.Put(thing).Text("ü"), http.Get("http://elsewhere.test/"))
	for _, answer := range answers {
		var failure *lockstep.Failure
		if errors.As(answer.Err, &failure) {
			log.Info("%s", failure.Code)
		} else {
			log.Info("%d", answer.Response.Status)
		}
	}
	return err
}

// image is fetched into an artifact, and sent as one.
func image() error {
	fetched, err := http.Get(far + "/image").IntoArtifact("image").Send()
	if err != nil {
		return err
	}
	if err := fetched.ExpectSuccess(); err != nil {
		return err
	}
	image, err := fetched.Artifact()
	if err != nil {
		return err
	}
	text, err := image.Text()
	if err != nil {
		return err
	}
	log.Info("%s %s", image.ID(), text)
	sent, err := http.Put(far+"/image").Header("content-type", "application/x-image").Artifact(image).Send()
	if err != nil {
		return err
	}
	return sent.ExpectStatus(204)
}

func forget(*lockstep.Ctx) error { return succeeds(http.Delete(far + "/things/1")) }

func answersNo() {
	get := func(path string) *http.Request { return http.Get(far + path) }
	sent := func(request *http.Request) error {
		_, err := request.Send()
		return err
	}
	missing, err := get("/missing").Send()
	if err == nil {
		err = missing.ExpectStatus(200)
	}
	refused("not there", err)
	none, err := get("/missing").IntoArtifact("missing").Send()
	if err == nil {
		_, err = none.Artifact()
	}
	refused("no artifact of it", err)
	refused("no connection", sent(get("/broken")))
	refused("no such name", sent(get("/nowhere")))
	refused("too late", sent(get("/slow").Timeout(time.Second)))
	refused("nobody knows", sent(http.Post(far+"/slow").Timeout(time.Second)))
	refused("elsewhere", sent(http.Get("http://elsewhere.test/")))
	refused("no url", sent(http.Get("far")))
	refused("no header", sent(get("/missing").Header("a b", "")))
	_, err = secret.ByID("NONE")
	refused("no secret", err)
	_, err = secret.ByID("ABSENT")
	refused("a secret without a value", err)
}

func run(*lockstep.Ctx) (any, error) {
	token, err := secret.ByID("TOKEN")
	if err != nil {
		return nil, err
	}
	tool := shell.Command("/usr/bin/tool", "say", "it is", "", "ü").Env("TOKEN", token).Env("PLAIN", "ü").Directory("/box")
	there := shell.Probe("/usr/bin/look", "there").Happened(0).DidNot(3).JSON("/there", true)
	said, err := tool.Stdin([]byte{0, 255, 10, 0}).Timeout(9 * time.Second).Probe(there).Run()
	if err != nil {
		return nil, err
	}
	if err := said.ExpectSuccess(); err != nil {
		return nil, err
	}
	log.Info("%d %s %d %d", said.Code, said.Text(), len(said.Stderr), said.Duration.Milliseconds())
	if err := lockstep.Ensure(!said.Truncated, "the output was cut"); err != nil {
		return nil, err
	}
	look, err := shell.Command("/usr/bin/look").Run()
	if err != nil {
		return nil, err
	}
	if err := look.ExpectJSON("/there", true); err != nil {
		return nil, err
	}
	again := func(arg string) *shell.Cmd { return shell.Command("/usr/bin/tool", arg) }
	ran := func(command *shell.Cmd) error {
		exit, err := command.Run()
		if err != nil {
			return err
		}
		return exit.ExpectSuccess()
	}
	if err := outputs(again("keep").Idempotent().EnvFile("TOKEN", token)); err != nil {
		return nil, err
	}
	fails, err := again("fail").Idempotent().SuccessCodes(0, 3).Run()
	if err != nil {
		return nil, err
	}
	if err := fails.ExpectSuccess(); err != nil {
		return nil, err
	}
	plain, err := again("fail").Idempotent().Run()
	if err != nil {
		return nil, err
	}
	log.Info("%t %t", fails.IsSuccess, plain.IsSuccess)
	refused("no success", ran(again("keep").Idempotent().SuccessCodes(1)))
	refused("no artifact", made(again("fail").Idempotent().StdoutArtifact("none")))
	refused("fails", ran(again("fail").Idempotent()))
	refused("too late", ran(again("sleep").Idempotent().Timeout(time.Second)))
	refused("nobody knows", ran(again("sleep").Timeout(time.Second)))
	refused("not granted", ran(shell.Command("/usr/bin/other")))
	refused("no program", ran(shell.Command("/usr/bin/none")))
	refused("no path", ran(shell.Command("tool")))
	return nil, nil
}

func outputs(tool *shell.Cmd) error {
	odd, err := artifact.ByID("odd")
	if err != nil {
		return err
	}
	exit, err := tool.StdinArtifact(odd).StdoutArtifact("said").Run()
	if err != nil {
		return err
	}
	kept, err := exit.StdoutArtifact()
	if err != nil {
		return err
	}
	text, err := kept.Text()
	log.Info("%s %s", kept.ID(), text)
	return err
}

func made(tool *shell.Cmd) error {
	exit, err := tool.Run()
	if err != nil {
		return err
	}
	_, err = exit.StdoutArtifact()
	return err
}
