//! Whole requests to a deployment in memory: no input panics, is a fault of ours, or gets something out
//! that it must not.
//!
//! An input is the text of a request: `METHOD /path?query`, header lines, an empty line, the body. Words in
//! braces, such as `{session}`, stand for what a signature makes impossible to guess.

#![expect(
    clippy::expect_used,
    reason = "a check that does not hold ends the run"
)]

use serde_json::json;

use super::support::answer::Answer;
use super::support::world::in_url;
use super::support::{HOST, NAME, ORIGIN, Scene};

const OPERATOR: &str = "an-operator-token-of-32-characters-or-more";
/// What a page or a header must escape.
const MARKUP: &str = "<wcx";
/// A deployment with a person, three applications, and a credential of every kind.
pub struct Stage {
    scene: Scene,
    words: Vec<(&'static str, String)>,
}

impl Stage {
    /// Sets the deployment up.
    pub fn new() -> Self {
        let mut scene = Scene::new();
        scene.world.memory.operator_token = Some(OPERATOR.to_owned());
        let public = scene.public_client(&["https://pocket.example/cb", "http://127.0.0.1/cb"]);
        scene.change(&scene.client, json!({"service_refresh_tokens": true}));
        let words = {
            let robin = scene.signed_in();
            let tokens = scene.granted("pii:basic pii:email");
            let code = robin.code(&scene.client, &[("scope", "pii:basic")]);
            let service = scene.client.as_service(&scene, "user:read");
            let page = robin.get("/account");
            let made = robin.submit(
                &page,
                "/account/tokens",
                &[("name", "x"), ("scope", "pii:basic"), ("expires", "30")],
            );
            let shown = made.text();
            let at = shown.find("wc_pat_").expect("the page shows the token");
            let pat = shown.get(at..).unwrap_or_default();
            let pat = pat.split(['<', '"', ' ', '\n']).next().unwrap_or_default();
            let cookies = robin.jar.borrow();
            let cookies: Vec<String> = cookies.iter().map(|(k, v)| format!("{k}={v}")).collect();
            let sign_in = scene.browser().get("/login");
            vec![
                ("{session}", cookies.join("; ")),
                ("{form}", form_token(&page, "/account/tokens")),
                ("{login}", form_token(&sign_in, "/login")),
                ("{access}", tokens.access),
                ("{refresh}", tokens.refresh),
                ("{service}", service.access),
                ("{service_refresh}", service.refresh),
                ("{code}", code),
                ("{pat}", pat.to_owned()),
                ("{secret}", scene.client.secret.clone().unwrap_or_default()),
                ("{client}", scene.client.id.clone()),
                ("{public}", public.id),
                ("{person}", scene.robin.id.clone()),
                ("{operator}", OPERATOR.to_owned()),
                ("{host}", HOST.to_owned()),
            ]
        };
        Self { scene, words }
    }

    /// Sends the request an input describes and looks at the answer.
    pub fn request(&self, data: &[u8]) {
        let (head, body) = match data.windows(2).position(|pair| pair == b"\n\n") {
            Some(at) => (data.get(..at), data.get(at + 2..).unwrap_or_default()),
            None => (Some(data), &b""[..]),
        };
        let Some(head) = head.and_then(|head| core::str::from_utf8(head).ok()) else {
            return;
        };
        let head = self.with_words(head);
        let body = match core::str::from_utf8(body) {
            Ok(text) => self.with_words(text).into_bytes(),
            Err(_) => body.to_owned(),
        };
        let mut lines = head.lines();
        let Some((method, target)) = lines.next().and_then(|line| line.split_once(' ')) else {
            return;
        };
        if !target.starts_with('/') {
            return;
        }
        let mut call = self
            .scene
            .call(method, &format!("{ORIGIN}{}", in_url(target)));
        call = call.raw("", &body);
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            let value = Some(value.to_owned());
            match name {
                "a" => call.head.authorization = value,
                "t" => call.head.content_type = value,
                "c" => call.head.cookie = value,
                "o" => call.head.origin = value,
                "u" => call.head.user_agent = value,
                "w" => call.head.accept = value,
                "i" => call.head.address = value,
                _ => {}
            }
        }
        let is_operator = head.contains(OPERATOR);
        let had_session = head.contains("willcall=") || head.contains("\na: ");
        let answer = call.send();
        self.look(&answer, is_operator || had_session);
    }

    fn with_words(&self, text: &str) -> String {
        self.words
            .iter()
            .fold(text.to_owned(), |text, (word, value)| {
                text.replace(word, value)
            })
    }

    fn look(&self, answer: &Answer, may_see_robin: bool) {
        assert!((200..500).contains(&answer.status()), "{}", answer.status());
        for (name, value) in &answer.0.headers {
            let inert = value.bytes().all(|byte| (0x20..0x7f).contains(&byte));
            assert!(inert, "{name}: {value:?}");
        }
        for location in answer.headers("location") {
            assert!(is_allowed_to_lead_to(location), "{location}");
        }
        let text = answer.text();
        let kind = answer.header("content-type").unwrap_or_default();
        if kind.starts_with("text/html") {
            assert!(!text.contains(MARKUP), "{text}");
        } else if kind == "application/json" && !text.is_empty() {
            assert!(
                serde_json::from_str::<serde_json::Value>(&text).is_ok(),
                "{text}"
            );
        }
        if !may_see_robin {
            assert!(!text.contains(NAME), "{text}");
        }
        let log = self.scene.log();
        for (word, value) in &self.words {
            let public = ["{client}", "{public}", "{person}", "{host}"].contains(word);
            assert!(
                public || !log.contains(value.as_str()),
                "{word} is in the log: {log}"
            );
        }
    }
}

fn form_token(page: &Answer, action: &str) -> String {
    let fields = page.form(action);
    let field = fields.into_iter().find(|(name, _)| name == "form_token");
    field.expect("the form has a token").1
}

/// Whether an address is one of ours, or a registered one with what is added to it.
fn is_allowed_to_lead_to(location: &str) -> bool {
    let ours =
        location.starts_with('/') && !location.starts_with("//") && !location.starts_with("/\\");
    let registered = [
        "https://buddy.example/callback",
        "https://pocket.example/cb",
        "http://127.0.0.1",
    ];
    ours || registered.iter().any(|known| {
        location
            .strip_prefix(known)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['?', '#', ':', '/']))
    })
}
