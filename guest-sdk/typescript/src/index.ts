/// <reference path="./contract.d.ts" />
/// <reference path="./ambient.d.ts" />
// Write a Lockstep procedure that reads like the runbook it replaces.
//
// The main module exports one function that declares everything: what the procedure is called, what it must be told, and its steps, each a function beside
// its undo. The host calls that function on a fresh instance whenever it wants to describe, plan, run a step or undo one, so nothing has to be said twice.
//
// What a component imports is its manifest, and it imports what is used: no module here asks an interface that its importer did not ask for. Probes are
// `import * as Probe from "lockstep-sdk/probe"`, because only so a bundler sees which kinds are used.

export type { Asked as Probed } from "./asked.js";
export * as artifact from "./artifact.js";
export * as clock from "./clock.js";
export { Ctx } from "./ctx.js";
export * as db from "./db.js";
export type { Declare } from "./entry.js";
export { assertion, codes, context, ensure, fail, type Kind, LockstepError } from "./failure.js";
export * as files from "./files.js";
export * as http from "./http.js";
export * as kube from "./kube.js";
export * as log from "./log.js";
export * as migrate from "./migrate.js";
export * as migrations from "./migrations.js";
export type { Description, Parameter, Procedure, Reader } from "./procedure.js";
export * as random from "./random.js";
export * as redis from "./redis.js";
export * as secret from "./secret.js";
export * as shell from "./shell.js";
export type { Run, Step, Undo } from "./step.js";
export { Duration, gib, kib, mib, millis, minutes, secs } from "./units.js";
export { During, during, Within, within } from "./within.js";
