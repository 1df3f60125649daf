//! What an object says of itself: its identity, its pod template, its images. Read out of JSON that a server made.

use lockstep_model::Failure;
use lockstep_model::request::{KubeChange, KubeRevision, KubeVersion};
use serde_json::{Map, Value, json};

/// The annotation by which a change is known again.
pub(crate) const CALL: &str = "lockstep.dev/call";

/// What the server alone says of an object: of no use to put it back, and long.
const SERVERS_OWN: [&str; 7] = ["managedFields", "uid", "resourceVersion", "generation", "creationTimestamp", "selfLink", "deletionTimestamp"];

/// The largest number of replicas: what the contract says.
const MOST_REPLICAS: u64 = 100_000;

/// A text in it.
pub(crate) fn text<'o>(object: &'o Value, pointer: &str) -> &'o str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// A count in it; 0 when there is none.
pub(crate) fn count(object: &Value, pointer: &str) -> u64 {
    object.pointer(pointer).and_then(Value::as_u64).unwrap_or_default()
}

/// The members of a list in it.
pub(crate) fn list<'o>(object: &'o Value, pointer: &str) -> &'o [Value] {
    object.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Which state of which object.
pub(crate) fn version(object: &Value) -> KubeVersion {
    let version = match object.pointer("/metadata/generation").and_then(Value::as_i64) {
        Some(generation) => format!("generation {generation}"),
        None => format!("resource {}", text(object, "/metadata/resourceVersion")),
    };
    KubeVersion { uid: text(object, "/metadata/uid").to_owned(), version }
}

/// The mark that a change has left.
pub(crate) fn mark(object: &Value) -> Option<&str> {
    object.pointer("/metadata/annotations")?.get(CALL)?.as_str()
}

/// The object for a guest and the journal: without the server's bookkeeping, and without the values of a `Secret`.
pub(crate) fn shown(mut object: Value) -> String {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            // As long as the object once more, and with the values of a Secret in it.
            annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
        }
    }
    if object["kind"] == "Secret" {
        for part in ["data", "stringData"] {
            let values = object.get_mut(part).and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut);
            values.for_each(|value| *value = json!("…"));
        }
    }
    object.to_string()
}

/// How it stands, to be put back. `images`: what its running pods have.
pub(crate) fn revision(object: Value, images: Vec<(String, String)>) -> KubeRevision {
    let version = version(&object);
    let template = object.pointer("/spec/template").filter(|template| template.is_object()).map(Value::to_string);
    let replicas = object.pointer("/spec/replicas").and_then(Value::as_u64).filter(|count| *count <= MOST_REPLICAS).and_then(|count| u32::try_from(count).ok());
    let mut kept = object;
    if let Some(whole) = kept.as_object_mut() {
        whole.remove("status");
        if let Some(metadata) = whole.get_mut("metadata").and_then(Value::as_object_mut) {
            SERVERS_OWN.iter().for_each(|field| drop(metadata.remove(*field)));
            if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
                annotations.remove(CALL);
            }
        }
    }
    KubeRevision { version, object: Some(shown(kept)), template, replicas, images }
}

/// What a change has made of it.
pub(crate) fn change(object: Value) -> KubeChange {
    let unpinned = containers(&object).map(|container| text(container, "/image")).filter(|image| !image.is_empty() && !image.contains("@sha256:"));
    let unpinned = unpinned.map(str::to_owned).collect();
    KubeChange { unpinned, object: shown(object) }
}

/// The containers of a workload's pod template.
pub(crate) fn containers(object: &Value) -> impl Iterator<Item = &Value> {
    ["/spec/template/spec/initContainers", "/spec/template/spec/containers"].into_iter().flat_map(|pointer| list(object, pointer))
}

/// The workload with another image in one of its containers.
pub(crate) fn with_image(object: &Value, container: &str, image: &str) -> Result<Value, Failure> {
    let mut wanted = object.clone();
    let lists = wanted.pointer_mut("/spec/template/spec").and_then(Value::as_object_mut).into_iter().flat_map(|spec| {
        spec.iter_mut().filter(|(key, _)| matches!(key.as_str(), "containers" | "initContainers")).filter_map(|(_, list)| list.as_array_mut())
    });
    let found = lists.flatten().find(|candidate| candidate["name"] == container).and_then(Value::as_object_mut);
    let Some(found) = found else {
        let known: Vec<&str> = containers(object).map(|container| text(container, "/name")).collect();
        return Err(Failure::problem("kube.invalid", format!("there is no container `{container}`; there is {}", known.join(", "))));
    };
    found.insert("image".to_owned(), json!(image));
    Ok(wanted)
}

/// Labels as a selector: those that a workload's pods have.
pub(crate) fn selector(object: &Value) -> Option<String> {
    let labels = object.pointer("/spec/selector/matchLabels")?.as_object()?;
    let pairs: Vec<String> = labels.iter().filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?))).collect();
    (!pairs.is_empty()).then(|| pairs.join(","))
}

/// Container and image of a workload: with the digest that every one of its pods has which runs what the template says; as the template says else.
pub(crate) fn images(object: &Value, pods: &[Value]) -> Vec<(String, String)> {
    let pinned = |name: &str, image: &str| {
        let mut found: Option<&str> = None;
        for status in pods.iter().flat_map(|pod| list(pod, "/status/containerStatuses")).filter(|status| status["name"] == name && status["image"] == image) {
            let digest = text(status, "/imageID").rsplit_once("@sha256:").map(|(_, digest)| digest)?;
            if found.is_some_and(|before| before != digest) {
                return None;
            }
            found = Some(digest);
        }
        Some(format!("{}@sha256:{}", without_tag(image), found?))
    };
    containers(object)
        .map(|container| (text(container, "/name"), text(container, "/image")))
        .map(|(name, image)| (name.to_owned(), pinned(name, image).unwrap_or_else(|| image.to_owned())))
        .collect()
}

/// `registry:5000/shop/api`, of `registry:5000/shop/api:1.2`.
fn without_tag(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    match image.rsplit_once(':') {
        Some((before, tag)) if !tag.contains('/') => before,
        Some(_) | None => image,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{change, images, revision, shown, with_image};

    const DIGEST: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn deployment(image: &str) -> Value {
        json!({
            "kind": "Deployment",
            "metadata": {"name": "api", "uid": "u1", "generation": 4, "resourceVersion": "99", "managedFields": [{}], "annotations": {"lockstep.dev/call": "k", "team": "shop"}},
            "spec": {"replicas": 3, "template": {"spec": {"containers": [{"name": "api", "image": image}]}}},
            "status": {"replicas": 3},
        })
    }

    #[test]
    fn a_revision_keeps_what_can_be_put_back_and_which_state_it_was() {
        let revision = revision(deployment("api:1"), Vec::new());
        assert_eq!((revision.version.uid.as_str(), revision.version.version.as_str(), revision.replicas), ("u1", "generation 4", Some(3)));
        let kept: Value = serde_json::from_str(&revision.object.unwrap()).unwrap();
        assert_eq!(kept["metadata"], json!({"name": "api", "annotations": {"team": "shop"}}));
        assert!(kept.get("status").is_none());
        assert_eq!(revision.template.unwrap(), r#"{"spec":{"containers":[{"image":"api:1","name":"api"}]}}"#);
    }

    #[test]
    fn t19_the_image_is_recorded_with_the_digest_that_all_its_pods_run() {
        let pod = |image: &str, id: &str| json!({"status": {"containerStatuses": [{"name": "api", "image": image, "imageID": id}]}});
        let id = format!("docker.io/shop/api@sha256:{DIGEST}");
        let of = |pods: &[Value]| images(&deployment("registry:5000/shop/api:1"), pods).remove(0).1;
        let image = "registry:5000/shop/api:1";
        assert_eq!(of(&[pod(image, &id), pod(image, &id)]), format!("registry:5000/shop/api@sha256:{DIGEST}"));
        assert_eq!(of(&[pod(image, &id), pod(image, &id.replace('0', "1"))]), image, "two digests under one tag are none");
        assert_eq!(of(&[pod("registry:5000/shop/api:0", &id)]), image, "a pod of another version tells nothing");
        assert_eq!(of(&[]), image);
    }

    #[test]
    fn a_change_says_which_images_are_not_pinned() {
        assert_eq!(change(deployment("api:2")).unpinned, ["api:2"]);
        assert!(change(deployment(&format!("api@sha256:{DIGEST}"))).unpinned.is_empty());
    }

    #[test]
    fn another_image_goes_into_the_container_that_is_named_and_nowhere_else() {
        let wanted = with_image(&deployment("api:1"), "api", "api:2").unwrap();
        assert_eq!(wanted["spec"]["template"]["spec"]["containers"][0]["image"], "api:2");
        let failure = with_image(&deployment("api:1"), "web", "api:2").unwrap_err();
        assert!(failure.code() == "kube.invalid" && failure.message().contains("there is api"), "{failure}");
    }

    #[test]
    fn the_values_of_a_secret_are_not_shown() {
        let secret = json!({"kind": "Secret", "data": {"password": "aHVudGVyMg=="}, "metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "aHVudGVyMg=="}}});
        let text = shown(secret);
        assert!(text.contains("password") && !text.contains("aHVudGVyMg"), "{text}");
    }
}
