//! Request parameters: from a query, a form or a JSON object, with repeats remembered.
//!
//! RFC 6749 section 3.1: parameters without a value count as absent, and none may occur twice.
//! What a repeat means differs by endpoint, so it is kept as a fact and judged there.

use std::collections::BTreeMap;

use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::encoding::form_decode;

/// The parameters of one request.
#[derive(Clone, Debug, Default)]
pub struct Params(BTreeMap<String, Value>);

#[derive(Clone, Debug, PartialEq)]
enum Value {
    One(String),
    /// Sent twice or more: no value can be told.
    Repeated,
    /// Not UTF-8.
    NotText,
}

/// Why a parameter has no usable value although it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Sent more than once.
    Repeated,
    /// Not UTF-8.
    NotText,
}

impl Fault {
    /// What is wrong, to follow the parameter's name.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Repeated => "is repeated",
            Self::NotText => "is not valid UTF-8",
        }
    }
}

/// A JSON body that is not an object of texts (and integers) with distinct keys.
#[derive(Debug, thiserror::Error)]
#[error("not a JSON object of strings with distinct names")]
pub struct NotParams;

impl Params {
    /// Reads `application/x-www-form-urlencoded`, from a body or a query.
    #[must_use]
    pub fn from_form(text: &[u8]) -> Self {
        let mut params = Self::default();
        for pair in text
            .split(|byte| *byte == b'&')
            .filter(|pair| !pair.is_empty())
        {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let name = halves.next().unwrap_or_default();
            let value = halves.next().unwrap_or_default();
            // A name that is not text is none of ours; keep the fact that something was wrong.
            let name = form_decode(name).unwrap_or_else(|| String::from("\u{fffd}"));
            params.add(name, form_decode(value).map_or(Value::NotText, Value::One));
        }
        params
    }

    /// Reads a JSON object of strings; an integer is taken as its decimal text.
    ///
    /// # Errors
    /// [`NotParams`] for anything else. A repeated key is not an error here but a [`Fault`].
    pub fn from_json(text: &[u8]) -> Result<Self, NotParams> {
        let mut reader = serde_json::Deserializer::from_slice(text);
        let params = reader
            .deserialize_map(ParamsVisitor)
            .map_err(|_| NotParams)?;
        reader.end().map_err(|_| NotParams)?;
        Ok(params)
    }

    fn add(&mut self, name: String, value: Value) {
        self.0
            .entry(name)
            .and_modify(|known| *known = Value::Repeated)
            .or_insert(value);
    }

    /// The value of `name`, if it was sent once, as text, and is not empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        match self.0.get(name) {
            Some(Value::One(value)) if !value.is_empty() => Some(value),
            _ => None,
        }
    }

    /// Whether `name` was sent once, without a value.
    #[must_use]
    pub fn is_empty(&self, name: &str) -> bool {
        matches!(self.0.get(name), Some(Value::One(value)) if value.is_empty())
    }

    /// What is wrong with `name`, if it was sent and has no usable value.
    #[must_use]
    pub fn fault(&self, name: &str) -> Option<Fault> {
        match self.0.get(name) {
            Some(Value::Repeated) => Some(Fault::Repeated),
            Some(Value::NotText) => Some(Fault::NotText),
            _ => None,
        }
    }

    /// The first parameter, of any name, that was repeated or is not text.
    #[must_use]
    pub fn any_fault(&self) -> Option<(&str, Fault)> {
        self.0.iter().find_map(|(name, value)| match value {
            Value::One(_) if name == "\u{fffd}" => Some((name.as_str(), Fault::NotText)),
            Value::One(_) => None,
            Value::Repeated => Some((name.as_str(), Fault::Repeated)),
            Value::NotText => Some((name.as_str(), Fault::NotText)),
        })
    }
}

/// Every value of `name` in a form, in order: for checkboxes, which repeat by design.
#[must_use]
pub fn all_values(form: &[u8], name: &str) -> Vec<String> {
    form.split(|byte| *byte == b'&')
        .filter_map(|pair| {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            (form_decode(halves.next()?)? == name).then_some(())?;
            form_decode(halves.next().unwrap_or_default())
        })
        .filter(|value| !value.is_empty())
        .collect()
}

struct ParamsVisitor;

impl<'de> Visitor<'de> for ParamsVisitor {
    type Value = Params;

    fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("an object of strings")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Params, M::Error> {
        let mut params = Params::default();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value::<Box<RawValue>>()?;
            let value = text_of(value.get())
                .ok_or_else(|| de::Error::custom("a value that is not a string"))?;
            params.add(name, Value::One(value));
        }
        Ok(params)
    }
}

/// A JSON string, or the digits of a JSON integer, however many: no number type has to hold them.
fn text_of(json: &str) -> Option<String> {
    if json.starts_with('"') {
        return serde_json::from_str(json).ok();
    }
    let digits = json.strip_prefix('-').unwrap_or(json);
    digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| json.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_of_any_length_is_its_decimal_text() {
        for integer in ["0", "-5", "18446744073709551616", "-9223372036854775809"] {
            let json = format!("{{\"a\":{integer}}}");
            let params = Params::from_json(json.as_bytes()).unwrap();
            assert_eq!(params.get("a"), Some(integer));
        }
        for bad in [
            "1.0", "-0.0", "1e3", "01", "+1", "-", "--1", "0x1", "Infinity",
        ] {
            let json = format!("{{\"a\":{bad}}}");
            assert!(Params::from_json(json.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_empty_parameter_counts_as_absent() {
        let params = Params::from_form(b"a=&b&c=1&&=x");
        assert_eq!(params.get("a"), None);
        assert_eq!(params.get("b"), None);
        assert_eq!(params.get("c"), Some("1"));
        assert_eq!(params.any_fault(), None);
        let empty = ["a", "b", "c", "d"].map(|name| params.is_empty(name));
        assert_eq!(empty, [true, true, false, false]);
    }

    #[test]
    fn a_repeat_is_remembered_and_has_no_value() {
        let params = Params::from_form(b"a=1&a=1&b=%ff");
        assert_eq!(params.get("a"), None);
        assert_eq!(params.fault("a"), Some(Fault::Repeated));
        assert_eq!(params.fault("b"), Some(Fault::NotText));
        let words = ["a", "b"].map(|name| params.fault(name).map(Fault::words));
        assert_eq!(words, [Some("is repeated"), Some("is not valid UTF-8")]);
        let json = Params::from_json(br#"{"a":"1","a":"2"}"#).unwrap();
        assert_eq!(json.fault("a"), Some(Fault::Repeated));
    }

    #[test]
    fn json_is_an_object_of_strings_and_integers() {
        let params = Params::from_json(br#"{"client_id":1001,"scope":"a b"}"#).unwrap();
        assert_eq!(params.get("client_id"), Some("1001"));
        assert_eq!(params.get("scope"), Some("a b"));
        for bad in [
            "",
            "[]",
            "\"a\"",
            "{\"a\":1.5}",
            "{\"a\":true}",
            "{\"a\":null}",
            "{\"a\":{}}",
            "{} {}",
            "{",
        ] {
            assert!(Params::from_json(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn checkboxes_give_every_value() {
        assert_eq!(
            all_values(b"scope=a&x=1&scope=b%20c&scope=", "scope"),
            ["a", "b c"]
        );
    }

    #[test]
    fn a_fault_of_any_parameter_is_found() {
        let fault = |form: &[u8]| {
            Params::from_form(form)
                .any_fault()
                .map(|(name, fault)| (name.to_owned(), fault))
        };
        assert_eq!(fault(b""), None);
        assert_eq!(fault(b"a=1&b="), None);
        assert_eq!(
            fault(b"a=1&b=2&b="),
            Some(("b".into(), Fault::Repeated)),
            "a repeat counts even without a value"
        );
        assert_eq!(fault(b"a=1&b=%ff"), Some(("b".into(), Fault::NotText)));
        assert_eq!(
            fault(b"a=1&%ff=1"),
            Some(("\u{fffd}".into(), Fault::NotText)),
            "a name that is not text"
        );
        assert_eq!(
            fault(b"%ff=1&%fe=2"),
            Some(("\u{fffd}".into(), Fault::Repeated))
        );
        assert_eq!(Params::from_form(b"a=1").fault("a"), None);
        assert_eq!(Params::from_form(b"a=1").fault("b"), None);
    }

    #[test]
    fn a_value_begins_at_the_first_equals_sign() {
        let params = Params::from_form(b"a=b=c&d==");
        assert_eq!(params.get("a"), Some("b=c"));
        assert_eq!(params.get("d"), Some("="));
        assert_eq!(all_values(b"a=b=c", "a"), ["b=c"]);
    }

    #[test]
    fn checkboxes_of_another_name_or_not_text_give_no_value() {
        assert!(all_values(b"scopes=a&scop=b&x=scope&scope=%ff&%ff=c&scope", "scope").is_empty());
        assert!(all_values(b"", "scope").is_empty());
    }
}
