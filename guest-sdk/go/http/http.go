// Package http is requests to the addresses that the grant allows.
package http

import (
	"fmt"
	"strings"
	"time"

	"lockstep"
	"lockstep/artifact"
	"lockstep/clock"
	"lockstep/internal/abi"
	"lockstep/secret"
)

// Request is a request being built. Nothing happens before Send.
type Request struct {
	method, url string
	headers     [][2]string
	text        *string
	bytes       []byte
	content     *artifact.Artifact
	into        *string
	timeout     time.Duration
	redirects   *uint32
	idempotent  bool
	captures    [][2]string
	says        []func(int32)
	probe       *lockstep.Probe
	problem     error
}

// Get is a `GET`: read, done again after a crash.
func Get(url string) *Request { return &Request{method: "GET", url: url} }

// Head is a `HEAD`: read.
func Head(url string) *Request { return &Request{method: "HEAD", url: url} }

// Options is an `OPTIONS`: read.
func Options(url string) *Request { return &Request{method: "OPTIONS", url: url} }

// Put is a `PUT`: idempotent.
func Put(url string) *Request { return &Request{method: "PUT", url: url} }

// Delete is a `DELETE`: idempotent.
func Delete(url string) *Request { return &Request{method: "DELETE", url: url} }

// Post is a `POST`: at most once, unless Idempotent.
func Post(url string) *Request { return &Request{method: "POST", url: url} }

// Patch is a `PATCH`: at most once, unless Idempotent.
func Patch(url string) *Request { return &Request{method: "PATCH", url: url} }

// Header adds a header. The value may hold a secret.
func (r *Request) Header(name string, value any) *Request {
	r.headers = append(r.headers, [2]string{name, fmt.Sprint(value)})
	return r
}

// Bearer shows a token: `authorization: Bearer …`. The host puts the value in on the way out.
func (r *Request) Bearer(token secret.Secret) *Request {
	return r.Header("authorization", "Bearer "+token.String())
}

// Query adds `name=value` to the query, escaped.
func (r *Request) Query(name string, value any) *Request {
	before, fragment, marked := strings.Cut(r.url, "#")
	separator := "&"
	if _, query, asked := strings.Cut(before, "?"); !asked {
		separator = "?"
	} else if query == "" {
		separator = ""
	}
	r.url = before + separator + escaped(name) + "=" + escaped(fmt.Sprint(value))
	if marked {
		r.url += "#" + fragment
	}
	return r
}

// JSON is a body of JSON. Secrets inside are put in by the host.
func (r *Request) JSON(value any) *Request {
	text, err := lockstep.JSON(value)
	if err != nil {
		r.problem = lockstep.Context(err, "writing the body of %s %s", r.method, r.url)
		return r
	}
	return r.Text(text).Header("content-type", "application/json")
}

// Form is a body as a web form sends it: names and values, in this order, escaped. No place for a secret: the host would not know its marker again.
func (r *Request) Form(fields [][2]string) *Request {
	pairs := make([]string, 0, len(fields))
	for _, field := range fields {
		pairs = append(pairs, escaped(field[0])+"="+escaped(field[1]))
	}
	return r.Text(strings.Join(pairs, "&")).Header("content-type", "application/x-www-form-urlencoded")
}

// Text is a body of text.
func (r *Request) Text(text string) *Request {
	r.text, r.bytes, r.content = &text, nil, nil
	return r
}

// Bytes is a body of bytes.
func (r *Request) Bytes(bytes []byte) *Request {
	r.text, r.bytes, r.content = nil, append([]byte{}, bytes...), nil
	return r
}

// Artifact is an artifact for the body, of any size and as it is.
func (r *Request) Artifact(content *artifact.Artifact) *Request {
	r.text, r.bytes, r.content = nil, nil, content
	return r
}

// IntoArtifact makes the body of the answer an artifact of any size, when its status is 200 to 299: Response.Artifact has it.
func (r *Request) IntoArtifact(id string) *Request {
	r.into = &id
	return r
}

// Timeout is the deadline of the whole exchange. Without it 30 seconds.
func (r *Request) Timeout(longest time.Duration) *Request {
	r.timeout = longest
	return r
}

// Redirects follows at most that many, of `GET` and `HEAD`. Without it none.
func (r *Request) Redirects(limit uint32) *Request {
	r.redirects = &limit
	return r
}

// Idempotent says that repeating this request does no harm, so that a crash does not leave it in doubt.
func (r *Request) Idempotent() *Request {
	r.idempotent = true
	return r
}

// Capture takes the string at a JSON pointer of the response into the secret of that id: see secret.ByID.
func (r *Request) Capture(pointer, id string) *Request {
	r.captures = append(r.captures, [2]string{pointer, id})
	return r
}

// Part is a field of a body of several parts, which the host puts together. The value may hold a secret.
func (r *Request) Part(name string, value any) *Request {
	content := fmt.Sprint(value)
	return r.say(func(request int32) {
		key, keySize := abi.Text(name)
		text, size := abi.Text(content)
		abi.HttpRequestPart(request, key, keySize, text, size)
	})
}

// PartFile is a file among the parts of the body: as Part.
func (r *Request) PartFile(name, filename, contentType string, content []byte) *Request {
	held := append([]byte{}, content...)
	return r.say(func(request int32) {
		key, keySize := abi.Text(name)
		file, fileSize := abi.Text(filename)
		kind, kindSize := abi.Text(contentType)
		bytes, size := abi.Bytes(held)
		abi.HttpRequestPartFile(request, key, keySize, file, fileSize, kind, kindSize, bytes, size)
	})
}

// Until asks again, so often and so long, until the answer is the one that the next lines say; without any, one with a status below 400. The host does it, in
// one call; clock.Within asks from here, call by call. Not for what must not be done twice.
func (r *Request) Until(every, within time.Duration) *Request {
	return r.say(func(request int32) { abi.HttpRequestPoll(request, abi.Milliseconds(every), abi.Milliseconds(within)) })
}

// UntilStatus waits for this status, or another one that is said so.
func (r *Request) UntilStatus(status int) *Request {
	return r.say(func(request int32) { abi.HttpRequestUntilStatus(request, int32(status)) })
}

// UntilJSON waits for this value at a JSON pointer of the body: a string, a number or a flag.
func (r *Request) UntilJSON(pointer string, value any) *Request {
	wanted := fmt.Sprint(value)
	return r.say(func(request int32) {
		at, atSize := abi.Text(pointer)
		text, size := abi.Text(wanted)
		abi.HttpRequestUntilJson(request, at, atSize, text, size)
	})
}

// UntilText waits for a body with this text in it.
func (r *Request) UntilText(text string) *Request {
	return r.say(func(request int32) {
		wanted, size := abi.Text(text)
		abi.HttpRequestUntilText(request, wanted, size)
	})
}

func (r *Request) say(says func(int32)) *Request {
	r.says = append(r.says, says)
	return r
}

// Probe is how the host finds out whether it happened when its outcome was lost.
func (r *Request) Probe(probe *lockstep.Probe) *Request {
	r.probe = probe
	return r
}

// AsProbe is this request as a probe of another call. The grant must call it a read.
func (r *Request) AsProbe() *lockstep.Probe {
	return lockstep.ProbeOf(func() int32 {
		request := r.ready()
		defer abi.HttpRequestDrop(request)
		return abi.HttpRequestAsProbe(request)
	})
}

// Probe is a `GET`: a status of 200 to 299 says that it happened, unless more is said.
func Probe(url string) *lockstep.Probe { return Get(url).AsProbe() }

// Send sends it and waits for the whole response. A status of 400 or above is a response as well: say what you expect.
func (r *Request) Send() (*Response, error) {
	defer abi.Release()
	request, err := r.whole()
	if err != nil {
		return nil, err
	}
	var sent abi.Area
	abi.HttpRequestSend(request, sent.At())
	abi.HttpRequestDrop(request)
	if err := lockstep.Given(&sent); err != nil {
		return nil, err
	}
	return received(r.method, sent.Handle(1)), nil
}

// Answer is what became of one of several requests: a response or an error.
type Answer struct {
	Response *Response
	Err      error
}

// All sends requests, at most 100, reads side by side: what became of each, in the order given. One that changes something is sent by itself, in its place.
func All(requests ...*Request) ([]Answer, error) {
	defer abi.Release()
	batch := abi.HttpBatch()
	defer abi.HttpBatchDrop(batch)
	for _, request := range requests {
		whole, err := request.whole()
		if err != nil {
			return nil, err
		}
		abi.HttpBatchAdd(batch, whole)
		abi.HttpRequestDrop(whole)
	}
	var sent abi.Area
	abi.HttpBatchSend(batch, sent.At())
	if err := lockstep.Given(&sent); err != nil {
		return nil, err
	}
	answers := make([]Answer, len(requests))
	for index, request := range requests {
		var became abi.Area
		abi.HttpBatchResponse(batch, int32(index), became.At())
		if err := lockstep.Given(&became); err != nil {
			answers[index].Err = err
		} else {
			answers[index].Response = received(request.method, became.Handle(1))
		}
	}
	return answers, nil
}

// whole is the request in the host's words, with its probe.
func (r *Request) whole() (int32, error) {
	if r.problem != nil {
		return 0, r.problem
	}
	request := r.ready()
	if r.probe != nil {
		r.probe.Attach(func(probe int32) { abi.HttpRequestProbe(request, probe) })
	}
	return request, nil
}

// ready is the request in the host's words, but for the probe.
func (r *Request) ready() int32 {
	method, methodSize := abi.Text(r.method)
	address, addressSize := abi.Text(r.url)
	request := abi.HttpRequest(method, methodSize, address, addressSize)
	for _, header := range r.headers {
		name, nameSize := abi.Text(header[0])
		value, valueSize := abi.Text(header[1])
		abi.HttpRequestHeader(request, name, nameSize, value, valueSize)
	}
	if r.text != nil {
		text, size := abi.Text(*r.text)
		abi.HttpRequestBodyText(request, text, size)
	} else if r.bytes != nil {
		body, size := abi.Bytes(r.bytes)
		abi.HttpRequestBody(request, body, size)
	} else if r.content != nil {
		abi.HttpRequestBodyArtifact(request, r.content.Handle())
	}
	if r.into != nil {
		id, size := abi.Text(*r.into)
		abi.HttpRequestIntoArtifact(request, id, size)
	}
	if r.timeout > 0 {
		abi.HttpRequestTimeout(request, abi.Milliseconds(r.timeout))
	}
	if r.redirects != nil {
		abi.HttpRequestRedirects(request, int32(*r.redirects))
	}
	if r.idempotent {
		abi.HttpRequestIdempotent(request)
	}
	for _, capture := range r.captures {
		pointer, pointerSize := abi.Text(capture[0])
		id, idSize := abi.Text(capture[1])
		abi.HttpRequestCapture(request, pointer, pointerSize, id, idSize)
	}
	for _, says := range r.says {
		says(request)
	}
	return request
}

// escaped percent-escapes all but the characters that RFC 3986 calls unreserved.
func escaped(text string) string {
	var made strings.Builder
	for _, char := range []byte(text) {
		plain := char >= 'a' && char <= 'z' || char >= 'A' && char <= 'Z' || char >= '0' && char <= '9' || strings.IndexByte("-._~", char) >= 0
		if plain {
			made.WriteByte(char)
		} else {
			fmt.Fprintf(&made, "%%%02X", char)
		}
	}
	return made.String()
}

// Response is what came back.
type Response struct {
	origin string
	kept   *artifact.Artifact
	// Status is 100 to 599.
	Status int
	// URL is where it came from in the end, after redirects.
	URL string
	// Headers are in the order received, names in lower case.
	Headers [][2]string
	// Body is the body.
	Body []byte
	// Truncated says whether the body was longer than the grant's limit, and has been cut.
	Truncated bool
	// Timing is how long each part took.
	Timing Timing
	// Tries is how often it was asked until this was the answer: 0 without Until.
	Tries uint32
}

// Timing is how long each part of an exchange took; a part that did not take place is 0.
type Timing struct{ DNS, Connect, TLS, FirstByte, Total time.Duration }

func received(method string, handle int32) *Response {
	var address, headers, body, timing, kept abi.Area
	abi.HttpResponseUrl(handle, address.At())
	abi.HttpResponseHeaders(handle, headers.At())
	abi.HttpResponseBody(handle, body.At())
	abi.HttpResponseTiming(handle, timing.At())
	part := func(word int) time.Duration { return time.Duration(timing[word]) * time.Microsecond }
	response := &Response{
		origin:    method + " " + address.Text(0),
		Status:    int(abi.HttpResponseStatus(handle)),
		URL:       address.Text(0),
		Headers:   headers.Pairs(0),
		Body:      body.Bytes(0),
		Truncated: abi.HttpResponseTruncated(handle) != 0,
		Timing:    Timing{DNS: part(0), Connect: part(1), TLS: part(2), FirstByte: part(3), Total: part(4)},
		Tries:     uint32(abi.HttpResponseTries(handle)),
	}
	abi.HttpResponseBodyArtifact(handle, kept.At())
	if kept.Some(0) {
		response.kept = artifact.Of(kept.Handle(1))
	}
	abi.HttpResponseDrop(handle)
	return response
}

// Artifact is what the body has become. Fails when it was not to become an artifact, or the status is not 200 to 299.
func (r *Response) Artifact() (*artifact.Artifact, error) {
	if r.kept == nil {
		return nil, lockstep.Fail("%s: its body has become no artifact: it was answered with %d", r.origin, r.Status)
	}
	return r.kept, nil
}

// Header is the first header of that name, in any case.
func (r *Response) Header(name string) (string, bool) {
	for _, header := range r.Headers {
		if strings.EqualFold(header[0], name) {
			return header[1], true
		}
	}
	return "", false
}

// Text is the body as text.
func (r *Response) Text() string { return string(r.Body) }

// JSON reads the body into a variable, as encoding/json does.
func (r *Response) JSON(into any) error { return lockstep.ReadJSON(r.origin, r.Body, into) }

// JSONPath reads the value at a JSON pointer of the body, `/items/0/name` for example, into a variable.
func (r *Response) JSONPath(pointer string, into any) error {
	return lockstep.JSONPath(r.origin, r.Body, pointer, into)
}

// ExpectStatus fails unless the status is that one.
func (r *Response) ExpectStatus(expected int) error {
	return lockstep.Ensure(r.Status == expected, "%s: expected status %d, found %d with %s", r.origin, expected, r.Status, lockstep.Shown(r.Text()))
}

// ExpectSuccess fails unless the status is 200 to 299.
func (r *Response) ExpectSuccess() error {
	holds := r.Status >= 200 && r.Status < 300
	return lockstep.Ensure(holds, "%s: expected success, found status %d with %s", r.origin, r.Status, lockstep.Shown(r.Text()))
}

// ExpectJSON fails unless the value at a JSON pointer of the body is that one.
func (r *Response) ExpectJSON(pointer string, expected any) error {
	return lockstep.ExpectJSON(r.origin, r.Body, pointer, expected)
}

// ExpectText fails unless the body contains the text.
func (r *Response) ExpectText(expected string) error {
	return lockstep.Ensure(strings.Contains(r.Text(), expected), "%s: expected %q in the body, found %s", r.origin, expected, lockstep.Shown(r.Text()))
}

// ExpectHeader fails unless a header of that name has the value.
func (r *Response) ExpectHeader(name, expected string) error {
	for _, header := range r.Headers {
		if strings.EqualFold(header[0], name) && header[1] == expected {
			return nil
		}
	}
	found, there := r.Header(name)
	if !there {
		found = "no such header"
	}
	return lockstep.Failing("%s: expected header %s: %s, found %s", r.origin, name, expected, found)
}

// ExpectFasterThan fails unless the whole exchange took less than that.
func (r *Response) ExpectFasterThan(limit time.Duration) error {
	holds := r.Timing.Total < limit
	return lockstep.Ensure(holds, "%s: expected an answer within %s, found %s", r.origin, clock.Spoken(limit), clock.Spoken(r.Timing.Total))
}
