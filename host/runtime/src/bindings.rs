//! What the contract looks like in Rust: generated from `wit/`, so that a host function that is missing does not compile.
//!
//! Every import may trap: that is how an attempt ends from the host's side. `failure` is `Refusal` on the way out, so that `?` serves for both.

wasmtime::component::bindgen!({
    path: "../../wit",
    inline: "
        package lockstep:host;

        world everything {
            include lockstep:contract/base@0.1.0;
            include lockstep:contract/with-http@0.1.0;
            include lockstep:contract/with-shell@0.1.0;
            include lockstep:contract/with-files@0.1.0;
            include lockstep:contract/with-redis@0.1.0;
            include lockstep:contract/with-secret@0.1.0;
            include lockstep:contract/with-kube@0.1.0;
            include lockstep:contract/with-db@0.1.0;
        }
    ",
    imports: { default: trappable },
    trappable_error_type: { "lockstep:contract/types.failure" => crate::ended::Refusal },
    with: {
        "lockstep:contract/plan.description": crate::host::plan::DescriptionHandle,
        "lockstep:contract/plan.parameter": crate::host::plan::ParameterHandle,
        "lockstep:contract/plan.step": crate::host::plan::StepHandle,
        "lockstep:contract/artifact.sealed": lockstep_model::request::SealedArtifact,
        "lockstep:contract/artifact.draft": crate::host::artifact::Draft,
        "lockstep:contract/types.probe": crate::host::probe::Draft,
        "lockstep:contract/http.request": crate::host::http::Draft,
        "lockstep:contract/http.response": lockstep_model::request::HttpResponse,
        "lockstep:contract/http.batch": crate::host::http::Batch,
        "lockstep:contract/shell.command": crate::host::shell::Draft,
        "lockstep:contract/shell.exit": lockstep_model::request::ShellResponse,
        "lockstep:contract/files.entry": lockstep_model::request::Entry,
        "lockstep:contract/redis.store": crate::host::redis::Store,
        "lockstep:contract/redis.scanned": lockstep_model::request::Scanned,
        "lockstep:contract/redis.reply": lockstep_model::request::RedisReply,
        "lockstep:contract/db.database": crate::host::db::Database,
        "lockstep:contract/db.statement": crate::host::db::statement::Draft,
        "lockstep:contract/db.transaction": crate::host::db::statement::Together,
        "lockstep:contract/db.backup-order": crate::host::db::backup::Order,
        "lockstep:contract/db.backup": lockstep_model::request::DbBackup,
        "lockstep:contract/db.done": crate::host::db::Done,
        "lockstep:contract/db.migration": crate::host::db::migration::Written,
        "lockstep:contract/db.rows": lockstep_model::request::DbRows,
        "lockstep:contract/secret.value": crate::host::secret::Handle,
        "lockstep:contract/kube.target": crate::host::kube::Target,
        "lockstep:contract/kube.selection": crate::host::kube::Selection,
        "lockstep:contract/kube.revision": lockstep_model::request::KubeRevision,
        "lockstep:contract/kube.change": lockstep_model::request::KubeChange,
    },
});
