package http_test

import (
	"fmt"
	"testing"
	"time"
	"unsafe"

	"lockstep"
	"lockstep/artifact"
	"lockstep/http"
	"lockstep/internal/abi"
	"lockstep/internal/fake"
)

// answering puts a far side behind the host: this status and body, or a failure; gives what it was asked.
func answering(status int32, body string, fails func(unsafe.Pointer)) *[]string {
	fake.New()
	asked := &[]string{}
	text := func(at unsafe.Pointer, size uint32) string { return string(unsafe.Slice((*byte)(at), size)) }
	abi.HttpRequest = func(method unsafe.Pointer, methodSize uint32, url unsafe.Pointer, urlSize uint32) int32 {
		*asked = append(*asked, text(method, methodSize)+" "+text(url, urlSize))
		return 1
	}
	abi.HttpRequestHeader = func(_ int32, key unsafe.Pointer, keySize uint32, value unsafe.Pointer, valueSize uint32) {
		*asked = append(*asked, text(key, keySize)+": "+text(value, valueSize))
	}
	abi.HttpRequestBodyText = func(_ int32, at unsafe.Pointer, size uint32) { *asked = append(*asked, text(at, size)) }
	abi.HttpRequestTimeout = func(_, milliseconds int32) { *asked = append(*asked, fmt.Sprint(uint32(milliseconds), " ms")) }
	abi.HttpRequestIdempotent = func(int32) { *asked = append(*asked, "idempotent") }
	abi.HttpRequestDrop, abi.HttpResponseDrop = func(int32) {}, func(int32) {}
	abi.HttpRequestSend = func(_ int32, into unsafe.Pointer) {
		if fails != nil {
			fails(into)
		}
	}
	abi.HttpResponseUrl = func(_ int32, into unsafe.Pointer) { fake.Text(into, "http://shop/health") }
	abi.HttpResponseBody = func(_ int32, into unsafe.Pointer) { fake.Text(into, body) }
	abi.HttpResponseHeaders = func(int32, unsafe.Pointer) {}
	abi.HttpResponseTiming = func(_ int32, into unsafe.Pointer) { (*abi.Area)(into)[4] = 1_500_000 }
	abi.HttpResponseStatus = func(int32) int32 { return status }
	abi.HttpResponseTruncated = func(int32) int32 { return 0 }
	abi.HttpResponseTries = func(int32) int32 { return 3 }
	abi.HttpResponseBodyArtifact = func(int32, unsafe.Pointer) {}
	return asked
}

func TestARequestIsSaidInTheHostsWords(t *testing.T) {
	asked := answering(200, "", nil)
	request := http.Post("http://shop/orders?a=b#c").Query("who", "Ada & Bob").Header("x", 1).JSON(map[string]string{"ü": "<"})
	if _, err := request.Timeout(500 * time.Hour * 24).Idempotent().Send(); err != nil {
		t.Fatal(err)
	}
	wanted := `[POST http://shop/orders?a=b&who=Ada%20%26%20Bob#c x: 1 content-type: application/json {"ü":"<"} 4294967295 ms idempotent]`
	if said := fmt.Sprint(*asked); said != wanted {
		t.Error(said)
	}
}

func TestAFormIsEscapedInTheOrderGiven(t *testing.T) {
	asked := answering(200, "", nil)
	request := http.Post("http://shop/login").Form([][2]string{{"user", "ü"}, {"a b", "+*&=%'\n"}, {"Az09", "-._~"}, {"user", ""}, {"", "/"}})
	if _, err := request.Send(); err != nil {
		t.Fatal(err)
	}
	wanted := "[POST http://shop/login content-type: application/x-www-form-urlencoded user=%C3%BC&a%20b=%2B%2A%26%3D%25%27%0A&Az09=-._~&user=&=%2F]"
	if said := fmt.Sprint(*asked); said != wanted {
		t.Error(said)
	}
	asked = answering(200, "", nil)
	if _, err := http.Post("http://shop/login").Bytes([]byte("other")).Form(nil).Send(); err != nil {
		t.Fatal(err)
	}
	if last := (*asked)[len(*asked)-1]; last != "" {
		t.Errorf("a form without fields is %q", last)
	}
}

func TestAProbesAnswerIsReadByItsStatus(t *testing.T) {
	asked := answering(200, "", nil)
	abi.HttpRequestAsProbe = func(int32) int32 { return 2 }
	abi.HttpRequestProbe = func(_, probe int32) { *asked = append(*asked, fmt.Sprint("probe ", probe)) }
	abi.TypesProbeHappened = func(probe, code int32) { *asked = append(*asked, fmt.Sprint(probe, " happened ", code)) }
	abi.TypesProbeDrop = func(int32) {}
	if _, err := http.Post("http://shop/orders").Probe(http.Probe("http://shop/orders/7").Status(204)).Send(); err != nil {
		t.Fatal(err)
	}
	if said := fmt.Sprint(*asked); said != "[POST http://shop/orders GET http://shop/orders/7 2 happened 204 probe 2]" {
		t.Error(said)
	}
}

func TestAHeaderIsExpectedByItsNameInAnyCaseAndByEachOfItsValues(t *testing.T) {
	answering(200, "", nil)
	abi.HttpResponseHeaders = func(_ int32, into unsafe.Pointer) { fake.Pairs(into, "vary", "accept", "vary", "origin") }
	response, err := http.Get("http://shop/health").Send()
	if err != nil {
		t.Fatal(err)
	}
	for _, given := range []struct {
		err     error
		message string
	}{
		{response.ExpectHeader("Vary", "accept"), "<nil>"},
		{response.ExpectHeader("vary", "origin"), "<nil>"},
		{response.ExpectHeader("vary", "*"), "GET http://shop/health: expected header vary: *, found accept"},
		{response.ExpectHeader("etag", "1"), "GET http://shop/health: expected header etag: 1, found no such header"},
	} {
		if said := fmt.Sprint(given.err); said != given.message {
			t.Error(said)
		}
	}
}

func TestAnExpectationThatFailsSaysWhatWasFoundInstead(t *testing.T) {
	answering(503, `{"status":"down"}`, nil)
	response, err := http.Get("http://shop/health").Send()
	if err != nil {
		t.Fatal(err)
	}
	for _, given := range []struct {
		err     error
		message string
	}{
		{response.ExpectStatus(200), `GET http://shop/health: expected status 200, found 503 with {"status":"down"}`},
		{response.ExpectSuccess(), `GET http://shop/health: expected success, found status 503 with {"status":"down"}`},
		{response.ExpectJSON("/status", "ok"), `GET http://shop/health: expected /status to be "ok", found "down"`},
		{response.ExpectText("up"), `GET http://shop/health: expected "up" in the body, found {"status":"down"}`},
		{response.ExpectFasterThan(time.Second), `GET http://shop/health: expected an answer within 1 s, found 1.5 s`},
	} {
		failure, is := given.err.(*lockstep.Failure)
		if !is || failure.Message != given.message || failure.Code != lockstep.Assertion || !failure.Retryable {
			t.Errorf("%#v", given.err)
		}
	}
	if response.ExpectStatus(503) != nil || response.ExpectJSON("/status", "down") != nil {
		t.Error("what holds must not fail")
	}
}

func TestAFailureOfTheHostIsAnErrorWithItsCode(t *testing.T) {
	for _, wanted := range []lockstep.Failure{
		{Kind: lockstep.Denied, Code: "denied", Message: "no rule"},
		{Kind: lockstep.TimedOut, Code: "timed-out", Message: "late", Retryable: true},
		{Kind: lockstep.InDoubt, Code: "in-doubt", Message: "perhaps"},
		{Kind: lockstep.Failed, Code: "http.tls", Message: "the certificate has expired", Retryable: true},
	} {
		answering(0, "", func(into unsafe.Pointer) {
			fake.Fails(into, uint32(wanted.Kind), wanted.Code, wanted.Message, wanted.Retryable)
		})
		_, err := http.Get("https://shop/").Send()
		if failure, is := err.(*lockstep.Failure); !is || *failure != wanted {
			t.Errorf("%#v", err)
		}
	}
}

func TestARequestIsAskedAgainByTheHost(t *testing.T) {
	answering(200, "", nil)
	h := fake.New()
	abi.HttpRequestPoll = func(_, every, within int32) { h.Begun("poll", fmt.Sprint(every, " ", within)) }
	abi.HttpRequestUntilStatus, abi.HttpRequestUntilJson, abi.HttpRequestUntilText = h.Number("status"), h.Two("json"), h.Text("text")
	abi.HttpRequestPart = h.Two("part")
	abi.HttpRequestPartFile = func(_ int32, name unsafe.Pointer, nameSize uint32, file unsafe.Pointer, fileSize uint32, kind unsafe.Pointer, kindSize uint32, bytes unsafe.Pointer, size uint32) {
		h.Begun("file", fake.Told(name, nameSize), fake.Told(file, fileSize), fake.Told(kind, kindSize), fake.Told(bytes, size))
	}
	request := http.Post("http://shop/").Part("a", 1).PartFile("b", "b.txt", "text/plain", []byte{1})
	response, err := request.Until(2*time.Second, 5*time.Minute).UntilStatus(200).UntilJSON("/state", true).UntilText("live").Send()
	if err != nil || response.Tries != 3 {
		t.Fatal(response, err)
	}
	if told := h.Told(); told != "part a, 1\nfile b, b.txt, text/plain, \x01\npoll 2000 300000\nstatus 200\njson /state, true\ntext live" {
		t.Error(told)
	}
}

func TestAnArtifactIsSentAsABodyAndABodyBecomesOne(t *testing.T) {
	answering(200, "", nil)
	h := fake.New()
	abi.ArtifactSealedId = func(_ int32, into unsafe.Pointer) { fake.Text(into, "image") }
	abi.ArtifactSealedDigest = func(_ int32, into unsafe.Pointer) { fake.Text(into, "sha256:ab12") }
	abi.HttpRequestBodyArtifact, abi.HttpRequestIntoArtifact = h.Number("body"), h.Text("into")
	abi.HttpResponseBodyArtifact = func(_ int32, into unsafe.Pointer) { (*abi.Area)(into)[0], (*abi.Area)(into)[1] = 1, 7 }
	request := http.Put("http://shop/image").Text("in its place").Artifact(artifact.Of(3)).IntoArtifact("answer")
	response, err := request.Send()
	if err != nil {
		t.Fatal(err)
	}
	if made, err := response.Artifact(); err != nil || made.Handle() != 7 || made.ID() != "image" {
		t.Error(made, err)
	}
	if told := h.Told(); told != "body 3\ninto answer" {
		t.Error(told)
	}
	answering(404, "", nil)
	if response, err = http.Get("http://shop/image").Send(); err != nil {
		t.Fatal(err)
	}
	_, err = response.Artifact()
	if said := fmt.Sprint(err); said != "GET http://shop/health: its body has become no artifact: it was answered with 404" {
		t.Error(said)
	}
}

func TestRequestsAreSentSideBySideAndEachHasItsAnswer(t *testing.T) {
	asked := answering(204, "", nil)
	h := fake.New()
	abi.HttpBatch = func() int32 { return h.Begun("batch") }
	abi.HttpBatchAdd, abi.HttpBatchDrop = h.Number("add"), h.Word("drop")
	abi.HttpBatchSend = func(int32, unsafe.Pointer) { h.Begun("send") }
	abi.HttpBatchResponse = func(_, index int32, into unsafe.Pointer) {
		if index == 1 {
			fake.Fails(into, uint32(lockstep.Denied), "", "no rule", false)
		}
	}
	answers, err := http.All(http.Get("http://a/"), http.Get("http://b/"))
	if err != nil || len(answers) != 2 || answers[0].Response.Status != 204 || fmt.Sprint(answers[1].Err) != "denied: no rule" {
		t.Fatal(answers, err)
	}
	if told := h.Told() + fmt.Sprint(*asked); told != "batch \nadd 1\nadd 1\nsend \ndrop[GET http://a/ GET http://b/]" {
		t.Error(told)
	}
	answers, err = http.All(http.Get("http://a/").JSON(func() {}))
	if answers != nil || fmt.Sprint(err) != "writing the body of GET http://a/: writing JSON: json: unsupported type: func()" {
		t.Error(answers, err)
	}
}
