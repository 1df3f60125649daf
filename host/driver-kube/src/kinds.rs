//! What the server calls a kind: its plural, and whether its objects belong to a namespace. Asked, never guessed.

use serde_json::Value;

/// A kind as it stands in paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resource {
    api_version: String,
    plural: String,
    pub(crate) namespaced: bool,
}

impl Resource {
    /// Of the kinds that every cluster has, for what is looked up beside an object.
    pub(crate) fn built_in(api_version: &str, plural: &str) -> Self {
        Self { api_version: api_version.to_owned(), plural: plural.to_owned(), namespaced: true }
    }

    /// Where its objects are; with no namespace, all of them.
    pub(crate) fn path(&self, namespace: &str) -> String {
        let Self { api_version, plural, .. } = self;
        let root = if api_version.contains('/') { "/apis" } else { "/api" };
        let within = if namespace.is_empty() { String::new() } else { format!("/namespaces/{namespace}") };
        format!("{root}/{api_version}{within}/{plural}")
    }
}

/// The kind in the server's list of the resources of a version.
pub(crate) fn listed(api_version: &str, kind: &str, list: &Value) -> Option<Resource> {
    let resources = list["resources"].as_array()?;
    let found = resources.iter().find(|resource| resource["kind"] == kind && resource["name"].as_str().is_some_and(|name| !name.contains('/')))?;
    Some(Resource { api_version: api_version.to_owned(), plural: found["name"].as_str()?.to_owned(), namespaced: found["namespaced"] == true })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::listed;

    #[test]
    fn a_kind_is_found_by_the_servers_list_and_a_subresource_is_not_it() {
        let list = json!({"resources": [
            {"name": "deployments/scale", "kind": "Scale", "namespaced": true},
            {"name": "deployments", "kind": "Deployment", "namespaced": true},
            {"name": "ingressclasses", "kind": "IngressClass", "namespaced": false},
        ]});
        assert_eq!(listed("apps/v1", "Deployment", &list).unwrap().path("shop"), "/apis/apps/v1/namespaces/shop/deployments");
        assert_eq!(listed("networking.k8s.io/v1", "IngressClass", &list).unwrap().path(""), "/apis/networking.k8s.io/v1/ingressclasses");
        assert_eq!(listed("apps/v1", "Scale", &list), None);
    }
}
