//! Contract 6: personal access tokens; refusals first.

mod support;

use serde_json::{Value, json};
use support::answer::{Answer, unescape};
use support::browser::Browser;
use support::scene::catalogue;
use support::{EMAIL, HOST, NAME, Scene};
use willcall::account::command::Reply;
use willcall::account::object::AccountObject;
use willcall::token::cookie::{CookieValue as _, SessionCookie};
use willcall::token::key::KeyRing;

/// Fills in the form of the account page.
fn make(browser: &Browser<'_>, name: &str, scopes: &[&str], expires: &str) -> Answer {
    let account = browser.get("/account");
    let mut fields = vec![("name", name), ("expires", expires)];
    fields.extend(scopes.iter().map(|scope| ("scope", *scope)));
    browser.submit(&account, "/account/tokens", &fields)
}

/// The token that the page shows, once.
#[track_caller]
fn token(browser: &Browser<'_>, scopes: &[&str], expires: &str) -> String {
    shown(&make(browser, "My script", scopes, expires).page(200))
}

/// All that anybody may grant needs a permission.
fn nothing_without_permission() -> Value {
    let obo =
        |name: &str| json!({"name": name, "title": name, "modes": ["obo"], "permission": "crew"});
    let both = |name: &str| json!({"name": name, "title": name, "modes": ["obo", "service"], "permission": "crew"});
    let built_in = |name: &str| json!({"name": name, "title": name, "permission": "crew"});
    json!([
        built_in("pii:basic"),
        built_in("pii:email"),
        built_in("user:roles"),
        obo("badge:print"),
        obo("shirt:order"),
        both("stats:read"),
        {"name": "report:read", "title": "Read reports", "modes": ["service"]},
    ])
}

#[test]
fn contract_6_that_there_is_nothing_to_choose_is_not_said_on_a_replicas_word() {
    let s = Scene::new();
    s.put_scopes(&s.event, nothing_without_permission());
    let browser = s.signed_in();
    let offers = || browser.get("/account").page(200).contains("Create token");
    assert!(!offers());
    s.put_event(HOST, json!({"pat_max_days": 30}));
    s.freeze();
    s.put_roles(
        &s.event,
        json!([{"name": "staff", "permissions": ["crew"]}]),
    );
    s.put_event(HOST, json!({"pat_max_days": 365}));
    s.another_isolate();
    assert!(offers());
    token(&browser, &["pii:basic"], "365");
}

#[track_caller]
fn shown(page: &str) -> String {
    let shown = page.split("value=\"wc_pat_").nth(1).unwrap_or_default();
    format!(
        "wc_pat_{}",
        unescape(shown.split('"').next().unwrap_or_default())
    )
}

fn listed(browser: &Browser<'_>) -> usize {
    browser
        .get("/account")
        .form_actions("/account/tokens/")
        .len()
}

#[test]
fn contract_6_a_token_needs_a_name_a_scope_and_an_expiry_of_the_list() {
    let s = Scene::new();
    let browser = s.signed_in();
    let long = "x".repeat(101);
    for (name, scopes, expires) in [
        ("", &["pii:basic"][..], "30"),
        ("  ", &["pii:basic"], "30"),
        (&long, &["pii:basic"], "30"),
        ("a\u{0}b", &["pii:basic"], "30"),
        ("n", &[], "30"),
        ("n", &["no:such"], "30"),
        ("n", &["report:read"], "30"),
        ("n", &["user:read"], "30"),
        ("n", &["pii:basic pii:email no:such"], "30"),
        ("n", &["pii:basic"], ""),
        ("n", &["pii:basic"], "0"),
        ("n", &["pii:basic"], "366"),
        ("n", &["pii:basic"], "never"),
        ("n", &["pii:basic"], "-1"),
        ("n", &["pii:basic"], "99999999999999999999"),
    ] {
        let page = make(&browser, name, scopes, expires).page(400);
        assert!(!page.contains("wc_pat_"), "{name} {scopes:?} {expires}");
    }
    assert_eq!(listed(&browser), 0);
}

#[test]
fn contract_6_a_token_form_that_is_refused_comes_back_as_it_was_filled_in() {
    let s = Scene::new();
    let browser = s.signed_in();
    let ticked = |page: &str| -> Vec<String> {
        let boxes = page.split("<input type=\"checkbox\"").skip(1);
        boxes
            .filter(|tag| tag.split('>').next().unwrap().contains(" checked"))
            .map(|tag| tag.split("value=\"").nth(1).unwrap())
            .map(|value| value.split('"').next().unwrap().to_owned())
            .collect()
    };
    let chosen = |page: &str| -> Vec<String> {
        let options = page.split("<option value=\"").skip(1);
        options
            .filter(|option| option.split('>').next().unwrap().ends_with(" selected"))
            .map(|option| option.split('"').next().unwrap().to_owned())
            .collect()
    };
    let account = browser.get("/account").page(200);
    assert!(ticked(&account).is_empty());
    assert_eq!(chosen(&account), ["30"]);
    assert!(!account.contains("token-error") && !account.contains("aria-invalid"));

    let two = ["badge:print", "pii:basic"];
    let page = make(&browser, " ", &two, "180").page(400);
    assert_eq!(ticked(&page), two);
    assert_eq!(chosen(&page), ["180"]);
    assert!(page.contains("token-error\" aria-invalid=\"true\" autofocus>"));

    let page = make(&browser, "My <script>", &[], "7").page(400);
    assert!(ticked(&page).is_empty());
    assert_eq!(chosen(&page), ["7"]);
    assert!(page.contains("value=\"My &#60;script&#62;\""));
    assert!(page.contains("<fieldset aria-describedby=\"token-error\">"));

    // What the form does not offer is not kept.
    let page = make(&browser, "n", &["pii:basic", "report:read"], "90").page(400);
    assert_eq!(ticked(&page), ["pii:basic"]);
    assert_eq!(chosen(&page), ["90"]);
    let page = make(&browser, "n", &two, "never").page(400);
    assert_eq!(ticked(&page), two);
    assert_eq!(chosen(&page), ["30"]);
    assert!(page.contains("name=\"expires\" aria-describedby=\"token-error\""));

    // The form that came back is as good as the first one.
    s.put_event(HOST, json!({"pat_max_days": null}));
    s.wait(support::STALE);
    let again = make(&browser, "", &two, "never");
    assert_eq!(chosen(&again.page(400)), ["never"]);
    let fields = [("name", "n"), ("scope", "pii:basic"), ("expires", "never")];
    let made = browser.submit(&again, "/account/tokens", &fields);
    assert!(made.page(200).contains("value=\"wc_pat_"));
}

#[test]
fn contract_6_beyond_100_tokens_the_form_itself_is_what_cannot_be() {
    let s = Scene::new();
    let browser = s.signed_in();
    for number in 0..100 {
        let name = format!("script {number}");
        make(&browser, &name, &["pii:basic"], "30").page(200);
    }
    let page = make(&browser, "one more", &["pii:basic"], "7").page(400);
    assert!(page.contains("You already have 100 tokens"), "{page}");
    assert!(page.contains("role=\"alert\" tabindex=\"-1\" autofocus>"));
    assert!(!page.contains("aria-invalid"));
}

#[test]
fn contract_6_the_hundredth_token_is_made_though_our_own_first_answer_was_lost() {
    let s = Scene::new();
    let browser = s.signed_in();
    for number in 1..100 {
        let name = format!("script {number}");
        make(&browser, &name, &["pii:basic"], "30").page(200);
    }
    s.lose_answers();
    make(&browser, "the hundredth", &["pii:basic"], "30").page(200);
    s.keep_answers();
    assert_eq!(listed(&browser), 100);
}

#[test]
fn contract_6_a_form_that_is_sent_twice_leaves_one_token() {
    let s = Scene::new();
    let browser = s.signed_in();
    let account = browser.get("/account");
    let send = |name: &str, scope: &str, days: &str| {
        let fields = [("name", name), ("scope", scope), ("expires", days)];
        browser.submit(&account, "/account/tokens", &fields)
    };
    let press = |name: &str, scope: &str| {
        let page = send(name, scope, "30").page(200);
        shown(&page)
    };
    let first = press("My script", "pii:basic");
    let page = send("My script", "pii:basic", "30").page(200);
    assert!(page.contains("the token created a moment ago no longer works"));
    let second = shown(&page);
    assert_ne!(first, second, "none is shown twice");
    assert_eq!(listed(&browser), 1);
    let (made, replaced) = (
        "personal_access_token.created",
        "personal_access_token.replaced",
    );
    assert_eq!(s.audit(3), [made, replaced, made]);
    // The same command tried again by ourselves takes nothing's place.
    s.lose_answers();
    press("Yet another", "pii:basic");
    s.keep_answers();
    assert_eq!(s.audit(2), [made, made]);
    s.whoami(&first).refused(401, "invalid_token");
    s.whoami(&second).ok();
    // Whoever fills it in anew wants another.
    press("Another script", "pii:basic");
    press("My script", "pii:email");
    send("My script", "pii:basic", "7").page(200);
    assert_eq!(listed(&browser), 5);
}

#[test]
fn contract_6_a_form_that_is_sent_again_later_neither_ends_nor_doubles_its_token() {
    let s = Scene::new();
    let browser = s.signed_in();
    let send = |page: &Answer| {
        let fields = [
            ("name", "script"),
            ("scope", "pii:basic"),
            ("expires", "30"),
        ];
        browser.submit(page, "/account/tokens", &fields)
    };
    let used_at_once = browser.get("/account");
    let made = shown(&send(&used_at_once).page(200));
    s.whoami(&made).ok();
    let unused = browser.get("/account");
    let copied = shown(&send(&unused).page(200));
    s.wait(11);
    for page in [&used_at_once, &unused] {
        let again = send(page).page(400);
        assert!(
            again.contains("This form has already created a token"),
            "{again}"
        );
        assert!(!again.contains("wc_pat_"), "none is shown twice");
    }
    assert_eq!(listed(&browser), 2);
    s.whoami(&made).ok();
    s.whoami(&copied).ok();
}

#[test]
fn contract_6_a_token_can_do_no_more_than_the_person() {
    let s = Scene::new();
    s.change_robin(json!({"permissions": [], "roles": ["staff"]}));
    let browser = s.signed_in();
    let page = browser.get("/account").page(200);
    assert!(
        page.contains("Order shirts")
            && !page.contains("Print badges")
            && !page.contains("Read reports")
    );
    make(&browser, "n", &["badge:print"], "30").page(400);
    make(&browser, "n", &["shirt:order", "badge:print"], "30").page(400);
    token(&browser, &["shirt:order"], "30");
}

#[test]
fn contract_6_a_token_may_have_every_scope_of_the_longest_catalogue() {
    let s = Scene::new();
    let mut scopes = catalogue();
    let catalogue = scopes.as_array_mut().unwrap();
    // Characters that take three bytes each in a form.
    let names: Vec<String> = (catalogue.len()..200)
        .map(|n| format!("{n:!>100}"))
        .collect();
    catalogue.extend(names.iter().map(|name| {
        json!({"name": name, "title": "Anything", "description": "", "sensitive": false, "modes": ["obo"]})
    }));
    s.put_scopes(&s.event, scopes);
    let browser = s.signed_in();
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    token(&browser, &all, "30");
}

#[test]
fn contract_3_a_token_form_that_is_not_ours_is_403() {
    let s = Scene::new();
    let browser = s.signed_in();
    let fields = [("name", "n"), ("scope", "pii:basic"), ("expires", "30")];
    browser.post("/account/tokens", &fields).page(403);
    let account = browser.get("/account");
    let form_token = account
        .form("/account/tokens")
        .into_iter()
        .find(|(name, _)| name == "form_token")
        .unwrap()
        .1;
    let with: Vec<(&str, &str)> = fields
        .iter()
        .copied()
        .chain([("form_token", form_token.as_str())])
        .collect();
    s.signed_in().post("/account/tokens", &with).page(403);
    s.browser().post("/account/tokens", &with).page(403);
    browser
        .send(
            browser
                .call("POST", "/account/tokens")
                .origin("https://evil.example")
                .form(&with),
        )
        .page(403);
    token(&browser, &["pii:basic"], "30");
    let account = browser.get("/account");
    let action = account.form_actions("/account/tokens/").remove(0);
    browser.post(&action, &[]).page(403);
    browser.post(&action, &with).page(403);
    assert_eq!(listed(&browser), 1);
}

#[test]
fn contract_6_a_token_is_shown_once_and_acts_as_the_person_with_its_scopes() {
    let s = Scene::new();
    let browser = s.signed_in();
    let token = token(&browser, &["pii:basic", "user:roles"], "30");
    let expected = json!({"id": s.robin.id, "name": NAME, "roles": ["staff"], "permissions": ["badges", "shirts"]});
    assert_eq!(s.whoami(&token).ok(), expected);
    let page = browser.get("/account").page(200);
    assert!(
        !page.contains("wc_pat_") && page.contains("My script") && page.contains("See your name")
    );
    s.get("/api/users")
        .bearer(&token)
        .send()
        .refused(403, "insufficient_scope");
    s.client
        .try_to_refresh(&s, &token, "")
        .refused(400, "invalid_grant");
    s.client.revoke(&s, &token);
    s.whoami(&token).ok();
}

#[test]
fn contract_6_a_token_never_does_more_than_the_person_may_now() {
    let s = Scene::new();
    s.put_scopes(
        &s.event,
        json!([
            {"name": "pii:email", "title": "Email", "permission": "shirts"},
            {"name": "badge:print", "title": "Print", "modes": ["obo"]},
            {"name": "shirt:order", "title": "Shirts", "modes": ["obo"]},
            {"name": "stats:read", "title": "Stats", "modes": ["obo", "service"]},
            {"name": "report:read", "title": "Reports", "modes": ["service"]},
        ]),
    );
    s.wait(support::STALE);
    let token = token(&s.signed_in(), &["pii:email"], "30");
    assert_eq!(s.whoami(&token).ok()["email"], EMAIL);
    let lost = json!({"id": s.robin.id});
    s.put_roles(&s.event, json!([{"name": "staff", "permissions": []}]));
    s.wait(support::STALE);
    assert_eq!(s.whoami(&token).ok(), lost, "what a role contains");
    s.change_robin(json!({"permissions": ["shirts"]}));
    s.wait(support::STALE);
    assert_eq!(s.whoami(&token).ok()["email"], EMAIL);
    s.change_robin(json!({"permissions": []}));
    s.wait(support::STALE);
    assert_eq!(s.whoami(&token).ok(), lost, "the person's own");
}

#[test]
fn contract_6_a_token_ends_when_it_expires_or_is_revoked() {
    let s = Scene::new();
    let browser = s.signed_in();
    let (short, long) = (
        token(&browser, &["pii:basic"], "7"),
        token(&browser, &["pii:basic"], "365"),
    );
    s.wait(7 * 86_400 - 1);
    s.whoami(&short).ok();
    s.wait(1);
    s.whoami(&short).refused(401, "invalid_token");
    assert_eq!(listed(&browser), 1);
    s.whoami(&long).ok();
    let account = browser.get("/account");
    assert_eq!(
        browser
            .submit(&account, "/account/tokens/", &[])
            .redirect()
            .base,
        "/account"
    );
    s.whoami(&long).refused(401, "invalid_token");
    assert_eq!(listed(&browser), 0);
    // Pressed again, in another tab: it ended once.
    let revoked = "personal_access_token.revoked";
    assert_eq!(s.audit(1), [revoked]);
    browser.submit(&account, "/account/tokens/", &[]).redirect();
    assert_ne!(s.audit(2).last().map(String::as_str), Some(revoked));
}

#[test]
fn contract_6_the_event_bounds_how_long_a_token_lasts() {
    let s = Scene::new();
    let set = |days: Value| {
        s.put_event(HOST, json!({"pat_max_days": days}));
        s.wait(support::STALE);
    };
    let browser = s.signed_in();
    let choices = || {
        let page = browser.get("/account").page(200);
        page.matches("<option value=").count()
    };
    assert_eq!(choices(), 5);
    set(json!(14));
    assert_eq!(choices(), 2);
    make(&browser, "n", &["pii:basic"], "15").page(400);
    token(&browser, &["pii:basic"], "14");
    set(Value::Null);
    let forever = token(&browser, &["pii:basic"], "never");
    s.wait(20 * 365 * 86_400);
    s.whoami(&forever).ok();
}

#[test]
fn contract_6_the_list_shows_when_each_was_last_used() {
    let s = Scene::new();
    let browser = s.signed_in();
    let token = token(&browser, &["pii:basic"], "30");
    let shown = || browser.get("/account").page(200);
    assert!(shown().contains("Last used never"));
    s.wait(86_400);
    s.whoami(&token).ok();
    assert!(shown().contains("Last used 2 March 2026, 09:30 UTC"));
    // Somebody it was shown to has it checked: that is a use, too.
    let watcher = s.another_client();
    s.change(&watcher, json!({"service_scopes": ["token:introspect"]}));
    s.wait(86_400);
    assert!(watcher.is_active(&s, &token));
    assert!(shown().contains("Last used 3 March 2026, 09:30 UTC"));
}

#[test]
fn contract_7_disabling_or_deleting_the_account_ends_its_tokens_and_enabling_revives_none() {
    let s = Scene::new();
    let watcher = s.another_client();
    s.change(&watcher, json!({"service_scopes": ["token:introspect"]}));
    let token = token(&s.signed_in(), &["pii:basic"], "30");
    s.whoami(&token).ok();
    s.disable_robin();
    assert!(!watcher.is_active(&s, &token), "at once at introspection");
    s.wait(support::STALE);
    s.whoami(&token).refused(401, "invalid_token");
    s.enable_robin();
    s.wait(support::STALE);
    s.whoami(&token).refused(401, "invalid_token");
    assert_eq!(listed(&s.signed_in()), 0);
    let token = self::token(&s.signed_in(), &["pii:basic"], "30");
    s.change_robin(json!({"password_hash": support::cheap_hash("another one")}));
    s.whoami(&token).ok();
    assert!(watcher.is_active(&s, &token));
    s.delete_robin();
    assert!(!watcher.is_active(&s, &token), "at once at introspection");
    s.wait(support::STALE);
    s.whoami(&token).refused(401, "invalid_token");
}

#[test]
fn contract_6_a_scope_that_left_the_catalogue_is_absent_from_a_token_within_90_seconds() {
    let s = Scene::new();
    let watcher = s.another_client();
    s.change(&watcher, json!({"service_scopes": ["token:introspect"]}));
    let token = token(&s.signed_in(), &["pii:basic", "schedule:edit"], "30");
    let scope = || watcher.introspect(&s, &token)["scope"].clone();
    s.whoami(&token).ok();
    assert_eq!(scope(), "pii:basic schedule:edit");
    let mut less = catalogue();
    let scopes = less.as_array_mut().unwrap();
    scopes.retain(|scope| scope["name"] != "schedule:edit");
    s.put_scopes(&s.event, less);
    s.wait(support::STALE);
    assert_eq!(scope(), "pii:basic");
    assert_eq!(s.whoami(&token).ok()["name"], NAME);
}

#[test]
fn contract_6_only_those_approved_for_token_introspect_see_a_personal_token() {
    let s = Scene::new();
    let watcher = s.another_client();
    s.change(&watcher, json!({"service_scopes": ["token:introspect"]}));
    let token = token(&s.signed_in(), &["pii:basic", "badge:print"], "30");
    assert!(!s.client.is_active(&s, &token));
    let found = watcher.introspect(&s, &token);
    assert_eq!(found["scope"], "badge:print pii:basic");
    assert_eq!(
        (&found["sub"], found.get("client_id")),
        (&json!(s.robin.id), None)
    );
    assert_eq!(found["exp"], support::BEGIN + 30 * 86_400);
    s.change_robin(json!({"permissions": []}));
    assert_eq!(watcher.introspect(&s, &token)["scope"], "pii:basic");
}

#[test]
fn contract_5_a_personal_token_is_of_one_event() {
    let s = Scene::new();
    s.put_event("other.example", json!({"name": "Other"}));
    let token = token(&s.signed_in(), &["pii:basic"], "30");
    s.get("https://other.example/api/users/current")
        .bearer(&token)
        .send()
        .refused(401, "invalid_token");
    for forged in [
        format!("{token}x"),
        token.replace("wc_pat_", "wc_pat_x"),
        token.replace("wc_pat_", "wc_rt_"),
    ] {
        s.whoami(&forged).refused(401, "invalid_token");
    }
}

#[test]
fn contract_6_a_program_makes_lists_and_revokes_tokens_as_json() {
    let s = Scene::new();
    let browser = s.signed_in();
    let json_call = |method: &str, path: &str, body: Option<Value>| {
        let call = browser.call(method, path).accept("application/json");
        browser.send(match body {
            Some(body) => call.json(&body),
            None => call,
        })
    };
    s.get("/account/tokens")
        .accept("application/json")
        .send()
        .refused(401, "login_required");
    let list = json_call("GET", "/account/tokens", None).ok();
    let form_token = list["form_token"].as_str().unwrap();
    let wanted = |form_token: &str| json!({"name": "ci", "scope": "pii:basic stats:read", "expires": "30", "form_token": form_token});
    json_call("POST", "/account/tokens", Some(wanted("x"))).refused(403, "invalid_request");
    json_call("POST", "/account/tokens", None).refused(400, "invalid_request");
    let strangers = s
        .browser()
        .call("POST", "/account/tokens")
        .accept("application/json")
        .json(&wanted(form_token));
    strangers.send().refused(401, "login_required");
    let made = json_call("POST", "/account/tokens", Some(wanted(form_token)));
    assert_eq!(made.status(), 201);
    let token = made.json()["token"].as_str().unwrap().to_owned();
    s.whoami(&token).ok();
    let list = json_call("GET", "/account/tokens", None).ok();
    assert_eq!(list["items"][0]["name"], "ci");
    assert_eq!(list["items"][0]["scope"], "pii:basic stats:read");
    let path = format!(
        "/account/tokens/{}/revoke",
        list["items"][0]["id"].as_str().unwrap()
    );
    json_call("POST", &path, Some(json!({}))).refused(403, "invalid_request");
    let body = json!({"form_token": list["items"][0]["form_token"]});
    assert_eq!(json_call("POST", &path, Some(body)).status(), 204);
    s.whoami(&token).refused(401, "invalid_token");
}

#[test]
fn contract_7_a_scope_of_the_catalogue_or_a_role_is_there_for_tokens_from_its_answer_on() {
    let s = Scene::new();
    s.freeze();
    s.put_roles(
        &s.event,
        json!([{"name": "staff", "permissions": ["shirts", "roster"]}]),
    );
    let mut catalogue = support::scene::catalogue();
    catalogue.as_array_mut().unwrap().push(json!({"name": "roster:read", "title": "See the roster", "modes": ["obo"], "permission": "roster"}));
    s.put_scopes(&s.event, catalogue);
    s.another_isolate();
    token(&s.signed_in(), &["roster:read"], "30");
}

#[test]
fn contract_7_a_personal_token_is_never_narrowed_on_a_replicas_word() {
    let s = Scene::new();
    s.put_roles(&s.event, json!([]));
    let before = s.replicas_now();
    s.put_roles(
        &s.event,
        json!([{"name": "staff", "permissions": ["shirts"]}]),
    );
    s.put_scopes(
        &s.event,
        json!([
            {"name": "pii:email", "title": "Email", "permission": "shirts"},
            {"name": "badge:print", "title": "Print", "modes": ["obo"]},
            {"name": "shirt:order", "title": "Shirts", "modes": ["obo"]},
            {"name": "stats:read", "title": "Stats", "modes": ["obo", "service"]},
            {"name": "report:read", "title": "Reports", "modes": ["service"]},
            {"name": "roster:read", "title": "See the roster", "modes": ["obo"]},
        ]),
    );
    s.another_isolate();
    let token = token(&s.signed_in(), &["roster:read"], "30");
    let watcher = s.another_client();
    s.change(&watcher, json!({"service_scopes": ["token:introspect"]}));
    assert_eq!(watcher.introspect(&s, &token)["scope"], "roster:read");
    s.freeze_at(before);
    s.another_isolate();
    assert_eq!(watcher.introspect(&s, &token)["scope"], "roster:read");
}

#[test]
fn contract_6_our_own_tries_that_arrive_late_bring_no_token_back() {
    let s = Scene::new();
    let browser = s.signed_in();
    token(&browser, &["pii:basic"], "30");
    let session = {
        let ring = KeyRing::new(Some(support::SECRET), None).unwrap();
        let jar = browser.jar.borrow();
        let cookie = SessionCookie::open(&ring, &s.event, &jar["__Host-willcall"]).unwrap();
        cookie.session_id
    };
    let owner = format!("{}/{}", s.event, s.robin.id);
    let run =
        |command: Value| s.run::<AccountObject>(&owner, &serde_json::from_value(command).unwrap());
    let create = |id: &str| {
        run(
            json!({"create_token": {"session_id": session, "token_id": id, "name": "x", "scope": "pii:basic",
            "expires_at": null, "attempt": "a"}}),
        )
    };
    let lives = |id: &str| matches!(run(json!({"use_token": {"token_id": id}})), Reply::Alive(_));
    // The form is pressed twice, and the second try of the first press comes after the second press.
    for id in ["pat_first", "pat_second"] {
        assert!(matches!(create(id), Reply::TokenMade { .. }));
    }
    assert_eq!(create("pat_first"), Reply::Nothing);
    assert!(lives("pat_second") && !lives("pat_first"));
    // It is revoked before the first try that made it comes.
    let revoke = || run(json!({"revoke_token": {"session_id": session, "token_id": "pat_second"}}));
    assert_eq!(revoke(), Reply::Done);
    assert_eq!(revoke(), Reply::Nothing);
    assert_eq!(create("pat_second"), Reply::Nothing);
    assert!(!lives("pat_second"));
    assert_eq!(listed(&browser), 1);
    assert!(!s.memory.everything_stored().contains("\"name\":\"x\""));
    // However many have ended, those that live are all shown.
    for n in 0..1100 {
        let id = format!("pat_{n:04}");
        create(&id);
        run(json!({"revoke_token": {"session_id": session, "token_id": id}}));
    }
    assert_eq!(listed(&browser), 1);
    // What has ended is remembered for a while, and then forgotten.
    s.wait(301);
    for n in 0..3 {
        create(&format!("pat_again_{n}"));
    }
    let stored = s.memory.everything_stored();
    for gone in ["pat_first", "pat_second", "pat_0", "pat_10"] {
        assert!(!stored.contains(&format!("ended_pat/{gone}")), "{gone}");
    }
}
