//! What `wit-bindgen` makes of the contract at compile time, so that no generated code is kept in the repository.
//!
//! Private in all but name: `procedure!` expands in the author's crate and must reach it. Authors never do.

wit_bindgen::generate!({
    path: "wit",
    inline: "
        package lockstep:sdk;

        /// All that the SDK can speak. What a procedure does not use is gone from its component: the imports are its manifest.
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
    world: "lockstep:sdk/everything",
    generate_all,
    pub_export_macro: true,
    default_bindings_module: "lockstep::bindings",
});
