//! The merge patch (RFC 7386) that makes one object of another: so that what is put back is put back exactly, and nothing else is touched.

use serde_json::{Map, Value};

/// What to merge into `now` to get `wanted`. Lists are replaced whole, which the format wants.
pub(crate) fn patch(now: &Value, wanted: &Value) -> Value {
    let (Value::Object(now), Value::Object(wanted)) = (now, wanted) else { return wanted.clone() };
    let mut made = Map::new();
    for key in now.keys().filter(|key| !wanted.contains_key(*key)) {
        made.insert(key.clone(), Value::Null);
    }
    for (key, value) in wanted {
        match now.get(key) {
            Some(same) if same == value => {}
            Some(other) => drop(made.insert(key.clone(), patch(other, value))),
            None => drop(made.insert(key.clone(), value.clone())),
        }
    }
    Value::Object(made)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::patch;

    /// As the format says, in the words of its specification.
    fn merge(into: &mut Value, patch: &Value) {
        let Value::Object(parts) = patch else {
            *into = patch.clone();
            return;
        };
        if !into.is_object() {
            *into = json!({});
        }
        for (key, value) in parts {
            let object = into.as_object_mut().unwrap();
            if value.is_null() {
                object.remove(key);
            } else {
                merge(object.entry(key).or_insert(Value::Null), value);
            }
        }
    }

    #[test]
    fn merged_it_gives_exactly_what_was_wanted() {
        let now = json!({"a": 1, "b": {"c": [1, 2], "d": {"e": 1}}, "gone": {"x": 1}, "kind": "text"});
        for wanted in
            [json!({}), json!({"a": 2}), json!({"b": {"c": [2], "d": {}}, "new": {"y": [{"z": 1}]}}), json!({"kind": {"now": "an object"}}), now.clone()]
        {
            let mut made = now.clone();
            merge(&mut made, &patch(&now, &wanted));
            assert_eq!(made, wanted);
        }
        assert_eq!(patch(&now, &now), json!({}));
    }
}
