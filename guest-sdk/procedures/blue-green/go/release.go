package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"lockstep"
	"lockstep/artifact"
	"lockstep/files"
	"lockstep/secret"
)

const manifestName = "manifest.json"

// manifest are the names of the release's files, sorted, with the SHA-256 of each.
func manifest() ([]string, map[string]string, error) {
	kept, err := artifact.ByID(manifestName)
	if err != nil {
		return nil, nil, err
	}
	text, err := kept.Bytes()
	if err != nil {
		return nil, nil, err
	}
	var read struct {
		Files map[string]string `json:"files"`
	}
	if err := json.Unmarshal(text, &read); err != nil {
		return nil, nil, err
	}
	return slices.Sorted(maps.Keys(read.Files)), read.Files, nil
}

// keep makes a file of the release an artifact, if it is what its digest says. Artifact ids are lower case.
func keep(folder, name, digest string) error {
	kept, err := files.Keep(folder+"/"+name, strings.ToLower(name))
	if err != nil {
		return err
	}
	return kept.ExpectDigest(digest)
}

// pin makes every byte of the release an artifact of this run: what is installed later is what was checked here.
func pin(ctx *lockstep.Ctx) (any, error) {
	version, err := ctx.Parameter("version")
	if err != nil {
		return nil, err
	}
	approved, err := ctx.Parameter("release-digest")
	if err != nil {
		return nil, err
	}
	folder := "/releases/" + version
	if err := keep(folder, manifestName, approved); err != nil {
		return nil, err
	}
	names, digests, err := manifest()
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if err := keep(folder, name, digests[name]); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func tagOf(ctx *lockstep.Ctx) (string, error) {
	version, err := ctx.Parameter("version")
	return "v" + version, err
}

// tag is not forced, so that a tag that somebody else has made meanwhile is never moved. Made twice it would fail: after a crash git is asked whether it
// is there.
func tag(ctx *lockstep.Ctx) (any, error) {
	tag, err := tagOf(ctx)
	if err != nil {
		return nil, err
	}
	var commit string
	if err := ctx.Output("clean", &commit); err != nil {
		return nil, err
	}
	asking, err := git(ctx, "rev-parse", "--verify", "--quiet", "refs/tags/"+tag)
	if err != nil {
		return nil, err
	}
	tagging, err := git(ctx, "tag", tag, commit)
	if err != nil {
		return nil, err
	}
	return nil, succeeds(tagging.Probe(asking.AsProbe().Happened(0).Text(commit).DidNot(1)), nil)
}

func untag(ctx *lockstep.Ctx) error {
	tag, err := tagOf(ctx)
	if err != nil {
		return err
	}
	listing, err := git(ctx, "tag", "--list", tag)
	if err != nil {
		return err
	}
	listed, err := listing.Run()
	if err != nil || listed.Text() == "" {
		return err
	}
	deleting, err := git(ctx, "tag", "--delete", tag)
	if err != nil {
		return err
	}
	return succeeds(deleting.Idempotent(), nil)
}

func slotFolder(ctx *lockstep.Ctx) (string, error) {
	found, err := slotsOf(ctx)
	return "/site/slots/" + found.Idle + "/release", err
}

func install(ctx *lockstep.Ctx) (any, error) {
	folder, err := slotFolder(ctx)
	if err != nil {
		return nil, err
	}
	if err := files.Remove(folder); err != nil {
		return nil, err
	}
	if err := files.MakeDirectory(folder); err != nil {
		return nil, err
	}
	names, _, err := manifest()
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		kept, err := artifact.ByID(strings.ToLower(name))
		if err != nil {
			return nil, err
		}
		if err := files.PlaceProgram(folder+"/"+name, kept); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func remove(ctx *lockstep.Ctx) error {
	folder, err := slotFolder(ctx)
	if err != nil {
		return err
	}
	return files.Remove(folder)
}

func start(ctx *lockstep.Ctx) (any, error) {
	found, err := slotsOf(ctx)
	if err != nil {
		return nil, err
	}
	site, err := ctx.Parameter("site")
	if err != nil {
		return nil, err
	}
	port, err := files.ReadText("/site/slots/" + found.Idle + "/port")
	if err != nil {
		return nil, err
	}
	password, err := secret.ByID("APP_PASSWORD")
	if err != nil {
		return nil, err
	}
	starting, err := service(ctx, "start", found.Idle)
	if err != nil {
		return nil, err
	}
	release := site + "/slots/" + found.Idle + "/release"
	starting.Args("--release", release, "--port", strings.TrimSpace(port), "--password-env", "APP_PASSWORD")
	return nil, succeeds(starting.Env("APP_PASSWORD", password), nil)
}

func stop(ctx *lockstep.Ctx) error {
	found, err := slotsOf(ctx)
	if err != nil {
		return err
	}
	return succeeds(service(ctx, "stop", found.Idle))
}
