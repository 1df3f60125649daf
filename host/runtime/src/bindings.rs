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
            include lockstep:contract/with-secret@0.1.0;
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
        "lockstep:contract/shell.command": crate::host::shell::Draft,
        "lockstep:contract/shell.exit": lockstep_model::request::ShellResponse,
        "lockstep:contract/files.entry": lockstep_model::request::Entry,
        "lockstep:contract/secret.value": crate::host::secret::Handle,
    },
});
