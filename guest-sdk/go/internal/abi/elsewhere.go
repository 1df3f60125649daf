//go:build !wasm

// Elsewhere than in a component nobody answers: for editors, `go vet`, and tests that put a host of their own here.

package abi

import "unsafe"

// What can be asked of a host, as contract.go declares it for a component. Made of the contract; a test of `lockstep build` compares.
var (
	TypesProbeHappened        func(int32, int32)
	TypesProbeDidNot          func(int32, int32)
	TypesProbeJson            func(int32, unsafe.Pointer, uint32, unsafe.Pointer, uint32)
	TypesProbeText            func(int32, unsafe.Pointer, uint32)
	TypesProbeOtherwiseDidNot func(int32)
	TypesProbeDrop            func(int32)

	PlanDescription           func(unsafe.Pointer, uint32, unsafe.Pointer, uint32) int32
	PlanDescriptionTitle      func(int32, unsafe.Pointer, uint32)
	PlanParameter             func(unsafe.Pointer, uint32) int32
	PlanParameterTitle        func(int32, unsafe.Pointer, uint32)
	PlanParameterFallback     func(int32, unsafe.Pointer, uint32)
	PlanParameterChoices      func(int32, unsafe.Pointer, uint32)
	PlanStep                  func(unsafe.Pointer, uint32, unsafe.Pointer, uint32) int32
	PlanStepAbout             func(int32, unsafe.Pointer, uint32)
	PlanStepPhase             func(int32, unsafe.Pointer, uint32)
	PlanStepNeeds             func(int32, unsafe.Pointer, uint32)
	PlanStepTimeout           func(int32, int32)
	PlanStepRetry             func(int32, int32, int32, int32)
	PlanStepRetryOn           func(int32, unsafe.Pointer, uint32)
	PlanStepOnFailurePause    func(int32)
	PlanStepOnFailureUndo     func(int32)
	PlanStepOnFailureContinue func(int32)
	PlanStepUndoable          func(int32)
	PlanStepIrreversible      func(int32)
	PlanStepExpected          func(int32, int32)
	PlanDescriptionDrop       func(int32)
	PlanParameterDrop         func(int32)
	PlanStepDrop              func(int32)

	RunId             func(unsafe.Pointer)
	RunEnvironment    func(unsafe.Pointer)
	RunParameter      func(unsafe.Pointer, uint32, unsafe.Pointer)
	RunOutputOf       func(unsafe.Pointer, uint32, unsafe.Pointer)
	RunAttempt        func() int32
	RunIdempotencyKey func(unsafe.Pointer)
	RunRemember       func(unsafe.Pointer, uint32, unsafe.Pointer, uint32, unsafe.Pointer)
	RunRecall         func(unsafe.Pointer, uint32, unsafe.Pointer)
	RunGiveUp         func(unsafe.Pointer, uint32)

	LogDebug    func(unsafe.Pointer, uint32, unsafe.Pointer, uint32)
	LogInfo     func(unsafe.Pointer, uint32, unsafe.Pointer, uint32)
	LogWarn     func(unsafe.Pointer, uint32, unsafe.Pointer, uint32)
	LogError    func(unsafe.Pointer, uint32, unsafe.Pointer, uint32)
	LogProgress func(int32, int32, unsafe.Pointer, uint32)

	ClockNow        func(unsafe.Pointer)
	ClockPause      func(int32, unsafe.Pointer)
	ClockSleep      func(int32, unsafe.Pointer)
	ClockSleepUntil func(unsafe.Pointer, uint32, unsafe.Pointer)

	RandomBytes func(int32, unsafe.Pointer)
	RandomUuid  func(unsafe.Pointer)

	ArtifactSealedId        func(int32, unsafe.Pointer)
	ArtifactSealedDigest    func(int32, unsafe.Pointer)
	ArtifactSealedSize      func(int32, unsafe.Pointer)
	ArtifactSealedRead      func(int32, int32, int32, unsafe.Pointer)
	ArtifactDraft           func(unsafe.Pointer, uint32) int32
	ArtifactDraftAppend     func(int32, unsafe.Pointer, uint32)
	ArtifactDraftAppendText func(int32, unsafe.Pointer, uint32)
	ArtifactDraftSeal       func(int32, unsafe.Pointer)
	ArtifactById            func(unsafe.Pointer, uint32, unsafe.Pointer)
	ArtifactSealedDrop      func(int32)
	ArtifactDraftDrop       func(int32)

	HttpRequest           func(unsafe.Pointer, uint32, unsafe.Pointer, uint32) int32
	HttpRequestHeader     func(int32, unsafe.Pointer, uint32, unsafe.Pointer, uint32)
	HttpRequestBody       func(int32, unsafe.Pointer, uint32)
	HttpRequestBodyText   func(int32, unsafe.Pointer, uint32)
	HttpRequestTimeout    func(int32, int32)
	HttpRequestRedirects  func(int32, int32)
	HttpRequestIdempotent func(int32)
	HttpRequestProbe      func(int32, int32)
	HttpRequestAsProbe    func(int32) int32
	HttpRequestCapture    func(int32, unsafe.Pointer, uint32, unsafe.Pointer, uint32)
	HttpRequestSend       func(int32, unsafe.Pointer)
	HttpResponseStatus    func(int32) int32
	HttpResponseHeader    func(int32, unsafe.Pointer, uint32, unsafe.Pointer)
	HttpResponseHeaders   func(int32, unsafe.Pointer)
	HttpResponseBody      func(int32, unsafe.Pointer)
	HttpResponseBodyText  func(int32, unsafe.Pointer)
	HttpResponseTruncated func(int32) int32
	HttpResponseUrl       func(int32, unsafe.Pointer)
	HttpResponseTiming    func(int32, unsafe.Pointer)
	HttpRequestDrop       func(int32)
	HttpResponseDrop      func(int32)

	ShellCommand           func(unsafe.Pointer, uint32, unsafe.Pointer, uint32) int32
	ShellCommandEnv        func(int32, unsafe.Pointer, uint32, unsafe.Pointer, uint32)
	ShellCommandDirectory  func(int32, unsafe.Pointer, uint32)
	ShellCommandStdin      func(int32, unsafe.Pointer, uint32)
	ShellCommandStdinText  func(int32, unsafe.Pointer, uint32)
	ShellCommandTimeout    func(int32, int32)
	ShellCommandIdempotent func(int32)
	ShellCommandProbe      func(int32, int32)
	ShellCommandAsProbe    func(int32) int32
	ShellCommandRun        func(int32, unsafe.Pointer)
	ShellExitCode          func(int32) int32
	ShellExitStdout        func(int32, unsafe.Pointer)
	ShellExitStdoutText    func(int32, unsafe.Pointer)
	ShellExitStderr        func(int32, unsafe.Pointer)
	ShellExitStderrText    func(int32, unsafe.Pointer)
	ShellExitTruncated     func(int32) int32
	ShellExitDuration      func(int32) int32
	ShellCommandDrop       func(int32)
	ShellExitDrop          func(int32)

	FilesRead             func(unsafe.Pointer, uint32, unsafe.Pointer)
	FilesReadText         func(unsafe.Pointer, uint32, unsafe.Pointer)
	FilesWrite            func(unsafe.Pointer, uint32, unsafe.Pointer, uint32, unsafe.Pointer)
	FilesWriteText        func(unsafe.Pointer, uint32, unsafe.Pointer, uint32, unsafe.Pointer)
	FilesAppendText       func(unsafe.Pointer, uint32, unsafe.Pointer, uint32, unsafe.Pointer)
	FilesAppendTextProbed func(unsafe.Pointer, uint32, unsafe.Pointer, uint32, int32, unsafe.Pointer)
	FilesDigestProbe      func(unsafe.Pointer, uint32, unsafe.Pointer, uint32) int32
	FilesLook             func(unsafe.Pointer, uint32, unsafe.Pointer)
	FilesEntryKind        func(int32, unsafe.Pointer)
	FilesEntrySize        func(int32, unsafe.Pointer)
	FilesEntryModified    func(int32, unsafe.Pointer)
	FilesEntryTarget      func(int32, unsafe.Pointer)
	FilesEntries          func(unsafe.Pointer, uint32, unsafe.Pointer)
	FilesMakeDirectory    func(unsafe.Pointer, uint32, unsafe.Pointer)
	FilesRemove           func(unsafe.Pointer, uint32, unsafe.Pointer)
	FilesLink             func(unsafe.Pointer, uint32, unsafe.Pointer, uint32, unsafe.Pointer)
	FilesDigest           func(unsafe.Pointer, uint32, unsafe.Pointer)
	FilesDiskFree         func(unsafe.Pointer, uint32, unsafe.Pointer)
	FilesKeep             func(unsafe.Pointer, uint32, unsafe.Pointer, uint32, unsafe.Pointer)
	FilesPlace            func(unsafe.Pointer, uint32, int32, int32, unsafe.Pointer)
	FilesEntryDrop        func(int32)

	SecretValueId     func(int32, unsafe.Pointer)
	SecretValueMarker func(int32, unsafe.Pointer)
	SecretById        func(unsafe.Pointer, uint32, unsafe.Pointer)
	SecretValueDrop   func(int32)
)

// What a host asks for: the SDK puts its answers here.
var (
	ProcedureDescribe func()
	ProcedurePlan     func() unsafe.Pointer
	ProcedureRunStep  func(unsafe.Pointer, uint32) unsafe.Pointer
	ProcedureUndoStep func(unsafe.Pointer, uint32) unsafe.Pointer
)

// block is memory that was given an address: those of the machine have more than 32 bits.
type block struct {
	begin, size uint32
	at          unsafe.Pointer
}

var blocks []block

// address makes up one, behind all others.
func address(at unsafe.Pointer, size uint32) uint32 {
	begin := uint32(8)
	if count := len(blocks); count > 0 {
		begin = blocks[count-1].begin + blocks[count-1].size + 8
	}
	blocks = append(blocks, block{begin, size, at})
	return begin
}

func pointer(address uint32) unsafe.Pointer {
	for _, block := range blocks {
		if address >= block.begin && address-block.begin <= block.size {
			return unsafe.Add(block.at, address-block.begin)
		}
	}
	return nil
}
