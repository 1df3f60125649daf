package main

import (
	"encoding/json"
	"math"
	"strings"
	"time"

	"lockstep"
	"lockstep/kube"
	"lockstep/log"
)

const pinned = "registry.test/api@sha256:2222222222222222222222222222222222222222222222222222222222222222"

func cluster(*lockstep.Ctx) (any, error) {
	return nil, inOrder(stands, workload, waits, others, refusals)
}

// word is a text of an object.
func word(object json.RawMessage, key string) string {
	var text string
	if err := lockstep.JSONPath("the object", object, "/"+key, &text); err != nil {
		return err.Error()
	}
	return text
}

func stands() error {
	api := kube.Deployment("shop", "api").Timeout(20 * time.Second)
	object, err := api.Read()
	if err != nil {
		return err
	}
	var replicas uint32
	if err := api.Field("/spec/replicas", &replicas); err != nil {
		return err
	}
	log.Info("%t %d", object != nil, replicas)
	none, err := kube.Deployment("shop", "none").Read()
	if err != nil {
		return err
	}
	if err := lockstep.Ensure(none == nil, "something is there"); err != nil {
		return err
	}
	stood, err := api.Revision()
	if err != nil {
		return err
	}
	if stood, err = kube.Parse(stood.Text()); err != nil {
		return err
	}
	wanted, _ := stood.Replicas()
	image, _ := stood.Image("api")
	log.Info("%d %s", wanted, image)
	_, is := stood.Image("none")
	if err := lockstep.Ensure(!is && stood.Object() != nil, "it stands otherwise"); err != nil {
		return err
	}
	absent, err := kube.Deployment("shop", "none").Revision()
	if err != nil {
		return err
	}
	if err := lockstep.Ensure(absent.Object() == nil, "something was there"); err != nil {
		return err
	}
	_, err = api.RolloutUndo(stood)
	return err
}

// workload: what is put back is what was found first.
func workload() error {
	api := func() *kube.Target { return kube.Deployment("shop", "api").Timeout(20 * time.Second) }
	tried, err := api().DryRun().SetImage("api", pinned)
	if err != nil {
		return err
	}
	if err := tried.ExpectPinned(); err != nil {
		return err
	}
	log.Info("%d %s", len(tried.Unpinned), word(tried.Object, "kind"))
	return inOrder(
		func() error { return api().PutBack() },
		func() error { return changed(api().SetImage("api", pinned)) },
		func() error { return changed(api().Scale(5)) },
		func() error { return changed(api().Restart()) },
		func() error { return api().PutBack() },
		func() error { return api().PutBack() },
	)
}

func changed(_ *kube.Change, err error) error { return err }

func waits() error {
	api := kube.Deployment("shop", "api")
	far, err := api.RolloutStatus()
	if err != nil {
		return err
	}
	log.Info("%d %d %d %d", far.Wanted, far.Updated, far.Ready, far.Available)
	available, err := api.WaitForCondition("Available", "True")
	if err != nil {
		return err
	}
	log.Info("%s", word(available, "kind"))
	scaled, err := api.WaitForJSON("/spec/replicas", 2)
	if err != nil {
		return err
	}
	log.Info("%s", word(scaled, "kind"))
	if _, err := api.WaitForJSON("/spec/paused", true); err != nil {
		return err
	}
	lines, err := api.Logs("api", 10, 1_500*time.Millisecond)
	if err != nil {
		return err
	}
	log.Info("%s", lines)
	events, err := api.Events()
	if err != nil {
		return err
	}
	for _, event := range events {
		log.Info("%s %s %s %s %d", event.At, event.Kind, event.Reason, event.Message, event.Count)
	}
	pods, err := kube.Pods("shop").Labels("app=api").Fields("status.phase=Running").Limit(10).Entries()
	if err != nil {
		return err
	}
	log.Info("%d %s", len(pods), word(pods[0], "name"))
	return nil
}

func settings(id string) *kube.Target { return kube.Object("v1", "ConfigMap", "shop", id).Force() }

func others() error {
	named := map[string]any{"data": map[string]string{"name": "ü"}}
	return inOrder(
		func() error { return changed(settings("there").Apply(named)) },
		func() error { return settings("there").PutBack() },
		func() error { return changed(settings("fresh").Apply(named)) },
		func() error { return settings("fresh").PutBack() },
		func() error {
			return changed(settings(strings.Repeat("x", 80)).Apply(map[string]any{"data": map[string]string{}}))
		},
		func() error { return settings("gone").Delete() },
		func() error { return settings("gone").WaitForDeleted() },
	)
}

// putBack: the one that is not put back above.
func putBack(*lockstep.Ctx) error {
	return kube.Object("v1", "ConfigMap", "shop", strings.Repeat("x", 80)).PutBack()
}

func refusals() error {
	refused("changed since", changed(kube.Deployment("shop", "api").Patch(map[string]any{"spec": map[string]any{"paused": nil}})))
	_, err := kube.Deployment("shop", "slow").Timeout(time.Second).RolloutStatus()
	refused("too late", err)
	var spec any
	refused("not there", kube.Deployment("shop", "none").Field("/spec", &spec))
	_, err = kube.StatefulSet("shop", "api").Read()
	refused("another kind", err)
	_, err = kube.Deployment("other", "api").Read()
	refused("another namespace", err)
	refused("another verb", changed(kube.DaemonSet("shop", "api").Restart()))
	_, err = kube.Pod("shop", "").Read()
	refused("no name", err)
	_, err = kube.Select("v1", "Secret", "shop").Entries()
	refused("another list", err)
	_, err = kube.Parse("{}")
	refused("no revision", err)
	refused("too many replicas", changed(kube.Deployment("shop", "api").Scale(math.MaxUint32)))
	return nil
}
