package redis_test

import (
	"fmt"
	"testing"
	"time"
	"unsafe"

	"lockstep"
	"lockstep/internal/abi"
	"lockstep/internal/fake"
	"lockstep/redis"
)

// opened is a store behind a host that writes down what it is told.
func opened(t *testing.T) (*fake.Host, *redis.Store) {
	h := fake.New()
	abi.RedisStoreOpen = func(at unsafe.Pointer, size uint32, into unsafe.Pointer) {
		(*abi.Area)(into)[1] = uint32(h.Begun("open", fake.Told(at, size)))
	}
	run := func(what string) func(int32, unsafe.Pointer, uint32, unsafe.Pointer) {
		list := h.List(what)
		return func(store int32, at unsafe.Pointer, count uint32, _ unsafe.Pointer) { list(store, at, count) }
	}
	abi.RedisStoreTimeout, abi.RedisStoreRunText, abi.RedisStoreRun = h.Number("timeout"), run("text"), run("bytes")
	store, err := redis.Open("cache")
	if err != nil {
		t.Fatal(err)
	}
	return h, store
}

func TestACommandIsItsWordsAndAReplyIsReadAsWhatItIs(t *testing.T) {
	h, cache := opened(t)
	reply, err := cache.Timeout(time.Second).Run("INCRBY", "n", 1<<62)
	if err != nil {
		t.Fatal(err)
	}
	abi.RedisReplyInteger = func(_ int32, into unsafe.Pointer) { fake.Given(into, "-9223372036854775808") }
	if number, err := reply.Integer(); err != nil || number != -1<<63 {
		t.Error(number, err)
	}
	abi.RedisReplyInteger = func(_ int32, into unsafe.Pointer) { fake.Given(into, "9223372036854775808") }
	_, err = reply.Integer()
	if said := fmt.Sprint(err); said != "cache INCRBY: 9223372036854775808 is too large a number" {
		t.Error(said)
	}
	abi.RedisReplyJson = func(_ int32, into unsafe.Pointer) { fake.Text(into, `["a",1]`) }
	if err := reply.Expect([]any{"a", 1}); err != nil {
		t.Error(err)
	}
	if _, err := cache.RunBytes([]byte("GET"), []byte{255}); err != nil {
		t.Error(err)
	}
	if told := h.Told(); told != "open cache\ntimeout 1000\ntext [\"INCRBY\" \"n\" \"4611686018427387904\"]\nbytes [\"GET\" \"\\xff\"]" {
		t.Error(told)
	}
}

func TestAFailureOfAReplySaysOfWhichCommand(t *testing.T) {
	_, cache := opened(t)
	reply, err := cache.Run("GET", "a")
	if err != nil {
		t.Fatal(err)
	}
	abi.RedisReplyPart = func(_, index int32, into unsafe.Pointer) { (*abi.Area)(into)[1] = uint32(index) }
	abi.RedisReplyText = func(_ int32, into unsafe.Pointer) {
		fake.Fails(into, uint32(lockstep.Failed), "redis.reply", "it is nil", false)
	}
	part, err := reply.Part(2)
	if err != nil {
		t.Fatal(err)
	}
	_, err = part.Text()
	failure, is := err.(*lockstep.Failure)
	if !is || failure.Code != "redis.reply" || failure.Message != "cache GET, part 2: it is nil" {
		t.Error(err)
	}
}

func TestAScanGivesItsKeysAndHowLongItHeldOthersUp(t *testing.T) {
	_, cache := opened(t)
	abi.RedisStoreScan = func(_ int32, at unsafe.Pointer, size uint32, most int32, _ unsafe.Pointer) {
		if prefix := fake.Told(at, size); prefix != "a:" || most != 7 {
			t.Error(prefix, most)
		}
	}
	abi.RedisScannedKeys = func(_ int32, into unsafe.Pointer) { fake.Records(into, 0, 1, "a:1", "a:\xff") }
	abi.RedisScannedTotal, abi.RedisScannedSlowest = func(int32) int32 { return -1 }, func(int32) int32 { return 5 }
	abi.RedisScannedDrop = func(int32) {}
	found, err := cache.Scan([]byte("a:"), 7)
	if err != nil {
		t.Fatal(err)
	}
	if said := fmt.Sprintf("%q %v %v", found.Keys, found.Total, found.Slowest); said != `["a:1" "a:\xff"] 1h11m34.967295s 5µs` {
		t.Error(said)
	}
}
