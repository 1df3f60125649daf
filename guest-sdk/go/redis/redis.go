// Package redis is stores of Redis that the grant names: commands by their words, and the keys that begin with a text.
package redis

import (
	"fmt"
	"time"

	"lockstep"
	"lockstep/internal/abi"
)

// Store is a store of the grant. Each call connects anew.
type Store struct {
	handle int32
	id     string
}

// Open is the store that the grant has under that id.
func Open(id string) (*Store, error) {
	defer abi.Release()
	var opened abi.Area
	text, size := abi.Text(id)
	abi.RedisStoreOpen(text, size, opened.At())
	if err := lockstep.Given(&opened); err != nil {
		return nil, err
	}
	return &Store{handle: opened.Handle(1), id: id}, nil
}

// Timeout is the deadline of each call that follows. Without it the step's.
func (s *Store) Timeout(longest time.Duration) *Store {
	abi.RedisStoreTimeout(s.handle, abi.Milliseconds(longest))
	return s
}

// Run sends one command: `cache.Run("GET", "app:1")`. Whether it is done again after a crash is the command's nature: see the contract.
func (s *Store) Run(words ...any) (*Reply, error) {
	texts := make([]string, len(words))
	for at, word := range words {
		texts[at] = fmt.Sprint(word)
	}
	return s.run(abi.RedisStoreRunText, texts)
}

// RunBytes is Run with words of bytes.
func (s *Store) RunBytes(words ...[]byte) (*Reply, error) {
	texts := make([]string, len(words))
	for at, word := range words {
		texts[at] = string(word)
	}
	return s.run(abi.RedisStoreRun, texts)
}

// Ping is how soon it answers.
func (s *Store) Ping() (time.Duration, error) {
	defer abi.Release()
	var told abi.Area
	abi.RedisStorePing(s.handle, told.At())
	return micros(told[1]), lockstep.Given(&told)
}

// Info is what the server says of itself: one section (`memory`, `replication`), or what it says by itself with an empty one.
func (s *Store) Info(section string) (string, error) {
	defer abi.Release()
	var told abi.Area
	text, size := abi.Text(section)
	abi.RedisStoreInfo(s.handle, text, size, told.At())
	if err := lockstep.Given(&told); err != nil {
		return "", err
	}
	return told.Text(1), nil
}

// Scanned is what a scan found.
type Scanned struct {
	// Keys are the keys, each once, in order.
	Keys [][]byte
	// Total is how long all of it took, and Slowest the slowest round trip: how long anybody else had to wait for it at most.
	Total, Slowest time.Duration
}

// Scan finds the keys that begin with a prefix, at most so many of them, up to 1,000,000. It holds nobody up.
func (s *Store) Scan(prefix []byte, most uint32) (*Scanned, error) {
	defer abi.Release()
	var found, keys abi.Area
	begin, size := abi.Bytes(prefix)
	abi.RedisStoreScan(s.handle, begin, size, int32(most), found.At())
	if err := lockstep.Given(&found); err != nil {
		return nil, err
	}
	handle := found.Handle(1)
	abi.RedisScannedKeys(handle, keys.At())
	scanned := &Scanned{Total: micros(uint32(abi.RedisScannedTotal(handle))), Slowest: micros(uint32(abi.RedisScannedSlowest(handle)))}
	for _, key := range keys.Texts(0) {
		scanned.Keys = append(scanned.Keys, []byte(key))
	}
	abi.RedisScannedDrop(handle)
	return scanned, nil
}

// DeleteByPrefix deletes the keys that begin with a prefix, which is not empty, and gives how many. It counts first, and deletes none when there are more.
func (s *Store) DeleteByPrefix(prefix []byte, most uint32) (uint32, error) {
	defer abi.Release()
	var deleted abi.Area
	begin, size := abi.Bytes(prefix)
	abi.RedisStoreDeleteByPrefix(s.handle, begin, size, int32(most), deleted.At())
	if err := lockstep.Given(&deleted); err != nil {
		return 0, err
	}
	return deleted[1], nil
}

func micros(microseconds uint32) time.Duration {
	return time.Duration(microseconds) * time.Microsecond
}
