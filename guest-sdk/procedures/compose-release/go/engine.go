package main

import (
	"strings"

	"lockstep"
	"lockstep/shell"
)

// The Docker engine and the compose project, by the commands that an operator would type.

func docker(ctx *lockstep.Ctx, args ...string) (*shell.Exit, error) {
	program, err := ctx.Parameter("docker")
	if err != nil {
		return nil, err
	}
	return succeeds(shell.Command(program, args...))
}

// compose is a command on the project.
func compose(ctx *lockstep.Ctx, args ...string) (*shell.Cmd, error) {
	program, err := ctx.Parameter("docker-compose")
	if err != nil {
		return nil, err
	}
	file, err := ctx.Parameter("compose-file")
	if err != nil {
		return nil, err
	}
	return shell.Command(program, "-f", file).Args(args...), nil
}

// succeeds runs a command that must.
func succeeds(command *shell.Cmd) (*shell.Exit, error) {
	exit, err := command.Run()
	if err != nil {
		return nil, err
	}
	return exit, exit.ExpectSuccess()
}

// digestOf is the name with a digest under which a registry knows an image: a tag may mean another one tomorrow.
func digestOf(ctx *lockstep.Ctx, image, repository string) (string, error) {
	exit, err := docker(ctx, "image", "inspect", "--format={{json .RepoDigests}}", image)
	if err != nil {
		return "", err
	}
	var found []string
	if err := exit.JSON(&found); err != nil {
		return "", err
	}
	for _, name := range found {
		if named, _, _ := strings.Cut(name, "@"); repository == "" || named == repository {
			return name, nil
		}
	}
	return "", lockstep.Fail("%s has no digest of a registry: once it is gone from this machine nobody could bring it back", image)
}

// repository is `registry:5000/shop:2.0.0` and `registry:5000/shop@sha256:…` without what follows the repository.
func repository(image string) string {
	named, _, _ := strings.Cut(image, "@")
	if at := strings.LastIndex(named, ":"); at >= 0 && !strings.Contains(named[at:], "/") {
		return named[:at]
	}
	return named
}

// imageOf is what the container of a slot was made of.
func imageOf(ctx *lockstep.Ctx, slot string) (string, error) {
	command, err := compose(ctx, "ps", "-q", slot)
	if err != nil {
		return "", err
	}
	listed, err := succeeds(command.Env("BLUE_IMAGE", "unknown").Env("GREEN_IMAGE", "unknown"))
	if err != nil {
		return "", err
	}
	container := strings.TrimSpace(listed.Text())
	if err := lockstep.Ensure(container != "", "the slot %s has no container", slot); err != nil {
		return "", err
	}
	inspected, err := docker(ctx, "inspect", "--format={{.Image}}", container)
	if err != nil {
		return "", err
	}
	return digestOf(ctx, strings.TrimSpace(inspected.Text()), "")
}

// pull says by its digest what came.
func pull(ctx *lockstep.Ctx, image string) (string, error) {
	if _, err := docker(ctx, "pull", "--quiet", image); err != nil {
		return "", err
	}
	return digestOf(ctx, image, repository(image))
}

// expectThere: an image that cannot be started is no way back.
func expectThere(ctx *lockstep.Ctx, pinned string) error {
	_, err := docker(ctx, "image", "inspect", "--format={{.Id}}", pinned)
	return err
}

// up makes the container of one slot of its image and starts it; the other slot is not touched.
func up(ctx *lockstep.Ctx, slot string, images ...[2]string) error {
	command, err := compose(ctx, "up", "-d", "--no-deps", "--no-build", slot)
	if err != nil {
		return err
	}
	for _, image := range images {
		command.Env(strings.ToUpper(image[0])+"_IMAGE", image[1])
	}
	_, err = succeeds(command)
	return err
}

// halt stops the container of one slot and leaves it there.
func halt(ctx *lockstep.Ctx, slot string) error {
	command, err := compose(ctx, "stop", slot)
	if err != nil {
		return err
	}
	_, err = succeeds(command.Env("BLUE_IMAGE", "unknown").Env("GREEN_IMAGE", "unknown"))
	return err
}
