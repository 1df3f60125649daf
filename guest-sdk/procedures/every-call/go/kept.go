package main

import (
	"bytes"
	"strings"

	"lockstep"
	"lockstep/artifact"
	"lockstep/files"
	"lockstep/log"
)

// large is as large as the largest part of an artifact that is read at once, and one more.
const large = 1<<20 + 1

// line is the digest of a file that has one line.
const line = "sha256:3887c2cd3bec16420dc71507a74cf7f0a5effdd361f6d9cbe27b77831de8f65f"

func keep(ctx *lockstep.Ctx) (any, error) {
	var odd []string
	if err := ctx.Output("told", &odd); err != nil {
		return nil, err
	}
	return nil, inOrder(func() error { return text(odd) }, content, there, artifacts)
}

func text(odd []string) error {
	err := inOrder(
		func() error { return files.MakeDirectory("/box/all/inner") },
		func() error { return files.WriteText("/box/all/odd", strings.Join(odd, "|")) },
		func() error { return files.AppendText("/box/all/odd", "+") },
	)
	if err != nil {
		return err
	}
	written, err := files.ReadText("/box/all/odd")
	if err != nil {
		return err
	}
	digest, err := files.Digest("/box/all/odd")
	if err != nil {
		return err
	}
	log.Info("%s %s", written, digest)
	if err := files.AppendTextProbed("/box/all/line", "one line\n", files.Probe("/box/all/line", line).OtherwiseDidNot()); err != nil {
		return err
	}
	return files.ExpectDigest("/box/all/line", line)
}

func content() error {
	odd := []byte{0, 255, 10, 0}
	if err := files.Write("/box/all/bytes", odd); err != nil {
		return err
	}
	read, err := files.Read("/box/all/bytes")
	if err != nil {
		return err
	}
	if err := lockstep.Ensure(bytes.Equal(read, odd), "other bytes were read"); err != nil {
		return err
	}
	if err := files.Write("/box/all/empty", nil); err != nil {
		return err
	}
	empty, err := files.Read("/box/all/empty")
	log.Info("%d", len(empty))
	return err
}

func there() error {
	if err := files.Link("/box/all/link", "odd"); err != nil {
		return err
	}
	target, err := files.LinkTarget("/box/all/link")
	if err != nil {
		return err
	}
	if err := lockstep.Ensure(target == "odd", "the link points elsewhere"); err != nil {
		return err
	}
	exists, err := files.Exists("/box/all/none")
	if err != nil {
		return err
	}
	if err := lockstep.Ensure(!exists, "there is something where nothing was made"); err != nil {
		return err
	}
	entries, err := files.Entries("/box/all")
	if err != nil {
		return err
	}
	free, err := files.DiskFree("/box")
	log.Info("%s %d", strings.Join(entries, ","), free)
	return err
}

func artifacts() error {
	_, err := files.ReadText("/box/all/none")
	refused("what is not there", err)
	_, err = files.ReadText("/etc/passwd")
	refused("what is outside", err)
	_, err = files.ReadText("/box/all/bytes")
	refused("what is no text", err)
	_, err = files.Read("/box/all/inner")
	refused("what is no file", err)
	_, err = files.Read("/box/../etc")
	refused("what is no path", err)
	refused("what stands there", files.Link("/box/all/odd", "line"))

	odd, err := files.Keep("/box/all/odd", "odd")
	if err != nil {
		return err
	}
	log.Info("%s %s", odd.ID(), odd.Digest())
	same, err := artifact.ByID("odd")
	if err != nil {
		return err
	}
	if err := files.Place("/box/all/placed", same); err != nil {
		return err
	}
	if err := files.PlaceProgram("/box/all/program", odd); err != nil {
		return err
	}
	made, err := artifact.FromText("large", strings.Repeat("x", large))
	if err != nil {
		return err
	}
	read, err := made.Bytes()
	if err != nil {
		return err
	}
	log.Info("%s %d", made.Digest(), len(read))
	if err := parts(made); err != nil {
		return err
	}
	empty, err := artifact.FromBytes("empty", nil)
	if err != nil {
		return err
	}
	none, err := empty.Bytes()
	if err != nil {
		return err
	}
	written, err := odd.Text()
	log.Info("%d %s", len(none), written)
	refusedArtifacts()
	return err
}

func parts(made *artifact.Artifact) error {
	last, err := made.ReadAt(1<<20, 5)
	if err != nil {
		return err
	}
	behind, err := made.ReadAt(1<<63, 5)
	log.Info("%d %d", len(last), len(behind))
	return err
}

func refusedArtifacts() {
	_, err := artifact.FromText("large", "another")
	refused("another of the same id", err)
	_, err = artifact.FromText("No id", "")
	refused("an id that is none", err)
	_, err = artifact.ByID("none")
	refused("no artifact", err)
}

func remove(*lockstep.Ctx) error { return files.Remove("/box/all") }
