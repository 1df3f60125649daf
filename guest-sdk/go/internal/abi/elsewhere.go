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
	ArtifactSealedReadAt    func(int32, unsafe.Pointer, uint32, int32, unsafe.Pointer)

	HttpRequest              func(unsafe.Pointer, uint32, unsafe.Pointer, uint32) int32
	HttpRequestHeader        func(int32, unsafe.Pointer, uint32, unsafe.Pointer, uint32)
	HttpRequestBody          func(int32, unsafe.Pointer, uint32)
	HttpRequestBodyText      func(int32, unsafe.Pointer, uint32)
	HttpRequestBodyArtifact  func(int32, int32)
	HttpRequestTimeout       func(int32, int32)
	HttpRequestRedirects     func(int32, int32)
	HttpRequestIdempotent    func(int32)
	HttpRequestIntoArtifact  func(int32, unsafe.Pointer, uint32)
	HttpRequestProbe         func(int32, int32)
	HttpRequestAsProbe       func(int32) int32
	HttpRequestCapture       func(int32, unsafe.Pointer, uint32, unsafe.Pointer, uint32)
	HttpRequestSend          func(int32, unsafe.Pointer)
	HttpResponseStatus       func(int32) int32
	HttpResponseHeader       func(int32, unsafe.Pointer, uint32, unsafe.Pointer)
	HttpResponseHeaders      func(int32, unsafe.Pointer)
	HttpResponseBody         func(int32, unsafe.Pointer)
	HttpResponseBodyText     func(int32, unsafe.Pointer)
	HttpResponseBodyArtifact func(int32, unsafe.Pointer)
	HttpResponseTruncated    func(int32) int32
	HttpResponseUrl          func(int32, unsafe.Pointer)
	HttpResponseTiming       func(int32, unsafe.Pointer)
	HttpRequestDrop          func(int32)
	HttpResponseDrop         func(int32)
	HttpBatch                func() int32
	HttpBatchAdd             func(int32, int32)
	HttpBatchDrop            func(int32)
	HttpBatchResponse        func(int32, int32, unsafe.Pointer)
	HttpBatchSend            func(int32, unsafe.Pointer)
	HttpRequestPart          func(int32, unsafe.Pointer, uint32, unsafe.Pointer, uint32)
	HttpRequestPartFile      func(int32, unsafe.Pointer, uint32, unsafe.Pointer, uint32, unsafe.Pointer, uint32, unsafe.Pointer, uint32)
	HttpRequestPoll          func(int32, int32, int32)
	HttpRequestUntilJson     func(int32, unsafe.Pointer, uint32, unsafe.Pointer, uint32)
	HttpRequestUntilStatus   func(int32, int32)
	HttpRequestUntilText     func(int32, unsafe.Pointer, uint32)
	HttpResponseTries        func(int32) int32

	ShellCommand               func(unsafe.Pointer, uint32, unsafe.Pointer, uint32) int32
	ShellCommandEnv            func(int32, unsafe.Pointer, uint32, unsafe.Pointer, uint32)
	ShellCommandDirectory      func(int32, unsafe.Pointer, uint32)
	ShellCommandStdin          func(int32, unsafe.Pointer, uint32)
	ShellCommandStdinText      func(int32, unsafe.Pointer, uint32)
	ShellCommandTimeout        func(int32, int32)
	ShellCommandIdempotent     func(int32)
	ShellCommandProbe          func(int32, int32)
	ShellCommandAsProbe        func(int32) int32
	ShellCommandRun            func(int32, unsafe.Pointer)
	ShellExitCode              func(int32) int32
	ShellExitStdout            func(int32, unsafe.Pointer)
	ShellExitStdoutText        func(int32, unsafe.Pointer)
	ShellExitStderr            func(int32, unsafe.Pointer)
	ShellExitStderrText        func(int32, unsafe.Pointer)
	ShellExitTruncated         func(int32) int32
	ShellExitDuration          func(int32) int32
	ShellCommandDrop           func(int32)
	ShellExitDrop              func(int32)
	ShellCommandEnvFile        func(int32, unsafe.Pointer, uint32, unsafe.Pointer, uint32)
	ShellCommandStdinArtifact  func(int32, int32)
	ShellCommandStdoutArtifact func(int32, unsafe.Pointer, uint32)
	ShellExitStdoutArtifact    func(int32, unsafe.Pointer)
	ShellCommandSuccessCode    func(int32, int32)
	ShellExitIsSuccess         func(int32) int32

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

	DbDatabaseCommit          func(int32, int32, unsafe.Pointer)
	DbDatabaseDrop            func(int32)
	DbDatabaseEngine          func(int32, unsafe.Pointer)
	DbDatabaseExecute         func(int32, int32, unsafe.Pointer)
	DbDatabaseOpen            func(unsafe.Pointer, uint32, unsafe.Pointer)
	DbDatabasePing            func(int32, unsafe.Pointer)
	DbDatabaseQuery           func(int32, int32, unsafe.Pointer)
	DbDatabaseBackupIn        func(int32, int32, unsafe.Pointer)
	DbDatabaseMakeBackup      func(int32, int32, unsafe.Pointer)
	DbDatabaseRestore         func(int32, int32, unsafe.Pointer)
	DbDatabaseRestoreOver     func(int32, int32, unsafe.Pointer)
	DbDatabaseVerifyBackup    func(int32, int32, unsafe.Pointer)
	DbDoneAffected            func(int32, int32, unsafe.Pointer)
	DbDoneCount               func(int32) int32
	DbDoneDrop                func(int32)
	DbDoneReturned            func(int32, int32) int32
	DbRowsCell                func(int32, int32, int32, unsafe.Pointer)
	DbRowsCellBytes           func(int32, int32, int32, unsafe.Pointer)
	DbRowsColumns             func(int32, unsafe.Pointer)
	DbRowsCount               func(int32) int32
	DbRowsDrop                func(int32)
	DbRowsTruncated           func(int32) int32
	DbStatement               func(unsafe.Pointer, uint32) int32
	DbStatementBindBoolean    func(int32, int32)
	DbStatementBindBytes      func(int32, unsafe.Pointer, uint32)
	DbStatementBindDecimal    func(int32, unsafe.Pointer, uint32)
	DbStatementBindFloat      func(int32, float64)
	DbStatementBindInteger    func(int32, unsafe.Pointer, uint32)
	DbStatementBindJson       func(int32, unsafe.Pointer, uint32)
	DbStatementBindNull       func(int32)
	DbStatementBindText       func(int32, unsafe.Pointer, uint32)
	DbStatementBindTimestamp  func(int32, unsafe.Pointer, uint32)
	DbStatementDrop           func(int32)
	DbStatementIdempotent     func(int32)
	DbStatementLimitRows      func(int32, int32)
	DbStatementTimeout        func(int32, int32)
	DbTransaction             func() int32
	DbTransactionAdd          func(int32, int32)
	DbTransactionDrop         func(int32)
	DbTransactionExpectRows   func(int32, int32)
	DbTransactionIdempotent   func(int32)
	DbTransactionTimeout      func(int32, int32)
	DbBackupArtifact          func(int32) int32
	DbBackupDatabase          func(int32, unsafe.Pointer)
	DbBackupDrop              func(int32)
	DbBackupEngine            func(int32, unsafe.Pointer)
	DbBackupFormat            func(int32, unsafe.Pointer)
	DbBackupOrder             func(unsafe.Pointer, uint32) int32
	DbBackupOrderAtLeastBytes func(int32, unsafe.Pointer, uint32)
	DbBackupOrderAtLeastRows  func(int32, unsafe.Pointer, uint32, unsafe.Pointer, uint32)
	DbBackupOrderDrop         func(int32)
	DbBackupOrderTimeout      func(int32, int32)
	DbBackupServerVersion     func(int32, unsafe.Pointer)
	DbBackupTables            func(int32, unsafe.Pointer)
	DbMigration               func(unsafe.Pointer, uint32, unsafe.Pointer, uint32, unsafe.Pointer, uint32) int32
	DbMigrationChecksum       func(int32, unsafe.Pointer)
	DbMigrationDown           func(int32, int32, unsafe.Pointer)
	DbMigrationDownScript     func(int32, unsafe.Pointer, uint32)
	DbMigrationDrop           func(int32)
	DbMigrationHistory        func(int32, unsafe.Pointer)
	DbMigrationTimeout        func(int32, int32)
	DbMigrationUp             func(int32, int32, unsafe.Pointer)
	DbMigrationWithoutBackup  func(int32, unsafe.Pointer, uint32)

	RedisReplyBytes          func(int32, unsafe.Pointer)
	RedisReplyCount          func(int32) int32
	RedisReplyDrop           func(int32)
	RedisReplyInteger        func(int32, unsafe.Pointer)
	RedisReplyJson           func(int32, unsafe.Pointer)
	RedisReplyKind           func(int32, unsafe.Pointer)
	RedisReplyPart           func(int32, int32, unsafe.Pointer)
	RedisReplyText           func(int32, unsafe.Pointer)
	RedisScannedDrop         func(int32)
	RedisScannedKeys         func(int32, unsafe.Pointer)
	RedisScannedSlowest      func(int32) int32
	RedisScannedTotal        func(int32) int32
	RedisStoreDeleteByPrefix func(int32, unsafe.Pointer, uint32, int32, unsafe.Pointer)
	RedisStoreDrop           func(int32)
	RedisStoreInfo           func(int32, unsafe.Pointer, uint32, unsafe.Pointer)
	RedisStoreOpen           func(unsafe.Pointer, uint32, unsafe.Pointer)
	RedisStorePing           func(int32, unsafe.Pointer)
	RedisStoreRun            func(int32, unsafe.Pointer, uint32, unsafe.Pointer)
	RedisStoreRunText        func(int32, unsafe.Pointer, uint32, unsafe.Pointer)
	RedisStoreScan           func(int32, unsafe.Pointer, uint32, int32, unsafe.Pointer)
	RedisStoreTimeout        func(int32, int32)

	KubeChangeDrop             func(int32)
	KubeChangeObject           func(int32, unsafe.Pointer)
	KubeChangeUnpinned         func(int32, unsafe.Pointer)
	KubeRevisionDrop           func(int32)
	KubeRevisionImage          func(int32, unsafe.Pointer, uint32, unsafe.Pointer)
	KubeRevisionObject         func(int32, unsafe.Pointer)
	KubeRevisionParse          func(unsafe.Pointer, uint32, unsafe.Pointer)
	KubeRevisionReplicas       func(int32, unsafe.Pointer)
	KubeRevisionText           func(int32, unsafe.Pointer)
	KubeSelection              func(unsafe.Pointer, uint32, unsafe.Pointer, uint32, unsafe.Pointer, uint32) int32
	KubeSelectionDrop          func(int32)
	KubeSelectionEntries       func(int32, unsafe.Pointer)
	KubeSelectionFields        func(int32, unsafe.Pointer, uint32)
	KubeSelectionLabels        func(int32, unsafe.Pointer, uint32)
	KubeSelectionLimit         func(int32, int32)
	KubeTarget                 func(unsafe.Pointer, uint32, unsafe.Pointer, uint32, unsafe.Pointer, uint32, unsafe.Pointer, uint32) int32
	KubeTargetApply            func(int32, int32, unsafe.Pointer, uint32, unsafe.Pointer)
	KubeTargetDelete           func(int32, int32, unsafe.Pointer)
	KubeTargetDrop             func(int32)
	KubeTargetDryRun           func(int32)
	KubeTargetEvents           func(int32, unsafe.Pointer)
	KubeTargetForce            func(int32)
	KubeTargetLogs             func(int32, unsafe.Pointer, uint32, int32, int32, unsafe.Pointer)
	KubeTargetPatch            func(int32, int32, unsafe.Pointer, uint32, unsafe.Pointer)
	KubeTargetRead             func(int32, unsafe.Pointer)
	KubeTargetRestart          func(int32, int32, unsafe.Pointer)
	KubeTargetRevision         func(int32, unsafe.Pointer)
	KubeTargetRolloutStatus    func(int32, unsafe.Pointer)
	KubeTargetRolloutUndo      func(int32, int32, unsafe.Pointer)
	KubeTargetScale            func(int32, int32, int32, unsafe.Pointer)
	KubeTargetSetImage         func(int32, int32, unsafe.Pointer, uint32, unsafe.Pointer, uint32, unsafe.Pointer)
	KubeTargetTimeout          func(int32, int32)
	KubeTargetWaitForCondition func(int32, unsafe.Pointer, uint32, unsafe.Pointer, uint32, unsafe.Pointer)
	KubeTargetWaitForDeleted   func(int32, unsafe.Pointer)
	KubeTargetWaitForJson      func(int32, unsafe.Pointer, uint32, unsafe.Pointer, uint32, unsafe.Pointer)

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
