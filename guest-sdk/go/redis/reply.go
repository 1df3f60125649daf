package redis

import (
	"strconv"
	"unsafe"

	"lockstep"
	"lockstep/internal/abi"
)

// Reply is what a command gave: a value, or a list of replies.
type Reply struct {
	handle int32
	line   string
}

func (s *Store) run(call func(int32, unsafe.Pointer, uint32, unsafe.Pointer), words []string) (*Reply, error) {
	defer abi.Release()
	var given abi.Area
	list := abi.Texts(words...)
	at, count := list.At()
	call(s.handle, at, count, given.At())
	list.Keep()
	if err := lockstep.Given(&given); err != nil {
		return nil, err
	}
	command := "…"
	if len(words) > 0 {
		command = words[0]
	}
	return &Reply{handle: given.Handle(1), line: s.id + " " + command}, nil
}

// Kind is `nil`, `integer`, `text`, `number`, `boolean`, `list`, `map` or `error`. More kinds may come.
func (r *Reply) Kind() string {
	defer abi.Release()
	var kind abi.Area
	abi.RedisReplyKind(r.handle, kind.At())
	return kind.Text(0)
}

// IsNil says whether there was nothing.
func (r *Reply) IsNil() bool { return r.Kind() == "nil" }

// Text is a text, or a number, flag or error as it is written.
func (r *Reply) Text() (string, error) { return r.given(abi.RedisReplyText) }

// Bytes is Text as bytes.
func (r *Reply) Bytes() ([]byte, error) {
	text, err := r.given(abi.RedisReplyBytes)
	return []byte(text), err
}

// Integer is a whole number, from an integer or from a text that is one.
func (r *Reply) Integer() (int64, error) {
	digits, err := r.given(abi.RedisReplyInteger)
	if err != nil {
		return 0, err
	}
	number, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0, lockstep.Failing("%s: %s is too large a number", r.line, digits)
	}
	return number, nil
}

// Count is how many parts a list has; a map has two for each entry.
func (r *Reply) Count() uint32 { return uint32(abi.RedisReplyCount(r.handle)) }

// Part is one part of a list or map, counted from 0; of a map key and value in turn.
func (r *Reply) Part(index uint32) (*Reply, error) {
	defer abi.Release()
	var part abi.Area
	line := r.line + ", part " + strconv.FormatUint(uint64(index), 10)
	abi.RedisReplyPart(r.handle, int32(index), part.At())
	if err := lockstep.Given(&part); err != nil {
		return nil, lockstep.Context(err, "%s", r.line)
	}
	return &Reply{handle: part.Handle(1), line: line}, nil
}

// Parts are all parts of a list or map.
func (r *Reply) Parts() ([]*Reply, error) {
	parts := make([]*Reply, r.Count())
	for index := range parts {
		part, err := r.Part(uint32(index))
		if err != nil {
			return nil, err
		}
		parts[index] = part
	}
	return parts, nil
}

// JSON reads all of it into a variable, as encoding/json does: a list as a slice, a map as a map.
func (r *Reply) JSON(into any) error { return lockstep.ReadJSON(r.line, r.json(), into) }

// Expect fails unless it is a value: a text, a number, a list.
func (r *Reply) Expect(expected any) error {
	return lockstep.ExpectJSON(r.line, r.json(), "", expected)
}

// Drop gives it back before the step ends: of use to who looks at thousands of parts one by one. It is not to be asked for anything more.
func (r *Reply) Drop() { abi.RedisReplyDrop(r.handle) }

func (r *Reply) json() []byte {
	defer abi.Release()
	var text abi.Area
	abi.RedisReplyJson(r.handle, text.At())
	return text.Bytes(0)
}

func (r *Reply) given(call func(int32, unsafe.Pointer)) (string, error) {
	defer abi.Release()
	var told abi.Area
	call(r.handle, told.At())
	if err := lockstep.Given(&told); err != nil {
		return "", lockstep.Context(err, "%s", r.line)
	}
	return told.Text(1), nil
}
