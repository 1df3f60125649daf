// The Docker engine and the compose project, by the commands that an operator would type.

import { type Ctx, ensure, fail, shell } from "lockstep-sdk";

function docker(ctx: Ctx, ...args: string[]): shell.Command {
    return shell.command(ctx.parameter("docker")).args(args);
}

/** A command on the project. */
export function compose(ctx: Ctx, ...args: string[]): shell.Command {
    return shell.command(ctx.parameter("docker-compose")).args(["-f", ctx.parameter("compose-file")]).args(args);
}

/** The name with a digest under which a registry knows an image: a tag may mean another one tomorrow. */
function digestOf(ctx: Ctx, image: string, wanted?: string): string {
    const found = docker(ctx, "image", "inspect", "--format={{json .RepoDigests}}", image).run().expectSuccess().json<string[]>();
    const pinned = found.find((name) => wanted === undefined || name.split("@")[0] === wanted);
    if (pinned === undefined) {
        throw fail(`${image} has no digest of a registry: once it is gone from this machine nobody could bring it back`);
    }
    return pinned;
}

/** `registry:5000/shop:2.0.0` and `registry:5000/shop@sha256:…` without what follows the repository. */
function repository(image: string): string {
    const named = image.split("@")[0] ?? image;
    return named.replace(/:[^:/]*$/, "");
}

/** What the container of a slot was made of. */
export function imageOf(ctx: Ctx, slot: string): string {
    const listed = compose(ctx, "ps", "-q", slot).env("BLUE_IMAGE", "unknown").env("GREEN_IMAGE", "unknown").run().expectSuccess();
    const container = listed.text().trim();
    ensure(container !== "", `the slot ${slot} has no container`);
    const inspected = docker(ctx, "inspect", "--format={{.Image}}", container).run().expectSuccess();
    return digestOf(ctx, inspected.text().trim());
}

/** Pulls, and says by its digest what came. */
export function pull(ctx: Ctx, image: string): string {
    docker(ctx, "pull", "--quiet", image).run().expectSuccess();
    return digestOf(ctx, image, repository(image));
}

/** An image that cannot be started is no way back. */
export function expectThere(ctx: Ctx, pinned: string): void {
    docker(ctx, "image", "inspect", "--format={{.Id}}", pinned).run().expectSuccess();
}

/** Makes the container of one slot of its image and starts it; the other slot is not touched. */
export function up(ctx: Ctx, slot: string, images: [slot: string, image: string][]): void {
    const command = compose(ctx, "up", "-d", "--no-deps", "--no-build", slot);
    images.forEach(([slot, image]) => command.env(`${slot.toUpperCase()}_IMAGE`, image));
    command.run().expectSuccess();
}

/** Stops the container of one slot and leaves it there. */
export function stop(ctx: Ctx, slot: string): void {
    compose(ctx, "stop", slot).env("BLUE_IMAGE", "unknown").env("GREEN_IMAGE", "unknown").run().expectSuccess();
}
