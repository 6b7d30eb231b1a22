//! One page of each kind, filled in with what is awkward.

use crate::pages::*;

pub(super) fn layout() -> Layout {
    Layout {
        event: "Furry & Friends".to_owned(),
        accent: Some("#336699".to_owned()),
        person: Some(Person {
            name: "Robin <b>".to_owned(),
            email: "robin@example.org".to_owned(),
        }),
    }
}

pub(super) fn scope(name: &str, sensitive: bool) -> ScopeLine {
    ScopeLine {
        name: name.to_owned(),
        title: format!("Title of {name}"),
        description: String::new(),
        sensitive,
    }
}

pub(super) fn consent(scopes: Vec<ScopeLine>, website: &str) -> String {
    ConsentPage {
        layout: layout(),
        application: ApplicationCard {
            name: "<script>x</script>".to_owned(),
            description: "Prints \"badges\"".to_owned(),
            website: Some(website.to_owned()),
        },
        return_host: "app.example.org".to_owned(),
        scopes,
        request: "the request".to_owned(),
        scope: "a b".to_owned(),
        shown: "a hash".to_owned(),
        form_token: "the token".to_owned(),
        switch_href: "/login?prompt=login&return=%2F".to_owned(),
    }
    .html()
}

pub(super) fn answer() -> Vec<Field> {
    vec![Field {
        name: "state".to_owned(),
        value: "\"><script>".to_owned(),
    }]
}

pub(super) fn invalid_request(post: bool) -> String {
    InvalidRequestPage {
        layout: layout(),
        application: "Badges".to_owned(),
        scopes: vec![scope("door:open", true)],
        switch_href: "/login?return=%2F".to_owned(),
        back: Back::Form {
            action: "https://app.example.org/cb?a=1&b=2".to_owned(),
            fields: answer(),
            post,
        },
    }
    .html()
}

pub(super) fn form_post() -> String {
    FormPostPage {
        layout: layout(),
        application: "Badges".to_owned(),
        action: "https://app.example.org/cb".to_owned(),
        fields: answer(),
    }
    .html()
}

pub(super) fn login() -> String {
    LoginPage {
        layout: layout(),
        heading_for: Some("Badges".to_owned()),
        email: "robin@example.org".to_owned(),
        error: Some("That did not match.".to_owned()),
        return_to: "/account".to_owned(),
        form_token: "the token".to_owned(),
    }
    .html()
}

pub(super) fn notice(event: &str) -> String {
    NoticePage {
        layout: Layout {
            event: event.to_owned(),
            person: None,
            ..layout()
        },
        heading: "Not found".to_owned(),
        paragraphs: vec!["There is nothing here.".to_owned()],
        details: vec!["Unknown path.".to_owned()],
        action: Some(Link {
            label: "Start".to_owned(),
            href: "/".to_owned(),
        }),
    }
    .html()
}

pub(super) fn account() -> String {
    account_refused_at(TokenField::Scopes)
}

pub(super) fn account_refused_at(field: TokenField) -> String {
    account_page(field).html()
}

pub(super) fn account_page(field: TokenField) -> AccountPage {
    let form_token = "the token".to_owned();
    AccountPage {
        layout: layout(),
        notice: None,
        applications: vec![AuthorizedApplication {
            client_id: "17".to_owned(),
            name: "Badges".to_owned(),
            description: String::new(),
            website: None,
            scopes: vec![scope("pii:basic", false), scope("door:open", true)],
            paused: None,
            first_authorized: "3 May 2025".to_owned(),
            last_used: "today".to_owned(),
            form_token: form_token.clone(),
        }],
        sessions: vec![session("one", true), session("two", false)],
        tokens: TokensSection {
            list: vec![PersonalToken {
                id: "pat1".to_owned(),
                name: "Script".to_owned(),
                scopes: vec![scope("pii:basic", false), scope("door:open", true)],
                created: "3 May 2025".to_owned(),
                last_used: "never".to_owned(),
                expires: "3 May 2026".to_owned(),
                form_token: form_token.clone(),
            }],
            choices: vec![
                TokenChoice {
                    scope: scope("pii:basic", false),
                    chosen: false,
                },
                TokenChoice {
                    scope: scope("door:open", true),
                    chosen: true,
                },
            ],
            expiries: vec![
                Expiry {
                    days: Some(30),
                    label: "In 30 days".to_owned(),
                    selected: true,
                },
                Expiry {
                    days: None,
                    label: "Never".to_owned(),
                    selected: false,
                },
            ],
            form_token: form_token.clone(),
            attempt: "this showing".to_owned(),
            created: Some("wc_pat_secret".to_owned()),
            replaced: false,
            error: Some(TokenError {
                field,
                words: "Please choose at least one.".to_owned(),
            }),
            name: String::new(),
            can_create: true,
        },
        sign_out_token: form_token,
    }
}

pub(super) fn session(id: &str, current: bool) -> SessionLine {
    SessionLine {
        id: id.to_owned(),
        browser: "Firefox on Android".to_owned(),
        signed_in: "3 May 2025".to_owned(),
        last_seen: "today".to_owned(),
        current,
        form_token: "the token".to_owned(),
    }
}

pub(super) fn all() -> Vec<String> {
    vec![
        login(),
        consent(
            vec![scope("pii:basic", false), scope("door:open", true)],
            "https://badges.example.org",
        ),
        invalid_request(false),
        form_post(),
        notice("Furry & Friends"),
        FrontPage {
            layout: layout(),
            signed_in: false,
        }
        .html(),
        account(),
        developer(10),
        developer(0),
        SignOutPage {
            layout: layout(),
            form_token: "the token".to_owned(),
        }
        .html(),
        SignedOutPage { layout: layout() }.html(),
    ]
}

pub(super) fn developer(retry_window: u64) -> String {
    DeveloperPage {
        layout: layout(),
        addresses: vec![Address {
            name: "Issuer",
            url: "https://reg.example.org".to_owned(),
        }],
        for_people: vec![scope("pii:basic", false), scope("door:open", true)],
        for_services: vec![],
        retry_window,
        refresh_idle_days: Some(1),
    }
    .html()
}
