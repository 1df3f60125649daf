// Rolls out an image in a cluster: how it stands is recorded, the image is set, the rollout is watched and looked at, and who depends on it is restarted. A version
// that does not get ready is taken back, to the very pod template that was there.
package main

import (
	"strings"
	"time"

	"lockstep"
	"lockstep/kube"
	"lockstep/log"
)

func init() { lockstep.Register(kubeRollout) }

func main() {}

func kubeRollout(p *lockstep.Procedure) {
	p.Describe("kube-rollout", "0.1.0").Title("Roll out an image, and take it back when it does not get ready")
	p.Parameter("namespace").Title("Where all of it is").Fallback("shop")
	p.Parameter("deployment").Title("What gets the image").Fallback("api")
	p.Parameter("container").Title("Which of its containers").Fallback("api")
	p.Parameter("image").Title("The image, best with its digest: registry.example.com/shop/api@sha256:…")
	p.Parameter("dependants").Title("Deployments to restart afterwards, with commas between them").Fallback("")
	p.Parameter("patience-seconds").Title("How long the rollout may take").Fallback("300")

	p.Phase("Pre-flight")
	p.Step("present", "It serves, and how it stands is recorded", with(present))
	p.Step("try", "The cluster would take the image", with(tryIt))

	p.Phase("Rollout")
	p.Step("image", "The deployment has the image", with(setImage)).Undo(takeBack)
	p.Step("rollout", "All of its pods are new and available", with(rollout))
	p.Step("smoke", "Each of its pods runs the image, and is ready", with(smoke))

	p.Phase("Dependants")
	p.Step("dependants", "Who depends on it has met the new version", with(restartDependants)).Undo(waitForDependants)
}

// told is what the procedure was told.
type told struct{ namespace, deployment, container, image, dependants string }

// with reads the parameters for a step.
func with(act func(*lockstep.Ctx, told) (any, error)) func(*lockstep.Ctx) (any, error) {
	return func(ctx *lockstep.Ctx) (any, error) {
		told, err := read(ctx)
		if err != nil {
			return nil, err
		}
		return act(ctx, told)
	}
}

func read(ctx *lockstep.Ctx) (told told, err error) {
	for id, into := range map[string]*string{
		"namespace": &told.namespace, "deployment": &told.deployment, "container": &told.container, "image": &told.image, "dependants": &told.dependants,
	} {
		if *into, err = ctx.Parameter(id); err != nil {
			return told, err
		}
	}
	return told, nil
}

func (t told) target() *kube.Target { return kube.Deployment(t.namespace, t.deployment) }

// present gives the image that was there, with its digest where the cluster tells it.
func present(_ *lockstep.Ctx, told told) (any, error) {
	if _, err := told.target().Timeout(20 * time.Second).RolloutStatus(); err != nil {
		return nil, lockstep.Context(err, "before anything is changed")
	}
	revision, err := told.target().Revision()
	if err != nil {
		return nil, err
	}
	image, is := revision.Image(told.container)
	if !is {
		return nil, lockstep.Fail("there is no container `%s`", told.container)
	}
	replicas, _ := revision.Replicas()
	log.Info("%d replicas of %s", replicas, image)
	return image, nil
}

func tryIt(_ *lockstep.Ctx, told told) (any, error) {
	change, err := told.target().DryRun().SetImage(told.container, told.image)
	if err != nil {
		return nil, err
	}
	for _, image := range change.Unpinned {
		log.Warn("%s has no digest: what it is may change", image)
	}
	return nil, nil
}

func setImage(_ *lockstep.Ctx, told told) (any, error) {
	_, err := told.target().SetImage(told.container, told.image)
	return nil, err
}

func takeBack(ctx *lockstep.Ctx) error {
	told, err := read(ctx)
	if err != nil {
		return err
	}
	if err := told.target().PutBack(); err != nil {
		return err
	}
	_, err = told.target().RolloutStatus()
	return err
}

func rollout(ctx *lockstep.Ctx, told told) (any, error) {
	patience, err := ctx.Number("patience-seconds")
	if err != nil {
		return nil, err
	}
	far, err := told.target().Timeout(time.Duration(patience) * time.Second).RolloutStatus()
	return far.Available, err
}

type pod struct {
	Status struct {
		ContainerStatuses []struct {
			Image string
			Ready bool
		}
	}
}

func (p pod) runs(image string) bool {
	for _, status := range p.Status.ContainerStatuses {
		if status.Image == image && status.Ready {
			return true
		}
	}
	return false
}

func smoke(ctx *lockstep.Ctx, told told) (any, error) {
	var app string
	if err := told.target().Field("/spec/selector/matchLabels/app", &app); err != nil {
		return nil, err
	}
	pods, err := kube.Pods(told.namespace).Labels("app=" + app).Fields("status.phase=Running").Entries()
	if err != nil {
		return nil, err
	}
	ready, wanted := 0, 0
	for _, object := range pods {
		var pod pod
		if err := lockstep.ReadJSON("a pod", object, &pod); err != nil {
			return nil, err
		}
		if pod.runs(told.image) {
			ready++
		}
	}
	if err := ctx.Output("rollout", &wanted); err != nil {
		return nil, err
	}
	return nil, lockstep.Ensure(ready >= wanted, "expected %d ready pods with %s, found %d", wanted, told.image, ready)
}

func (t told) all() []*kube.Target {
	var all []*kube.Target
	for id := range strings.SplitSeq(t.dependants, ",") {
		if id = strings.TrimSpace(id); id != "" {
			all = append(all, kube.Deployment(t.namespace, id))
		}
	}
	return all
}

func restartDependants(ctx *lockstep.Ctx, told told) (any, error) {
	for _, dependant := range told.all() {
		if _, err := dependant.Restart(); err != nil {
			return nil, err
		}
	}
	return nil, waitForDependants(ctx)
}

// waitForDependants: a restart is not taken back; that they serve is seen to all the same.
func waitForDependants(ctx *lockstep.Ctx) error {
	told, err := read(ctx)
	if err != nil {
		return err
	}
	for _, dependant := range told.all() {
		if _, err := dependant.RolloutStatus(); err != nil {
			return err
		}
	}
	return nil
}
