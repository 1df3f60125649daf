// Flushes a cache by what its keys begin with: counted, bounded, and without a way to reach the sessions and queues beside it.
package main

import (
	"errors"
	"time"

	"lockstep"
	"lockstep/log"
	"lockstep/redis"
)

func init() { lockstep.Register(cacheFlush) }

func main() {}

func cacheFlush(p *lockstep.Procedure) {
	p.Describe("cache-flush", "0.1.0").Title("Flush the application's cache")
	p.Parameter("prefix").Title("What the keys begin with").Fallback("app:cache:")
	p.Parameter("most").Title("Keys that there may be at most").Fallback("100000")
	p.Parameter("how").Title("By prefix, or everything as the old runbook did").Choices("prefix", "everything").Fallback("prefix")

	p.Phase("Pre-flight")
	p.Step("look", "The store answers, and has no more keys than expected", look).Retry(3, time.Second)
	p.Phase("Flush")
	p.Step("flush", "The keys are gone", flush)
	p.Step("verify", "None is left, and the store answers", verify).Retry(3, time.Second)
}

// asked is the store, and what the keys begin with.
func asked(ctx *lockstep.Ctx) (*redis.Store, []byte, error) {
	store, err := redis.Open("cache")
	if err != nil {
		return nil, nil, err
	}
	prefix, err := ctx.Parameter("prefix")
	return store, []byte(prefix), err
}

// answers fails unless the store answers soon.
func answers(store *redis.Store, otherwise string) error {
	took, err := store.Ping()
	if err != nil {
		return err
	}
	return lockstep.Ensure(took < time.Second, "%s", otherwise)
}

func look(ctx *lockstep.Ctx) (any, error) {
	store, prefix, err := asked(ctx)
	if err != nil {
		return nil, err
	}
	if err := answers(store, "the store is slow already"); err != nil {
		return nil, err
	}
	most, err := ctx.Number("most")
	if err != nil {
		return nil, err
	}
	found, err := store.Scan(prefix, uint32(most))
	if err != nil {
		return nil, err
	}
	log.Info("%d keys to flush; the slowest round trip took %d µs", len(found.Keys), found.Slowest.Microseconds())
	return len(found.Keys), nil
}

func flush(ctx *lockstep.Ctx) (any, error) {
	store, prefix, err := asked(ctx)
	if err != nil {
		return nil, err
	}
	how, err := ctx.Parameter("how")
	if err != nil {
		return nil, err
	}
	if how == "everything" {
		_, err := store.Run("FLUSHDB")
		return 0, err
	}
	most, err := ctx.Number("most")
	if err != nil {
		return nil, err
	}
	return store.DeleteByPrefix(prefix, uint32(most))
}

func verify(ctx *lockstep.Ctx) (any, error) {
	store, prefix, err := asked(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := store.Scan(prefix, 0); err != nil {
		var failure *lockstep.Failure
		if errors.As(lockstep.Context(err, "keys are there again"), &failure) {
			return nil, failure.MayRetry()
		}
	}
	return nil, answers(store, "the store is slow")
}
