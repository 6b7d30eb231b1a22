//! JSON bodies, read field by field: every type is exact, no name occurs twice, none is left over.

use core::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::{Call, Stop};
use crate::directory::{legible, shown};
use crate::store::ports::Ports;

/// The most bytes of a body.
pub const LONGEST: usize = 256 * 1024;

fn invalid(text: &str) -> Stop {
    Stop::invalid_request(text)
}

fn unreadable(error: &serde_json::Error) -> Stop {
    let why = legible(&error.to_string());
    invalid(&format!("The body cannot be read: {why}."))
}

impl<P: Ports> Call<'_, P> {
    /// The body, which must be JSON.
    pub async fn body(&self) -> Result<Value, Stop> {
        if self.head.media_type().as_deref() != Some("application/json") {
            return Err(invalid("Send the body as application/json."));
        }
        let bytes = self.bytes().await?;
        let text =
            core::str::from_utf8(&bytes).map_err(|_| invalid("The body is not valid UTF-8."))?;
        if text.trim().is_empty() {
            return Err(invalid("The body is empty."));
        }
        serde_json::from_str::<Distinct>(text)
            .map(|body| body.0)
            .map_err(|error| unreadable(&error))
    }

    /// The fields of a body that must be an object.
    pub async fn fields(&self) -> Result<Fields, Stop> {
        Fields::of(self.body().await?, "")
    }

    /// The objects of a body that must be an array of them; `what` says of what.
    pub async fn array(&self, what: &str) -> Result<Vec<Fields>, Stop> {
        let Value::Array(items) = self.body().await? else {
            return Err(invalid(&format!("The body must be an array of {what}.")));
        };
        let fields = |(at, item)| Fields::of(item, &format!("{what}[{at}]"));
        items.into_iter().enumerate().map(fields).collect()
    }

    /// Checks that a call which takes nothing was sent nothing, or `{}`.
    pub async fn no_fields(&self) -> Result<(), Stop> {
        if self.head.media_type().as_deref() == Some("application/json") {
            let bytes = self.bytes().await?;
            let text = core::str::from_utf8(&bytes)
                .map_err(|_| invalid("The body is not valid UTF-8."))?;
            if text.trim().is_empty() {
                return Ok(());
            }
            let body =
                serde_json::from_str::<Distinct>(text).map_err(|error| unreadable(&error))?;
            return Fields::of(body.0, "")?.finish();
        }
        if self.bytes().await?.is_empty() {
            Ok(())
        } else {
            Err(invalid(
                "This call takes no body, or only {} as application/json.",
            ))
        }
    }

    async fn bytes(&self) -> Result<Vec<u8>, Stop> {
        self.ports
            .body(LONGEST)
            .await?
            .ok_or_else(|| invalid("The body is larger than 256 KiB."))
    }
}

/// The fields of a JSON object. Each is taken out by its name; what is left at the end is unknown.
#[derive(Debug)]
pub struct Fields {
    /// Where the object is in the body, for messages; empty for the body itself.
    at: String,
    map: Map<String, Value>,
}

impl Fields {
    fn of(value: Value, at: &str) -> Result<Self, Stop> {
        match value {
            Value::Object(map) => Ok(Self {
                at: at.to_owned(),
                map,
            }),
            _ if at.is_empty() => Err(invalid("The body must be a JSON object.")),
            _ => Err(invalid(&format!("{at} must be an object."))),
        }
    }

    fn path(&self, name: &str) -> String {
        if self.at.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.at)
        }
    }

    fn take<T>(
        &mut self,
        name: &str,
        what: &str,
        read: impl FnOnce(Value) -> Option<T>,
    ) -> Result<Option<T>, Stop> {
        match self.map.remove(name) {
            None => Ok(None),
            Some(value) => match read(value) {
                None => Err(invalid(&format!("{} must be {what}.", self.path(name)))),
                some => Ok(some),
            },
        }
    }

    /// A string.
    pub fn text(&mut self, name: &str) -> Result<Option<String>, Stop> {
        self.take(name, "a string", text)
    }

    /// A string or null.
    pub fn nullable_text(&mut self, name: &str) -> Result<Option<Option<String>>, Stop> {
        self.take(name, "a string or null", |value| nullable(value, text))
    }

    /// A whole number.
    pub fn number(&mut self, name: &str) -> Result<Option<u64>, Stop> {
        self.take(name, "a whole number of 0 or more", |value| whole(&value))
    }

    /// A whole number or null.
    pub fn nullable_number(&mut self, name: &str) -> Result<Option<Option<u64>>, Stop> {
        let read = |value| nullable(value, |value| whole(&value));
        self.take(name, "a whole number of 0 or more, or null", read)
    }

    /// `true` or `false`.
    pub fn flag(&mut self, name: &str) -> Result<Option<bool>, Stop> {
        self.take(name, "true or false", |value| value.as_bool())
    }

    /// An array of strings.
    pub fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>, Stop> {
        self.take(name, "an array of strings", |value| match value {
            Value::Array(items) => items.into_iter().map(text).collect(),
            _ => None,
        })
    }

    /// One of some words.
    pub fn word<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Result<Option<T>, Stop> {
        self.take(name, &listed(words), |value| word(&value, words))
    }

    /// An array of some words.
    pub fn words<T: Copy>(
        &mut self,
        name: &str,
        words: &[(&str, T)],
    ) -> Result<Option<Vec<T>>, Stop> {
        let what = format!("an array in which each item is {}", listed(words));
        self.take(name, &what, |value| {
            value
                .as_array()?
                .iter()
                .map(|item| word(item, words))
                .collect()
        })
    }

    /// What must not be left out.
    pub fn required<T>(&self, name: &str, value: Option<T>) -> Result<T, Stop> {
        value.ok_or_else(|| invalid(&format!("{} is missing.", self.path(name))))
    }

    /// Refuses fields that a `GET` shows and no call sets, in words: whoever changes what they read sends them back.
    pub fn only_shown(&self, names: &[&str]) -> Result<(), Stop> {
        match names.iter().find(|name| self.map.contains_key(**name)) {
            None => Ok(()),
            Some(name) => Err(invalid(&format!(
                "{} cannot be set. Leave it out.",
                self.path(name)
            ))),
        }
    }

    /// Every field has been taken; another one is refused.
    pub fn finish(self) -> Result<(), Stop> {
        match self.map.keys().next() {
            None => Ok(()),
            Some(name) if self.at.is_empty() => {
                Err(invalid(&format!("The field {} is unknown.", shown(name))))
            }
            Some(name) => Err(invalid(&format!(
                "The field {} is unknown in {}.",
                shown(name),
                self.at
            ))),
        }
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// A whole number as JSON Schema has it: `10.0` is one.
fn whole(value: &Value) -> Option<u64> {
    const MOST: f64 = 9_007_199_254_740_991.0;
    value.as_u64().or_else(|| {
        let number = value.as_f64()?;
        let sound = number.fract() == 0.0 && (0.0..=MOST).contains(&number);
        sound.then(|| format!("{number:.0}").parse().ok())?
    })
}

fn nullable<T>(value: Value, read: impl FnOnce(Value) -> Option<T>) -> Option<Option<T>> {
    if value.is_null() {
        Some(None)
    } else {
        read(value).map(Some)
    }
}

fn word<T: Copy>(value: &Value, words: &[(&str, T)]) -> Option<T> {
    let text = value.as_str()?;
    words
        .iter()
        .find(|(word, _)| *word == text)
        .map(|(_, value)| *value)
}

fn listed<T>(words: &[(&str, T)]) -> String {
    let quoted: Vec<String> = words.iter().map(|(word, _)| format!("'{word}'")).collect();
    quoted.join(" or ")
}

/// Any JSON value in which no object has a name twice.
struct Distinct(Value);

impl<'de> Deserialize<'de> for Distinct {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(DistinctVisitor).map(Self)
    }
}

struct DistinctVisitor;

impl<'de> Visitor<'de> for DistinctVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Number::from_f64(number).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(Distinct(item)) = items.next_element()? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom(format!(
                    "the field {} is repeated",
                    shown(&name)
                )));
            }
            let Distinct(value) = entries.next_value()?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}
