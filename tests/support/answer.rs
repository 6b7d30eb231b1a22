//! What came back, taken apart.

use serde_json::Value;
use willcall::protocol::encoding::form_decode;
use willcall::web::reply::Reply;

/// An answer.
pub struct Answer(pub Reply);

/// Where an answer leads, and what it carries there.
#[derive(Debug)]
pub struct Redirect {
    /// The address without what was added.
    pub base: String,
    /// What was added, in order.
    pub params: Vec<(String, String)>,
}

impl Redirect {
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut found = self.params.iter().filter(|(known, _)| known == name);
        let first = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} is there twice");
        first
    }

    pub fn code(&self) -> &str {
        self.get("code").unwrap_or_else(|| panic!("{self:?}"))
    }

    pub fn error(&self) -> &str {
        self.get("error").unwrap_or_else(|| panic!("{self:?}"))
    }
}

impl Answer {
    pub fn status(&self) -> u16 {
        self.0.status
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.0.headers.iter().filter(|(known, _)| *known == name);
        let first = values.next().map(|(_, value)| &**value);
        assert!(
            name == "set-cookie" || values.next().is_none(),
            "{name} is there twice"
        );
        first
    }

    pub fn headers(&self, name: &str) -> Vec<&str> {
        let all = self.0.headers.iter().filter(|(known, _)| *known == name);
        all.map(|(_, value)| &**value).collect()
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.0.body.clone()).unwrap()
    }

    pub fn json(&self) -> Value {
        assert_eq!(
            self.header("content-type"),
            Some("application/json"),
            "{}",
            self.text()
        );
        serde_json::from_slice(&self.0.body).unwrap()
    }

    /// The JSON of a success that nobody may keep.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert_eq!(self.status(), 200, "{} {:?}", self.text(), self.0.headers);
        assert_eq!(self.header("cache-control"), Some("no-store"));
        self.json()
    }

    /// A refusal of the token endpoint's kind (RFC 6749 section 5.2).
    #[track_caller]
    pub fn refused(&self, status: u16, error: &str) -> String {
        let body = self.text();
        assert_eq!(self.status(), status, "{body}");
        let body = self.json();
        assert_eq!(body["error"], error, "{body}");
        assert_eq!(self.header("cache-control"), Some("no-store"));
        let words = body["error_description"].as_str().unwrap_or_default();
        assert!(!words.is_empty(), "{body}");
        assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
        words.to_owned()
    }

    /// A page of this status, which leads nowhere by itself: its text.
    #[track_caller]
    pub fn page(&self, status: u16) -> String {
        let shown = self.text();
        assert_eq!(
            self.status(),
            status,
            "{shown} {:?}",
            self.header("location")
        );
        assert_eq!(
            self.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        assert_eq!(self.header("location"), None);
        shown
    }

    /// Whether it is the sign-in page, or leads there.
    #[track_caller]
    pub fn asks_to_sign_in(&self) -> bool {
        self.status() == 303
            && self
                .header("location")
                .is_some_and(|location| location.starts_with("/login?return="))
    }

    /// Whether it is the consent page.
    pub fn asks_for_consent(&self) -> bool {
        self.status() == 200 && self.text().contains("action=\"/account/consent\"")
    }

    /// Where it leads (303), with what was added in the query or, after a `#`, the fragment.
    #[track_caller]
    pub fn redirect(&self) -> Redirect {
        assert_eq!(self.status(), 303, "{}", self.text());
        let location = self.header("location").unwrap();
        let (base, added) = match location.split_once('#') {
            Some(split) => split,
            None => location.split_once('?').unwrap_or((location, "")),
        };
        let decode = |text: &str| form_decode(text.as_bytes()).unwrap();
        let pairs = added.split('&').filter(|pair| !pair.is_empty());
        Redirect {
            base: base.to_owned(),
            params: pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(name, value)| (decode(name), decode(value)))
                .collect(),
        }
    }

    /// The hidden fields of the form that leads to `action`, or else to an address that begins so.
    #[track_caller]
    pub fn form(&self, action: &str) -> Vec<(String, String)> {
        let page = self.text();
        let whole = self.form_action(action);
        let form = page
            .split("<form ")
            .skip(1)
            .map(|form| form.split("</form>").next().unwrap_or_default())
            .find(|form| unescape(&attribute(form, "action")) == whole)
            .unwrap_or_default();
        let inputs = form.split("<input ").skip(1);
        inputs
            .map(|input| input.split('>').next().unwrap_or_default())
            .filter(|input| attribute(input, "type") == "hidden")
            .map(|input| {
                (
                    attribute(input, "name"),
                    unescape(&attribute(input, "value")),
                )
            })
            .collect()
    }

    /// Where the form that leads to `action`, or else to an address that begins so, leads.
    #[track_caller]
    pub fn form_action(&self, action: &str) -> String {
        let found = self.form_actions(action);
        let exact = found.iter().find(|found| *found == action);
        exact
            .or(found.first())
            .unwrap_or_else(|| panic!("no form for {action} in {}", self.text()))
            .clone()
    }

    /// The addresses of all forms that begin with `prefix`.
    pub fn form_actions(&self, prefix: &str) -> Vec<String> {
        let page = self.text();
        let forms = page.split("<form ").skip(1);
        forms
            .map(|form| unescape(&attribute(form, "action")))
            .filter(|action| action.starts_with(prefix))
            .collect()
    }
}

/// An attribute of the tag that `tag` begins with, as it is written.
fn attribute(tag: &str, name: &str) -> String {
    let tag = tag.split('>').next().unwrap_or_default();
    let marked = format!(" {name}=\"");
    let spaced = format!(" {tag}");
    spaced
        .split_once(&marked)
        .and_then(|(_, rest)| rest.split_once('"'))
        .map(|(value, _)| value.to_owned())
        .unwrap_or_default()
}

/// Text as a page shows it.
pub fn unescape(text: &str) -> String {
    [
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#38;", "&"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}
